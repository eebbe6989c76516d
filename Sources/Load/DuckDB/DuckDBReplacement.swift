internal import Databases

/// The rows that a generation replaces: a partition's, or all of a table.
struct DuckDBReplacement {
    /// Quoted.
    var table: String
    /// The end of a statement on the table, which names no other; empty for all rows.
    var condition: String
    var values: [DuckDBValue]

    /// Whether there are any.
    func isNeeded(_ connection: DuckDBConnection) throws -> Bool {
        try !connection.query("SELECT 1 FROM \(table)\(condition) LIMIT 1", values).isEmpty
    }

    func delete(_ connection: DuckDBConnection) throws {
        try connection.change("DELETE FROM \(table)\(condition)", values)
    }
}
