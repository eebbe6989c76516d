internal import CDuckDBABI

/// Rows on their way into a statement, written column by column where DuckDB reads them ("Appender", duckdb_appender_create_query).
///
/// Texts are not copied by ``put(_:text:)``: their bytes must stay where they are until ``flush()``'s return, and be UTF-8.
package final class DuckDBAppender {
    /// The type of a column.
    package enum Kind: Sendable, Hashable {
        case boolean
        case bigInt
        case double
        case date
        case timestampWithZone
        case timestamp
        case time
        case uuid
        case blob
        /// 38 digits, so many of them behind the point.
        case decimal(scale: Int)
        case text
        /// Text that goes into a JSON column without being looked at.
        case json
    }

    /// Digits that a decimal has.
    package static let decimalDigits = 38

    private let connection: DuckDBConnection
    private let library: DuckDBLibrary
    private let sql: String
    private let appender: OpaquePointer
    private let chunk: OpaquePointer
    private let columns: Int
    private let data: UnsafeMutablePointer<UnsafeMutableRawPointer>
    private let validity: UnsafeMutablePointer<UnsafeMutablePointer<UInt64>?>
    private let capacity: Int
    private var row = 0

    /// Prepares the statement that takes the rows.
    ///
    /// - Parameters:
    ///   - sql: reads them from the table `name`.
    ///   - columns: names and types of that table's columns.
    package init(
        _ connection: DuckDBConnection, _ sql: String, name: String, columns: [(name: String, kind: Kind)]
    ) throws(DuckDBError) {
        let library = connection.library
        let types = columns.map { DuckDBAppender.type($0.kind, library) }
        defer {
            for type in types {
                var slot: OpaquePointer? = type
                library.destroyType(&slot)
            }
        }
        let names = columns.map { RawText($0.name) }
        let pointers: [UnsafePointer<CChar>?] = names.map { UnsafePointer($0.start) }
        var appender: OpaquePointer?
        let state = withExtendedLifetime(names) {
            library.createAppender(connection.handle, sql, UInt64(columns.count), types, name, pointers, &appender)
        }
        guard state == 0, let made = appender, let chunk = library.createChunk(types, UInt64(columns.count)) else {
            let error = DuckDBAppender.error(connection, appender, sql)
            _ = library.destroyAppender(&appender)
            throw error
        }
        self.connection = connection
        self.library = library
        self.sql = sql
        self.appender = made
        self.chunk = chunk
        self.columns = columns.count
        data = .allocate(capacity: max(1, columns.count))
        validity = .allocate(capacity: max(1, columns.count))
        capacity = Int(library.vectorSize())
        point()
    }

    deinit {
        // What was not flushed must not go in after the end of the transaction.
        _ = library.clearAppender(appender)
        var slot: OpaquePointer? = appender
        _ = library.destroyAppender(&slot)
        slot = chunk
        library.destroyChunk(&slot)
        data.deallocate()
        validity.deallocate()
    }

    /// The row is whole.
    @inline(__always)
    package func endRow() throws(DuckDBError) {
        row &+= 1
        if row == capacity { try appendChunk() }
    }

    /// Writes NULL.
    package func putNull(_ column: Int) {
        let words: UnsafeMutablePointer<UInt64>
        if let known = validity[column] {
            words = known
        } else {
            guard let vector = library.chunkVector(chunk, UInt64(column)) else { return }
            library.makeValidityWritable(vector)
            guard let found = library.vectorValidity(vector)?.assumingMemoryBound(to: UInt64.self) else { return }
            words = found
            validity[column] = found
        }
        words[row &>> 6] &= ~(1 &<< UInt64(row & 63))
    }

    /// The value may have been made NULL by a row that was taken back.
    @inline(__always)
    private func setValid(_ column: Int) {
        if let words = validity[column] { words[row &>> 6] |= 1 &<< UInt64(row & 63) }
    }

    /// Writes a value of the column's own width: `Int64` of a BIGINT, `Int32` days of a DATE, `UInt8` of a BOOLEAN.
    @inline(__always)
    package func put<Value: BitwiseCopyable>(_ column: Int, _ value: Value) {
        setValid(column)
        data[column].storeBytes(of: value, toByteOffset: row &* MemoryLayout<Value>.stride, as: Value.self)
    }

    /// Writes a decimal, an integer times 10 to the minus scale; of a UUID its number, whose first bit DuckDB keeps turned over.
    package func put(_ column: Int, scaled value: Int128) {
        put(
            column,
            bobbin_duckdb_hugeint(
                lower: UInt64(truncatingIfNeeded: value), upper: Int64(truncatingIfNeeded: value >> 64)))
    }

    /// Writes a text, or the bytes of a BLOB.
    @inline(__always)
    package func put(_ column: Int, text: UnsafeRawBufferPointer) {
        setValid(column)
        let place = data[column] + row &* MemoryLayout<bobbin_duckdb_string>.stride
        place.storeBytes(of: UInt32(truncatingIfNeeded: text.count), as: UInt32.self)
        guard let start = text.baseAddress, text.count > 0 else {
            place.storeBytes(of: 0, toByteOffset: 4, as: UInt32.self)
            place.storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
            return
        }
        if text.count <= DuckDBVector.inlined {
            // Zeros behind it: texts are compared by these words.
            place.storeBytes(of: 0, toByteOffset: 4, as: UInt32.self)
            place.storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
            (place + 4).copyMemory(from: start, byteCount: text.count)
        } else {
            (place + 4).copyMemory(from: start, byteCount: 4)
            place.storeBytes(of: start, toByteOffset: 8, as: UnsafeRawPointer.self)
        }
    }

    /// Runs the statement with the rows that were put since the last time.
    package func flush() throws(DuckDBError) {
        try appendChunk()
        if library.flushAppender(appender) != 0 { throw DuckDBAppender.error(connection, appender, sql) }
    }

    private func appendChunk() throws(DuckDBError) {
        guard row > 0 else { return }
        library.setChunkSize(chunk, UInt64(row))
        if library.appendChunk(appender, chunk) != 0 { throw DuckDBAppender.error(connection, appender, sql) }
        library.resetChunk(chunk)
        row = 0
        point()
    }

    /// Where the columns of the empty chunk lie.
    private func point() {
        for column in 0..<columns {
            guard let vector = library.chunkVector(chunk, UInt64(column)), let start = library.vectorData(vector) else {
                continue
            }
            data[column] = start
            validity[column] = nil
        }
    }

    private static func type(_ kind: Kind, _ library: DuckDBLibrary) -> OpaquePointer? {
        switch kind {
        case .boolean: return library.createType(DuckDBType.boolean.rawValue)
        case .bigInt: return library.createType(DuckDBType.bigInt.rawValue)
        case .double: return library.createType(DuckDBType.double.rawValue)
        case .date: return library.createType(DuckDBType.date.rawValue)
        case .timestampWithZone: return library.createType(DuckDBType.timestampWithZone.rawValue)
        case .timestamp: return library.createType(DuckDBType.timestamp.rawValue)
        case .time: return library.createType(DuckDBType.time.rawValue)
        case .uuid: return library.createType(DuckDBType.uuid.rawValue)
        case .blob: return library.createType(DuckDBType.blob.rawValue)
        case .decimal(let scale): return library.createDecimalType(UInt8(decimalDigits), UInt8(clamping: scale))
        case .text: return library.createType(DuckDBType.varchar.rawValue)
        case .json:
            let type = library.createType(DuckDBType.varchar.rawValue)
            if let type { library.setTypeAlias(type, "JSON") }
            return type
        }
    }

    private static func error(
        _ connection: DuckDBConnection, _ appender: OpaquePointer?, _ sql: String
    ) -> DuckDBError {
        let library = connection.library
        var data = appender.flatMap { library.appenderError($0) }
        defer { library.destroyError(&data) }
        let words = data.flatMap { library.errorMessage($0) }.map { String(cString: $0) } ?? "an error without words"
        let name = data.flatMap { DuckDBError.name(library.errorType($0)) }
        // Here, unlike in results, the words may come without the name of the error before them.
        let isNamed = name.map { words.hasPrefix("\($0) Error: ") } ?? true
        return connection.failure(isNamed ? words : "\(name ?? "") Error: \(words)", sql)
    }
}

/// A C string that stays where it is.
private final class RawText {
    let start: UnsafeMutablePointer<CChar>

    init(_ text: String) {
        let bytes = Array(text.utf8CString)
        start = .allocate(capacity: bytes.count)
        start.initialize(from: bytes, count: bytes.count)
    }

    deinit { start.deallocate() }
}
