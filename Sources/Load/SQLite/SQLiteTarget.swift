package import Databases
internal import JSON
package import Manifest

/// The head of a partition in a target.
package struct Head: Sendable, Equatable {
    /// The highest manifest closed there; 0 when none is.
    package var number: Int
    /// The run of that manifest.
    package var run: String
    /// Rows of the last applied generation, or all rows that direct runs added.
    package var rows: Int
}

/// One SQLite file as a target: its bookkeeping tables, and the transactions that decide what is loaded.
///
/// Single-writer: used by the loader that holds the token. WAL with synchronous=FULL, so that a commit survives a
/// power cut (https://sqlite.org/pragma.html#pragma_synchronous). Used by one thread.
package final class SQLiteTarget {
    let connection: SQLiteConnection
    private var tables: [String: SQLiteTable] = [:]
    private let spool: String
    private lazy var bookkeeping = Bookkeeping(connection, spool: spool)

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
        try connection.execute(Bookkeeping.schema)
    }

    /// Bytes that the write-ahead log keeps between transactions.
    private static let logBytes = 64 << 20

    private static func pageSize(_ connection: SQLiteConnection) throws(SQLiteError) -> Int {
        let query = try connection.prepare("PRAGMA page_size")
        return try query.step() ? max(512, Int(query.integer(0))) : 4096
    }

    // MARK: Head and ledger

    /// The head of a partition.
    package func head(_ key: LogKey) throws(SQLiteError) -> Head { try bookkeeping.head(key) }

    /// The number of each head of this spool.
    ///
    /// - Parameter name: what stands for a log in the answer.
    package func heads(_ name: (LogKey) -> UInt64) throws -> [UInt64: Int] { try bookkeeping.heads(name) }

    /// The chunks of a run that are in the ledger, by sequence.
    package func loaded(_ run: RunID) throws(SQLiteError) -> [Int: LoadedChunk] { try bookkeeping.loaded(run) }

    /// How a closed manifest ended, and its rows and rejects; `nil` when it is not closed.
    package func closed(_ run: RunID) throws(SQLiteError) -> (
        outcome: Outcome, rows: Int, rejects: Int, chunks: [LoadedChunk]
    )? {
        try bookkeeping.closed(run)
    }

    var books: Bookkeeping { bookkeeping }

    // MARK: Transactions

    /// Begins a write transaction at once; a deferred one could fail midway.
    func begin() throws(SQLiteError) { try connection.execute("BEGIN IMMEDIATE") }

    /// Makes it durable.
    func commit() throws(SQLiteError) { try connection.execute("COMMIT") }

    /// Undoes it; SQLite may have done so already.
    func rollback() {
        if connection.isInTransaction { try? connection.execute("ROLLBACK") }
    }

    // MARK: Tables

    /// Makes or widens the table of a run, in a transaction of its own, before any data.
    func prepare(_ manifest: RunManifest) throws -> SQLiteTable {
        if let table = tables[manifest.table], try table.fits(manifest) { return table }
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
}
