package import Databases
internal import JSON
package import Manifest

/// A database that is reached through its ODBC driver as a target: bookkeeping tables, and the transactions that decide what is
/// loaded.
///
/// Many loaders write at once, where the database lets them: head rows are locked, by SELECT ... FOR UPDATE or by an update. A
/// connection that was lost is made anew for the next transaction. Used by one thread.
package final class ODBCTarget: LoadTarget {
    /// What tests turn off to see what is done for databases that have less.
    package struct Limits: Sendable {
        /// Whether the database is taken for one of which nothing is known.
        package var isUnknown = false
        /// Whether it is taken for one that cannot undo a part of a transaction.
        package var hasNoSavepoints = false

        /// None.
        package init() {}
    }

    /// What stands while the connection does.
    struct Session {
        let statements: ODBCStatements
        let dialect: any ODBCDialect
        let hasSavepoints: Bool
        /// See ``ODBCDialect/longest(_:)``.
        let longest: Int?
        let session: ODBCBooks
        let books: SQLBooks

        var connection: ODBCConnection { statements.connection }
    }

    private let settings: ODBCSettings
    private let lockSeconds: Double
    private let spool: String
    private let limits: Limits
    private var open: Session?
    /// What the last session found, for questions that must have an answer while there is none.
    private var isWrittenAlone = false
    private var hasSavepoints = false
    /// Whether the session was seen to undo a transaction.
    private var isTried = false
    private var tables: [String: TargetTable] = [:]
    /// Tables of which a row was refused in a transaction that could not undo it: there rows go in one by one.
    private var careful: Set<String> = []
    /// From its begin to its commit or rollback: a new connection would go on without it.
    private var isInTransaction = false

    /// Connects, and makes the bookkeeping tables.
    ///
    /// - Parameters:
    ///   - spool: the spool's id, part of every head's key.
    ///   - lockSeconds: how long to wait for another one's lock, where it is known how to say so.
    /// - Throws: `ODBCError`, `LoadError` (configuration) for a database without transactions.
    package init(_ settings: ODBCSettings, spool: String, lockSeconds: Double, limits: Limits = Limits()) throws {
        self.settings = settings
        self.spool = spool
        self.lockSeconds = lockSeconds
        self.limits = limits
        _ = try session
    }

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

    private var session: Session {
        get throws {
            if let open, !open.connection.isBroken { return open }
            open = nil
            if isInTransaction {
                throw LoadError(.transient, "the connection was lost within a transaction: try again")
            }
            tables = [:]
            let made = try ODBCTarget.connect(settings, spool: spool, lockSeconds: lockSeconds, limits)
            open = made
            isTried = false
            isWrittenAlone = made.dialect.hasOneWriter
            hasSavepoints = made.hasSavepoints
            return made
        }
    }

    private static func connect(
        _ settings: ODBCSettings, spool: String, lockSeconds: Double, _ limits: Limits
    ) throws -> Session {
        var settings = settings
        settings.isWriting = true
        let connection = try ODBCConnection(settings)
        guard connection.info.hasTransactions else {
            throw LoadError(
                .configuration,
                "\(settings.name): its driver says that it has no transactions, without which nothing can be loaded exactly once"
            )
        }
        let dialect: any ODBCDialect = limits.isUnknown ? try ODBCStandard(connection) : try connection.dialect()
        try connection.readCommitted()
        for statement in dialect.session(lockSeconds) { try connection.run(statement) }
        // The driver spoke of the session as it was before.
        if let quote = dialect.identifierQuote { connection.quoteIdentifiers(with: quote) }
        let hasSavepoints = try !limits.hasNoSavepoints && takesSavepoints(connection, dialect)
        try ODBCBooks.make(connection, dialect)
        let statements = ODBCStatements(connection, forgetting: dialect.forgetting)
        let session = ODBCBooks(statements, dialect, hasSavepoints: hasSavepoints)
        return Session(
            statements: statements, dialect: dialect, hasSavepoints: hasSavepoints,
            longest: try dialect.longest(statements), session: session,
            books: SQLBooks(session: session, spool: spool))
    }

    /// Tries it: no question of ODBC's asks for savepoints.
    private static func takesSavepoints(_ connection: ODBCConnection, _ dialect: any ODBCDialect) throws -> Bool {
        let savepoint = dialect.savepoint("bobbin_try")
        try connection.begin()
        do {
            try connection.run(savepoint.make)
            try connection.run(savepoint.undo)
            try connection.end(commit: false)
            return true
        } catch {
            guard error.kind == .configuration else { throw error }
            try connection.end(commit: false)
            return false
        }
    }
}

extension ODBCTarget: SQLTarget, TargetSavepoints {
    var ledger: SQLBooks { get throws { try session.books } }
    var hasOneWriter: Bool { isWrittenAlone }
    var savepoints: (any TargetSavepoints)? { hasSavepoints ? self : nil }

    func lock(isMoving: Bool) -> String { "" }
    func quote(_ name: String) throws -> String { try session.connection.info.quote(identifier: name) }

    // MARK: Transactions

    func begin() throws {
        let session = try session
        try tryTransactions(session)
        if session.statements.count > ODBCStatements.most { try session.statements.forget() }
        try session.connection.begin()
        isInTransaction = true
    }

    /// Looks whether what is undone is undone: a driver's options may make its word for it worth nothing.
    private func tryTransactions(_ session: Session) throws {
        if isTried { return }
        let name: [BookValue] = [.text("try \(spool)")]
        let find = "SELECT name FROM _bobbin_indexes WHERE name = ?"
        try session.connection.begin()
        do {
            _ = try session.session.change("INSERT INTO _bobbin_indexes(name, columns) VALUES (?, '[]')", name)
            try session.connection.end(commit: false)
        } catch {
            try? session.connection.end(commit: false)
            // Of a loader that died when it had found out.
            if try !session.session.rows(find, name).isEmpty {
                _ = try session.session.change("DELETE FROM _bobbin_indexes WHERE name = ?", name)
            }
            throw error
        }
        guard try !session.session.rows(find, name).isEmpty else {
            isTried = true
            return
        }
        _ = try session.session.change("DELETE FROM _bobbin_indexes WHERE name = ?", name)
        throw LoadError(
            .configuration,
            "\(settings.name): a row stayed there though its transaction was undone, so that nothing can be loaded exactly once: mend the "
                + "driver's options (NoTXN and the like), or the kind of its tables")
    }

    func commit() throws {
        try session.connection.end(commit: true)
        isInTransaction = false
        careful = []
    }

    func rollback() {
        isInTransaction = false
        guard let connection = open?.connection, !connection.isBroken else { return }
        guard connection.isInTransaction else { return }
        do { try connection.end(commit: false) } catch {
            // What is left of it ends with the connection.
            connection.close()
            open = nil
        }
    }

    func savepoint() throws {
        let session = try session
        try session.connection.run(session.dialect.savepoint("chunk").make)
    }
    func undoSavepoint() throws {
        let session = try session
        try session.connection.run(session.dialect.savepoint("chunk").undo)
        try releaseSavepoint()
    }
    func releaseSavepoint() throws {
        let session = try session
        if let release = session.dialect.savepoint("chunk").release { try session.connection.run(release) }
    }

    func lockHead(_ key: LogKey, isMoving: Bool) throws -> Head {
        let session = try session
        let books = session.books
        if let lock = session.dialect.headLock(isMoving: isMoving) {
            // Looked at first: to insert what is there already would lock it against others in some databases.
            if let head = try books.head(key, lock) { return head }
            try books.make(key)
            return try books.head(key, lock) ?? Head(number: 0, run: "", rows: 0)
        }
        if try !books.touch(key) {
            try books.make(key)
            _ = try books.touch(key)
        }
        return try books.head(key, "") ?? Head(number: 0, run: "", rows: 0)
    }

    // MARK: Tables

    func prepare(_ manifest: RunManifest) throws -> TargetTable {
        let session = try session
        if let table = tables[manifest.table], TableNeeds.fits(table, manifest, session.dialect.decimals) {
            return table
        }
        try tryTransactions(session)
        tables[manifest.table] = nil
        let connection = session.connection
        let definitionLock = session.dialect.definitionLock
        if let definitionLock {
            guard try connection.query(definitionLock.take).text(0, 0) == "1" else {
                throw LoadError(.transient, "\(settings.name): another loader changes tables: try again")
            }
        }
        defer { if let definitionLock { try? connection.run(definitionLock.release) } }
        let maker = ODBCTable(statements: session.statements, dialect: session.dialect, books: session.session)
        let table: TargetTable
        do { table = try maker.prepare(manifest) } catch let error as ODBCError {
            // Without such a lock two loaders may have made the same: then the second look finds it.
            guard definitionLock == nil, error.kind == .configuration || error.kind == .data else { throw error }
            table = try maker.prepare(manifest)
        }
        // They were prepared for columns of other types.
        try session.statements.forget()
        tables[manifest.table] = table
        return table
    }

    func comparesBytes(_ table: TargetTable) throws -> Bool {
        let session = try session
        return try table.isKeyedByBytes && session.dialect.comparesBytes(session.statements, table)
    }

    func batches(_ table: TargetTable) -> Int { 1 }

    func writer(_ table: TargetTable, mode: WriteMode, key: [String]) throws -> any RowWriter {
        let session = try session
        return try ODBCWriter(
            session, table: table, mode: mode, key: key, isCareful: careful.contains(table.name),
            spoil: { [weak self] in self?.careful.insert(table.name) })
    }

    var staging: Staging {
        get throws {
            let session = try session
            guard let dialect = session.dialect.staging else {
                throw LoadError(
                    .configuration,
                    "\(settings.name): update-only, scd2 and deletions under merge need temporary tables, which are not known of "
                        + "\(session.dialect.name): use merge without deletions, or a replace mode")
            }
            return Staging(dialect: dialect, run: { try session.connection.run($0) }) { sql in
                try session.connection.query(sql).rows.first?.map { $0.flatMap { Int64($0) } } ?? []
            }
        }
    }
}
