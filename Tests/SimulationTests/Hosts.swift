import Spool
import Storage
import Synchronization
import TestKit
import Threads

/// A host of a simulated world.
final class Host: Sendable {
    let number: Int
    /// Seconds by which its wall clock is wrong; it may jump.
    let skew: Mutex<Double>
    /// Seconds by which its monotonic clock is ahead of the timeline's.
    let ahead: Double
    private let boots = Mutex(1)

    init(_ number: Int, skew: Double, ahead: Double) {
        self.number = number
        self.skew = Mutex(skew)
        self.ahead = ahead
    }

    /// What tells one life of the kernel from another.
    var boot: String { "boot \(boots.withLock { $0 }) of h\(number)" }

    /// Starts anew.
    func reboot() { boots.withLock { $0 += 1 } }
}

/// A host's clocks.
struct HostClock: Clock {
    let timeline: Timeline
    let host: Host
    let epoch: Double

    func now() -> Int64 { Int64((epoch + timeline.time + host.skew.withLock { $0 }) * 1000) }
    func uptime() -> Double { timeline.time + host.ahead }
}

/// A process of a simulated world: who it is, its heart, and its end.
///
/// After its death every call of it fails and does nothing, so that what the program does on its way out has no effect.
final class Process: Sendable {
    let world: World
    let name: String
    let host: Host
    let identity: FakeProcesses
    let clock: HostClock
    let files: HostFiles
    let heart: Heart
    /// Given when it dies, so that nothing waits, and when a person stops it.
    let stop = StopSignal()
    /// Its number in the timeline.
    let number = Mutex(0)

    init(_ world: World, _ name: String, _ host: Host, pid: Int32) {
        self.world = world
        self.name = name
        self.host = host
        identity = FakeProcesses(pid: pid, graveyard: world.graveyard, host: "h\(host.number)", boot: host.boot)
        clock = HostClock(timeline: world.timeline, host: host, epoch: world.epoch)
        files = HostFiles(world, name, host)
        heart = Heart(files: files, clock: clock, seconds: World.leaseSeconds)
    }

    var isDead: Bool { files.isDead }

    /// Opens the world's spool.
    func spool() throws -> Spool {
        try Spool(
            root: World.root, create: true, files: files, clock: clock, host: identity,
            random: { [world] in world.bits() }, leaseSeconds: World.leaseSeconds)
    }

    /// It is gone, killed or not, and everybody on its host can know.
    func end() {
        files.end()
        stop.stop()
        world.graveyard.bury(identity.current)
    }
}

/// What may become of a call.
enum Fate {
    case done
    /// It fails, and nothing was done.
    case fails(StorageError.Code)
    /// It is done, but the answer is lost, and another one comes.
    case lies(StorageError.Code)
    /// The process dies before it, or right after.
    case deathBefore, deathAfter
}

/// The disk as one process sees it from its host.
final class HostFiles: FileSystem {
    private struct Open: Sendable {
        var node: Int
        var offset = 0
        var isWritten: Bool
    }

    private struct State: Sendable {
        var isDead = false
        var open: [Int32: Open] = [:]
        var next: Int32 = 3
    }

    private unowned let world: World
    private let name: String
    private let host: Host
    private let state = Mutex(State())

    init(_ world: World, _ name: String, _ host: Host) {
        self.world = world
        self.name = name
        self.host = host
    }

    var isDead: Bool { state.withLock { $0.isDead } }

    /// No call does anything from now on.
    func end() { state.withLock { $0.isDead = true } }

    /// The error of every call after the end.
    private static let ended = StorageError.Code.other(9)

    /// What a call is like, for what may go wrong with it.
    enum Sort {
        case look, read, write, sync, name, close
    }

    /// One call: others may go on before it, and it may fail.
    ///
    /// - Parameter answer: of a call that was done, and whose answer is lost on the way.
    private func call<Result: Sendable>(
        _ operation: Operation, _ sort: Sort, _ path: @autoclosure () -> String,
        answer: StorageError.Code = .inputOutput,
        _ body: (inout Disk, Disk.Viewer) throws(StorageError.Code) -> Result
    ) throws(StorageError) -> Result {
        if isDead { throw StorageError(HostFiles.ended, operation, path()) }
        world.timeline.step()
        if isDead { throw StorageError(HostFiles.ended, operation, path()) }
        let fate = world.fate(of: operation, sort, host, answer: answer)
        let viewer = Disk.Viewer(
            host: host.number, time: world.timeline.time, lag: sort == .look ? world.lag(host, operation) : nil)
        switch fate {
        case .fails(let code):
            world.trace("\(name) \(operation.rawValue) \(path()): fails with \(code)")
            throw StorageError(code, operation, path())
        case .deathBefore:
            world.kill(name, at: "before \(operation.rawValue) \(path())")
            throw StorageError(HostFiles.ended, operation, path())
        case .done, .lies, .deathAfter: break
        }
        let result: Result
        do { result = try world.disk.withLock { disk throws(StorageError.Code) in try body(&disk, viewer) } } catch {
            world.trace("\(name) \(operation.rawValue) \(path()): \(error)")
            throw StorageError(error, operation, path())
        }
        if sort != .read, sort != .close { world.trace("\(name) \(operation.rawValue) \(path())") }
        // Also if the answer is lost.
        if operation == .logLink { world.noteCommits(String(path().split(separator: " ").last ?? "")) }
        world.pass(operation.rawValue, name, host)
        if isDead { throw StorageError(HostFiles.ended, operation, path()) }
        switch fate {
        case .lies(let code):
            world.trace("\(name): its answer is lost, and comes as \(code)")
            throw StorageError(code, operation, path())
        case .deathAfter:
            world.kill(name, at: "after \(operation.rawValue)")
            throw StorageError(HostFiles.ended, operation, path())
        case .done, .fails, .deathBefore: return result
        }
    }

    private func file(_ descriptor: FileDescriptor, _ operation: Operation) throws(StorageError) -> Open {
        guard let open = state.withLock({ $0.open[descriptor.number] }) else {
            throw StorageError(.invalid, operation, "descriptor \(descriptor.number)")
        }
        return open
    }

    func open(_ path: String, _ mode: OpenMode, _ operation: Operation) throws(StorageError) -> FileDescriptor {
        let isLook = mode == .read
        let node = try call(operation, isLook ? .look : .name, path, answer: .exists) {
            disk, viewer throws(StorageError.Code) in
            try disk.open(path, mode, viewer)
        }
        return state.withLock { state in
            state.next += 1
            state.open[state.next] = Open(node: node, isWritten: !isLook)
            return FileDescriptor(state.next)
        }
    }

    func read(_ file: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer, _ operation: Operation)
        throws(StorageError) -> Int
    {
        let open = try self.file(file, operation)
        let count = try call(operation, .read, "") { disk, viewer throws(StorageError.Code) in
            let bytes = disk.content(open.node, viewer)
            let count = min(buffer.count, max(0, bytes.count - open.offset))
            if count > 0 { buffer.copyBytes(from: bytes[open.offset..<open.offset + count]) }
            return count
        }
        state.withLock { $0.open[file.number]?.offset += count }
        return count
    }

    func write(_ file: FileDescriptor, _ bytes: UnsafeRawBufferPointer, _ operation: Operation) throws(StorageError) {
        let open = try self.file(file, operation)
        try call(operation, .write, "") { disk, viewer throws(StorageError.Code) in
            disk.write(open.node, at: open.offset, bytes, viewer)
        }
        state.withLock { $0.open[file.number]?.offset += bytes.count }
    }

    func synchronize(_ file: FileDescriptor, _ operation: Operation) throws(StorageError) {
        let open = try self.file(file, operation)
        if world.mutant == .skips(operation) { return }
        try call(operation, .sync, "") { disk, _ throws(StorageError.Code) in disk.synchronize(open.node) }
    }

    func close(_ file: FileDescriptor, _ operation: Operation) throws(StorageError) {
        let open = state.withLock { $0.open.removeValue(forKey: file.number) }
        guard let open else { throw StorageError(.invalid, operation, "descriptor \(file.number)") }
        guard open.isWritten else { return }
        try call(operation, .close, "") { disk, _ throws(StorageError.Code) in disk.close(open.node) }
    }

    func rename(_ source: String, _ destination: String, _ operation: Operation) throws(StorageError) {
        try call(operation, .name, "\(source) -> \(destination)", answer: .notFound) {
            [mutant = world.mutant] disk, viewer throws(StorageError.Code) in
            do throws(StorageError.Code) { try disk.rename(source, destination, viewer) } catch {
                if error != .notFound || mutant != .succeeds(operation) { throw error }
            }
        }
    }

    func link(_ source: String, _ destination: String, _ operation: Operation) throws(StorageError) {
        try call(operation, .name, "\(source) -> \(destination)", answer: .exists) {
            [mutant = world.mutant] disk, viewer throws(StorageError.Code) in
            if mutant == .overwrites(operation) { try? disk.unlink(destination, viewer) }
            try disk.link(source, destination, viewer)
        }
    }

    func unlink(_ path: String, _ operation: Operation) throws(StorageError) {
        if world.mutant == .skips(operation) { return }
        try call(operation, .name, path, answer: .notFound) { disk, viewer throws(StorageError.Code) in
            try disk.unlink(path, viewer)
        }
    }

    func makeDirectory(_ path: String, _ operation: Operation) throws(StorageError) {
        try call(operation, .name, path, answer: .exists) { disk, viewer throws(StorageError.Code) in
            try disk.makeDirectory(path, viewer)
        }
    }

    func removeDirectory(_ path: String, _ operation: Operation) throws(StorageError) {
        try call(operation, .name, path, answer: .notFound) { disk, viewer throws(StorageError.Code) in
            try disk.removeDirectory(path, viewer)
        }
    }

    func list(_ path: String, _ operation: Operation, undecodable: (UndecodableName) -> Void) throws(StorageError)
        -> [String]
    {
        if world.mutant == .empties(operation) { return [] }
        return try call(operation, .look, path) { disk, viewer throws(StorageError.Code) in try disk.list(path, viewer)
        }
    }

    func status(_ path: String, _ operation: Operation) throws(StorageError) -> FileStatus {
        try call(operation, .look, path) { disk, viewer throws(StorageError.Code) in try disk.status(path, viewer) }
    }

    func synchronizeDirectory(_ path: String, _ operation: Operation) throws(StorageError) {
        if world.mutant == .skips(operation) { return }
        try call(operation, .sync, path) { disk, _ throws(StorageError.Code) in try disk.synchronizeDirectory(path) }
    }

    func freeSpace(_ path: String, _ operation: Operation) throws(StorageError) -> Int { 1 << 40 }
}
