internal import Chunk
internal import JSON
internal import Manifest

/// A parameter of a statement.
enum BookValue {
    case text(String)
    case integer(Int64)
    case double(Double)
    case boolean(Bool)
    case null

    /// A count.
    static func number(_ value: Int) -> BookValue { .integer(Int64(value)) }
}

/// What head and ledger need of a server that is spoken to in SQL.
protocol BookSession: AnyObject {
    /// The rows of a query, whose parameters are question marks.
    func rows(_ sql: String, _ values: [BookValue]) throws -> [[String?]]
    /// Runs a statement that changes rows, and says how many; an insert that was passed over counts none.
    func change(_ sql: String, _ values: [BookValue]) throws -> Int
    /// What makes an insert pass over a row of which `key` is there already.
    func passingOver(_ key: String) -> String
}

/// `_bobbin_head` and `_bobbin_ledger` in a server. SQLite has statements of its own, which it prepares once.
struct SQLBooks: TargetBooks {
    let session: any BookSession
    let spool: String

    private static let ofRun = "chunk_id > ? AND chunk_id < ?"
    /// Not the row of a ``SharedStage``.
    private static let chunksOfRun = "\(ofRun) AND seq IS NOT NULL"

    private func partition(_ key: LogKey) -> String { key.partition.json.serializedText() }

    /// Stands for a log in 64 characters: names from outside may be longer than an index takes.
    private func id(_ key: LogKey) -> BookValue {
        let text = JSONValue.array([spool, key.job, key.stream, partition(key)].map { .string($0) }).serialized()
        return .text(text.withUnsafeBytes { SHA256Stream.digest(of: $0) }.description)
    }

    /// The ids of a run's chunks, `SPOOL/RUN/SEQ`, lie between these two: 0 follows the slash in ASCII.
    private func range(_ run: String) -> [BookValue] { [.text("\(spool)/\(run)/"), .text("\(spool)/\(run)0")] }

    private func number(_ row: [String?], _ column: Int) -> Int { row[column].flatMap { Int($0) } ?? 0 }

    /// The row of a log's head at manifest 0, if there is none: so that there is something to lock.
    func make(_ key: LogKey) throws {
        _ = try session.change(
            """
            INSERT INTO _bobbin_head(log_id, spool, job, stream, partition_key, n, run, row_count, target_table)
            VALUES (?, ?, ?, ?, ?, 0, '', 0, '') \(session.passingOver("log_id"))
            """, [id(key), .text(spool), .text(key.job), .text(key.stream), .text(partition(key))])
    }

    /// The head of a log; `nil` when there is no row of it.
    ///
    /// - Parameter lock: how the row is locked, if at all.
    func head(_ key: LogKey, _ lock: String) throws -> Head? {
        let sql = "SELECT n, run, row_count FROM _bobbin_head WHERE log_id = ?\(lock)"
        guard let row = try session.rows(sql, [id(key)]).first else { return nil }
        return Head(number: number(row, 0), run: row[1] ?? "", rows: number(row, 2))
    }

    /// Locks the row of a log's head by changing nothing of it, in engines that lock rows by updates only.
    ///
    /// - Returns: whether there is one.
    func touch(_ key: LogKey) throws -> Bool {
        try session.change("UPDATE _bobbin_head SET n = n WHERE log_id = ?", [id(key)]) > 0
    }

    func heads(_ name: (LogKey) -> UInt64) throws -> [UInt64: Int] {
        var heads: [UInt64: Int] = [:]
        let sql = "SELECT job, stream, partition_key, n FROM _bobbin_head WHERE spool = ? AND n > 0"
        for row in try session.rows(sql, [.text(spool)]) {
            let partition = try Partition(parsing: row[2] ?? "")
            heads[name(LogKey(job: row[0] ?? "", stream: row[1] ?? "", partition: partition))] = number(row, 3)
        }
        return heads
    }

    func loaded(_ run: RunID) throws -> [Int: LoadedChunk] {
        var found: [Int: LoadedChunk] = [:]
        // A few loaders and seconds stand in all rows: each text is kept once.
        var texts: Set<String> = []
        func shared(_ text: String?) -> String { texts.insert(text ?? "").memberAfterInsert }
        let sql =
            "SELECT seq, row_count, rejects, loader, attempt, committed_at, chunks FROM _bobbin_ledger WHERE \(SQLBooks.chunksOfRun)"
        for row in try session.rows(sql, range(run.text)) {
            let sequence = number(row, 0)
            var chunk = LoadedChunk(
                sequence: sequence, rows: number(row, 1), rejects: number(row, 2), loader: shared(row[3]),
                attempt: number(row, 4), at: shared(row[5]))
            chunk.discards = Discards(parsing: row[6])
            found[sequence] = chunk
        }
        return found
    }

    func loadedSequences(_ run: RunID) throws -> Set<Int> {
        let sql = "SELECT seq FROM _bobbin_ledger WHERE \(SQLBooks.chunksOfRun)"
        return Set(try session.rows(sql, range(run.text)).map { number($0, 0) })
    }

    func totals(_ run: RunID) throws -> (chunks: Int, rows: Int) {
        let sql = "SELECT count(*), coalesce(sum(row_count), 0) FROM _bobbin_ledger WHERE \(SQLBooks.chunksOfRun)"
        guard let row = try session.rows(sql, range(run.text)).first else { return (0, 0) }
        return (number(row, 0), number(row, 1))
    }

    func closed(_ run: RunID) throws -> ClosedRun? {
        let sql = "SELECT outcome, row_count, rejects, chunks FROM _bobbin_ledger WHERE chunk_id = ?"
        guard let row = try session.rows(sql, [.text("\(spool)/\(run)")]).first,
            let outcome = row[0].flatMap({ Outcome(rawValue: $0) })
        else { return nil }
        let chunks = row[3].flatMap { try? LoadManifest(decoding: Array($0.utf8)) }?.chunks ?? []
        return ClosedRun(outcome: outcome, rows: number(row, 1), rejects: number(row, 2), chunks: chunks)
    }

    func enter(
        _ id: ChunkID, table: String, manifest: Int, loader: String, attempt: Int, at: String
    ) throws -> Bool {
        let count = try session.change(
            """
            INSERT INTO _bobbin_ledger(chunk_id, target_table, run, manifest, seq, row_count, rejects, loader, attempt, committed_at)
            VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?, ?) \(session.passingOver("chunk_id"))
            """,
            [
                .text(id.text), .text(table), .text(id.run.text), .number(manifest), .number(id.sequence),
                .text(loader), .number(attempt), .text(at),
            ])
        return count > 0
    }

    func settle(_ id: ChunkID, _ chunk: LoadedChunk, rejectsFile: String?) throws {
        _ = try session.change(
            "UPDATE _bobbin_ledger SET row_count = ?, rejects = ?, rejects_file = ?, chunks = ? WHERE chunk_id = ?",
            [
                .number(chunk.rows), .number(chunk.rejects), rejectsFile.map { .text($0) } ?? .null,
                chunk.discards.text.map { .text($0) } ?? .null, .text(id.text),
            ])
    }

    func moveHead(_ key: LogKey, from: Head, to number: Int, run: RunID, rows: Int, table: String) throws -> Bool {
        let count = try session.change(
            """
            UPDATE _bobbin_head SET n = ?, run = ?, row_count = ?, target_table = ?
            WHERE log_id = ? AND n = ? AND run = ?
            """,
            [
                .number(number), .text(run.text), .number(rows), .text(table), id(key), .number(from.number),
                .text(from.run),
            ])
        return count == 1
    }

    /// Takes the chunk rows of a run away, and that of its stage.
    func forget(_ run: RunID) throws {
        _ = try session.change("DELETE FROM _bobbin_ledger WHERE \(SQLBooks.ofRun)", range(run.text))
    }

    func close(_ result: LoadManifest, table: String, loader: String) throws {
        try forget(result.run)
        _ = try session.change(
            """
            INSERT INTO _bobbin_ledger(chunk_id, target_table, run, manifest, outcome, row_count, rejects, loader, attempt,
                committed_at, chunks) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)
            """,
            [
                .text("\(spool)/\(result.run)"), .text(table), .text(result.run.text), .number(result.number),
                .text((result.outcome ?? .loaded).rawValue), .number(result.rows), .number(result.rejects),
                .text(loader), .text(result.updated), .text(String(decoding: result.encoded(), as: UTF8.self)),
            ])
    }
}

/// An engine that is spoken to in SQL over a connection, by any number of loaders.
protocol SQLTarget: TargetEngine {
    /// Head and ledger by a session that stands, with the bookkeeping tables made.
    ///
    /// - Throws: class transient when the connection was lost within a transaction: what comes next must not go through alone.
    var ledger: SQLBooks { get throws }
    /// What locks the row of a head, at the end of its SELECT.
    func lock(isMoving: Bool) -> String
    /// An identifier in the engine's quotes.
    func quote(_ name: String) throws -> String
}

extension SQLTarget {
    var hasOneWriter: Bool { false }
    var isFailedCommitUndone: Bool { false }
    var books: any TargetBooks { get throws { try ledger } }

    func lockHead(_ key: LogKey, isMoving: Bool) throws -> Head {
        // Looked at first: to insert what is there already would lock it against others in some engines.
        let ledger = try ledger
        if let head = try ledger.head(key, lock(isMoving: isMoving)) { return head }
        try ledger.make(key)
        return try ledger.head(key, lock(isMoving: isMoving)) ?? Head(number: 0, run: "", rows: 0)
    }

    func delete(_ manifest: RunManifest, _ table: TargetTable) throws {
        let replaced = try replaced(manifest, table)
        _ = try ledger.session.change("DELETE FROM \(try quote(manifest.table))\(replaced.condition)", replaced.values)
    }

    /// What a replacement replaces: the end of a statement, empty where that is the whole table, and its values.
    func replaced(_ manifest: RunManifest, _ table: TargetTable) throws -> (condition: String, values: [BookValue]) {
        let fields = manifest.mode == .replacePartition ? try TableNeeds.partition(manifest, table) : []
        let terms = try fields.map { "\(try quote($0.name)) = ?" }
        let values: [BookValue] = fields.map { field in
            switch field.value {
            case .integer(let value):
                table.columns.named(field.name)?.type == .boolean ? .boolean(value == 1) : .integer(value)
            case .double(let value): .double(value)
            case .text(let text): .text(text)
            }
        }
        return (terms.isEmpty ? "" : " WHERE \(terms.joined(separator: " AND "))", values)
    }
}
