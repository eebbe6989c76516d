/// What a result says about one of its columns (Microsoft, "ODBC API Reference", SQLDescribeCol, and appendix D).
package struct ODBCColumn: Sendable, Equatable {
    /// What a value arrives as, and which accessor of ``ODBCRow`` reads it.
    package enum Form: UInt8, Sendable {
        /// 0 or 1; ``ODBCRow/integer(_:)``.
        case bit
        /// ``ODBCRow/integer(_:)``.
        case integer
        /// Beyond Int64; ``ODBCRow/write(_:to:)``.
        case unsigned
        /// ``ODBCRow/double(_:)``.
        case double
        /// Digits, with a point; ``ODBCRow/bytes(_:)``.
        case decimal
        /// ``ODBCRow/write(_:to:)``.
        case date
        /// Text, since ODBC's structure of a time has no fraction; ``ODBCRow/bytes(_:)``.
        case time
        /// ``ODBCRow/write(_:to:)``.
        case timestamp
        /// ``ODBCRow/write(_:to:)``.
        case guid
        /// UTF-8; ``ODBCRow/bytes(_:)``. Also all types that have no form of their own, as the driver writes them.
        case text
        /// ``ODBCRow/bytes(_:)``.
        case binary
    }

    /// The name in the result.
    package let name: String
    /// The SQL type's number (appendix D, "SQL Data Types"; drivers have more).
    package let type: Int
    /// The database's own name of the type; empty when the driver has none.
    package let typeName: String
    /// Characters, bytes or digits; what drivers say of types without a limit differs and may be 0.
    package let size: Int
    /// Digits after the point; of times, of seconds.
    package let digits: Int
    /// nil when the driver does not know.
    package let isNullable: Bool?
    package let form: Form

    /// Whether integers have 64 bits.
    package var isWideInteger: Bool { type == Int(ODBCCode.SQLType.bigInt) }

    /// Whether values may be of any length.
    var isLong: Bool {
        switch Int16(truncatingIfNeeded: type) {
        case ODBCCode.SQLType.longVarchar, ODBCCode.SQLType.wideLongVarchar, ODBCCode.SQLType.longVarbinary: true
        default: size <= 0 || size > 2000
        }
    }

    static func form(_ type: Int16, isUnsigned: Bool) -> Form {
        typealias Kind = ODBCCode.SQLType
        return switch type {
        case Kind.bit: .bit
        case Kind.tinyInt, Kind.smallInt, Kind.integer: .integer
        case Kind.bigInt: isUnsigned ? .unsigned : .integer
        case Kind.real, Kind.float, Kind.double: .double
        case Kind.decimal, Kind.numeric: .decimal
        case Kind.date: .date
        case Kind.time: .time
        case Kind.timestamp: .timestamp
        case Kind.guid: .guid
        case Kind.binary, Kind.varbinary, Kind.longVarbinary: .binary
        default: .text
        }
    }
}

extension ODBCStatement {
    /// The columns of the result; none for a statement that gives none.
    func columns() throws(ODBCError) -> [ODBCColumn] {
        var columns: [ODBCColumn] = []
        let count = try columnCount()
        for number in 0..<count { columns.append(try column(UInt16(number + 1))) }
        return columns
    }

    private func column(_ number: UInt16) throws(ODBCError) -> ODBCColumn {
        let isWide = connection.isWide
        var type: Int16 = 0
        var size: UInt = 0
        var digits: Int16 = 0
        var nullable: Int16 = 2
        var length: Int16 = 0
        var code: Int16 = 0
        let name = ODBCText.read(isWide: isWide, capacity: 512) { room in
            code = library.describe[isWide](handle, number, room, 512, &length, &type, &size, &digits, &nullable)
        }
        try check(code)
        var isUnsigned = 0
        _ = library.columnAttribute[isWide](handle, number, ODBCCode.Descriptor.unsigned, nil, 0, nil, &isUnsigned)
        let typeName = ODBCText.read(isWide: isWide, capacity: 256) { room in
            _ = library.columnAttribute[isWide](
                handle, number, ODBCCode.Descriptor.typeName, room, isWide ? 512 : 256, &length, nil)
        }
        return ODBCColumn(
            name: name, type: Int(type), typeName: typeName, size: Int(clamping: size), digits: Int(digits),
            isNullable: nullable == 2 ? nil : nullable == 1, form: ODBCColumn.form(type, isUnsigned: isUnsigned == 1))
    }
}
