internal import Databases

/// A constraint of somebody's own on a table: DuckDB undoes the whole transaction for a row that breaks it, so that rows are looked
/// at before they are inserted.
enum DuckDBConstraint {
    case notNull(String)
    /// In SQL, over the table's columns.
    case check(String)
    case unique([String])
    case foreign([String], table: String, [String])

    /// All constraints of a table (duckdb_constraints), and its unique indexes but Bobbin's own.
    static func all(_ connection: DuckDBConnection, _ table: String) throws -> [DuckDBConstraint] {
        let from = "FROM duckdb_constraints() WHERE \(DuckDBTable.here) AND table_name = ?"
        var found: [DuckDBConstraint] = try connection.query(
            "SELECT expression \(from) AND constraint_type = 'CHECK' ORDER BY constraint_index", [.text(table)]
        ).compactMap { row in row[0].map { .check($0) } }
        let rows = try connection.query(
            """
            SELECT constraint_index, constraint_type, referenced_table, unnest(constraint_column_names) AS own,
                unnest(referenced_column_names) AS other
            \(from) AND constraint_type <> 'CHECK' ORDER BY constraint_index
            """, [.text(table)])
        var start = 0
        while start < rows.count {
            let end = rows[start...].firstIndex { $0[0] != rows[start][0] } ?? rows.count
            let own = rows[start..<end].compactMap { $0[3] }
            switch rows[start][1] {
            case "NOT NULL": found += own.map { .notNull($0) }
            case "UNIQUE", "PRIMARY KEY": found.append(.unique(own))
            case "FOREIGN KEY":
                found.append(.foreign(own, table: rows[start][2] ?? "", rows[start..<end].compactMap { $0[4] }))
            default: break
            }
            start = end
        }
        let other = try connection.query(
            """
            SELECT index_name FROM duckdb_indexes() WHERE \(DuckDBTable.here) AND table_name = ? AND is_unique
            AND lower(index_name) <> lower(?) LIMIT 1
            """, [.text(table), .text(TableNeeds.indexName(table, "key", limit: 200))])
        if let name = other.first?[0] {
            throw LoadError(
                .configuration,
                "table \(table) has another unique index, \(name): DuckDB would undo a whole load for one row that it refuses; drop it, "
                    + "or make the table with a UNIQUE constraint instead, whose rows are looked at first")
        }
        return found
    }
}
