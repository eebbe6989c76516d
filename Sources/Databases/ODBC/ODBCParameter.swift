internal import Glibc

/// How the values of a parameter travel, and what they become (Microsoft, "ODBC API Reference", SQLBindParameter).
package struct ODBCParameter: Sendable, Equatable {
    /// What a value is on its way.
    package enum Form: Sendable {
        /// UTF-8 or UTF-16, whichever the connection keeps; also digits and times, which the driver or the database reads.
        case text
        /// 64 bits.
        case integer
        /// A float64.
        case double
        case binary
    }

    package var form: Form
    /// The SQL type's number.
    package var type: Int
    /// Digits, characters or bytes that the column takes; 0 is as many as the value has.
    package var size = 0
    /// Digits after the point.
    package var scale = 0

    /// - Parameter type: the SQL type's number; nil is the usual one of the form.
    package init(_ form: Form, type: Int? = nil, size: Int = 0, scale: Int = 0) {
        self.form = form
        let usual: Int16 =
            switch form {
            case .text: ODBCCode.SQLType.varchar
            case .integer: ODBCCode.SQLType.bigInt
            case .double: ODBCCode.SQLType.double
            case .binary: ODBCCode.SQLType.varbinary
            }
        self.type = type ?? Int(usual)
        self.size = size
        self.scale = scale
    }

    /// The SQL type as it is bound: texts of UTF-16 want a type that holds them.
    func boundType(isWide: Bool) -> Int16 {
        let type = Int16(truncatingIfNeeded: type)
        guard isWide, form == .text else { return type }
        return switch type {
        case ODBCCode.SQLType.char: ODBCCode.SQLType.wideChar
        case ODBCCode.SQLType.varchar: ODBCCode.SQLType.wideVarchar
        case ODBCCode.SQLType.longVarchar: ODBCCode.SQLType.wideLongVarchar
        default: type
        }
    }
}

/// Where one parameter's values of many rows lie: plain memory, so that writing a value costs no reference count.
struct ODBCParameterCell {
    let parameter: ODBCParameter
    let cType: Int16
    let sqlType: Int16
    let isWide: Bool
    /// Values, one after the other.
    var data: UnsafeMutableRawPointer
    /// Bytes of `data`.
    var capacity: Int
    /// Bytes of one value's room.
    var stride: Int
    /// Bytes of each value, or -1 for NULL.
    let lengths: UnsafeMutablePointer<Int>

    /// Room that any number and any time has, as text.
    private var least: Int { isWide ? 64 : 32 }

    /// Whether values have a length of their own.
    var isVariable: Bool { parameter.form == .text || parameter.form == .binary }

    init(_ parameter: ODBCParameter, isWide: Bool, rows: Int) {
        self.parameter = parameter
        self.isWide = isWide && parameter.form == .text
        sqlType = parameter.boundType(isWide: isWide)
        cType =
            switch parameter.form {
            case .text: isWide ? ODBCCode.CType.wideChar : ODBCCode.CType.char
            case .integer: ODBCCode.CType.signedBigInt
            case .double: ODBCCode.CType.double
            case .binary: ODBCCode.CType.binary
            }
        stride = parameter.form == .text || parameter.form == .binary ? 64 : 8
        capacity = stride * rows
        data = .allocate(byteCount: capacity, alignment: 16)
        lengths = .allocate(capacity: rows)
        lengths.initialize(repeating: ODBCCode.nullData, count: rows)
    }

    /// Bytes of room for a value of so many bytes (of UTF-8), the zero after a text included: a power of two.
    func room(_ bytes: Int) -> Int {
        guard isVariable else { return stride }
        let needed = isWide ? 2 * bytes + 2 : bytes + 1
        return max(least, 1 << (Int.bitWidth - (needed - 1).leadingZeroBitCount))
    }

    /// Makes room for so many values of so many bytes; what is there is lost.
    ///
    /// - Returns: whether values lie elsewhere now.
    mutating func layOut(_ stride: Int, rows: Int) -> Bool {
        var isMoved = stride != self.stride
        self.stride = stride
        if stride * rows > capacity {
            data.deallocate()
            capacity = stride * rows
            data = .allocate(byteCount: capacity, alignment: 16)
            isMoved = true
        }
        return isMoved
    }

    func deallocate() {
        data.deallocate()
        lengths.deallocate()
    }
}
