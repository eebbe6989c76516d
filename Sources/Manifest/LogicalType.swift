/// The logical type of a column, as the manifest's schema carries it and every target maps it to its own types.
///
/// Types form a lattice: ``widened(with:)`` is its join. Widening never bends a value that is already stored.
package enum LogicalType: String, Sendable, Hashable, CaseIterable {
    /// Only nulls were seen so far.
    case null
    case boolean
    /// Fits a signed 64-bit integer, and some value lies beyond ±2^53 (so it cannot meet a double without text).
    case bigint
    /// Fits a signed 64-bit integer, and every value lies within ±2^53.
    case integer
    /// Nearest IEEE 754 binary64.
    case double
    /// Only declared: keeps its digits.
    case decimal
    /// Only declared: ISO 8601 calendar date.
    case date
    /// Only declared: ISO 8601 date and time, an instant.
    case timestamp
    /// Only declared: ISO 8601 date and time as clocks show it, without a zone.
    case datetime
    /// Only declared: ISO 8601 time of day.
    case time
    /// Only declared: RFC 9562, 36 characters.
    case uuid
    /// Only declared: bytes, as base64 text (RFC 4648 section 4).
    case bytes
    /// Nested values, as their JSON text.
    case json
    case text

    /// Whether no value shows that a column is of this type.
    package var isOnlyDeclared: Bool {
        switch self {
        case .decimal, .date, .time, .datetime, .timestamp, .uuid, .bytes: true
        case .null, .boolean, .bigint, .integer, .double, .json, .text: false
        }
    }

    /// The least type that holds the values of both without bending one.
    package func widened(with other: LogicalType) -> LogicalType {
        if self == other { return self }
        switch (self, other) {
        case (.null, let type), (let type, .null): return type
        case (.integer, .bigint), (.bigint, .integer): return .bigint
        case (.integer, .double), (.double, .integer): return .double
        case (.integer, .decimal), (.decimal, .integer), (.bigint, .decimal), (.decimal, .bigint): return .decimal
        default: return .text
        }
    }
}
