internal import CDuckDBABI

/// A parameter of a statement.
package enum DuckDBValue: Sendable {
    case text(String)
    case integer(Int64)
    case double(Double)
    case boolean(Bool)
    case null
}

/// A prepared statement of one connection.
final class DuckDBStatement {
    private let library: DuckDBLibrary
    private unowned let connection: DuckDBConnection
    private let sql: String
    let handle: OpaquePointer

    init(_ connection: DuckDBConnection, _ sql: String) throws(DuckDBError) {
        let library = connection.library
        self.library = library
        self.connection = connection
        self.sql = sql
        var statement: OpaquePointer?
        let state = library.prepare(connection.handle, sql, &statement)
        guard state == 0, let made = statement else {
            let words = statement.flatMap { library.prepareError($0) }.map { String(cString: $0) }
            library.destroyPrepare(&statement)
            throw connection.failure(words ?? "out of memory", sql)
        }
        handle = made
    }

    deinit {
        var statement: OpaquePointer? = handle
        library.destroyPrepare(&statement)
    }

    /// Runs the statement; what it gives belongs to the caller.
    func run(_ values: [DuckDBValue], _ result: inout bobbin_duckdb_result) throws(DuckDBError) {
        _ = library.clearBindings(handle)
        for (index, value) in values.enumerated() where !bind(UInt64(index + 1), value) {
            throw connection.failure("Binder Error: parameter \(index + 1) cannot be bound", sql)
        }
        if library.executePrepared(handle, &result) != 0 { throw connection.failure(&result, sql) }
    }

    private func bind(_ index: UInt64, _ value: DuckDBValue) -> Bool {
        switch value {
        case .text(var text):
            text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { characters in
                    guard let start = characters.baseAddress else { return library.bindText(handle, index, "", 0) == 0 }
                    return library.bindText(handle, index, start, UInt64(characters.count)) == 0
                }
            }
        case .integer(let value): library.bindInteger(handle, index, value) == 0
        case .double(let value): library.bindDouble(handle, index, value) == 0
        case .boolean(let value): library.bindBoolean(handle, index, value) == 0
        case .null: library.bindNull(handle, index) == 0
        }
    }
}
