internal import Databases
internal import JSON
internal import Manifest

/// Tables as SQLite has them. Types are declared so that SQLite's column affinities
/// (https://sqlite.org/datatype3.html) never change a value.
enum SQLiteTable {
    /// The declared type of a logical one.
    static func declared(_ type: LogicalType) -> String {
        switch type {
        case .boolean, .integer, .bigint: "INTEGER"
        case .double: "REAL"
        case .bytes: "BLOB"
        case .text, .json, .decimal, .date, .time, .datetime, .timestamp, .uuid, .null: "TEXT"
        }
    }

    /// See ``TargetEngine/comparesBytes(_:)``.
    static func comparesBytes(_ connection: SQLiteConnection, _ table: TargetTable) throws(SQLiteError) -> Bool {
        guard !table.key.isEmpty else { return false }
        let types = try connection.prepare("SELECT name, upper(type) FROM pragma_table_info(?)")
        types.bind(0, table.name)
        while try types.step() {
            guard table.key.contains(types.text(0)) else { continue }
            guard ["INTEGER", "REAL", "TEXT"].contains(types.text(1)) else { return false }
        }
        let collations = try connection.prepare(
            "SELECT count(*) FROM pragma_index_xinfo(?) WHERE key = 1 AND upper(coll) <> 'BINARY'")
        collations.bind(0, "\(table.name)_key")
        return try collations.step() && collations.integer(0) == 0
    }

    /// Makes or changes the table inside the caller's transaction, and claims it for the run's stream.
    static func prepare(_ connection: SQLiteConnection, _ manifest: RunManifest) throws -> TargetTable {
        try claim(connection, manifest)
        var (present, numeric) = try columns(connection, manifest.table)
        try TableNeeds.refuseNewTable(manifest, present: present)
        let wanted = TableNeeds.columns(manifest, present: present)
        guard !wanted.isEmpty || !present.isEmpty else {
            // Nothing was ever extracted: there is nothing to make a table of.
            return TargetTable(name: manifest.table, columns: [], key: manifest.tableKey)
        }
        try refuseNames(present + wanted.filter { present.named($0.name) == nil }, manifest, connection)
        let table = SQLiteConnection.quote(manifest.table)
        if present.isEmpty {
            let list = wanted.map { "\(SQLiteConnection.quote($0.name)) \(declared($0.type))" }
            try connection.execute("CREATE TABLE \(table)(\(list.joined(separator: ", ")))")
            present = wanted
        } else {
            // A frozen contract changes nothing: rows that do not fit are rejected one by one.
            var isRebuilt = false
            let before = present
            for column in wanted {
                if let index = present.firstIndex(where: { $0.isNamed(column.name) }) {
                    if manifest.guards.freezesTypes { continue }
                    let wide = try TableNeeds.widened(present[index], with: column, manifest)
                    let type = wide.type
                    let isBent = type != present[index].type && numeric.contains(Array(column.name.utf8))
                    if isBent || declared(type) != declared(present[index].type) { isRebuilt = true }
                    present[index] = wide
                } else if !manifest.guards.freezesColumns {
                    try connection.execute(
                        "ALTER TABLE \(table) ADD COLUMN \(SQLiteConnection.quote(column.name)) \(declared(column.type))"
                    )
                    present.append(column)
                }
            }
            if isRebuilt { try SQLiteRebuild.run(connection, manifest.table, from: before, to: present) }
        }
        try SQLiteIndexes.make(connection, manifest)
        let note = try connection.prepare("UPDATE _bobbin_tables SET columns = ? WHERE target_table = ?")
        note.bind(0, Column.json(present).serializedText())
        note.bind(1, manifest.table)
        _ = try note.step()
        return TargetTable(name: manifest.table, columns: present, key: manifest.tableKey)
    }

    /// Refuses names that SQLite cannot tell apart, or cannot hold, and more of them than it takes.
    private static func refuseNames(
        _ columns: [Column], _ manifest: RunManifest, _ connection: SQLiteConnection
    ) throws {
        try TableNeeds.refuseTwins(columns, manifest, engine: "SQLite")
        guard columns.count <= connection.columnLimit else {
            throw LoadError(
                .configuration,
                "table \(manifest.table): \(columns.count) columns, SQLite takes \(connection.columnLimit): the source uses values as "
                    + "keys, or `contract: {columns: freeze}` keeps new ones out")
        }
    }

    /// One stream owns a table; otherwise one job's replace would delete another's rows.
    private static func claim(_ connection: SQLiteConnection, _ manifest: RunManifest) throws {
        let insert = try connection.prepare(
            """
            INSERT INTO _bobbin_tables(target_table, spool, job, stream, columns) VALUES (?, ?, ?, ?, '[]')
            ON CONFLICT(target_table) DO UPDATE SET target_table = target_table RETURNING spool, job, stream
            """)
        for (index, text) in [manifest.table, manifest.spool, manifest.job, manifest.stream].enumerated() {
            insert.bind(index, text)
        }
        guard try insert.step() else { return }
        let owner = (spool: insert.text(0), job: insert.text(1), stream: insert.text(2))
        insert.reset()
        guard try TableNeeds.isFromElsewhere(owner, manifest) else { return }
        let update = try connection.prepare("UPDATE _bobbin_tables SET spool = ? WHERE target_table = ?")
        update.bind(0, manifest.spool)
        update.bind(1, manifest.table)
        _ = try update.step()
    }

    /// The table's columns: as noted, else as declared (a table that somebody else made).
    ///
    /// - Returns: the columns, and the names of those whose affinity is NUMERIC, which turns texts that look like
    ///   numbers into numbers.
    private static func columns(
        _ connection: SQLiteConnection, _ table: String
    ) throws -> (columns: [Column], numeric: Set<[UInt8]>) {
        let query = try connection.prepare("SELECT columns FROM _bobbin_tables WHERE target_table = ?")
        query.bind(0, table)
        let note = try query.step() ? query.text(0) : nil
        query.reset()
        let info = try connection.prepare("SELECT name, type FROM pragma_table_info(?)")
        info.bind(0, table)
        var columns: [Column] = []
        var numeric: Set<[UInt8]> = []
        while try info.step() {
            let name = info.text(0)
            let declared = logical(info.text(1))
            if declared.isNumeric { numeric.insert(Array(name.utf8)) }
            columns.append(Column(name: name, type: declared.type))
        }
        return (TableNeeds.present(columns, note: note), numeric)
    }

    /// The logical type that a declared one can hold without change, by SQLite's affinity rules in their order.
    private static func logical(_ declared: String) -> (type: LogicalType, isNumeric: Bool) {
        let type = declared.uppercased()
        if type.contains("INT") { return (.bigint, false) }
        if type.contains("CHAR") || type.contains("CLOB") || type.contains("TEXT") { return (.text, false) }
        if type.contains("BLOB") { return (.bytes, false) }
        if type.isEmpty { return (.text, false) }
        if type.contains("REAL") || type.contains("FLOA") || type.contains("DOUB") { return (.double, false) }
        if type.contains("BOOL") { return (.boolean, true) }
        if type.contains("TIME") { return (.timestamp, true) }
        if type.contains("DATE") { return (.date, true) }
        return (.double, true)
    }
}
