import Manifest
import Synchronization

@testable import Load

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
