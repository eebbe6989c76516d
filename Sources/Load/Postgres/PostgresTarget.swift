package import Databases
internal import JSON
package import Manifest

/// One PostgreSQL database as a target: bookkeeping tables, and the transactions that decide what is loaded.
///
/// Many loaders write at once, each by a connection of its own: head rows are locked, FOR SHARE while chunks go in beside each
/// other and FOR UPDATE where the head moves (manual, "Row-Level Locks"). A connection that was lost is made anew for the next
/// transaction. Used by one thread.
package final class PostgresTarget: LoadTarget {
    private let settings: PostgresSettings
    /// Where tables without one of their own lie; `nil` is the server's search path.
    private let schema: String?
    private let spool: String
    private var open: (connection: PostgresConnection, books: SQLBooks)?
    private var tables: [String: TargetTable] = [:]
    private var known: [String: KnownKeys] = [:]
    private let text = CopyTextWriter(capacity: 2 << 20)
    /// From its begin to its commit or rollback: a new connection would go on without it.
    private var isInTransaction = false

    /// Connects, and makes the bookkeeping tables.
    ///
    /// - Parameters:
    ///   - spool: the spool's id, part of every head's key.
    ///   - schema: made when absent.
    /// - Throws: `PostgresError`.
    package init(_ settings: PostgresSettings, spool: String, schema: String?) throws {
        self.settings = settings
        self.spool = spool
        self.schema = schema
        _ = try connected()
    }

    private func connected() throws -> (connection: PostgresConnection, books: SQLBooks) {
        if let open, !open.connection.isBroken { return open }
        open = nil
        if isInTransaction {
            throw LoadError(.transient, "the connection was lost within a transaction: try again")
        }
        tables = [:]
        let connection = try PostgresConnection(settings)
        if let schema {
            let name = try PostgresConnection.quote(identifier: schema)
            let found = try connection.query("SELECT pg_catalog.to_regnamespace($1) IS NULL", [.text(name)])
            // Asked first: whoever only loads need not have the right to make anything.
            if found.text(0, 0) == "t" { try PostgresTarget.make(connection, "CREATE SCHEMA IF NOT EXISTS \(name)") }
            let path = try PostgresConnection.quote(literal: name)
            try connection.execute("SELECT pg_catalog.set_config('search_path', \(path), false)")
        }
        let missing = try connection.query(
            "SELECT bool_or(pg_catalog.to_regclass(name) IS NULL) FROM unnest($1::text[]) AS name",
            [.text("{_bobbin_head,_bobbin_ledger,_bobbin_tables}")])
        if missing.text(0, 0) == "t" { try PostgresTarget.make(connection, PostgresBooks.schema) }
        let made = (connection, SQLBooks(session: PostgresBooks(connection), spool: spool))
        open = made
        return made
    }

    /// Makes what is missing, one loader at a time: CREATE ... IF NOT EXISTS of two at once fails in one of them.
    private static func make(_ connection: PostgresConnection, _ sql: String) throws(PostgresError) {
        try connection.execute(
            "BEGIN; SELECT pg_catalog.pg_advisory_xact_lock(\(PostgresBooks.lock)); \(sql); COMMIT")
    }

    var connection: PostgresConnection { get throws { try connected().connection } }
    var ledger: SQLBooks { get throws { try connected().books } }

    /// See ``LoadTarget``.
    package func head(_ key: LogKey) throws -> Head { try ledger.head(key, "") ?? Head(number: 0, run: "", rows: 0) }
    /// See ``LoadTarget``.
    package func heads(_ name: (LogKey) -> UInt64) throws -> [UInt64: Int] { try ledger.heads(name) }
    /// See ``LoadTarget``.
    package func loaded(_ run: RunID) throws -> [Int: LoadedChunk] { try ledger.loaded(run) }
    /// See ``LoadTarget``.
    package func closed(_ run: RunID) throws -> ClosedRun? { try ledger.closed(run) }
    /// See ``LoadTarget``.
    package var engine: LoadEngine { LoadEngine(target: self) }
}

extension PostgresTarget: SQLTarget, TargetSavepoints {
    // MARK: Transactions

    func begin() throws {
        try connection.execute("BEGIN")
        isInTransaction = true
    }

    func commit() throws {
        let connection = try connection
        // COMMIT of a failed transaction is a ROLLBACK that reports success.
        guard connection.transactionStatus == .open else {
            throw LoadError(.transient, "\(connection.place): the transaction had failed before its commit: try again")
        }
        try connection.execute("COMMIT")
        isInTransaction = false
    }

    func rollback() {
        isInTransaction = false
        guard let connection = open?.connection, !connection.isBroken, connection.transactionStatus != .idle else {
            return
        }
        do { try connection.execute("ROLLBACK") } catch { open = nil }
    }

    func savepoint() throws { try connection.execute("SAVEPOINT chunk") }
    func undoSavepoint() throws { try connection.execute("ROLLBACK TO SAVEPOINT chunk; RELEASE SAVEPOINT chunk") }
    func releaseSavepoint() throws { try connection.execute("RELEASE SAVEPOINT chunk") }

    func lock(isMoving: Bool) -> String { isMoving ? " FOR UPDATE" : " FOR SHARE" }
    func quote(_ name: String) throws -> String { try PostgresConnection.quote(identifier: name) }

    // MARK: Tables

    func prepare(_ manifest: RunManifest) throws -> TargetTable {
        let connection = try connection
        if let table = tables[manifest.table], TableNeeds.fits(table, manifest) { return table }
        // DDL of two loaders at once would wait for each other's locks in turn.
        try begin()
        do {
            try connection.execute("SELECT pg_catalog.pg_advisory_xact_lock(\(PostgresBooks.lock))")
            let table = try PostgresTable.prepare(connection, manifest)
            try commit()
            tables[manifest.table] = table
            return table
        } catch {
            rollback()
            tables[manifest.table] = nil
            throw error
        }
    }

    func comparesBytes(_ table: TargetTable) throws -> Bool {
        guard table.isKeyedByBytes else { return false }
        // A table of somebody else may pad its texts or compare them by other rules.
        let found = try connection.query(
            """
            SELECT count(*) FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation
            WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attname = ANY($2::text[])
            AND a.atttypid IN ('text'::regtype, 'varchar'::regtype, 'bigint'::regtype, 'integer'::regtype, 'smallint'::regtype,
                'boolean'::regtype, 'date'::regtype) AND coalesce(c.collisdeterministic, true)
            """, [.text(try quote(table.name)), .text(PostgresTable.array(table.key))])
        return found.text(0, 0) == "\(table.key.count)"
    }

    func batches(_ table: TargetTable) -> Int { known(table).isExpected ? 4 : 1 }

    private func known(_ table: TargetTable) -> KnownKeys {
        if let known = known[table.name] { return known }
        let made = KnownKeys()
        known[table.name] = made
        return made
    }

    func writer(_ table: TargetTable, mode: WriteMode, key: [String]) throws -> any RowWriter {
        try PostgresWriter(try connection, table: table, mode: mode, key: key, known: known(table), text: text)
    }

    var staging: Staging {
        get throws {
            let connection = try connection
            return Staging(dialect: PostgresStaging(), run: { try connection.executeWhole($0) }) { sql in
                let result = try connection.query(sql)
                guard result.rows > 0 else { return [] }
                return (0..<result.columns).map { result.text(0, $0).flatMap { Int64($0) } }
            }
        }
    }
}

extension PostgresTarget {
    var shared: SharedStage? {
        get throws {
            let connection = try connection
            return SharedStage(books: try ledger, dialect: PostgresStaging()) { sql in
                do { try PostgresTarget.make(connection, sql) } catch {
                    self.rollback()
                    throw error
                }
            }
        }
    }
}

extension PostgresConnection {
    /// Runs a statement that moves rows on: a line in its error would be one of another statement.
    func executeWhole(_ sql: String) throws(PostgresError) {
        do throws(PostgresError) { try execute(sql) } catch {
            var error = error
            error.line = nil
            throw error
        }
    }
}
