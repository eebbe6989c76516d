internal import Databases
internal import JSON
internal import Manifest

/// A table as DuckDB has it: what its columns are, and what could refuse a row.
struct DuckDBTable {
    /// A column, and how it is declared.
    struct Place {
        var name: String
        var type: LogicalType
        /// DuckDB's words for the type.
        var declared: String
        /// Of a decimal: digits in all and behind the point.
        var precision: Precision
        /// Of another type than Bobbin would have made: not every value of the logical type fits.
        var isForeign: Bool
    }

    var table: TargetTable
    var columns: [Place]
    var constraints: [DuckDBConstraint]
    /// Of columns that rows do not bring, as items of a SELECT: what a new row has there.
    private(set) var defaults: [String] = []

    /// The table for rows that bring only some of its columns.
    ///
    /// - Parameter written: the table with these.
    func holding(_ written: TargetTable, _ connection: DuckDBConnection) throws -> DuckDBTable {
        guard written.columns.count < columns.count else { return self }
        var copy = self
        copy.table = written
        copy.columns.removeAll { place in !written.columns.contains { $0.isNamed(place.name) } }
        let found = try connection.query(
            "SELECT column_name, data_type, column_default FROM duckdb_columns() WHERE \(DuckDBTable.here) AND table_name = ?",
            [.text(written.name)])
        copy.defaults = try found.compactMap { row in
            guard let name = row[0], let type = row[1], !written.columns.contains(where: { $0.isNamed(name) }) else {
                return nil
            }
            return "CAST((\(row[2] ?? "NULL")) AS \(type)) AS \(try DuckDBConnection.quote(identifier: name))"
        }
        return copy
    }

    /// Whether it is as Bobbin makes tables: nothing but its key refuses a row.
    var isPlain: Bool { constraints.isEmpty && !columns.contains(where: \.isForeign) }

    /// What a table that stands looks like.
    init(_ connection: DuckDBConnection, _ table: TargetTable) throws {
        let declared = try DuckDBTable.declared(connection, table.name)
        let names = DuckDBTypes(connection)
        self.table = table
        columns = table.columns.map { column in
            let own = names.declared(column)
            let type = declared.first { column.isNamed($0.name) }?.type ?? own
            return Place(
                name: column.name, type: column.type, declared: type,
                precision: DuckDBDecimal.range.precision(column.precision),
                isForeign: type != own)
        }
        constraints = try DuckDBConstraint.all(connection, table.name)
        if !columns.isEmpty { try DuckDBTable.wakeIndexes(connection, table.name) }
    }

    /// An index that nothing was inserted into since the file was opened does not hear of deletes: a key that is deleted and
    /// inserted in one transaction is then refused (DuckDB 1.5.6). An insert of no rows loads it.
    private static func wakeIndexes(_ connection: DuckDBConnection, _ table: String) throws {
        let name = try DuckDBConnection.quote(identifier: table)
        let first = try declared(connection, table).first.map { try DuckDBConnection.quote(identifier: $0.name) }
        guard let first else { return }
        try connection.execute("INSERT INTO \(name)(\(first)) SELECT \(first) FROM \(name) WHERE false")
    }

    /// Makes or changes the table, and claims it for the run's stream. What was done of it when a process dies may be repeated.
    static func prepare(_ connection: DuckDBConnection, _ manifest: RunManifest) throws -> DuckDBTable {
        _ = try quoted(manifest.table, manifest)
        let declared = try declared(connection, manifest.table)
        // What is refused must not claim the name.
        if declared.isEmpty { try TableNeeds.refuseNewTable(manifest, present: []) }
        try claim(connection, manifest)
        var present = try columns(connection, manifest.table, declared)
        let wanted = TableNeeds.made(TableNeeds.columns(manifest, present: present), DuckDBDecimal.range)
        guard !wanted.isEmpty || !present.isEmpty else {
            return try DuckDBTable(
                connection, TargetTable(name: manifest.table, columns: [], key: manifest.tableKey))
        }
        try TableNeeds.refuseTwins(
            present + wanted.filter { present.named($0.name) == nil }, manifest, engine: "DuckDB")
        let isNew = present.isEmpty
        let isOwn = try isOwn(connection, manifest.table)
        let changes = try DuckDBChanges(connection, manifest, &present, wanted, declared, isOwn: isOwn)
        // An index holds on to the types of all columns.
        if changes.changesTypes { try DuckDBIndexes.drop(connection, manifest) }
        try transaction(connection) {
            for statement in changes.statements { try connection.execute(statement) }
            try connection.change(
                "UPDATE _bobbin_tables SET columns = ?, is_own = ? WHERE target_table = ?",
                [.text(Column.json(present).serializedText()), .boolean(isNew || isOwn), .text(manifest.table)])
        }
        try DuckDBIndexes.make(connection, manifest)
        connection.forgetStatements()
        return try DuckDBTable(
            connection, TargetTable(name: manifest.table, columns: present, key: manifest.tableKey))
    }

    static func transaction(_ connection: DuckDBConnection, _ body: () throws -> Void) throws {
        try connection.begin()
        do {
            try body()
            try connection.commit()
        } catch {
            try? connection.rollback()
            throw error
        }
    }

    static func quoted(_ name: String, _ manifest: RunManifest) throws -> String {
        do { return try DuckDBConnection.quote(identifier: name) } catch {
            throw LoadError(.configuration, "table \(manifest.table): \(error.message) (rename it)")
        }
    }

    /// Where this connection's tables lie.
    static let here = "database_name = current_database() AND schema_name = current_schema()"

    private static func claim(_ connection: DuckDBConnection, _ manifest: RunManifest) throws {
        try connection.change(
            """
            INSERT INTO _bobbin_tables(target_table, spool, job, stream, columns) VALUES (?, ?, ?, ?, '[]')
            ON CONFLICT DO NOTHING
            """, [.text(manifest.table), .text(manifest.spool), .text(manifest.job), .text(manifest.stream)])
        let found = try connection.query(
            "SELECT spool, job, stream FROM _bobbin_tables WHERE target_table = ?", [.text(manifest.table)])
        guard let owner = found.first else { return }
        guard try TableNeeds.isFromElsewhere((owner[0] ?? "", owner[1] ?? "", owner[2] ?? ""), manifest) else { return }
        try connection.change(
            "UPDATE _bobbin_tables SET spool = ? WHERE target_table = ?",
            [.text(manifest.spool), .text(manifest.table)])
    }

    /// Whether Bobbin made the table; its types may be changed then.
    private static func isOwn(_ connection: DuckDBConnection, _ table: String) throws -> Bool {
        try connection.query("SELECT is_own FROM _bobbin_tables WHERE target_table = ?", [.text(table)]).first?[0]
            == "true"
    }

    /// The table's columns with DuckDB's words for their types; none when there is no table.
    static func declared(
        _ connection: DuckDBConnection, _ table: String
    ) throws -> [(name: String, type: String)] {
        let found = try connection.query(
            "SELECT table_name FROM duckdb_tables() WHERE \(here) AND lower(table_name) = lower(?)", [.text(table)])
        if let name = found.first?[0], !name.isSame(as: table) {
            throw LoadError(
                .configuration,
                "table \(table): there is a table \(name), whose name differs only in case, which DuckDB cannot hold: rename one"
            )
        }
        return try connection.query(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE \(here) AND table_name = ? ORDER BY column_index",
            [.text(table)]
        ).map { ($0[0] ?? "", $0[1] ?? "") }
    }

    /// The table's columns: as noted, else as declared (a table that somebody else made).
    private static func columns(
        _ connection: DuckDBConnection, _ table: String, _ declared: [(name: String, type: String)]
    ) throws -> [Column] {
        let note = try connection.query("SELECT columns FROM _bobbin_tables WHERE target_table = ?", [.text(table)])
        return TableNeeds.present(
            declared.map { Column(name: $0.name, type: DuckDBTypes.logical($0.type)) }, note: note.first?[0])
    }
}

/// Types of DuckDB and of Bobbin.
struct DuckDBTypes {
    /// What a column of nested values is: without the extension for JSON there is no such type.
    let json: String

    init(_ connection: DuckDBConnection) {
        let found = try? connection.query("SELECT 1 FROM duckdb_types() WHERE type_name = 'JSON' LIMIT 1")
        json = found?.isEmpty == false ? "JSON" : "VARCHAR"
    }

    /// The type of a column that Bobbin makes. No type may change a value.
    func declared(_ column: Column) -> String {
        switch column.type {
        case .boolean: "BOOLEAN"
        case .integer, .bigint: "BIGINT"
        case .double: "DOUBLE"
        case .decimal: DuckDBDecimal.declared(DuckDBDecimal.range.precision(column.precision))
        case .date: "DATE"
        case .time: "TIME"
        case .datetime: "TIMESTAMP"
        case .timestamp: "TIMESTAMP WITH TIME ZONE"
        case .uuid: "UUID"
        case .bytes: "BLOB"
        case .json: json
        case .text, .null: "VARCHAR"
        }
    }

    /// The logical type whose values a declared one takes; whatever else there is gets texts, which DuckDB reads.
    static func logical(_ declared: String) -> LogicalType {
        switch declared {
        case "BOOLEAN": .boolean
        case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
            "UHUGEINT":
            .bigint
        case "DOUBLE", "FLOAT": .double
        case "DATE": .date
        case "TIMESTAMP WITH TIME ZONE": .timestamp
        case "BLOB": .bytes
        case "JSON": .json
        default: declared.hasPrefix("DECIMAL") ? .decimal : .text
        }
    }
}
