/// How values of a column lie in a vector (duckdb_type).
package enum DuckDBType: UInt32, Sendable {
    /// Types that this client does not know, and those without plain values.
    case other = 0
    /// One byte, 0 or 1.
    case boolean = 1
    case tinyInt = 2
    case smallInt = 3
    case integer = 4
    case bigInt = 5
    case unsignedTinyInt = 6
    case unsignedSmallInt = 7
    case unsignedInteger = 8
    case unsignedBigInt = 9
    case float = 10
    case double = 11
    /// Microseconds since 1970, without a zone.
    case timestamp = 12
    /// Days since 1970.
    case date = 13
    /// Microseconds since midnight.
    case time = 14
    case interval = 15
    case hugeInt = 16
    /// Text of UTF-8, NULs included; JSON is such a text, too.
    case varchar = 17
    case blob = 18
    /// An integer times 10 to the minus scale, of the width of ``DuckDBColumn/storage``.
    case decimal = 19
    case timestampSeconds = 20
    case timestampMilliseconds = 21
    case timestampNanoseconds = 22
    case enumeration = 23
    case list = 24
    case structure = 25
    case map = 26
    case uuid = 27
    case union = 28
    case bit = 29
    case timeWithZone = 30
    /// Microseconds since 1970, UTC.
    case timestampWithZone = 31
    case unsignedHugeInt = 32
    case array = 33

    /// Bytes of a value in a vector; nil of types whose values do not stand there by themselves.
    package var stride: Int? {
        switch self {
        case .boolean, .tinyInt, .unsignedTinyInt: 1
        case .smallInt, .unsignedSmallInt: 2
        case .integer, .unsignedInteger, .float, .date: 4
        case .bigInt, .unsignedBigInt, .double, .timestamp, .time, .timestampSeconds, .timestampMilliseconds,
            .timestampNanoseconds, .timestampWithZone:
            8
        case .hugeInt, .unsignedHugeInt, .varchar, .blob: 16
        case .decimal, .interval, .enumeration, .list, .structure, .map, .uuid, .union, .bit, .timeWithZone, .array,
            .other:
            nil
        }
    }
}

/// A column of a result.
package struct DuckDBColumn: Sendable {
    /// As the result calls it.
    package let name: String
    package let type: DuckDBType
    /// Of a decimal: digits in all, and behind the point.
    package let width: Int
    package let scale: Int
    /// Of a decimal: the integer type that its values are kept in.
    package let storage: DuckDBType

    /// Whether values can be read from the vector; of other columns the query has to make texts, see
    /// ``DuckDBConnection/readable(_:)``.
    package var isPlain: Bool { type.stride != nil || (type == .decimal && storage.stride != nil) }
}

extension DuckDBLibrary {
    /// What a logical type says of a column; takes the type.
    func column(_ name: String, _ logical: OpaquePointer?) -> DuckDBColumn {
        guard let logical else { return DuckDBColumn(name: name, type: .other, width: 0, scale: 0, storage: .other) }
        defer {
            var slot: OpaquePointer? = logical
            destroyType(&slot)
        }
        let type = DuckDBType(rawValue: typeID(logical)) ?? .other
        guard type == .decimal else { return DuckDBColumn(name: name, type: type, width: 0, scale: 0, storage: type) }
        return DuckDBColumn(
            name: name, type: type, width: Int(decimalWidth(logical)), scale: Int(decimalScale(logical)),
            storage: DuckDBType(rawValue: decimalStorage(logical)) ?? .other)
    }
}
