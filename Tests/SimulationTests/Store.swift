import Foundation
import JSON
import Manifest
import Synchronization

@testable import Load

/// A row of a simulated table: its key and its record.
struct StoredRow: Sendable, Equatable {
    var key: Int64
    var line: String
}

/// What a simulated server holds.
struct StoreState: Sendable {
    struct Entry: Sendable {
        var run: RunID
        var sequence: Int
        var chunk: LoadedChunk
    }

    var heads: [LogKey: Head] = [:]
    var ledger: [String: Entry] = [:]
    var closed: [RunID: ClosedRun] = [:]
    var tables: [String: [StoredRow]] = [:]
    /// Columns that tables were made with.
    var columns: [String: TargetTable] = [:]
}

/// A database server, or an embedded database that has one writer, as its sessions share it: transactions with locks on heads and
/// chunk ids, commits whose answers are lost, restarts, restores.
final class Store: Sendable {
    /// What a transaction does once it commits.
    enum Change: Sendable {
        case enter(String, StoreState.Entry)
        case settle(String, LoadedChunk)
        case move(LogKey, Head)
        case close(RunID, ClosedRun)
        case delete(String, Partition?)
        case insert(String, WriteMode, [StoredRow])
    }

    /// An open transaction.
    struct Transaction: Sendable {
        var changes: [Change] = []
        var shared: Set<LogKey> = []
        var exclusive: Set<LogKey> = []
        var ids: Set<String> = []
        var savepoint = 0
        /// When it was used last.
        var used: Double
    }

    struct State: Sendable {
        var data = StoreState()
        var open: [Int: Transaction] = [:]
        var lastSession = 0
        var isDown = false
        /// The session that writes to a database with one writer.
        var writer: Int?
    }

    unowned let world: World
    let name: String
    let hasOneWriter: Bool
    let state = Mutex(State())
    /// Seconds after which a session that does nothing in a transaction is ended, as loaders ask of their servers.
    private static let idleSeconds = 120.0
    /// Seconds for which a lock is waited for.
    private static let lockSeconds = 8.0

    init(_ world: World, _ name: String, hasOneWriter: Bool) {
        self.world = world
        self.name = name
        self.hasOneWriter = hasOneWriter
    }

    /// What is committed.
    var data: StoreState { state.withLock { $0.data } }

    func session(_ process: Process) -> StoreSession {
        let number = state.withLock { state in
            state.lastSession += 1
            return state.lastSession
        }
        return StoreSession(self, process, number)
    }

    /// Undoes what a session has open.
    func abort(_ session: Int) {
        state.withLock { state in
            state.open[session] = nil
            if state.writer == session { state.writer = nil }
        }
        world.timeline.wake()
    }

    /// All open transactions end, as when the server is killed.
    func crash() {
        state.withLock { state in
            state.open = [:]
            state.writer = nil
        }
        world.timeline.wake()
    }

    /// Takes the server down, or up.
    func set(down isDown: Bool) { state.withLock { $0.isDown = isDown } }

    /// The data of an earlier time takes the place of today's.
    func restore(_ data: StoreState) {
        crash()
        state.withLock { $0.data = data }
    }

    /// Has a lock as soon as nobody else holds what `take` asks for.
    ///
    /// - Parameter take: notes the lock in the session's transaction; false while it cannot be had.
    func lock(_ session: Int, _ take: (inout State) throws -> Bool) throws {
        let deadline = world.timeline.time + Store.lockSeconds
        while try !state.withLock({ try take(&$0) }) {
            endIdle()
            guard world.timeline.wait(until: deadline) else {
                throw LoadError(.transient, "\(name): lock timeout")
            }
        }
    }

    /// Ends the transactions of sessions that have done nothing for long.
    private func endIdle() {
        let now = world.timeline.time
        let idle = state.withLock { $0.open.filter { now - $0.value.used > Store.idleSeconds }.map(\.key) }
        for session in idle { abort(session) }
    }

    /// Commits what a session has open.
    func commit(_ session: Int) throws {
        let changed: [LogKey] = try state.withLock { state in
            guard let transaction = state.open.removeValue(forKey: session) else { throw Store.lost }
            if state.writer == session { state.writer = nil }
            var changed: [LogKey] = []
            for change in transaction.changes {
                state.data.apply(change)
                if case .move(let key, _) = change { changed.append(key) }
            }
            return changed + transaction.shared + transaction.exclusive
        }
        world.timeline.wake()
        world.check(self, changed)
    }

    static let lost = LoadError(.transient, "the connection was lost")
}

extension StoreState {
    mutating func apply(_ change: Store.Change) {
        switch change {
        case .enter(let id, let entry): ledger[id] = entry
        case .settle(let id, let chunk): ledger[id]?.chunk = chunk
        case .move(let key, let head): heads[key] = head
        case .close(let run, let result):
            ledger = ledger.filter { $0.value.run != run }
            closed[run] = result
        case .delete(let table, let partition):
            tables[table, default: []].removeAll { row in
                partition.map { StoreState.holds(row, $0) } ?? true
            }
        case .insert(let table, let mode, let rows):
            for row in rows { insert(row, into: table, mode) }
        }
    }

    /// Whether a row is of a partition, which its record names.
    static func holds(_ row: StoredRow, _ partition: Partition) -> Bool {
        partition.fields.allSatisfy { row.line.contains("\"\($0.name)\":\"\($0.value)\"") }
    }

    private mutating func insert(_ row: StoredRow, into table: String, _ mode: WriteMode) {
        if mode.needsKey, let index = tables[table]?.firstIndex(where: { $0.key == row.key }) {
            if mode != .insertOnly { tables[table]?[index] = row }
        } else {
            tables[table, default: []].append(row)
        }
    }
}
