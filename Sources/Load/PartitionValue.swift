internal import Manifest

/// A partition's value as a column of some type holds it; only spellings of which there is one for each value.
enum PartitionValue {
    case integer(Int64)
    case double(Double)
    case text(String)

    /// `nil` when another text would be the same value in such a column.
    init?(_ text: String, of type: LogicalType) {
        switch type {
        case .integer, .bigint:
            guard let value = Int64(text), "\(value)" == text else { return nil }
            self = .integer(value)
        case .boolean:
            guard text == "true" || text == "false" else { return nil }
            self = .integer(text == "true" ? 1 : 0)
        case .double:
            guard let value = Double(text), PartitionValue.isPlain(text) else { return nil }
            self = .double(value)
        case .bytes:
            return nil
        case .null, .decimal, .date, .time, .datetime, .timestamp, .uuid, .json, .text:
            self = .text(text)
        }
    }

    /// Whether a decimal number is written without anything that could be left out, and short enough for a float64.
    private static func isPlain(_ text: String) -> Bool {
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") }
        let parts = digits.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard text.utf8.count - digits.count <= 1, parts.count <= 2, let whole = parts.first, !whole.isEmpty,
            parts.allSatisfy({ $0.allSatisfy { (0x30...0x39).contains($0) } }), digits.count <= 16
        else { return false }
        if whole.count > 1, whole.first == UInt8(ascii: "0") { return false }
        if parts.count == 2 { return parts[1].last.map { $0 != UInt8(ascii: "0") } ?? false }
        return text != "-0"
    }
}
