package import Databases
internal import JSON
package import Manifest

/// One DuckDB file as a target: bookkeeping tables, and the transactions that decide what is loaded.
///
/// Single-writer: DuckDB lets one process at a time have a file open for writing, and the spool's token keeps loaders in order: only who
/// has it opens the file. While there is nothing to do the file is closed, so that others can read it.
/// There are no savepoints, and an error undoes the transaction: rows that could be refused are found before they are inserted
/// (``DuckDBWriter``). Used by one thread.
package final class DuckDBTarget: LoadTarget {
    private let settings: DuckDBSettings
    private let spool: String
    private var open: (connection: DuckDBConnection, books: SQLBooks)?
    private var tables: [String: DuckDBTable] = [:]
    private var isInTransaction = false
    /// DuckDB gave the database up.
    private var wasBroken = false
    /// Tables that the transaction failed at which was undone, and what the next one does about it.
    private var care: [String: DuckDBCare] = [:]
    /// What the open transaction replaces and nobody has deleted yet.
    private var replacement: DuckDBReplacement?

    /// The file is opened, and the bookkeeping tables are made, once something is asked of it: a `DuckDBError` is transient while
    /// another process has it open.
    ///
    /// - Parameter spool: the spool's id, part of every head's key.
    package init(_ settings: DuckDBSettings, spool: String) {
        self.settings = settings
        self.spool = spool
    }

    private func connected() throws -> (connection: DuckDBConnection, books: SQLBooks) {
        if let open {
            guard open.connection.isBroken else { return open }
            wasBroken = true
        }
        open = nil
        tables = [:]
        if isInTransaction {
            throw LoadError(.transient, "\(settings.path): the database was closed within a transaction: try again")
        }
        let connection = try DuckDBConnection(settings)
        try connection.execute(DuckDBBooks.schema)
        if connection.wasLeftOpen || wasBroken {
            try DuckDBIndexes.renew(connection)
            connection.mended()
            wasBroken = false
        }
        let made = (connection, SQLBooks(session: DuckDBBooks(connection), spool: spool))
        open = made
        return made
    }

    var connection: DuckDBConnection { get throws { try connected().connection } }
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

extension DuckDBTarget: SQLTarget {
    var hasOneWriter: Bool { true }
    var savepoints: (any TargetSavepoints)? { nil }

    func lock(isMoving: Bool) -> String { "" }
    func quote(_ name: String) throws -> String { try DuckDBConnection.quote(identifier: name) }

    // MARK: Transactions

    func begin() throws {
        try connection.begin()
        isInTransaction = true
        replacement = nil
    }

    func commit() throws {
        // No rows came that could have taken its place.
        try replacement?.delete(try connection)
        replacement = nil
        try connection.commit()
        isInTransaction = false
        care = [:]
    }

    func rollback() {
        isInTransaction = false
        replacement = nil
        guard let connection = open?.connection, !connection.isBroken else {
            wasBroken = wasBroken || open != nil
            open = nil
            return
        }
        // After some errors there is no transaction left to undo.
        try? connection.rollback()
    }

    /// Other processes can open the file until there is something to do again.
    func rest() {
        if !isInTransaction { open = nil }
    }

    // MARK: Tables

    func prepare(_ manifest: RunManifest) throws -> TargetTable {
        let connection = try connection
        if let known = tables[manifest.table], TableNeeds.fits(known.table, manifest, DuckDBDecimal.range) {
            return known.table
        }
        tables[manifest.table] = nil
        connection.forgetStatements()
        let made = try DuckDBTable.prepare(connection, manifest)
        tables[manifest.table] = made
        return made.table
    }

    func comparesBytes(_ table: TargetTable) throws -> Bool {
        // Of a table of somebody else the key may be of any type.
        guard table.isKeyedByBytes, let known = tables[table.name] else { return false }
        return table.key.allSatisfy { key in known.columns.contains { $0.name.isSame(as: key) && !$0.isForeign } }
    }

    /// An index is looked up more cheaply for many rows at once; without one, what fits the processor's cache is quicker (measured).
    func batches(_ table: TargetTable) -> Int { table.key.isEmpty ? 1 : 4 }

    /// A replacement of rows that have an index waits for those that replace them: to delete a key and insert it again costs several
    /// times what an update of its row does.
    func delete(_ manifest: RunManifest, _ table: TargetTable) throws {
        let connection = try connection
        let replaced = try replaced(manifest, table)
        let made = DuckDBReplacement(
            table: try quote(manifest.table), condition: replaced.condition,
            values: replaced.values.map(DuckDBBooks.value))
        guard !manifest.key.isEmpty, care[table.name] == nil, tables[table.name]?.isPlain == true else {
            return try made.delete(connection)
        }
        if try made.isNeeded(connection) { replacement = made }
    }

    func writer(_ table: TargetTable, mode: WriteMode, key: [String]) throws -> any RowWriter {
        let known = try tables[table.name]?.holding(table, connection) ?? DuckDBTable(connection, table)
        defer { replacement = nil }
        return try DuckDBWriter(
            connection, known, mode: mode, key: key, replacing: replacement,
            // The stage of a run has no index that would refuse a second row of a key.
            care: table.name == StagedChanges.stage ? .looksFirst : care[table.name],
            spoil: { [weak self] in self?.care[table.name] = $0 })
    }

    var staging: Staging {
        get throws {
            let connection = try connection
            return Staging(dialect: DuckDBStaging(), run: { try connection.execute($0) }) { sql in
                try connection.query(sql).first?.map { $0.flatMap { Int64($0) } } ?? []
            }
        }
    }
}
