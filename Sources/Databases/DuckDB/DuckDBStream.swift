internal import CDuckDBABI

/// The rows of a query in chunks of up to 2,048 as they are made; memory is that of a few chunks and of what the query itself
/// needs. Nothing else may run on its connection meanwhile. Dropping it ends the query.
///
/// Columns that are not plain are refused: ``DuckDBConnection/readable(_:)`` makes texts of them.
package final class DuckDBStream {
    private let connection: DuckDBConnection
    private let sql: String
    private let statement: DuckDBStatement
    private var result = bobbin_duckdb_result()
    private var pending: OpaquePointer?
    package let columns: [DuckDBColumn]

    fileprivate init(_ connection: DuckDBConnection, _ sql: String) throws(DuckDBError) {
        self.connection = connection
        self.sql = sql
        let library = connection.library
        let statement = try DuckDBStatement(connection, sql)
        self.statement = statement
        var pending: OpaquePointer?
        var result = bobbin_duckdb_result()
        func end() {
            library.destroyResult(&result)
            library.destroyPending(&pending)
        }
        guard library.pendingStreaming(statement.handle, &pending) == 0, let started = pending else {
            let words = pending.flatMap { library.pendingError($0) }.map { String(cString: $0) } ?? "no memory"
            end()
            throw connection.failure(words, sql)
        }
        if library.executePending(started, &result) != 0 {
            let error = connection.failure(&result, sql)
            end()
            throw error
        }
        let columns: [DuckDBColumn]
        do throws(DuckDBError) {
            columns = try connection.columns(&result)
            if let odd = columns.first(where: { !$0.isPlain }) {
                throw DuckDBError(.configuration, "the column \(odd.name) must be cast to VARCHAR to be read")
            }
        } catch {
            end()
            throw error
        }
        self.columns = columns
        self.pending = pending
        self.result = result
    }

    deinit {
        connection.library.destroyResult(&result)
        connection.library.destroyPending(&pending)
    }

    /// The next chunk that has rows; nil at the end.
    package func next() throws(DuckDBError) -> DuckDBChunk? {
        if let chunk = connection.nextChunk(&result, columns) { return chunk }
        if let words = connection.library.resultError(&result), words.pointee != 0 {
            throw connection.failure(&result, sql)
        }
        return nil
    }
}

extension DuckDBConnection {
    /// The columns that a query would give; it is not run.
    package func describe(_ sql: String) throws(DuckDBError) -> [DuckDBColumn] {
        let statement = try DuckDBStatement(self, sql)
        return (0..<library.preparedColumnCount(statement.handle)).map { index in
            let name = library.preparedColumnName(statement.handle, index)
            defer { library.free(name) }
            return library.column(
                name.map { String(cString: $0) } ?? "", library.preparedColumnType(statement.handle, index))
        }
    }

    /// The query with all columns plain: those of other types (nested, intervals, enumerations, UUIDs, bits ...) cast to VARCHAR, as
    /// DuckDB writes them. Columns keep their names and order; they are addressed by position, so that two of one name do no harm.
    package func readable(_ sql: String) throws(DuckDBError) -> String {
        let columns = try describe(sql)
        if columns.allSatisfy(\.isPlain) { return sql }
        let names = columns.indices.map { "c\($0)" }
        let list = try columns.indices.map { index throws(DuckDBError) in
            let value = columns[index].isPlain ? names[index] : "CAST(\(names[index]) AS VARCHAR)"
            return "\(value) AS \(try DuckDBConnection.quote(identifier: columns[index].name))"
        }
        // A line of its own: the query may end in a comment.
        return "SELECT \(list.joined(separator: ", ")) FROM (\(sql)\n) AS query(\(names.joined(separator: ", ")))"
    }

    /// Runs a query whose rows are taken in chunks.
    package func stream(_ sql: String) throws(DuckDBError) -> DuckDBStream { try DuckDBStream(self, sql) }

    /// Runs a query and passes its rows on in chunks.
    ///
    /// - Parameters:
    ///   - begin: called once with the columns.
    ///   - body: may throw, which ends the query.
    /// - Returns: the number of rows.
    /// - Throws: what `begin` or `body` throws, or `DuckDBError`.
    @discardableResult
    package func stream(
        _ sql: String, begin: ([DuckDBColumn]) throws -> Void = { _ in }, _ body: (DuckDBChunk) throws -> Void
    ) throws -> Int {
        let stream = try stream(sql)
        try begin(stream.columns)
        var rows = 0
        while let chunk = try stream.next() {
            try body(chunk)
            rows += chunk.count
        }
        return rows
    }

    /// The columns of a result.
    func columns(_ result: inout bobbin_duckdb_result) throws(DuckDBError) -> [DuckDBColumn] {
        var columns: [DuckDBColumn] = []
        for index in 0..<library.columnCount(&result) {
            let name = library.columnName(&result, index).map { String(cString: $0) } ?? ""
            columns.append(library.column(name, library.columnType(&result, index)))
        }
        return columns
    }

    /// The next chunk that has rows; nil at the end, or when an error stands in the result.
    func nextChunk(_ result: inout bobbin_duckdb_result, _ columns: [DuckDBColumn]) -> DuckDBChunk? {
        while let handle = library.fetchChunk(result) {
            guard let chunk = DuckDBChunk(library, handle, columns: columns.count) else { return nil }
            if chunk.count > 0 { return chunk }
        }
        return nil
    }

    /// Quotes an identifier: double quotes, doubled inside.
    ///
    /// - Throws: `DuckDBError` (configuration) for a name that is empty or holds a NUL, which no identifier may.
    package static func quote(identifier name: String) throws(DuckDBError) -> String {
        guard !name.isEmpty else { throw DuckDBError(.configuration, "an empty name cannot be an identifier") }
        guard !name.utf8.contains(0) else {
            throw DuckDBError(.configuration, "a name with a NUL character cannot be an identifier")
        }
        return "\"\(name.replacing("\"", with: "\"\""))\""
    }

    /// Quotes a text literal: single quotes, doubled inside.
    package static func quote(literal text: String) -> String { "'\(text.replacing("'", with: "''"))'" }
}
