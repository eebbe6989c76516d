internal import Glibc

/// Names one process among those of all hosts, for ever.
package struct ProcessIdentity: Sendable, Hashable {
    package var host: String
    /// The kernel's boot id.
    package var boot: String
    /// The PID namespace's inode; two containers of one kernel differ.
    package var namespace: String
    package var pid: Int32
    /// Start time in clock ticks since boot (`/proc/<pid>/stat`, field 22).
    package var start: UInt64

    /// A process of these facts.
    package init(host: String, boot: String, namespace: String, pid: Int32, start: UInt64) {
        self.host = host
        self.boot = boot
        self.namespace = namespace
        self.pid = pid
        self.start = start
    }
}

/// What can be known of processes on this host.
package protocol HostProcesses: Sendable {
    /// This process.
    var current: ProcessIdentity { get }
    /// Whether `process` ran here and is certainly gone; anything unknown is `false`.
    func isKnownDead(_ process: ProcessIdentity) -> Bool
}

/// Processes by `/proc` (proc(5)).
package struct LinuxProcesses: HostProcesses {
    package let current: ProcessIdentity

    /// Looks up this process.
    package init() {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let pid = getpid()
        current = ProcessIdentity(
            host: host, boot: LinuxProcesses.text("/proc/sys/kernel/random/boot_id"),
            namespace: LinuxProcesses.linkTarget("/proc/self/ns/pid"), pid: pid,
            start: LinuxProcesses.startTime(pid) ?? 0)
    }

    package func isKnownDead(_ process: ProcessIdentity) -> Bool {
        guard !process.boot.isEmpty, !process.namespace.isEmpty, process.boot == current.boot,
            process.namespace == current.namespace
        else { return false }
        guard let start = LinuxProcesses.startTime(process.pid) else { return true }
        return start != process.start
    }

    private static func text(_ path: String) -> String {
        String(decoding: bytes(path).prefix { $0 != 10 }, as: UTF8.self)
    }

    private static func linkTarget(_ path: String) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        let count = readlink(path, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : ""
    }

    private static func bytes(_ path: String) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(file, &buffer, buffer.count)
        return count > 0 ? Array(buffer[..<count]) : []
    }

    /// Field 22 of `/proc/<pid>/stat`; nil when there is no such process or it is a zombie.
    private static func startTime(_ pid: Int32) -> UInt64? {
        let stat = bytes("/proc/\(pid)/stat")
        // The command in parentheses may hold anything, also parentheses: count from the last one.
        guard let close = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = stat[(close + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19, let state = fields.first, state.first != UInt8(ascii: "Z"),
            state.first != UInt8(ascii: "X")
        else { return nil }
        return UInt64(String(decoding: fields[19], as: UTF8.self))
    }
}
