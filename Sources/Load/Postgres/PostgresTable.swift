internal import Databases
internal import JSON
internal import Manifest

/// Tables as PostgreSQL has them.
enum PostgresTable {
    /// The type of a column that Bobbin makes. No type may change a value: `json` keeps the text, where `jsonb` does not.
    static func declared(_ type: LogicalType) -> String {
        switch type {
        case .boolean: "boolean"
        case .integer, .bigint: "bigint"
        case .double: "double precision"
        case .decimal: "numeric"
        case .date: "date"
        case .time: "time without time zone"
        case .datetime: "timestamp without time zone"
        case .timestamp: "timestamp with time zone"
        case .uuid: "uuid"
        case .bytes: "bytea"
        case .json: "json"
        case .text, .null: "text"
        }
    }

    /// Names as the text of an array (manual, "Array Input and Output Syntax").
    static func array(_ names: [String]) -> String {
        "{"
            + names.map { name in
                "\"" + name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
            }.joined(separator: ",") + "}"
    }

    /// Makes or changes the table inside the caller's transaction, and claims it for the run's stream.
    static func prepare(_ connection: PostgresConnection, _ manifest: RunManifest) throws -> TargetTable {
        let table = try name(manifest)
        try claim(connection, manifest)
        var present = try columns(connection, manifest.table)
        try TableNeeds.refuseNewTable(manifest, present: present)
        let wanted = TableNeeds.columns(manifest, present: present)
        guard !wanted.isEmpty || !present.isEmpty else {
            return TargetTable(name: manifest.table, columns: [], key: manifest.tableKey)
        }
        for column in wanted where present.named(column.name) == nil {
            do { _ = try PostgresConnection.quote(identifier: column.name) } catch {
                throw LoadError(
                    .configuration,
                    "table \(manifest.table): \(error.message) (a column; rename it at the source)")
            }
        }
        if present.isEmpty {
            let list = try wanted.map { "\(try PostgresConnection.quote(identifier: $0.name)) \(declared($0.type))" }
            try connection.execute("CREATE TABLE \(table)(\(list.joined(separator: ", ")))")
            present = wanted
        } else {
            try widen(connection, manifest, table, &present, wanted)
        }
        try PostgresIndexes.make(connection, manifest)
        _ = try connection.query(
            "UPDATE _bobbin_tables SET columns = $1 WHERE target_table = $2",
            [.text(Column.json(present).serializedText()), .text(manifest.table)])
        return TargetTable(name: manifest.table, columns: present, key: manifest.tableKey)
    }

    private static func name(_ manifest: RunManifest) throws -> String {
        do { return try PostgresConnection.quote(identifier: manifest.table) } catch {
            throw LoadError(.configuration, "`table` of \(manifest.job): \(error.message)")
        }
    }

    private static func widen(
        _ connection: PostgresConnection, _ manifest: RunManifest, _ table: String, _ present: inout [Column],
        _ wanted: [Column]
    ) throws {
        for column in wanted {
            let name = try PostgresConnection.quote(identifier: column.name)
            if let index = present.firstIndex(where: { $0.isNamed(column.name) }) {
                // A frozen contract changes nothing: rows that do not fit are rejected one by one.
                if manifest.guards.freezesTypes { continue }
                let old = present[index].type
                present[index] = try TableNeeds.widened(present[index], with: column, manifest)
                let type = present[index].type
                guard declared(type) != declared(old) else { continue }
                try TableNeeds.refuseForeign(present[index], wide: declared(type), manifest)
                try connection.execute(
                    "ALTER TABLE \(table) ALTER COLUMN \(name) TYPE \(declared(type)) USING \(converted(name, old, to: type))"
                )
            } else if !manifest.guards.freezesColumns {
                try connection.execute("ALTER TABLE \(table) ADD COLUMN \(name) \(declared(column.type))")
                present.append(column)
            }
        }
    }

    /// The expression that turns a column's values into those of a wider type, as the records spelled them where that is known.
    private static func converted(_ name: String, _ old: LogicalType, to type: LogicalType) -> String {
        guard declared(type) == "text" else { return "\(name)::\(declared(type))" }
        switch old {
        case .boolean: return "CASE \(name) WHEN true THEN 'true' WHEN false THEN 'false' END"
        case .timestamp: return "to_char(\(name) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        case .datetime: return "to_char(\(name), 'YYYY-MM-DD\"T\"HH24:MI:SS.US')"
        default: return "\(name)::text"
        }
    }

    private static func claim(_ connection: PostgresConnection, _ manifest: RunManifest) throws {
        let owner = try connection.query(
            """
            INSERT INTO _bobbin_tables(target_table, spool, job, stream, columns) VALUES ($1, $2, $3, $4, '[]')
            ON CONFLICT(target_table) DO UPDATE SET target_table = excluded.target_table RETURNING spool, job, stream
            """, [.text(manifest.table), .text(manifest.spool), .text(manifest.job), .text(manifest.stream)])
        guard owner.rows > 0 else { return }
        let found = (owner.text(0, 0) ?? "", owner.text(0, 1) ?? "", owner.text(0, 2) ?? "")
        guard try TableNeeds.isFromElsewhere(found, manifest) else { return }
        _ = try connection.query(
            "UPDATE _bobbin_tables SET spool = $1 WHERE target_table = $2",
            [.text(manifest.spool), .text(manifest.table)])
    }

    /// The table's columns: as noted, else as declared (a table that somebody else made); none when there is no table.
    private static func columns(_ connection: PostgresConnection, _ table: String) throws -> [Column] {
        let note = try connection.query("SELECT columns FROM _bobbin_tables WHERE target_table = $1", [.text(table)])
        // By the search path, as the statements find it. Generated columns take no values.
        let found = try connection.query(
            """
            SELECT attname, pg_catalog.format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute
            WHERE attrelid = pg_catalog.to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
            ORDER BY attnum
            """, [.text(try PostgresConnection.quote(identifier: table))])
        return TableNeeds.present(
            (0..<found.rows).map { Column(name: found.text($0, 0) ?? "", type: logical(found.text($0, 1) ?? "")) },
            note: note.rows > 0 ? note.text(0, 0) : nil)
    }

    /// The logical type whose values a declared one takes; whatever else there is gets texts, which the server reads.
    static func logical(_ declared: String) -> LogicalType {
        switch declared {
        case "boolean": .boolean
        case "smallint", "integer", "bigint": .bigint
        case "double precision": .double
        case "numeric": .decimal
        case "date": .date
        case "timestamp with time zone": .timestamp
        case "bytea": .bytes
        case "json", "jsonb": .json
        default: .text
        }
    }
}

/// The indexes that Bobbin keeps on a target table: unique by the primary key, and one for the partition's delete.
enum PostgresIndexes {
    static func make(_ connection: PostgresConnection, _ manifest: RunManifest) throws {
        if manifest.tableKey.isEmpty {
            try dropKey(connection, manifest)
        } else {
            try make(connection, manifest, "key", manifest.tableKey, isUnique: true)
        }
        let columns = manifest.partition.fields.map(\.name)
        // The delete of a partition needs an index that begins with its columns.
        guard manifest.looksForPartition, Set(manifest.tableKey.prefix(columns.count)) != Set(columns) else {
            return
        }
        try make(connection, manifest, "partition", columns, isUnique: false)
    }

    /// Says of an index whose it is.
    private static let mark = "made by bobbin"

    /// Takes the index of a former key away, so that rows may be equal in it.
    private static func dropKey(_ connection: PostgresConnection, _ manifest: RunManifest) throws {
        let name = TableNeeds.indexName(manifest.table, "key", limit: PostgresConnection.identifierLimit)
        let quoted = try PostgresConnection.quote(identifier: name)
        let found = try connection.query(
            """
            SELECT 1 FROM pg_catalog.pg_index WHERE indexrelid = pg_catalog.to_regclass($1)
            AND indrelid = pg_catalog.to_regclass($2) AND pg_catalog.obj_description(indexrelid, 'pg_class') = $3
            """,
            [.text(quoted), .text(try PostgresConnection.quote(identifier: manifest.table)), .text(mark)])
        if found.rows > 0 { try connection.execute("DROP INDEX \(quoted)") }
    }

    private static func make(
        _ connection: PostgresConnection, _ manifest: RunManifest, _ suffix: String, _ columns: [String],
        isUnique: Bool
    ) throws {
        let name = TableNeeds.indexName(manifest.table, suffix, limit: PostgresConnection.identifierLimit)
        let quoted = try PostgresConnection.quote(identifier: name)
        let table = try PostgresConnection.quote(identifier: manifest.table)
        let found = try connection.query(
            """
            SELECT i.indrelid = pg_catalog.to_regclass($2), i.indisunique,
                (SELECT pg_catalog.json_agg(a.attname ORDER BY k.place) FROM pg_catalog.unnest(i.indkey) WITH ORDINALITY AS k(number, place)
                    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number)
            FROM pg_catalog.pg_index i WHERE i.indexrelid = pg_catalog.to_regclass($1)
            """, [.text(quoted), .text(table)])
        if found.rows > 0 {
            guard found.text(0, 0) == "t" else {
                throw LoadError(
                    .configuration,
                    "table \(manifest.table) needs an index \(name), but an index of that name stands on another table: drop or rename it"
                )
            }
            let present = found.text(0, 2).flatMap { try? JSONValue(parsing: $0) }?.elements?.compactMap(\.text) ?? []
            let isSame = present.count == columns.count && zip(present, columns).allSatisfy { $0.isSame(as: $1) }
            if isSame, found.text(0, 1) == (isUnique ? "t" : "f") { return }
            // Of a former primary key.
            try connection.execute("DROP INDEX \(quoted)")
        }
        let list = try columns.map { try PostgresConnection.quote(identifier: $0) }.joined(separator: ", ")
        do {
            try connection.execute(
                "CREATE \(isUnique ? "UNIQUE " : "")INDEX \(quoted) ON \(table)(\(list)); COMMENT ON INDEX \(quoted) IS '\(mark)'"
            )
        } catch {
            guard error.kind == .data else { throw error }
            throw TableNeeds.notUnique(manifest.table, manifest.mode, columns, "\(error)")
        }
    }
}
