/// The rows that a statement has given, all in memory. Rows and columns count from 0; asking for others ends the
/// process.
package final class PostgresResult {
    private let library: PostgresLibrary
    private let handle: OpaquePointer
    // libpq keeps the receiver of notices in each result.
    private let notices: PostgresNotices
    /// Rows.
    package let rows: Int
    /// Columns of each row.
    package let columns: Int

    init(_ library: PostgresLibrary, _ handle: OpaquePointer, _ notices: PostgresNotices) {
        self.library = library
        self.handle = handle
        self.notices = notices
        rows = Int(library.rowCount(handle))
        columns = Int(library.columnCount(handle))
    }

    deinit {
        library.clear(handle)
    }

    /// The names of the columns; they need not be unique.
    package var names: [String] {
        (0..<columns).map { library.columnName(handle, Int32($0)).map { String(cString: $0) } ?? "" }
    }

    /// The type of a column, as pg_type.oid.
    package func typeOID(_ column: Int) -> UInt32 { library.columnType(handle, index(column)) }

    /// Rows that the statement has inserted, updated, deleted, copied or given; 0 for other statements.
    package var affectedRows: Int { Self.affectedRows(library, handle) }

    /// Whether the value is NULL.
    package func isNull(_ row: Int, _ column: Int) -> Bool {
        precondition(row >= 0 && row < rows, "no such row")
        return library.cellIsNull(handle, Int32(row), index(column)) != 0
    }

    /// The value as the server wrote it, without a copy and valid as long as the result; `nil` for NULL.
    package func bytes(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer? {
        guard !isNull(row, column), let start = library.cellText(handle, Int32(row), Int32(column)) else { return nil }
        return UnsafeRawBufferPointer(start: start, count: Int(library.cellLength(handle, Int32(row), Int32(column))))
    }

    /// The value as text; `nil` for NULL.
    package func text(_ row: Int, _ column: Int) -> String? {
        // The text outlives the bytes, which lie in this object.
        withExtendedLifetime(self) { bytes(row, column).map { String(decoding: $0, as: UTF8.self) } }
    }

    static func affectedRows(_ library: PostgresLibrary, _ handle: OpaquePointer) -> Int {
        library.affectedRows(handle).flatMap { Int(String(cString: $0)) } ?? 0
    }

    private func index(_ column: Int) -> Int32 {
        precondition(column >= 0 && column < columns, "no such column")
        return Int32(column)
    }
}
