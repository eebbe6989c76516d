internal import Databases
internal import Manifest

/// SQLite through sqliteodbc. Types are declared as by the target `sqlite`, so that no affinity changes a value.
struct ODBCSQLite: ODBCDialect {
    var name: String { "SQLite" }
    var hasOneWriter: Bool { true }

    func session(_ lockSeconds: Double) -> [String] {
        ["PRAGMA busy_timeout = \(max(1, Int(min(lockSeconds * 1000, 2e9))))", "PRAGMA synchronous = FULL"]
    }

    func passingOver(_ key: String) -> String? { "ON CONFLICT DO NOTHING" }

    var books: [(table: String, sql: String)] { ODBCStandardBooks(short: { "varchar(\($0))" }, long: "text").tables }

    func declared(_ column: Column, _ shape: ODBCShape) -> String { SQLiteTable.declared(column.type) }

    func columns(_ statements: ODBCStatements, _ table: String) throws -> [Column] {
        // Its driver shortens names with a point.
        let found = try statements.query(
            "SELECT name, upper(type) FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid", [.text(table)])
        return found.rows.map { row in
            let type: LogicalType =
                switch row[1] ?? "" {
                case let type where type.contains("INT"): .bigint
                case let type where type.contains("REAL") || type.contains("DOUB") || type.contains("FLOA"): .double
                case "BLOB": .bytes
                default: .text
                }
            return Column(name: row[0] ?? "", type: type)
        }
    }

    func check(_ statements: ODBCStatements, _ shape: ODBCShape, _ columns: [Column]) throws {
        try TableNeeds.refuseTwins(columns, shape.manifest, engine: name)
    }

    func widen(
        _ statements: ODBCStatements, _ table: String, _ old: Column, _ new: Column, _ shape: ODBCShape
    ) throws -> [String]? {
        let name = try statements.connection.info.quote(identifier: old.name)
        let former = try statements.connection.info.quote(identifier: "_bobbin_former")
        let value =
            switch (old.type, declared(new, shape)) {
            case (.boolean, "TEXT"): "CASE \(former) WHEN 0 THEN 'false' WHEN 1 THEN 'true' ELSE \(former) END"
            // As many digits as it takes to read back as the same float64.
            case (.double, "TEXT"):
                "CASE typeof(\(former)) WHEN 'real' THEN printf('%!.17g', \(former)) ELSE \(former) END"
            default: former
            }
        return [
            "ALTER TABLE \(table) RENAME COLUMN \(name) TO \(former)",
            "ALTER TABLE \(table) ADD COLUMN \(name) \(declared(new, shape))",
            "UPDATE \(table) SET \(name) = \(value)",
            "ALTER TABLE \(table) DROP COLUMN \(former)",
        ]
    }

    // Each row of an array is a statement of its own, to be parsed.
    var rowsAtOnce: ODBCRowsAtOnce { .values(rows: 64, parameters: 30_000) }

    var staging: (any StagingDialect)? { SQLiteStaging() }

    func conflict(_ names: [String], _ others: [String]) -> ODBCConflict {
        let sets = others.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        let action = others.isEmpty ? "NOTHING" : "UPDATE SET \(sets)"
        return .clause(" ON CONFLICT (\(names.joined(separator: ", "))) DO \(action)")
    }

    func travel(_ type: LogicalType, _ described: ODBCColumn) -> ODBCTravel {
        switch type {
        case .boolean, .integer, .bigint: ODBCTravel(ODBCParameter(.integer))
        case .double: ODBCTravel(ODBCParameter(.double), .number)
        case .bytes: ODBCTravel(ODBCParameter(.binary), .bytes)
        case .decimal, .date, .time, .datetime, .timestamp, .uuid, .text, .json, .null:
            ODBCTravel(ODBCParameter(.text), .text)
        }
    }
}
