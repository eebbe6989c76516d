internal import Databases
internal import JSON
internal import Manifest

/// A target table as SQLite has it: columns, logical types, key. Types are declared so that SQLite's column
/// affinities (https://sqlite.org/datatype3.html) never change a value.
struct SQLiteTable {
    let name: String
    private(set) var columns: [Column]
    let key: [String]

    /// The declared type of a logical one.
    static func declared(_ type: LogicalType) -> String {
        switch type {
        case .boolean, .integer, .bigint: "INTEGER"
        case .double: "REAL"
        case .text, .json, .decimal, .date, .timestamp, .null: "TEXT"
        }
    }

    /// Whether the run's columns fit without any DDL.
    func fits(_ manifest: RunManifest) throws -> Bool {
        guard key == manifest.key, !columns.isEmpty else { return false }
        let known = Dictionary(columns.map { ($0.name, $0.type) }, uniquingKeysWith: { first, _ in first })
        return SQLiteTable.wanted(manifest).allSatisfy { column in
            known[column.name].map { manifest.guards.freezesTypes || $0.widened(with: column.type) == $0 }
                ?? manifest.guards.freezesColumns
        }
    }

    /// Whether the key's index orders texts by their bytes and changes no value: only then may rows be sorted before
    /// they are inserted, as of rows that the index holds to be equal the last must stay the last.
    func comparesBytes(_ connection: SQLiteConnection) throws(SQLiteError) -> Bool {
        guard !key.isEmpty else { return false }
        let types = try connection.prepare("SELECT name, upper(type) FROM pragma_table_info(?)")
        types.bind(0, name)
        while try types.step() {
            guard key.contains(types.text(0)) else { continue }
            guard ["INTEGER", "REAL", "TEXT"].contains(types.text(1)) else { return false }
        }
        let collations = try connection.prepare(
            "SELECT count(*) FROM pragma_index_xinfo(?) WHERE key = 1 AND upper(coll) <> 'BINARY'")
        collations.bind(0, "\(name)_key")
        return try collations.step() && collations.integer(0) == 0
    }

    /// The run's columns that need a place: those with values, those of the key, and those of the partition.
    private static func wanted(_ manifest: RunManifest) -> [Column] {
        var wanted = manifest.schema.filter { $0.type != .null || manifest.key.contains($0.name) }
        for index in wanted.indices where wanted[index].type == .null { wanted[index].type = .text }
        let missing = manifest.partition.fields.filter { field in !wanted.contains { $0.name == field.name } }
        return missing.map { Column(name: $0.name, type: .text) } + wanted
    }

    /// Makes or changes the table inside the caller's transaction, and claims it for the run's stream.
    static func prepare(_ connection: SQLiteConnection, _ manifest: RunManifest) throws -> SQLiteTable {
        try claim(connection, manifest)
        var present = try columns(connection, manifest.table)
        let wanted = wanted(manifest)
        guard !wanted.isEmpty || !present.isEmpty else {
            // Nothing was ever extracted: there is nothing to make a table of.
            return SQLiteTable(name: manifest.table, columns: [], key: manifest.key)
        }
        try refuseCaseTwins(
            present + wanted.filter { column in !present.contains { $0.name == column.name } }, manifest)
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
                if let index = present.firstIndex(where: { $0.name == column.name }) {
                    if manifest.guards.freezesTypes { continue }
                    let type = present[index].type.widened(with: column.type)
                    if declared(type) != declared(present[index].type) { isRebuilt = true }
                    present[index].type = type
                } else if !manifest.guards.freezesColumns {
                    try connection.execute(
                        "ALTER TABLE \(table) ADD COLUMN \(SQLiteConnection.quote(column.name)) \(declared(column.type))"
                    )
                    present.append(column)
                }
            }
            if isRebuilt { try SQLiteRebuild.run(connection, manifest.table, from: before, to: present) }
        }
        try makeIndexes(connection, manifest)
        let note = try connection.prepare("UPDATE _bobbin_tables SET columns = ? WHERE target_table = ?")
        note.bind(0, Column.json(present).serializedText())
        note.bind(1, manifest.table)
        _ = try note.step()
        return SQLiteTable(name: manifest.table, columns: present, key: manifest.key)
    }

    /// SQLite folds the case of column names; two that differ in nothing else cannot stand in one table.
    private static func refuseCaseTwins(_ columns: [Column], _ manifest: RunManifest) throws {
        var seen: [String: String] = [:]
        for column in columns {
            let folded = String(
                decoding: column.name.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
            if let other = seen[folded] {
                throw LoadError(
                    .configuration,
                    "table \(manifest.table): the columns \"\(other)\" and \"\(column.name)\" differ only in case, which SQLite "
                        + "cannot hold: rename one at the source")
            }
            seen[folded] = column.name
        }
    }

    private static func makeIndexes(_ connection: SQLiteConnection, _ manifest: RunManifest) throws {
        let table = SQLiteConnection.quote(manifest.table)
        if !manifest.key.isEmpty {
            let columns = manifest.key.map(SQLiteConnection.quote).joined(separator: ", ")
            let index = SQLiteConnection.quote("\(manifest.table)_key")
            do {
                try connection.execute("CREATE UNIQUE INDEX IF NOT EXISTS \(index) ON \(table)(\(columns))")
            } catch {
                throw LoadError(
                    .configuration,
                    "table \(manifest.table): its rows are not unique by (\(manifest.key.joined(separator: ", "))): \(error.message)"
                )
            }
        }
        let partition = manifest.partition.fields.map(\.name)
        // The delete of a partition needs an index that begins with its columns.
        if manifest.mode == .replacePartition, Set(manifest.key.prefix(partition.count)) != Set(partition) {
            let columns = partition.map(SQLiteConnection.quote).joined(separator: ", ")
            let index = SQLiteConnection.quote("\(manifest.table)_partition")
            try connection.execute("CREATE INDEX IF NOT EXISTS \(index) ON \(table)(\(columns))")
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
        if owner.job != manifest.job || owner.stream != manifest.stream {
            throw LoadError(
                .configuration,
                "table \(manifest.table) belongs to stream \(owner.stream) of job \(owner.job): give \(manifest.stream) of job "
                    + "\(manifest.job) another `table`")
        }
        guard owner.spool != manifest.spool else { return }
        if manifest.mode == .append {
            throw LoadError(
                .configuration,
                "table \(manifest.table) was filled from another spool (\(owner.spool)); appending from this one could double rows: "
                    + "use that spool, another `table`, or drop the table and its row in _bobbin_tables")
        }
        let update = try connection.prepare("UPDATE _bobbin_tables SET spool = ? WHERE target_table = ?")
        update.bind(0, manifest.spool)
        update.bind(1, manifest.table)
        _ = try update.step()
    }

    /// The table's columns: as noted, else as declared (a table that somebody else made).
    private static func columns(_ connection: SQLiteConnection, _ table: String) throws -> [Column] {
        var noted: [String: LogicalType] = [:]
        let query = try connection.prepare("SELECT columns FROM _bobbin_tables WHERE target_table = ?")
        query.bind(0, table)
        if try query.step(), let value = try? JSONValue(parsing: query.text(0)), let items = value.elements,
            let columns = try? Column.parse(items)
        {
            for column in columns { noted[column.name] = column.type }
        }
        query.reset()
        let info = try connection.prepare("SELECT name, type FROM pragma_table_info(?)")
        info.bind(0, table)
        var columns: [Column] = []
        while try info.step() {
            let name = info.text(0)
            columns.append(Column(name: name, type: noted[name] ?? logical(info.text(1))))
        }
        return columns
    }

    /// The logical type that a declared one can hold without change, by SQLite's affinity rules.
    private static func logical(_ declared: String) -> LogicalType {
        let type = declared.uppercased()
        if type.contains("INT") { return .bigint }
        if type.contains("CHAR") || type.contains("CLOB") || type.contains("TEXT") { return .text }
        if type.contains("REAL") || type.contains("FLOA") || type.contains("DOUB") { return .double }
        return .text
    }
}
