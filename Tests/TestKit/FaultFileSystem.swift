package import Storage
internal import Threads

/// One place in the life of a process: the `occurrence`-th call (from 1) that carries `operation`.
package struct FaultPoint: Sendable, Hashable, CustomStringConvertible {
    package var operation: Operation
    package var occurrence: Int

    /// The `occurrence`-th call of `operation`.
    package init(_ operation: Operation, _ occurrence: Int) {
        self.operation = operation
        self.occurrence = occurrence
    }

    package var description: String { "\(operation.rawValue)#\(occurrence)" }
}

/// What happens at a fault point.
package enum Fault: Sendable {
    /// The call fails and does nothing; the process goes on.
    case fail(StorageError.Code)
    /// The call is done, but its answer is lost: the process goes on with this error.
    case lie(StorageError.Code)
    /// The process dies before the call.
    case killBefore
    /// The process dies right after the call.
    case killAfter
    /// The process is stopped before the call while others run, and then goes on.
    case pause(@Sendable () -> Void)

    /// Whether the process dies.
    package var isDeath: Bool {
        switch self {
        case .killBefore, .killAfter: true
        case .fail, .lie, .pause: false
        }
    }
}

/// The operations that any process of a world called.
///
/// Of its own, since a world that kept its processes' views would keep itself: a pause holds the world that goes on.
package final class OperationLog: Sendable {
    private let called = Condition<Set<Operation>>([])

    /// Nothing was called yet.
    package init() {}

    /// All so far.
    package var operations: Set<Operation> { called.withLock { $0 } }

    func note(_ operation: Operation) { called.withLock { _ = $0.insert(operation) } }
}

/// The file system as one process sees it: counts every call by its operation, and injects one fault.
///
/// After a death every further call of the process fails and does nothing, so that its deferred clean-ups have no effect;
/// only its descriptors are closed, as the kernel would.
package final class FaultFileSystem: FileSystem {
    private struct State: Sendable {
        var counts: [Operation: Int] = [:]
        var isDead = false
        var hasFired = false
        var calls = 0
        var doom = Int.max
    }

    /// The code of every error after the process's death.
    package static let deathCode = StorageError.Code.other(-1)

    private let base: any FileSystem
    private let log: OperationLog?
    private let point: FaultPoint?
    private let fault: Fault
    private let state = Condition(State())

    /// A view of `base` with a fault at `point`, if one is given.
    package init(
        _ base: any FileSystem, _ point: FaultPoint? = nil, _ fault: Fault = .killBefore, log: OperationLog? = nil
    ) {
        self.base = base
        self.log = log
        self.point = point
        self.fault = fault
    }

    /// How often each operation was called.
    package var counts: [Operation: Int] { state.withLock { $0.counts } }
    /// Whether the fault was reached.
    package var hasFired: Bool { state.withLock { $0.hasFired } }
    /// Whether the process is dead.
    package var isDead: Bool { state.withLock { $0.isDead } }

    /// Kills the process from outside.
    package func kill() { state.withLock { $0.isDead = true } }

    /// Lets the process die before its `calls`-th call.
    package func doom(calls: Int) { state.withLock { $0.doom = calls } }

    private func guarded<Result>(
        _ operation: Operation, _ path: String, alwaysDo: Bool = false,
        _ body: () throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        let death = StorageError(FaultFileSystem.deathCode, operation, path)
        let (wasDead, isHere) = state.withLock { state -> (Bool, Bool) in
            state.calls += 1
            if state.calls >= state.doom { state.isDead = true }
            if state.isDead { return (true, false) }
            state.counts[operation, default: 0] += 1
            guard let point, point.operation == operation, state.counts[operation] == point.occurrence else {
                return (false, false)
            }
            state.hasFired = true
            return (false, true)
        }
        if !wasDead { log?.note(operation) }
        if wasDead {
            if alwaysDo { _ = try? body() }
            throw death
        }
        guard isHere else { return try body() }
        switch fault {
        case .fail(let code):
            if alwaysDo { _ = try? body() }
            throw StorageError(code, operation, path)
        case .lie(let code):
            _ = try body()
            throw StorageError(code, operation, path)
        case .killBefore:
            kill()
            if alwaysDo { _ = try? body() }
            throw death
        case .killAfter:
            kill()
            _ = try? body()
            throw death
        case .pause(let others):
            others()
            return try body()
        }
    }

    package func open(_ path: String, _ mode: OpenMode, _ operation: Operation) throws(StorageError) -> FileDescriptor {
        // Opened by a process that dies with it: the kernel closes it.
        var opened: FileDescriptor?
        do throws(StorageError) {
            return try guarded(operation, path) { () throws(StorageError) in
                let file = try base.open(path, mode, operation)
                opened = file
                return file
            }
        } catch {
            if let opened { try? base.close(opened, operation) }
            throw error
        }
    }

    package func read(
        _ file: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer, _ operation: Operation
    ) throws(StorageError) -> Int {
        try guarded(operation, "\(file.number)") { () throws(StorageError) in
            try base.read(file, into: buffer, operation)
        }
    }

    package func write(
        _ file: FileDescriptor, _ bytes: UnsafeRawBufferPointer, _ operation: Operation
    ) throws(StorageError) {
        try guarded(operation, "\(file.number)") { () throws(StorageError) in try base.write(file, bytes, operation) }
    }

    package func synchronize(_ file: FileDescriptor, _ operation: Operation) throws(StorageError) {
        try guarded(operation, "\(file.number)") { () throws(StorageError) in try base.synchronize(file, operation) }
    }

    package func close(_ file: FileDescriptor, _ operation: Operation) throws(StorageError) {
        try guarded(operation, "\(file.number)", alwaysDo: true) { () throws(StorageError) in
            try base.close(file, operation)
        }
    }

    package func rename(_ source: String, _ destination: String, _ operation: Operation) throws(StorageError) {
        try guarded(operation, source) { () throws(StorageError) in try base.rename(source, destination, operation) }
    }

    package func link(_ source: String, _ destination: String, _ operation: Operation) throws(StorageError) {
        try guarded(operation, source) { () throws(StorageError) in try base.link(source, destination, operation) }
    }

    package func unlink(_ path: String, _ operation: Operation) throws(StorageError) {
        try guarded(operation, path) { () throws(StorageError) in try base.unlink(path, operation) }
    }

    package func makeDirectory(_ path: String, _ operation: Operation) throws(StorageError) {
        try guarded(operation, path) { () throws(StorageError) in try base.makeDirectory(path, operation) }
    }

    package func removeDirectory(_ path: String, _ operation: Operation) throws(StorageError) {
        try guarded(operation, path) { () throws(StorageError) in try base.removeDirectory(path, operation) }
    }

    package func list(
        _ path: String, _ operation: Operation, undecodable: (UndecodableName) -> Void
    ) throws(StorageError) -> [String] {
        try guarded(operation, path) { () throws(StorageError) in
            try base.list(path, operation, undecodable: undecodable).sorted()
        }
    }

    package func status(_ path: String, _ operation: Operation) throws(StorageError) -> FileStatus {
        try guarded(operation, path) { () throws(StorageError) in try base.status(path, operation) }
    }

    package func synchronizeDirectory(_ path: String, _ operation: Operation) throws(StorageError) {
        try guarded(operation, path) { () throws(StorageError) in try base.synchronizeDirectory(path, operation) }
    }

    package func freeSpace(_ path: String, _ operation: Operation) throws(StorageError) -> Int {
        try guarded(operation, path) { () throws(StorageError) in try base.freeSpace(path, operation) }
    }
}
