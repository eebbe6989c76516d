/// Writes JSON (RFC 8259) into a growing buffer of bytes. Values are appended in order; the caller writes braces and
/// commas. For envelopes and control documents; rows have their own writer.
package struct JSONText: Sendable {
    /// What was written so far, in UTF-8.
    package private(set) var bytes: [UInt8] = []

    /// An empty buffer.
    package init() {}

    /// Appends JSON as it is.
    package mutating func raw(_ json: String) {
        bytes.append(contentsOf: json.utf8)
    }

    /// Appends JSON bytes as they are.
    package mutating func raw(_ json: some Sequence<UInt8>) {
        bytes.append(contentsOf: json)
    }

    /// Appends a string with its quotes, escaping what JSON demands (quote, backslash, control characters).
    package mutating func string(_ text: String) {
        string(utf8: text.utf8)
    }

    /// The same for bytes that are known to be UTF-8.
    package mutating func string(utf8 text: some Sequence<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x0A: raw("\\n")
            case 0x0D: raw("\\r")
            case 0x09: raw("\\t")
            case 0..<0x20: raw("\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))")
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Appends an object of strings, numbers or nested documents, keys in the order given.
    package mutating func object(_ fields: KeyValuePairs<String, JSONValue>) {
        raw("{")
        for (index, field) in fields.enumerated() {
            if index > 0 { raw(",") }
            string(field.key)
            raw(":")
            value(field.value)
        }
        raw("}")
    }

    private mutating func value(_ value: JSONValue) {
        switch value {
        case .string(let text): string(text)
        case .number(let number): raw(String(number))
        case .bool(let flag): raw(flag ? "true" : "false")
        case .null: raw("null")
        case .json(let json): raw(json.bytes)
        case .list(let items):
            raw("[")
            for (index, item) in items.enumerated() {
                if index > 0 { raw(",") }
                self.value(item)
            }
            raw("]")
        }
    }
}

/// A value of a small JSON document that is written out.
package enum JSONValue: Sendable {
    case string(String)
    case number(Int)
    case bool(Bool)
    case null
    case list([JSONValue])
    /// A document that was already written.
    case json(JSONText)

    /// An object with these fields.
    package static func object(_ fields: KeyValuePairs<String, JSONValue>) -> JSONValue {
        var text = JSONText()
        text.object(fields)
        return .json(text)
    }

    /// An object of counters, sorted by key.
    package static func counters(_ counters: [String: Int]) -> JSONValue {
        var text = JSONText()
        text.raw("{")
        for (index, (key, count)) in counters.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { text.raw(",") }
            text.string(key)
            text.raw(":\(count)")
        }
        text.raw("}")
        return .json(text)
    }
}
