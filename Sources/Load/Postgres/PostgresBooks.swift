internal import Databases
internal import JSON
internal import Manifest

/// `_bobbin_head`, `_bobbin_ledger` and `_bobbin_tables` in PostgreSQL.
final class PostgresBooks {
    /// Key of the advisory lock under which tables are made and changed: "bobbin" in ASCII.
    static let lock = 0x626F_6262_696E

    /// Compared by bytes, whatever the database's collation: ranges of chunk ids depend on it.
    static let schema = """
        CREATE TABLE IF NOT EXISTS _bobbin_head(
            spool text COLLATE "C" NOT NULL, job text COLLATE "C" NOT NULL, stream text COLLATE "C" NOT NULL,
            partition text COLLATE "C" NOT NULL, n bigint NOT NULL, run text NOT NULL, rows bigint NOT NULL,
            target_table text NOT NULL, PRIMARY KEY(spool, job, stream, partition));
        CREATE TABLE IF NOT EXISTS _bobbin_ledger(
            chunk_id text COLLATE "C" NOT NULL PRIMARY KEY, target_table text NOT NULL, run text NOT NULL,
            manifest bigint NOT NULL, seq bigint, outcome text, rows bigint NOT NULL, rejects bigint NOT NULL,
            rejects_file text, loader text NOT NULL, attempt bigint NOT NULL, committed_at text NOT NULL, chunks text);
        CREATE TABLE IF NOT EXISTS _bobbin_tables(
            target_table text COLLATE "C" NOT NULL PRIMARY KEY, spool text NOT NULL, job text NOT NULL,
            stream text NOT NULL, columns text NOT NULL)
        """

    private let spool: String
    private let connection: PostgresConnection

    init(_ connection: PostgresConnection, spool: String) {
        self.connection = connection
        self.spool = spool
    }

    private func key(_ key: LogKey) -> [PostgresValue?] {
        [.text(spool), .text(key.job), .text(key.stream), .text(key.partition.json.serializedText())]
    }

    private func number(_ result: PostgresResult, _ row: Int, _ column: Int) -> Int {
        result.text(row, column).flatMap { Int($0) } ?? 0
    }

    /// The row of a log's head at manifest 0, if there is none: so that there is something to lock.
    func make(_ key: LogKey) throws {
        _ = try connection.query(
            """
            INSERT INTO _bobbin_head(spool, job, stream, partition, n, run, rows, target_table)
            VALUES ($1, $2, $3, $4, 0, '', 0, '') ON CONFLICT DO NOTHING
            """, self.key(key))
    }

    /// - Parameter lock: how the row is locked, if at all.
    func head(_ key: LogKey, _ lock: String) throws -> Head {
        let result = try connection.query(
            """
            SELECT n, run, rows FROM _bobbin_head WHERE spool = $1 AND job = $2 AND stream = $3 AND partition = $4\(lock)
            """, self.key(key))
        guard result.rows > 0 else { return Head(number: 0, run: "", rows: 0) }
        return Head(number: number(result, 0, 0), run: result.text(0, 1) ?? "", rows: number(result, 0, 2))
    }

    func heads(_ name: (LogKey) -> UInt64) throws -> [UInt64: Int] {
        let result = try connection.query(
            "SELECT job, stream, partition, n FROM _bobbin_head WHERE spool = $1 AND n > 0", [.text(spool)])
        var heads: [UInt64: Int] = [:]
        for row in 0..<result.rows {
            let partition = try Partition(parsing: result.text(row, 2) ?? "")
            let key = LogKey(job: result.text(row, 0) ?? "", stream: result.text(row, 1) ?? "", partition: partition)
            heads[name(key)] = number(result, row, 3)
        }
        return heads
    }

    private func range(_ run: String) -> [PostgresValue?] { [.text("\(spool)/\(run)/"), .text("\(spool)/\(run)0")] }

    func loaded(_ run: RunID) throws -> [Int: LoadedChunk] {
        let result = try connection.query(
            """
            SELECT seq, rows, rejects, loader, attempt, committed_at FROM _bobbin_ledger WHERE chunk_id > $1 AND chunk_id < $2
            """, range(run.text))
        var found: [Int: LoadedChunk] = [:]
        // A few loaders and seconds stand in all rows: each text is kept once.
        var texts: Set<String> = []
        func shared(_ text: String?) -> String { texts.insert(text ?? "").memberAfterInsert }
        for row in 0..<result.rows {
            let sequence = number(result, row, 0)
            found[sequence] = LoadedChunk(
                sequence: sequence, rows: number(result, row, 1), rejects: number(result, row, 2),
                loader: shared(result.text(row, 3)), attempt: number(result, row, 4), at: shared(result.text(row, 5)))
        }
        return found
    }

    func loadedSequences(_ run: RunID) throws -> Set<Int> {
        let result = try connection.query(
            "SELECT seq FROM _bobbin_ledger WHERE chunk_id > $1 AND chunk_id < $2", range(run.text))
        return Set((0..<result.rows).map { number(result, $0, 0) })
    }

    func totals(_ run: RunID) throws -> (chunks: Int, rows: Int) {
        let result = try connection.query(
            """
            SELECT count(*), coalesce(sum(rows), 0) FROM _bobbin_ledger WHERE chunk_id > $1 AND chunk_id < $2
            """, range(run.text))
        guard result.rows > 0 else { return (0, 0) }
        return (number(result, 0, 0), number(result, 0, 1))
    }

    func closed(_ run: RunID) throws -> ClosedRun? {
        let result = try connection.query(
            "SELECT outcome, rows, rejects, chunks FROM _bobbin_ledger WHERE chunk_id = $1", [.text("\(spool)/\(run)")])
        guard result.rows > 0, let outcome = result.text(0, 0).flatMap({ Outcome(rawValue: $0) }) else { return nil }
        let chunks = result.text(0, 3).flatMap { try? LoadManifest(decoding: Array($0.utf8)) }?.chunks ?? []
        return ClosedRun(outcome: outcome, rows: number(result, 0, 1), rejects: number(result, 0, 2), chunks: chunks)
    }

    func enter(
        _ id: ChunkID, table: String, manifest: Int, loader: String, attempt: Int, at: String
    ) throws -> Bool {
        let result = try connection.query(
            """
            INSERT INTO _bobbin_ledger(chunk_id, target_table, run, manifest, seq, rows, rejects, loader, attempt, committed_at)
            VALUES ($1, $2, $3, $4, $5, 0, 0, $6, $7, $8) ON CONFLICT DO NOTHING
            """,
            [
                .text(id.text), .text(table), .text(id.run.text), .integer(Int64(manifest)),
                .integer(Int64(id.sequence)), .text(loader), .integer(Int64(attempt)), .text(at),
            ])
        return result.affectedRows > 0
    }

    func settle(_ id: ChunkID, rows: Int, rejects: Int, rejectsFile: String?) throws {
        _ = try connection.query(
            "UPDATE _bobbin_ledger SET rows = $1, rejects = $2, rejects_file = $3 WHERE chunk_id = $4",
            [.integer(Int64(rows)), .integer(Int64(rejects)), rejectsFile.map { .text($0) }, .text(id.text)])
    }

    func moveHead(_ key: LogKey, from: Head, to number: Int, run: RunID, rows: Int, table: String) throws -> Bool {
        let result = try connection.query(
            """
            UPDATE _bobbin_head SET n = $5, run = $6, rows = $7, target_table = $8
            WHERE spool = $1 AND job = $2 AND stream = $3 AND partition = $4 AND n = $9 AND run = $10
            """,
            self.key(key) + [
                .integer(Int64(number)), .text(run.text), .integer(Int64(rows)), .text(table),
                .integer(Int64(from.number)), .text(from.run),
            ])
        return result.affectedRows == 1
    }

    func close(_ result: LoadManifest, table: String, loader: String) throws {
        _ = try connection.query(
            "DELETE FROM _bobbin_ledger WHERE chunk_id > $1 AND chunk_id < $2", range(result.run.text))
        _ = try connection.query(
            """
            INSERT INTO _bobbin_ledger(chunk_id, target_table, run, manifest, outcome, rows, rejects, loader, attempt, committed_at, chunks)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10)
            """,
            [
                .text("\(spool)/\(result.run)"), .text(table), .text(result.run.text), .integer(Int64(result.number)),
                .text((result.outcome ?? .loaded).rawValue), .integer(Int64(result.rows)),
                .integer(Int64(result.rejects)), .text(loader), .text(result.updated),
                .text(String(decoding: result.encoded(), as: UTF8.self)),
            ])
    }
}
