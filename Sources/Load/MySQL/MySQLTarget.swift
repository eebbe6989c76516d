package import Databases
internal import JSON
package import Manifest

/// One MariaDB or MySQL database as a target. Only InnoDB tables: others have no transactions.
///
/// Many loaders write at once: head rows are locked LOCK IN SHARE MODE while chunks go in beside each other, FOR UPDATE where the
/// head moves. DDL commits by itself there, so it stands before data transactions and may be repeated. A connection that was lost is
/// made anew for the next transaction. Used by one thread.
package final class MySQLTarget: LoadTarget {
    private let settings: MySQLSettings
    private let spool: String
    private var open: (connection: MySQLConnection, books: SQLBooks)?
    private var tables: [String: TargetTable] = [:]
    private var known: [String: KnownKeys] = [:]
    /// From its begin to its commit or rollback: a new connection would go on without it.
    private var isInTransaction = false

    /// Connects, and makes the bookkeeping tables.
    ///
    /// - Parameter spool: the spool's id, part of every head's key.
    /// - Throws: `MySQLError`.
    package init(_ settings: MySQLSettings, spool: String) throws {
        var settings = settings
        settings.refusesZeroDates = true
        self.settings = settings
        self.spool = spool
        _ = try connected()
    }

    private func connected() throws -> (connection: MySQLConnection, books: SQLBooks) {
        if let open, !open.connection.isBroken { return open }
        open = nil
        if isInTransaction {
            throw LoadError(.transient, "the connection was lost within a transaction: try again")
        }
        tables = [:]
        let connection = try MySQLConnection(settings)
        // Without locks on what lies between rows, which other loaders would wait for.
        try connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        // Asked first: whoever only loads need not have the right to make anything.
        let found = try connection.query(
            """
            SELECT count(*) FROM information_schema.tables WHERE table_schema = DATABASE()
            AND table_name IN ('_bobbin_head', '_bobbin_ledger', '_bobbin_tables')
            """)
        if found.integer(0, 0) != 3 {
            for statement in MySQLBooks.schema(connection.byteCollation) { try connection.execute(statement) }
        }
        let made = (connection, SQLBooks(session: MySQLBooks(connection), spool: spool))
        open = made
        return made
    }

    var connection: MySQLConnection { get throws { try connected().connection } }
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

extension MySQLConnection {
    /// The collation that compares texts by their bytes and does not pad them with blanks.
    var byteCollation: String {
        switch flavour {
        case .mariaDB: "utf8mb4_nopad_bin"
        case .mySQL: "utf8mb4_0900_bin"
        }
    }
}

extension MySQLTarget: SQLTarget, TargetSavepoints {
    func lock(isMoving: Bool) -> String { isMoving ? " FOR UPDATE" : " LOCK IN SHARE MODE" }
    func quote(_ name: String) throws -> String { try MySQLConnection.quote(identifier: name) }

    // MARK: Transactions

    func begin() throws {
        try connection.execute("START TRANSACTION")
        isInTransaction = true
    }

    func commit() throws {
        let connection = try connection
        // The server may have undone it all by itself, after a deadlock.
        guard connection.isInTransaction else {
            throw LoadError(.transient, "\(settings.server): the transaction had ended before its commit: try again")
        }
        try connection.execute("COMMIT")
        isInTransaction = false
    }

    func rollback() {
        isInTransaction = false
        guard let connection = open?.connection, !connection.isBroken else { return }
        do { try connection.execute("ROLLBACK") } catch { open = nil }
    }

    func savepoint() throws { try connection.execute("SAVEPOINT chunk") }
    func undoSavepoint() throws {
        try connection.execute("ROLLBACK TO SAVEPOINT chunk")
        try connection.execute("RELEASE SAVEPOINT chunk")
    }
    func releaseSavepoint() throws { try connection.execute("RELEASE SAVEPOINT chunk") }

    // MARK: Tables

    func prepare(_ manifest: RunManifest) throws -> TargetTable {
        let connection = try connection
        if let table = tables[manifest.table], TableNeeds.fits(table, manifest, MySQLDecimal.range) { return table }
        // One loader at a time changes tables; the name is the server's, so the database's stands in it.
        let name = "CONCAT('bobbin ', DATABASE())"
        let lock = try connection.query("SELECT GET_LOCK(\(name), 60)")
        guard lock.integer(0, 0) == 1 else {
            throw LoadError(.transient, "\(settings.server): another loader changes tables: try again")
        }
        defer { _ = try? connection.query("SELECT RELEASE_LOCK(\(name))") }
        do {
            let table = try MySQLTable.prepare(connection, manifest)
            tables[manifest.table] = table
            return table
        } catch {
            tables[manifest.table] = nil
            throw error
        }
    }

    func comparesBytes(_ table: TargetTable) throws -> Bool {
        guard table.isKeyedByBytes else { return false }
        // A table of somebody else may pad its texts or compare them by other rules.
        let connection = try connection
        let found = try connection.query(
            """
            SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?
            AND (data_type IN ('bigint', 'int', 'smallint', 'tinyint', 'date')
                OR (data_type IN ('varchar', 'longtext') AND collation_name = ?))
            """, [.text(table.name), .text(connection.byteCollation)])
        let names = found.rows.indices.compactMap { found.text($0, 0) }
        return table.key.allSatisfy { key in names.contains { $0.isSame(as: key) } }
    }

    func batches(_ table: TargetTable) -> Int { known(table).isExpected ? 4 : 1 }

    private func known(_ table: TargetTable) -> KnownKeys {
        if let known = known[table.name] { return known }
        let made = KnownKeys()
        known[table.name] = made
        return made
    }

    func writer(_ table: TargetTable, mode: WriteMode, key: [String]) throws -> any RowWriter {
        let connection = try connection
        return try MySQLWriter(connection, table: table, mode: mode, key: key, known: known(table)) { [self] in
            try comparesBytes(table) && MySQLPlain.holds(connection, table)
        }
    }

    var shared: SharedStage? {
        get throws {
            let connection = try connection
            return SharedStage(books: try ledger, dialect: MySQLStaging()) { try connection.execute($0) }
        }
    }

    var staging: Staging {
        get throws {
            let connection = try connection
            return Staging(dialect: MySQLStaging(), run: { try connection.execute($0) }) { sql in
                let result = try connection.query(sql)
                guard !result.rows.isEmpty else { return [] }
                return result.columns.indices.map { result.text(0, $0).flatMap { Int64($0) } }
            }
        }
    }
}
