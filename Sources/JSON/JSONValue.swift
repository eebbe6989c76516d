/// A small JSON document as a value: manifests, leases, answers of an API. Not for rows (see `RecordScanner`).
///
/// Members keep their order and numbers their digits, so that a document read and written again says the same.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// An integer literal within 64 bits.
    case integer(Int64)
    /// The literal text of any other number.
    case number(String)
    case string(String)
    case array([JSONValue])
    /// Members in their order. Two objects with another order of members are not equal.
    case object([Member])

    /// One member of an object.
    package struct Member: Sendable, Equatable {
        /// The key, without escapes.
        package var key: String
        /// The value.
        package var value: JSONValue

        /// A member.
        package init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// A finite double as the shortest literal that reads back as the same double; infinities and NaN are `null`.
    package static func double(_ value: Double) -> JSONValue {
        value.isFinite ? .number(value.description) : .null
    }
}

extension JSONValue {
    /// The value of the first member with that key; nil when there is none or this is no object.
    package subscript(key: String) -> JSONValue? {
        members?.first { $0.key == key }?.value
    }

    /// The element at that index; nil when there is none or this is no array.
    package subscript(index: Int) -> JSONValue? {
        guard let elements, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// Whether this is `null`.
    package var isNull: Bool { self == .null }

    /// The boolean, if this is one.
    package var boolean: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The integer, if this is one within 64 bits; `1.0` and `1e3` are none.
    package var int64: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The nearest double, if this is a number; infinite beyond the range.
    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let text): Double(text)
        case .null, .bool, .string, .array, .object: nil
        }
    }

    /// The text, if this is a string.
    package var text: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The elements, if this is an array.
    package var elements: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members, if this is an object.
    package var members: [Member]? {
        if case .object(let value) = self { value } else { nil }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(nilLiteral: ()) { self = .null }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}
