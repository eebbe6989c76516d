internal import CMySQLABI

/// What a result says about one of its columns (MariaDB Connector/C, "MYSQL_FIELD").
package struct MySQLColumn: Sendable, Equatable {
    /// The types as the protocol numbers them (MariaDB, "Result Set Packets", field types). JSON of MariaDB is
    /// `blob` with a text collation; ENUM and SET are `string` with a flag.
    package enum Kind: UInt32, Sendable {
        case oldDecimal = 0
        case tiny, short, long, float, double, null, timestamp, longLong, int24
        case date, time, dateTime, year, newDate, varchar, bit
        case json = 245
        case decimal, `enum`, set, tinyBlob, mediumBlob, longBlob, blob, varString, string, geometry
    }

    /// The flags of a column.
    package struct Flags: OptionSet, Sendable {
        package let rawValue: UInt32

        /// Flags as the protocol has them.
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let notNull = Flags(rawValue: 1)
        package static let primaryKey = Flags(rawValue: 2)
        package static let uniqueKey = Flags(rawValue: 4)
        package static let blob = Flags(rawValue: 16)
        package static let unsigned = Flags(rawValue: 32)
        package static let zerofill = Flags(rawValue: 64)
        package static let binary = Flags(rawValue: 128)
        package static let isEnum = Flags(rawValue: 256)
        package static let autoIncrement = Flags(rawValue: 512)
        package static let isSet = Flags(rawValue: 2048)
    }

    /// The name in the result.
    package let name: String
    /// The table's own name of the column; empty for an expression.
    package let originalName: String
    /// The table, not its alias; empty for an expression.
    package let originalTable: String
    package let database: String
    /// nil for a type that this client does not know.
    package let kind: Kind?
    package let flags: Flags
    /// The collation's number (information_schema.COLLATIONS.ID); 63 is binary.
    package let charset: Int
    /// The largest width in bytes, as displayed for numbers.
    package let length: Int
    /// Digits after the point; of times, of seconds; 31 and above for floats without a fixed number.
    package let decimals: Int

    /// Whether the values are bytes rather than text.
    package var isBytes: Bool {
        switch kind {
        case .bit, .geometry: true
        case .tinyBlob, .mediumBlob, .longBlob, .blob, .varString, .string, .varchar: charset == 63
        default: false
        }
    }

    init(_ field: bobbin_mysql_field) {
        func text(_ start: UnsafePointer<CChar>?) -> String { start.map { String(cString: $0) } ?? "" }
        name = text(field.name)
        originalName = text(field.org_name)
        originalTable = text(field.org_table)
        database = text(field.db)
        kind = Kind(rawValue: field.type)
        flags = Flags(rawValue: field.flags)
        charset = Int(field.charsetnr)
        length = Int(clamping: field.length)
        decimals = Int(field.decimals)
    }
}
