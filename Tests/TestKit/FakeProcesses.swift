package import Storage
internal import Synchronization

/// Which simulated processes are known to be dead.
package final class Graveyard: Sendable {
    private let dead = Mutex<Set<ProcessIdentity>>([])

    /// Nobody is dead.
    package init() {}

    init(copying other: Graveyard) {
        let known = other.dead.withLock { $0 }
        dead.withLock { $0 = known }
    }

    /// From now on everybody on the host knows that `process` is dead.
    package func bury(_ process: ProcessIdentity) { dead.withLock { _ = $0.insert(process) } }

    func holds(_ process: ProcessIdentity) -> Bool { dead.withLock { $0.contains(process) } }
}

/// The processes of one simulated host.
package struct FakeProcesses: HostProcesses {
    package let current: ProcessIdentity
    private let graveyard: Graveyard

    /// The view of the process `pid`.
    package init(pid: Int32, graveyard: Graveyard, host: String = "host", boot: String = "boot") {
        current = ProcessIdentity(host: host, boot: boot, namespace: "pid:[1]", pid: pid, start: UInt64(pid) * 10)
        self.graveyard = graveyard
    }

    package func isKnownDead(_ process: ProcessIdentity) -> Bool {
        process.boot == current.boot && process.namespace == current.namespace && graveyard.holds(process)
    }
}
