/// The prepared statements of a connection, by their text. They stay, so that a text is prepared once.
///
/// It is no good to free them one by one: within a transaction psqlodbc sends a savepoint and two more statements for each.
package final class ODBCStatements {
    package let connection: ODBCConnection
    /// Takes away at the server what freed statements leave there; nil where that is nothing.
    private let forgetting: String?
    private var prepared: [String: ODBCPrepared] = [:]

    /// Statements that are kept, beyond which a caller should ``forget()``.
    package static let most = 1000

    /// - Parameter forgetting: a statement that takes away at the server what freed statements leave there.
    package init(_ connection: ODBCConnection, forgetting: String?) {
        self.connection = connection
        self.forgetting = forgetting
    }

    /// How many are kept.
    package var count: Int { prepared.count }

    /// Frees all of them; after tables were changed, and where there are too many. Not within a transaction.
    package func forget() throws(ODBCError) {
        guard !prepared.isEmpty else { return }
        prepared.removeAll()
        if let forgetting { _ = try connection.query(forgetting) }
    }

    /// Prepares a statement for many rows, unless it is there.
    ///
    /// - Parameters:
    ///   - columns: the buffer's column of each question mark of one row.
    ///   - rows: how many rows the text has question marks for.
    ///   - array: rows that one execution takes, each by itself; 1 is no array.
    package func prepare(
        _ sql: String, columns: [Int], rows: Int = 1, array: Int = 1
    ) throws(ODBCError) -> ODBCPrepared {
        let key = array > 1 ? "\(array) \(sql)" : sql
        if let found = prepared[key] { return found }
        let made = try ODBCPrepared(connection, sql, columns: columns, rows: rows, array: array)
        prepared[key] = made
        return made
    }

    /// Runs a statement with values for its question marks and keeps its whole result; for small results.
    package func query(_ sql: String, _ values: [ODBCValue]) throws(ODBCError) -> ODBCRows {
        if values.isEmpty { return try connection.query(sql) }
        let buffer = buffer(values)
        return try prepare(sql, columns: Array(values.indices)).query(buffer, first: 0, count: 1)
    }

    /// Runs a statement with values for its question marks.
    ///
    /// - Returns: how many rows it changed.
    package func change(_ sql: String, _ values: [ODBCValue]) throws(ODBCError) -> Int {
        let buffer = buffer(values)
        return try prepare(sql, columns: Array(values.indices)).execute(buffer, first: 0, count: 1)
    }

    private func buffer(_ values: [ODBCValue]) -> ODBCRowBuffer {
        let buffer = ODBCRowBuffer(connection, values.map(\.parameter), rows: 1)
        _ = buffer.begin(1) { _, column in
            if case .text(let text) = values[column].value { text.utf8.count } else { 0 }
        }
        for (column, value) in values.enumerated() {
            switch value.value {
            case .null: buffer.putNull(column)
            case .integer(let number): buffer.put(column, number)
            case .double(let number): buffer.put(column, number)
            case .text(let text): Array(text.utf8).withUnsafeBytes { buffer.put(column, $0) }
            }
        }
        buffer.endRow()
        return buffer
    }
}

extension ODBCConnection {
    /// Whether a statement can be run with arrays of parameters.
    package func takesArrays() throws(ODBCError) -> Bool {
        if driver.mixesArrays { return false }
        let statement = try ODBCStatement(self, "")
        let code = statement.set(ODBCCode.StatementAttribute.parameterSetSize, number: 2)
        guard code == ODBCCode.Result.success else { return false }
        return statement.number(ODBCCode.StatementAttribute.parameterSetSize) == 2
    }
}
