package import Databases
internal import JSON
package import Manifest

/// One SQLite file as a target: its bookkeeping tables, and the transactions that decide what is loaded.
///
/// Single-writer: used by the loader that holds the token. WAL with synchronous=FULL, so that a commit survives a
/// power cut (https://sqlite.org/pragma.html#pragma_synchronous). Used by one thread.
package final class SQLiteTarget: LoadTarget {
    let connection: SQLiteConnection
    private var tables: [String: TargetTable] = [:]
    private let spool: String
    private lazy var ledger = SQLiteBooks(connection, spool: spool)

    /// Opens the file and makes the bookkeeping tables.
    ///
    /// - Parameters:
    ///   - spool: the spool's id, part of every head's key.
    ///   - cacheBytes: SQLite's page cache.
    ///   - checkpointPages: WAL pages after which it is checkpointed; 64 MB of them when not given.
    package init(
        path: String, spool: String, busySeconds: Double, cacheBytes: Int, checkpointPages: Int? = nil
    ) throws(SQLiteError) {
        connection = try SQLiteConnection(path: path, access: .readWriteCreate, busySeconds: busySeconds)
        self.spool = spool
        // Of a new file only; larger pages are fewer to log. With 4 KB ones loads take 15 to 30 % longer (measured).
        try connection.execute("PRAGMA page_size = 16384")
        try connection.execute("PRAGMA journal_mode = WAL")
        try connection.execute("PRAGMA synchronous = FULL")
        try connection.execute("PRAGMA cache_size = -\(max(1, cacheBytes / 1024))")
        let pageSize = try SQLiteTarget.pageSize(connection)
        try connection.execute("PRAGMA wal_autocheckpoint = \(checkpointPages ?? SQLiteTarget.logBytes / pageSize)")
        try connection.execute("PRAGMA journal_size_limit = \(SQLiteTarget.logBytes)")
        try connection.execute(SQLiteBooks.schema)
    }

    /// Bytes that the write-ahead log keeps between transactions.
    private static let logBytes = 64 << 20

    private static func pageSize(_ connection: SQLiteConnection) throws(SQLiteError) -> Int {
        let query = try connection.prepare("PRAGMA page_size")
        return try query.step() ? max(512, Int(query.integer(0))) : 4096
    }

    /// See ``LoadTarget``.
    package func head(_ key: LogKey) throws -> Head { try ledger.head(key) }
    /// See ``LoadTarget``.
    package func heads(_ name: (LogKey) -> UInt64) throws -> [UInt64: Int] { try ledger.heads(name) }
    /// See ``LoadTarget``.
    package func loaded(_ run: RunID) throws -> [Int: LoadedChunk] { try ledger.loaded(run) }
    /// See ``LoadTarget``.
    package func closed(_ run: RunID) throws -> ClosedRun? { try ledger.closed(run) }
    /// See ``LoadTarget``.
    package var engine: LoadEngine { LoadEngine(target: self) }
}

extension SQLiteTarget: TargetEngine, TargetSavepoints {
    var hasOneWriter: Bool { true }
    var isFailedCommitUndone: Bool { true }
    var books: any TargetBooks { ledger }

    /// `begin` has locked the whole file.
    func lockHead(_ key: LogKey, isMoving: Bool) throws -> Head { try ledger.head(key) }

    // MARK: Transactions

    /// At once: a deferred one could fail midway.
    func begin() throws { try connection.execute("BEGIN IMMEDIATE") }

    func commit() throws { try connection.execute("COMMIT") }

    func rollback() {
        if connection.isInTransaction { try? connection.execute("ROLLBACK") }
    }

    func savepoint() throws { try connection.execute("SAVEPOINT chunk") }

    func undoSavepoint() throws {
        try connection.execute("ROLLBACK TO chunk")
        try connection.execute("RELEASE chunk")
    }

    func releaseSavepoint() throws { try connection.execute("RELEASE chunk") }

    // MARK: Tables

    func prepare(_ manifest: RunManifest) throws -> TargetTable {
        if let table = tables[manifest.table], TableNeeds.fits(table, manifest) { return table }
        try begin()
        do {
            let table = try SQLiteTable.prepare(connection, manifest)
            try commit()
            tables[manifest.table] = table
            return table
        } catch {
            rollback()
            tables[manifest.table] = nil
            throw error
        }
    }

    func comparesBytes(_ table: TargetTable) throws -> Bool { try SQLiteTable.comparesBytes(connection, table) }

    func batches(_ table: TargetTable) -> Int { 1 }

    func writer(_ table: TargetTable, mode: WriteMode, key: [String]) throws -> any RowWriter {
        try SQLiteInsert(connection, table: table, mode: mode, key: key)
    }

    func delete(_ manifest: RunManifest, _ table: TargetTable) throws {
        let name = SQLiteConnection.quote(manifest.table)
        guard manifest.mode == .replacePartition else {
            try connection.execute("DELETE FROM \(name)")
            return
        }
        // By bytes, whatever the column's collation.
        let terms = manifest.partition.fields.map { "\(SQLiteConnection.quote($0.name)) = ? COLLATE BINARY" }
        let statement = try connection.prepare("DELETE FROM \(name) WHERE \(terms.joined(separator: " AND "))")
        for (index, field) in try TableNeeds.partition(manifest, table).enumerated() {
            switch field.value {
            case .integer(let value): statement.bind(index, value)
            case .double(let value): statement.bind(index, value)
            case .text(let value): statement.bind(index, value)
            }
        }
        _ = try statement.step()
    }

    var staging: Staging {
        Staging(dialect: SQLiteStaging(), run: { try self.connection.execute($0) }) { sql in
            let query = try self.connection.prepare(sql)
            guard try query.step() else { return [] }
            return (0..<query.columnCount).map { query.isNull($0) ? nil : query.integer($0) }
        }
    }
}
