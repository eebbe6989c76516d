/// A small result, kept whole.
package struct ODBCRows: Sendable {
    package let columns: [ODBCColumn]
    /// Rows of values as ``ODBCRow/text(_:)`` writes them; nil is NULL.
    package let rows: [[String?]]

    /// A value as text; nil for NULL, and where there is none. Rows and columns count from 0.
    package func text(_ row: Int, _ column: Int) -> String? {
        guard rows.indices.contains(row), rows[row].indices.contains(column) else { return nil }
        return rows[row][column]
    }
}

extension ODBCConnection {
    /// Runs a statement and keeps its whole result; for small results.
    package func query(_ sql: String) throws(ODBCError) -> ODBCRows {
        let statement = try ODBCStatement(self, sql)
        try statement.executeDirect()
        return try all(statement)
    }

    /// The first row of a statement; the statement ends with it. nil when there is none.
    package func first(_ sql: String) throws(ODBCError) -> [String?]? {
        let stream = try stream(sql)
        return try stream.next().map { row in (0..<row.count).map { row.text($0) } }
    }

    /// All rows of a statement that has run.
    func all(_ statement: ODBCStatement) throws(ODBCError) -> ODBCRows {
        let stream = try ODBCStream(statement, rowsAtOnce: nil)
        var rows: [[String?]] = []
        while let row = try stream.next() { rows.append((0..<row.count).map { row.text($0) }) }
        return ODBCRows(columns: stream.columns, rows: rows)
    }
}
