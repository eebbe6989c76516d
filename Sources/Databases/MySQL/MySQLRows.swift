/// A small result, kept whole.
package struct MySQLRows: Sendable {
    package let columns: [MySQLColumn]
    /// Rows of values as text or bytes; nil is NULL. See ``MySQLColumn/isBytes``.
    package let rows: [[[UInt8]?]]

    /// A value as text; nil for NULL. Rows and columns count from 0.
    package func text(_ row: Int, _ column: Int) -> String? {
        rows[row][column].map { String(decoding: $0, as: UTF8.self) }
    }

    /// A value as an integer; nil for NULL and for what is none.
    package func integer(_ row: Int, _ column: Int) -> Int? { text(row, column).flatMap { Int($0) } }
}

/// A value for a parameter.
package enum MySQLValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case unsigned(UInt64)
    case double(Double)
    /// UTF-8.
    case text(String)
    case bytes([UInt8])
}

extension MySQLConnection {
    /// Runs a statement with values for its `?` and keeps the whole result; for small results.
    package func query(_ sql: String, _ values: [MySQLValue] = []) throws(MySQLError) -> MySQLRows {
        // Without values in the text protocol: preparing would clear the warnings that SHOW WARNINGS is asked for.
        guard !values.isEmpty else { return try textQuery(sql) }
        let statement = try prepare(sql)
        for (index, value) in values.enumerated() where index < statement.parameterCount {
            statement.bind(index, value)
        }
        guard values.count == statement.parameterCount else {
            throw MySQLError(
                0, "\(values.count) values for \(statement.parameterCount) parameters: \(MySQLError.shape(of: sql))")
        }
        return try statement.rows()
    }

    private func textQuery(_ sql: String) throws(MySQLError) -> MySQLRows {
        var columns: [MySQLColumn] = []
        var rows: [[[UInt8]?]] = []
        do {
            try stream(sql, begin: { columns = $0 }) { row in
                rows.append((0..<row.count).map { column in row[column].map { Array($0) } })
            }
        } catch let error as MySQLError {
            throw error
        } catch {
            throw MySQLError(0, "\(error)")
        }
        return MySQLRows(columns: columns, rows: rows)
    }
}
