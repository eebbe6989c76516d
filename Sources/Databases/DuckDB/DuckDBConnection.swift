internal import CDuckDBABI

/// A connection to one DuckDB file; used by one thread at a time. Calls block.
///
/// Connections of one process share the open file; of all processes one may have it open for writing.
package final class DuckDBConnection {
    let library: DuckDBLibrary
    private let database: DuckDBDatabase
    let handle: OpaquePointer
    private let shared: HandleGuard
    /// The file, and how it was opened.
    package let settings: DuckDBSettings
    /// Whether the database is of no use any more: close every connection, and open it anew.
    package private(set) var isBroken = false
    /// Whether a statement failed in the open transaction: DuckDB then undoes all of it, and its COMMIT says nothing of that.
    package private(set) var hasFailed = false
    private var statements: [String: DuckDBStatement] = [:]
    /// How many threads there were before ``useOneThread()``.
    private var threads: String?

    /// Opens the file, or shares it with the other connections of this process.
    ///
    /// - Throws: `DuckDBError`; transient when another process has it open.
    package init(_ settings: DuckDBSettings) throws(DuckDBError) {
        let library = try DuckDBLibrary.load(settings.library)
        let database = try DuckDBDatabase.open(settings, library)
        var connection: OpaquePointer?
        guard let file = database.handle, library.connect(file, &connection) == 0, let connection else {
            database.close()
            throw DuckDBError(.environment, "\(settings.path): no connection could be made")
        }
        self.library = library
        self.database = database
        self.settings = settings
        handle = connection
        shared = HandleGuard(connection)
        do throws(DuckDBError) { try execute("SET TimeZone = 'UTC'") } catch {
            // Without the extension for time zones there is none but UTC.
            hasFailed = false
        }
    }

    deinit {
        statements.removeAll()
        shared.end()
        var connection: OpaquePointer? = handle
        library.disconnect(&connection)
        database.close()
    }

    /// Whether the last process that wrote to the file did not close it, so that its log was read again, and nobody in this process
    /// has said ``mended()`` since.
    package var wasLeftOpen: Bool { database.wasLeftOpen }

    /// What reading the log again has spoiled is whole again.
    package func mended() { database.mended() }

    /// Runs statements; rows that they give are thrown away.
    package func execute(_ sql: String) throws(DuckDBError) {
        var result = bobbin_duckdb_result()
        defer { library.destroyResult(&result) }
        if library.query(handle, sql, &result) != 0 { throw failure(&result, sql) }
    }

    /// Begins a transaction.
    package func begin() throws(DuckDBError) {
        try execute("BEGIN TRANSACTION")
        hasFailed = false
    }

    /// Makes the transaction durable: DuckDB syncs its log, or the file, before it answers.
    package func commit() throws(DuckDBError) {
        if hasFailed {
            throw DuckDBError(.transient, "\(settings.path): the transaction had failed before its commit: try again")
        }
        try useAllThreads()
        try execute("COMMIT")
    }

    /// Undoes the transaction.
    package func rollback() throws(DuckDBError) {
        try execute("ROLLBACK")
        hasFailed = false
        try useAllThreads()
    }

    /// Leaves the statements to come to the calling thread, until ``useAllThreads()`` or the end of the transaction.
    ///
    /// While another thread works on a statement, the calling one asks again and again whether it has ended. Of statements too small to
    /// be shared among threads this takes a core from whoever makes the rows: a fifth of the CPU seconds of a load (measured).
    package func useOneThread() throws(DuckDBError) {
        guard threads == nil else { return }
        threads = try query("SELECT current_setting('threads')").first?.first ?? nil
        if threads != nil { try execute("SET threads = 1") }
    }

    /// Statements are shared among as many threads as the settings say.
    package func useAllThreads() throws(DuckDBError) {
        guard let count = threads else { return }
        try execute("SET threads = \(count)")
        threads = nil
    }

    /// Ends the running statement of another thread's call as soon as possible.
    package func interrupt() { library.interrupt(handle) }

    /// The same from any thread, also when the connection is gone.
    package var canceller: @Sendable () -> Void {
        let (shared, library) = (shared, library)
        return { shared.use { library.interrupt($0) } }
    }

    /// The library's version.
    package var version: String { library.version }

    /// Bytes of memory that DuckDB may use.
    package func memoryLimit() throws(DuckDBError) -> Int {
        // Such as `18.4 GiB`.
        let text = try query("SELECT current_setting('memory_limit')").first?.first ?? nil
        let parts = (text ?? "").split(separator: " ")
        let units = ["KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40]
        guard parts.count == 2, let number = Double(parts[0]) else { return 0 }
        return Int(min(number * Double(1 << (units[String(parts[1])] ?? 0)), Double(Int32.max) * Double(1 << 20)))
    }

    /// Runs a statement whose parameters are question marks, and gives its rows as texts.
    ///
    /// Columns may be of any type that ``DuckDBVector/text(_:)`` writes; others are for the statement to cast.
    package func query(_ sql: String, _ values: [DuckDBValue] = []) throws(DuckDBError) -> [[String?]] {
        let statement = try prepared(sql)
        var result = bobbin_duckdb_result()
        defer { library.destroyResult(&result) }
        try statement.run(values, &result)
        return try rows(&result, sql)
    }

    /// Runs a statement that changes rows, and says how many.
    @discardableResult
    package func change(_ sql: String, _ values: [DuckDBValue] = []) throws(DuckDBError) -> Int {
        let statement = try prepared(sql)
        var result = bobbin_duckdb_result()
        defer { library.destroyResult(&result) }
        try statement.run(values, &result)
        return Int(clamping: library.rowsChanged(&result))
    }

    /// Forgets statements that were prepared: after DDL their plans are of no use.
    package func forgetStatements() { statements.removeAll() }

    private func prepared(_ sql: String) throws(DuckDBError) -> DuckDBStatement {
        if let known = statements[sql] { return known }
        let made = try DuckDBStatement(self, sql)
        if statements.count >= 64 { statements.removeAll() }
        statements[sql] = made
        return made
    }

    private func rows(_ result: inout bobbin_duckdb_result, _ sql: String) throws(DuckDBError) -> [[String?]] {
        let columns = try self.columns(&result)
        var rows: [[String?]] = []
        while let chunk = nextChunk(&result, columns) {
            for row in 0..<chunk.count {
                var texts: [String?] = []
                for column in columns.indices { texts.append(try chunk[column].text(row, columns[column], sql)) }
                rows.append(texts)
            }
        }
        if let words = library.resultError(&result), words.pointee != 0 { throw failure(&result, sql) }
        return rows
    }

    /// The error of a result; notes what it does to the transaction.
    func failure(_ result: inout bobbin_duckdb_result, _ sql: String) -> DuckDBError {
        failure(library.resultError(&result).map { String(cString: $0) } ?? "an error without words", sql)
    }

    /// An error in DuckDB's words; notes what it does to the transaction.
    func failure(_ words: String, _ sql: String?) -> DuckDBError {
        hasFailed = true
        let error = DuckDBError(place: settings.path, words, sql)
        if error.endsDatabase { isBroken = true }
        return error
    }
}
