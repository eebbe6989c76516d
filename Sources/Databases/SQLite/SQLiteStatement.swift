internal import CSQLite

/// A prepared statement of one connection. Parameters and columns count from 0.
package final class SQLiteStatement {
    private let handle: OpaquePointer
    private let connection: SQLiteConnection

    init(_ handle: OpaquePointer, _ connection: SQLiteConnection) {
        self.handle = handle
        self.connection = connection
    }

    deinit {
        sqlite3_finalize(handle)
    }

    /// Binds NULL.
    @inline(__always)
    package func bindNull(_ index: Int) { sqlite3_bind_null(handle, Int32(truncatingIfNeeded: index &+ 1)) }

    /// Binds an integer.
    @inline(__always)
    package func bind(_ index: Int, _ value: Int64) {
        sqlite3_bind_int64(handle, Int32(truncatingIfNeeded: index &+ 1), value)
    }

    /// Binds a float64.
    @inline(__always)
    package func bind(_ index: Int, _ value: Double) {
        sqlite3_bind_double(handle, Int32(truncatingIfNeeded: index &+ 1), value)
    }

    /// Binds UTF-8 text that stays where it is until the next ``step()`` is done; it may hold NUL.
    @inline(__always)
    package func bindStatic(_ index: Int, _ start: UnsafePointer<UInt8>, _ count: Int) {
        start.withMemoryRebound(to: CChar.self, capacity: count) { text in
            _ = sqlite3_bind_text(
                handle, Int32(truncatingIfNeeded: index &+ 1), text, Int32(truncatingIfNeeded: count), nil)
        }
    }

    /// Binds bytes that stay where they are until the next ``step()`` is done.
    @inline(__always)
    package func bindStaticBytes(_ index: Int, _ start: UnsafePointer<UInt8>, _ count: Int) {
        _ = sqlite3_bind_blob(
            handle, Int32(truncatingIfNeeded: index &+ 1), start, Int32(truncatingIfNeeded: count), nil)
    }

    /// Binds a copy of `text`.
    package func bind(_ index: Int, _ text: String) {
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        var text = text
        text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                _ = sqlite3_bind_text(
                    handle, Int32(index + 1), characters.baseAddress, Int32(characters.count), transient)
            }
        }
    }

    /// Runs to the next row; `false` at the end, after which the statement can be used again.
    package func step() throws(SQLiteError) -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        if code == SQLITE_DONE {
            sqlite3_reset(handle)
            return false
        }
        let failure = connection.error(code, String(cString: sqlite3_sql(handle)))
        sqlite3_reset(handle)
        throw failure
    }

    /// Runs a statement that gives no rows; its errors are values here, since a bad row is normal.
    @inline(__always)
    package func run() -> SQLiteError? {
        let code = sqlite3_step(handle)
        sqlite3_reset(handle)
        if code == SQLITE_DONE || code == SQLITE_ROW { return nil }
        return connection.error(code, String(cString: sqlite3_sql(handle)))
    }

    /// Makes the statement ready for new parameters.
    package func reset() { sqlite3_reset(handle) }

    /// Columns of the result.
    package var columnCount: Int { Int(sqlite3_column_count(handle)) }

    /// Whether the column is NULL.
    package func isNull(_ column: Int) -> Bool { sqlite3_column_type(handle, Int32(column)) == SQLITE_NULL }

    /// The column as an integer.
    package func integer(_ column: Int) -> Int64 { sqlite3_column_int64(handle, Int32(column)) }

    /// The column as a float64.
    package func double(_ column: Int) -> Double { sqlite3_column_double(handle, Int32(column)) }

    /// The column as text, NULs included.
    package func text(_ column: Int) -> String {
        guard let start = sqlite3_column_text(handle, Int32(column)) else { return "" }
        let count = Int(sqlite3_column_bytes(handle, Int32(column)))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// The sorts of values that SQLite has (https://sqlite.org/c3ref/c_blob.html).
    package enum Kind: Int32, Sendable {
        case integer = 1
        case float, text, blob, null
    }

    /// What the column's value is.
    @inline(__always)
    package func kind(_ column: Int) -> Kind {
        Kind(rawValue: sqlite3_column_type(handle, Int32(truncatingIfNeeded: column))) ?? .null
    }

    /// The bytes of a text or blob, without a copy and valid until the next ``step()``.
    @inline(__always)
    package func bytes(_ column: Int) -> UnsafeRawBufferPointer {
        let index = Int32(truncatingIfNeeded: column)
        if sqlite3_column_type(handle, index) == SQLITE_TEXT { return textBytes(column) }
        let start = sqlite3_column_blob(handle, index)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, index)))
    }

    /// The same of a column that is known to be a text.
    @inline(__always)
    package func textBytes(_ column: Int) -> UnsafeRawBufferPointer {
        let index = Int32(truncatingIfNeeded: column)
        // First the pointer, then the count, which is that of the form asked for last; a UTF-16 database converts its texts.
        let start = UnsafeRawPointer(sqlite3_column_text(handle, index))
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, index)))
    }

    /// The name of a column of the result.
    package func name(_ column: Int) -> String {
        sqlite3_column_name(handle, Int32(column)).map { String(cString: $0) } ?? ""
    }

    /// What the table says a column of the result is; empty for an expression or where it says nothing.
    package func declaredType(_ column: Int) -> String {
        sqlite3_column_decltype(handle, Int32(column)).map { String(cString: $0) } ?? ""
    }
}
