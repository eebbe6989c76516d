internal import Databases
internal import JSON
internal import Manifest

/// `_bobbin_head`, `_bobbin_ledger` and `_bobbin_tables` in an SQLite target.
final class SQLiteBooks: TargetBooks {
    static let schema = """
        CREATE TABLE IF NOT EXISTS _bobbin_head(
            spool TEXT NOT NULL, job TEXT NOT NULL, stream TEXT NOT NULL, partition TEXT NOT NULL,
            n INTEGER NOT NULL, run TEXT NOT NULL, rows INTEGER NOT NULL, target_table TEXT NOT NULL,
            PRIMARY KEY(spool, job, stream, partition)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS _bobbin_ledger(
            chunk_id TEXT NOT NULL PRIMARY KEY, target_table TEXT NOT NULL, run TEXT NOT NULL, manifest INTEGER NOT NULL,
            seq INTEGER, outcome TEXT, rows INTEGER NOT NULL, rejects INTEGER NOT NULL, rejects_file TEXT,
            loader TEXT NOT NULL, attempt INTEGER NOT NULL, committed_at TEXT NOT NULL, chunks TEXT) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS _bobbin_tables(
            target_table TEXT NOT NULL PRIMARY KEY, spool TEXT NOT NULL, job TEXT NOT NULL, stream TEXT NOT NULL,
            columns TEXT NOT NULL) WITHOUT ROWID;
        """

    private let spool: String
    private let connection: SQLiteConnection
    private var statements: [String: SQLiteStatement] = [:]

    init(_ connection: SQLiteConnection, spool: String) {
        self.connection = connection
        self.spool = spool
    }

    private func statement(_ sql: String) throws(SQLiteError) -> SQLiteStatement {
        if let known = statements[sql] { return known }
        let made = try connection.prepare(sql)
        statements[sql] = made
        return made
    }

    private func bindKey(_ statement: SQLiteStatement, _ key: LogKey) {
        statement.bind(0, spool)
        statement.bind(1, key.job)
        statement.bind(2, key.stream)
        statement.bind(3, key.partition.json.serializedText())
    }

    func head(_ key: LogKey) throws(SQLiteError) -> Head {
        let query = try statement(
            "SELECT n, run, rows FROM _bobbin_head WHERE spool = ? AND job = ? AND stream = ? AND partition = ?")
        bindKey(query, key)
        defer { query.reset() }
        guard try query.step() else { return Head(number: 0, run: "", rows: 0) }
        return Head(number: Int(query.integer(0)), run: query.text(1), rows: Int(query.integer(2)))
    }

    func heads(_ name: (LogKey) -> UInt64) throws -> [UInt64: Int] {
        let query = try statement("SELECT job, stream, partition, n FROM _bobbin_head WHERE spool = ?")
        query.bind(0, spool)
        defer { query.reset() }
        var heads: [UInt64: Int] = [:]
        while try query.step() {
            let partition = try Partition(parsing: query.text(2))
            heads[name(LogKey(job: query.text(0), stream: query.text(1), partition: partition))] = Int(query.integer(3))
        }
        return heads
    }

    func loaded(_ run: RunID) throws(SQLiteError) -> [Int: LoadedChunk] {
        let query = try statement(
            """
            SELECT seq, rows, rejects, loader, attempt, committed_at, chunks FROM _bobbin_ledger
            WHERE chunk_id > ? AND chunk_id < ?
            """)
        query.bind(0, "\(spool)/\(run)/")
        query.bind(1, "\(spool)/\(run)0")
        defer { query.reset() }
        var found: [Int: LoadedChunk] = [:]
        // A few loaders and seconds stand in all rows: each text is kept once.
        var texts: Set<String> = []
        func shared(_ text: String) -> String { texts.insert(text).memberAfterInsert }
        while try query.step() {
            let sequence = Int(query.integer(0))
            var chunk = LoadedChunk(
                sequence: sequence, rows: Int(query.integer(1)), rejects: Int(query.integer(2)),
                loader: shared(query.text(3)), attempt: Int(query.integer(4)), at: shared(query.text(5)))
            if !query.isNull(6) { chunk.discards = Discards(parsing: query.text(6)) }
            found[sequence] = chunk
        }
        return found
    }

    /// The sequences of a run's chunks that are in the ledger.
    func loadedSequences(_ run: RunID) throws(SQLiteError) -> Set<Int> {
        let query = try statement("SELECT seq FROM _bobbin_ledger WHERE chunk_id > ? AND chunk_id < ?")
        query.bind(0, "\(spool)/\(run)/")
        query.bind(1, "\(spool)/\(run)0")
        defer { query.reset() }
        var found: Set<Int> = []
        while try query.step() { found.insert(Int(query.integer(0))) }
        return found
    }

    /// How many chunks of a run are in the ledger, and their rows.
    func totals(_ run: RunID) throws(SQLiteError) -> (chunks: Int, rows: Int) {
        let query = try statement(
            "SELECT count(*), coalesce(sum(rows), 0) FROM _bobbin_ledger WHERE chunk_id > ? AND chunk_id < ?")
        query.bind(0, "\(spool)/\(run)/")
        query.bind(1, "\(spool)/\(run)0")
        defer { query.reset() }
        guard try query.step() else { return (0, 0) }
        return (Int(query.integer(0)), Int(query.integer(1)))
    }

    func closed(_ run: RunID) throws(SQLiteError) -> ClosedRun? {
        let query = try statement("SELECT outcome, rows, rejects, chunks FROM _bobbin_ledger WHERE chunk_id = ?")
        query.bind(0, "\(spool)/\(run)")
        defer { query.reset() }
        guard try query.step(), let outcome = Outcome(rawValue: query.text(0)) else { return nil }
        var manifest: LoadManifest?
        if !query.isNull(3) { manifest = try? LoadManifest(decoding: Array(query.text(3).utf8)) }
        return ClosedRun(
            outcome: outcome, rows: Int(query.integer(1)), rejects: Int(query.integer(2)),
            chunks: manifest?.chunks ?? [])
    }

    /// The ledger row of a chunk, inserted before its rows; `false` when it is there already.
    func enter(
        _ id: ChunkID, table: String, manifest: Int, loader: String, attempt: Int, at: String
    ) throws(SQLiteError) -> Bool {
        let insert = try statement(
            """
            INSERT INTO _bobbin_ledger(chunk_id, target_table, run, manifest, seq, rows, rejects, loader, attempt, committed_at)
            VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?, ?) ON CONFLICT DO NOTHING
            """)
        insert.bind(0, id.text)
        insert.bind(1, table)
        insert.bind(2, id.run.text)
        insert.bind(3, Int64(manifest))
        insert.bind(4, Int64(id.sequence))
        insert.bind(5, loader)
        insert.bind(6, Int64(attempt))
        insert.bind(7, at)
        _ = try insert.step()
        return connection.changes > 0
    }

    /// The counts of a chunk, known once its rows are in.
    func settle(_ id: ChunkID, _ chunk: LoadedChunk, rejectsFile: String?) throws(SQLiteError) {
        let update = try statement(
            "UPDATE _bobbin_ledger SET rows = ?, rejects = ?, rejects_file = ?, chunks = ? WHERE chunk_id = ?")
        update.bind(0, Int64(chunk.rows))
        update.bind(1, Int64(chunk.rejects))
        if let rejectsFile { update.bind(2, rejectsFile) } else { update.bindNull(2) }
        if let discards = chunk.discards.text { update.bind(3, discards) } else { update.bindNull(3) }
        update.bind(4, id.text)
        _ = try update.step()
    }

    /// Moves the head from `from` to `manifest`'s number by compare-and-set; `false` when somebody else moved it.
    ///
    /// The chunk rows of `run` go, and one row says how it ended.
    func moveHead(
        _ key: LogKey, from: Head, to number: Int, run: RunID, rows: Int, table: String
    ) throws(SQLiteError) -> Bool {
        if from.number == 0 {
            let insert = try statement(
                """
                INSERT INTO _bobbin_head(spool, job, stream, partition, n, run, rows, target_table)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """)
            bindKey(insert, key)
            insert.bind(4, Int64(number))
            insert.bind(5, run.text)
            insert.bind(6, Int64(rows))
            insert.bind(7, table)
            _ = try insert.step()
        } else {
            let update = try statement(
                """
                UPDATE _bobbin_head SET n = ?5, run = ?6, rows = ?7, target_table = ?8
                WHERE spool = ?1 AND job = ?2 AND stream = ?3 AND partition = ?4 AND n = ?9 AND run = ?10
                """)
            bindKey(update, key)
            update.bind(4, Int64(number))
            update.bind(5, run.text)
            update.bind(6, Int64(rows))
            update.bind(7, table)
            update.bind(8, Int64(from.number))
            update.bind(9, from.run)
            _ = try update.step()
        }
        return connection.changes == 1
    }

    /// Replaces the chunk rows of a run by the one row that says how its manifest ended, for ever.
    func close(_ result: LoadManifest, table: String, loader: String) throws(SQLiteError) {
        let delete = try statement("DELETE FROM _bobbin_ledger WHERE chunk_id > ? AND chunk_id < ?")
        delete.bind(0, "\(spool)/\(result.run)/")
        delete.bind(1, "\(spool)/\(result.run)0")
        _ = try delete.step()
        let insert = try statement(
            """
            INSERT INTO _bobbin_ledger(chunk_id, target_table, run, manifest, outcome, rows, rejects, loader, attempt, committed_at, chunks)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)
            """)
        insert.bind(0, "\(spool)/\(result.run)")
        insert.bind(1, table)
        insert.bind(2, result.run.text)
        insert.bind(3, Int64(result.number))
        insert.bind(4, (result.outcome ?? .loaded).rawValue)
        insert.bind(5, Int64(result.rows))
        insert.bind(6, Int64(result.rejects))
        insert.bind(7, loader)
        insert.bind(8, result.updated)
        // Not by way of a text of its own: of a hundred thousand chunks this is 15 MB.
        let failure = result.encoded().withUnsafeBufferPointer { bytes -> SQLiteError? in
            if let start = bytes.baseAddress { insert.bindStatic(9, start, bytes.count) }
            defer { insert.bindNull(9) }
            return insert.run()
        }
        if let failure { throw failure }
    }
}
