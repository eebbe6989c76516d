internal import Databases
internal import Manifest

/// What makes a table fit a run: statements for one transaction.
struct DuckDBChanges {
    private(set) var statements: [String] = []
    /// Whether a column gets another type, which DuckDB refuses while an index stands on the table.
    private(set) var changesTypes = false

    /// - Parameters:
    ///   - present: the table's columns, as they will be afterwards.
    ///   - isOwn: Bobbin made the table: another one's types are not changed.
    init(
        _ connection: DuckDBConnection, _ manifest: RunManifest, _ present: inout [Column], _ wanted: [Column],
        _ declared: [(name: String, type: String)], isOwn: Bool
    ) throws {
        let types = DuckDBTypes(connection)
        let table = try DuckDBTable.quoted(manifest.table, manifest)
        if present.isEmpty {
            let list = try wanted.map {
                "\(try DuckDBTable.quoted($0.name, manifest)) \(types.declared($0))"
            }
            statements = ["CREATE TABLE \(table)(\(list.joined(separator: ", ")))"]
            present = wanted
            return
        }
        for column in wanted {
            let name = try DuckDBTable.quoted(column.name, manifest)
            if let index = present.firstIndex(where: { $0.isNamed(column.name) }) {
                // A frozen contract changes nothing: rows that do not fit are rejected one by one.
                if manifest.guards.freezesTypes { continue }
                let old = present[index]
                present[index] = try TableNeeds.widened(old, with: column, manifest, DuckDBDecimal.range)
                let wide = types.declared(present[index])
                guard wide != types.declared(old) else { continue }
                let actual = declared.first { column.isNamed($0.name) }?.type ?? ""
                if actual == wide { continue }
                var former = present[index]
                former.isForeign = !isOwn || actual != types.declared(old)
                try TableNeeds.refuseForeign(former, actual, wide: wide, manifest)
                changesTypes = true
                statements.append(
                    "ALTER TABLE \(table) ALTER COLUMN \(name) TYPE \(wide) USING \(DuckDBChanges.converted(name, old.type, wide))"
                )
            } else if !manifest.guards.freezesColumns {
                statements.append("ALTER TABLE \(table) ADD COLUMN \(name) \(types.declared(column))")
                present.append(column)
            }
        }
    }

    /// The expression that turns a column's values into those of a wider type, as the records spelled them where that is known.
    private static func converted(_ name: String, _ old: LogicalType, _ type: String) -> String {
        guard type == "VARCHAR" else { return "CAST(\(name) AS \(type))" }
        switch old {
        case .timestamp: return finite(name, "strftime(make_timestamp(epoch_us(\(name))), '%Y-%m-%dT%H:%M:%S.%fZ')")
        case .datetime: return finite(name, "strftime(\(name), '%Y-%m-%dT%H:%M:%S.%f')")
        case .decimal:
            let text = "CAST(\(name) AS VARCHAR)"
            return "CASE WHEN contains(\(text), '.') THEN rtrim(rtrim(\(text), '0'), '.') ELSE \(text) END"
        default: return "CAST(\(name) AS VARCHAR)"
        }
    }

    /// Infinite days and moments have no other text than DuckDB's.
    private static func finite(_ name: String, _ text: String) -> String {
        "CASE WHEN isfinite(\(name)) THEN \(text) ELSE CAST(\(name) AS VARCHAR) END"
    }
}
