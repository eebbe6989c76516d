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

/// One connection of a process to a store; used by its thread.
final class StoreSession: LoadTarget, TargetEngine, TargetSavepoints, TargetBooks {
    private let store: Store
    private let process: Process
    private let session: Int

    init(_ store: Store, _ process: Process, _ session: Int) {
        self.store = store
        self.process = process
        self.session = session
    }

    /// A statement: others may go on before it, and the connection may be lost.
    private func step(_ what: @autoclosure () -> String) throws {
        if process.isDead { throw Store.lost }
        store.world.timeline.step()
        if process.isDead { throw Store.lost }
        if store.state.withLock({ $0.isDown }) { throw LoadError(.transient, "\(store.name) is away") }
        if store.world.losesConnection(process) {
            store.world.trace("\(process.name) loses its connection to \(store.name) at \(what())")
            store.abort(session)
            throw Store.lost
        }
        store.world.trace("\(process.name) \(store.name): \(what())")
        store.state.withLock { $0.open[session]?.used = store.world.timeline.time }
        store.world.pass(String(what().prefix { $0 != " " }), process.name, process.host)
        if process.isDead { throw Store.lost }
    }

    /// The open transaction; an error when the server has ended it.
    private func change(_ body: (inout Store.Transaction) -> Void) throws {
        try store.state.withLock { state in
            guard var transaction = state.open[session] else { throw Store.lost }
            body(&transaction)
            state.open[session] = transaction
        }
    }

    /// Committed data, and over it what the open transaction has done.
    private func read<Result>(_ body: (StoreState) -> Result) -> Result {
        store.state.withLock { state in
            guard let transaction = state.open[session] else { return body(state.data) }
            var data = state.data
            for change in transaction.changes {
                switch change {
                case .enter, .settle, .move, .close: data.apply(change)
                case .delete, .insert: break
                }
            }
            return body(data)
        }
    }

    // MARK: LoadTarget

    func head(_ key: LogKey) throws -> Head {
        try step("head of \(key.partition)")
        return read { $0.heads[key] } ?? Head(number: 0, run: "", rows: 0)
    }

    func heads(_ name: (LogKey) -> UInt64) throws -> [UInt64: Int] {
        try step("heads")
        return Dictionary(uniqueKeysWithValues: read { $0.heads }.map { (name($0.key), $0.value.number) })
    }

    func loaded(_ run: RunID) throws -> [Int: LoadedChunk] {
        try step("ledger of \(run)")
        return Dictionary(
            uniqueKeysWithValues: read { $0.ledger.values.filter { $0.run == run } }.map { ($0.sequence, $0.chunk) })
    }

    func closed(_ run: RunID) throws -> ClosedRun? {
        try step("how \(run) ended")
        return read { $0.closed[run] }
    }

    var engine: LoadEngine { LoadEngine(target: self) }
    var books: any TargetBooks { self }

    // MARK: TargetEngine

    var hasOneWriter: Bool { store.hasOneWriter }
    var isFailedCommitUndone: Bool { store.hasOneWriter }
    var savepoints: (any TargetSavepoints)? { self }

    func begin() throws {
        try step("BEGIN")
        let session = session
        let hasOneWriter = hasOneWriter
        let now = store.world.timeline.time
        try store.lock(session) { state in
            if hasOneWriter {
                guard state.writer == nil || state.writer == session else { return false }
                state.writer = session
            }
            state.open[session] = Store.Transaction(used: now)
            return true
        }
    }

    func commit() throws {
        try step("COMMIT")
        switch store.world.fateOfCommit(process, isUndone: isFailedCommitUndone) {
        case .done:
            try store.commit(session)
            store.world.pass("COMMITTED", process.name, process.host)
            if process.isDead { throw Store.lost }
        case .deathBefore:
            store.world.kill(process.name, at: "before COMMIT")
            throw Store.lost
        case .deathAfter:
            try store.commit(session)
            store.world.kill(process.name, at: "after COMMIT")
            throw Store.lost
        case .fails:
            store.world.trace("\(process.name): COMMIT is lost")
            store.abort(session)
            throw Store.lost
        case .lies:
            store.world.trace("\(process.name): the answer of COMMIT is lost")
            try store.commit(session)
            throw Store.lost
        }
    }

    func rollback() { store.abort(session) }

    func savepoint() throws { try change { $0.savepoint = $0.changes.count } }
    func undoSavepoint() throws { try change { $0.changes.removeLast($0.changes.count - $0.savepoint) } }
    func releaseSavepoint() throws {}

    func lockHead(_ key: LogKey, isMoving: Bool) throws -> Head {
        try step(isMoving ? "lock head" : "lock head with others")
        let session = session
        let isFree = store.world.mutant == .locksNoHead
        try store.lock(session) { state in
            guard state.open[session] != nil else { throw Store.lost }
            let isTaken =
                isFree == false
                && state.open.contains { other, transaction in
                    other != session
                        && (transaction.exclusive.contains(key) || isMoving && transaction.shared.contains(key))
                }
            if isTaken { return false }
            if isMoving {
                state.open[session]?.exclusive.insert(key)
            } else {
                state.open[session]?.shared.insert(key)
            }
            return true
        }
        return read { $0.heads[key] } ?? Head(number: 0, run: "", rows: 0)
    }

    func prepare(_ manifest: RunManifest) throws -> TargetTable {
        try step("table \(manifest.table)")
        let table = TargetTable(
            name: manifest.table, columns: manifest.schema.filter { $0.type != .null }, key: manifest.tableKey)
        store.state.withLock { $0.data.columns[manifest.table] = table }
        return table
    }

    func comparesBytes(_ table: TargetTable) throws -> Bool { true }
    func batches(_ table: TargetTable) -> Int { 1 }

    func writer(_ table: TargetTable, mode: WriteMode, key: [String]) throws -> any RowWriter {
        StoreWriter(table, mode) { [unowned self] rows in
            try step("INSERT \(rows.count) into \(table.name)")
            try change { $0.changes.append(.insert(table.name, mode, rows)) }
        }
    }

    func delete(_ manifest: RunManifest, _ table: TargetTable) throws {
        try step("DELETE from \(table.name)")
        let partition = manifest.mode == .replacePartition ? manifest.partition : nil
        try change { $0.changes.append(.delete(table.name, partition)) }
    }

    var staging: Staging { get throws { throw LoadError(.configuration, "no staging is simulated") } }

    // MARK: TargetBooks

    func loadedSequences(_ run: RunID) throws -> Set<Int> { Set(try loaded(run).keys) }

    func totals(_ run: RunID) throws -> (chunks: Int, rows: Int) {
        let chunks = try loaded(run)
        return (chunks.count, chunks.values.reduce(0) { $0 + $1.rows })
    }

    func enter(_ id: ChunkID, table: String, manifest: Int, loader: String, attempt: Int, at: String) throws -> Bool {
        try step("enter \(id.run)/\(id.sequence)")
        let session = session
        // Each time another one.
        let text = store.world.mutant == .knowsNoChunk ? "\(id.text) \(store.world.timeline.steps)" : id.text
        var isNew = false
        try store.lock(session) { state in
            guard state.open[session] != nil else { throw Store.lost }
            if state.open.contains(where: { $0 != session && $1.ids.contains(text) }) { return false }
            isNew = state.data.ledger[text] == nil && state.open[session]?.ids.contains(text) == false
            if isNew {
                state.open[session]?.ids.insert(text)
                state.open[session]?.changes.append(
                    .enter(
                        text,
                        StoreState.Entry(
                            run: id.run, sequence: id.sequence,
                            chunk: LoadedChunk(
                                sequence: id.sequence, rows: 0, rejects: 0, loader: loader, attempt: attempt, at: at))))
            }
            return true
        }
        return isNew
    }

    func settle(_ id: ChunkID, _ chunk: LoadedChunk, rejectsFile: String?) throws {
        try change { transaction in
            let text = transaction.ids.first { $0.hasPrefix(id.text) } ?? id.text
            transaction.changes.append(.settle(text, chunk))
        }
    }

    func moveHead(_ key: LogKey, from: Head, to number: Int, run: RunID, rows: Int, table: String) throws -> Bool {
        try step("move head of \(key.partition) from \(from.number) to \(number)")
        let now = read { $0.heads[key] } ?? Head(number: 0, run: "", rows: 0)
        if store.world.mutant != .comparesNoHead {
            guard now.number == from.number, now.run == from.run else { return false }
        }
        try change { $0.changes.append(.move(key, Head(number: number, run: run.text, rows: rows))) }
        return true
    }

    func close(_ result: LoadManifest, table: String, loader: String) throws {
        try step("close \(result.run) as \(result.outcome?.rawValue ?? "?")")
        let closed = ClosedRun(
            outcome: result.outcome ?? .loaded, rows: result.rows, rejects: result.rejects, chunks: result.chunks)
        try change { $0.changes.append(.close(result.run, closed)) }
    }
}

/// Inserts rows into the open transaction of a session; a record that says `refused` is.
private final class StoreWriter: RowWriter {
    private let key: Int?
    private let send: ([StoredRow]) throws -> Void

    init(_ table: TargetTable, _ mode: WriteMode, send: @escaping ([StoredRow]) throws -> Void) {
        key = table.columns.firstIndex { $0.name == "id" }
        self.send = send
    }

    func insert(_ batch: RowBatch, reject: (_ row: Int, _ reason: String, _ code: String) throws -> Void) throws {
        var rows: [StoredRow] = []
        for place in 0..<(batch.order?.count ?? batch.count) {
            let row = batch.order.map { Int($0[place]) } ?? place
            let line = batch.text(row, limit: 4096)
            if line.contains("refused") {
                try reject(row, "the record says so", "22000")
            } else {
                rows.append(StoredRow(key: key.map { batch.row(row)[$0].bits } ?? 0, line: line))
            }
        }
        if !rows.isEmpty { try send(rows) }
    }

    func finish() throws {}
}
