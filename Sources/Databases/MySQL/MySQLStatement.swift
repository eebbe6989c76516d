internal import CMySQLABI
internal import Glibc

/// A prepared statement of one connection (MariaDB Connector/C, "Prepared Statement Functions"). Parameters count from
/// 0; they stay bound until they are bound anew, so a statement can run many times. Let none go while a stream runs:
/// closing it would read the stream away.
package final class MySQLStatement {
    let connection: MySQLConnection
    let handle: OpaquePointer
    let sql: String
    /// How many `?` there are.
    package let parameterCount: Int

    private let binds: UnsafeMutablePointer<bobbin_mysql_bind>
    private let lengths: UnsafeMutablePointer<UInt>
    private let numbers: UnsafeMutablePointer<UInt64>
    /// Copies of texts and bytes, one for each parameter that needs one.
    private let copies: UnsafeMutablePointer<UnsafeMutableRawPointer?>

    init(_ handle: OpaquePointer, _ connection: MySQLConnection, _ sql: String) {
        self.handle = handle
        self.connection = connection
        self.sql = sql
        parameterCount = Int(connection.library.statementParameterCount(handle))
        let room = max(1, parameterCount)
        binds = .allocate(capacity: room)
        binds.initialize(repeating: bobbin_mysql_bind(), count: room)
        lengths = .allocate(capacity: room)
        lengths.initialize(repeating: 0, count: room)
        numbers = .allocate(capacity: room)
        numbers.initialize(repeating: 0, count: room)
        copies = .allocate(capacity: room)
        copies.initialize(repeating: nil, count: room)
        for index in 0..<parameterCount { bindNull(index) }
    }

    deinit {
        _ = connection.library.statementClose(handle)
        for index in 0..<parameterCount { free(copies[index]) }
        binds.deallocate()
        lengths.deallocate()
        numbers.deallocate()
        copies.deallocate()
    }

    /// Binds NULL.
    @inline(__always)
    package func bindNull(_ index: Int) { binds[index].buffer_type = MySQLColumn.Kind.null.rawValue }

    /// Binds a signed integer.
    @inline(__always)
    package func bind(_ index: Int, _ value: Int64) {
        number(index, .longLong, UInt64(bitPattern: value), isUnsigned: false)
    }

    /// Binds an unsigned integer.
    @inline(__always)
    package func bind(_ index: Int, _ value: UInt64) { number(index, .longLong, value, isUnsigned: true) }

    /// Binds a float64.
    @inline(__always)
    package func bind(_ index: Int, _ value: Double) { number(index, .double, value.bitPattern, isUnsigned: false) }

    /// Binds UTF-8 text that stays where it is until the statement ran.
    @inline(__always)
    package func bindStatic(_ index: Int, _ start: UnsafePointer<UInt8>, _ count: Int) {
        place(index, .string, UnsafeMutableRawPointer(mutating: start), count)
    }

    /// Binds bytes that stay where they are until the statement ran.
    @inline(__always)
    package func bindStaticBytes(_ index: Int, _ start: UnsafePointer<UInt8>, _ count: Int) {
        place(index, .blob, UnsafeMutableRawPointer(mutating: start), count)
    }

    /// Binds a copy of a value.
    package func bind(_ index: Int, _ value: MySQLValue) {
        switch value {
        case .null: bindNull(index)
        case .integer(let value): bind(index, value)
        case .unsigned(let value): bind(index, value)
        case .double(let value): bind(index, value)
        case .text(var text): text.withUTF8 { copy(index, .string, UnsafeRawBufferPointer($0)) }
        case .bytes(let bytes): bytes.withUnsafeBytes { copy(index, .blob, $0) }
        }
    }

    /// Runs the statement; rows that it gives are thrown away.
    ///
    /// - Returns: rows changed.
    @discardableResult
    package func run() throws(MySQLError) -> Int {
        try execute()
        if connection.library.fieldCount(connection.handle) > 0 {
            guard connection.library.statementStore(handle) == 0 else { throw error() }
            _ = connection.library.statementFreeResult(handle)
            return 0
        }
        return Int(clamping: connection.library.statementAffectedRows(handle))
    }

    func execute() throws(MySQLError) {
        try connection.checkUsable(sql)
        // Each time anew: types may have changed, and the library copies the structures.
        if parameterCount > 0, connection.library.statementBind(handle, binds) != 0 { throw error() }
        if connection.library.statementExecute(handle) != 0 { throw error() }
    }

    func error() -> MySQLError {
        let library = connection.library
        return connection.failure(
            library.statementErrorNumber(handle), library.statementErrorState(handle),
            library.statementErrorText(handle), sql)
    }

    @inline(__always)
    private func number(_ index: Int, _ kind: MySQLColumn.Kind, _ bits: UInt64, isUnsigned: Bool) {
        numbers[index] = bits
        binds[index].buffer_type = kind.rawValue
        binds[index].buffer = UnsafeMutableRawPointer(numbers + index)
        binds[index].is_unsigned = isUnsigned ? 1 : 0
    }

    @inline(__always)
    private func place(_ index: Int, _ kind: MySQLColumn.Kind, _ start: UnsafeMutableRawPointer, _ count: Int) {
        lengths[index] = UInt(bitPattern: count)
        binds[index].buffer_type = kind.rawValue
        binds[index].buffer = start
        binds[index].buffer_length = UInt(bitPattern: count)
        binds[index].length = lengths + index
    }

    private func copy(_ index: Int, _ kind: MySQLColumn.Kind, _ bytes: UnsafeRawBufferPointer) {
        free(copies[index])
        // One byte more: an empty value needs an address too.
        copies[index] = malloc(bytes.count + 1)
        guard let copied = copies[index] else { return }
        if let start = bytes.baseAddress { memcpy(copied, start, bytes.count) }
        place(index, kind, copied, bytes.count)
    }
}
