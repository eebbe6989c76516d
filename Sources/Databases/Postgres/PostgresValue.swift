/// A parameter of a statement; all travel as text and the server finds their types.
package enum PostgresValue: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case text(String)
    case integer(Int64)
    case float(Double)
    case boolean(Bool)
    /// bytea.
    case bytes([UInt8])

    /// A text.
    package init(stringLiteral value: String) { self = .text(value) }
    /// An integer.
    package init(integerLiteral value: Int64) { self = .integer(value) }

    /// What the server reads (manual, chapter "Data Types").
    package var wireText: String {
        switch self {
        case .text(let text): return text
        case .integer(let value): return String(value)
        case .float(let value):
            if value.isNaN { return "NaN" }
            return value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : value.description
        case .boolean(let value): return value ? "t" : "f"
        case .bytes(let bytes):
            let digits: [UInt8] = Array("0123456789abcdef".utf8)
            var text: [UInt8] = [0x5C, 0x78]
            text.reserveCapacity(2 + bytes.count * 2)
            for byte in bytes {
                text.append(digits[Int(byte >> 4)])
                text.append(digits[Int(byte & 15)])
            }
            return String(decoding: text, as: UTF8.self)
        }
    }
}
