internal import CODBCABI
internal import Glibc

/// Where one column's values of a block of rows arrive: plain memory, so that reading a value costs no reference count.
struct ODBCCell {
    var form: ODBCColumn.Form
    /// What lies at ``data`` (a C type's number).
    var cType: Int16
    /// Values, one after the other.
    var data: UnsafeMutableRawPointer
    /// Bytes of one value's room.
    var stride: Int
    /// Bytes that a value may have there, without the zero that ends a text.
    var usable: Int
    /// Bytes of each value, or -1 for NULL.
    var lengths: UnsafeMutablePointer<Int>
    /// Whether the driver fills it; otherwise each value is fetched by SQLGetData.
    var isBound = true

    /// Whether values have a length of their own.
    var isVariable: Bool { Self.isVariable(cType) }
    /// Whether values are UTF-16.
    var isWide: Bool { cType == ODBCCode.CType.wideChar }
    /// Bytes of the zero that ends a text.
    var terminator: Int { Self.terminator(cType) }

    /// Room for `rows` values of a column.
    ///
    /// - Parameter length: bytes of a variable value, without the ending zero.
    init(_ column: ODBCColumn, textIsUTF8: Bool, length: Int, rows: Int) {
        form = column.form
        switch column.form {
        case .bit: (cType, stride) = (ODBCCode.CType.bit, 1)
        case .integer: (cType, stride) = (ODBCCode.CType.signedBigInt, 8)
        case .unsigned: (cType, stride) = (ODBCCode.CType.unsignedBigInt, 8)
        case .double: (cType, stride) = (ODBCCode.CType.double, 8)
        case .date: (cType, stride) = (ODBCCode.CType.date, MemoryLayout<bobbin_odbc_date>.stride)
        case .timestamp: (cType, stride) = (ODBCCode.CType.timestamp, MemoryLayout<bobbin_odbc_timestamp>.stride)
        case .guid: (cType, stride) = (ODBCCode.CType.guid, MemoryLayout<bobbin_odbc_guid>.stride)
        case .decimal, .time: (cType, stride) = (ODBCCode.CType.char, length)
        case .binary: (cType, stride) = (ODBCCode.CType.binary, length)
        case .text: (cType, stride) = (textIsUTF8 ? ODBCCode.CType.char : ODBCCode.CType.wideChar, length)
        }
        let terminator = Self.terminator(cType)
        if Self.isVariable(cType) { stride = (length + terminator + 7) & ~7 }
        usable = stride - terminator
        lengths = .allocate(capacity: rows)
        lengths.initialize(repeating: ODBCCode.nullData, count: rows)
        data = .allocate(byteCount: stride * rows, alignment: 16)
        memset(data, 0, stride * rows)
    }

    /// Makes the room of the one value larger; what is there is lost.
    mutating func grow(to length: Int) {
        data.deallocate()
        stride = (length + terminator + 7) & ~7
        usable = stride - terminator
        data = .allocate(byteCount: stride, alignment: 16)
        memset(data, 0, stride)
    }

    func deallocate() {
        data.deallocate()
        lengths.deallocate()
    }

    private static func isVariable(_ cType: Int16) -> Bool {
        cType == ODBCCode.CType.char || cType == ODBCCode.CType.wideChar || cType == ODBCCode.CType.binary
    }

    private static func terminator(_ cType: Int16) -> Int {
        switch cType {
        case ODBCCode.CType.char: 1
        case ODBCCode.CType.wideChar: 2
        default: 0
        }
    }

    /// Bytes that a column's values have at most, as far as the driver says; without the ending zero.
    static func length(_ column: ODBCColumn, textIsUTF8: Bool) -> Int {
        switch column.form {
        // Sign, point, a zero before it; but drivers say little of decimals without a declared size.
        case .decimal: return max(64, min(column.size, 1000) + 3)
        case .time: return 64
        case .binary: return column.isLong ? 4096 : max(16, column.size)
        // A character has up to four bytes, or two units of two bytes.
        case .text: return column.isLong ? 4096 : max(16, 4 * column.size)
        default: return 8
        }
    }
}
