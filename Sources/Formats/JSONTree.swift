/// A small JSON document in memory, read strictly (RFC 8259): for the module's own cursor, not for data.
enum JSONTree {
    /// One member of an object. A type of its own: the compiler loses its way in arrays of tuples of the enum itself.
    struct Member {
        let key: String
        let value: JSONTree
    }

    case object([Member])
    case array([JSONTree])
    case string(String)
    case integer(Int64)
    case null
    /// A truth value, or a number that is no 64-bit integer.
    case other

    /// The value of the first member with this key.
    subscript(key: String) -> JSONTree? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// Reads a document; nil when it is none, or is nested deeper than 16 levels.
    init?(_ text: String) {
        var parser = Parser(text: Array(text.utf8))
        guard let value = parser.value(depth: 0) else { return nil }
        parser.skipBlanks()
        guard parser.index == parser.text.count else { return nil }
        self = value
    }

    private struct Parser {
        let text: [UInt8]
        var index = 0

        mutating func skipBlanks() {
            while index < text.count, ASCII.isBlank(text[index]) { index += 1 }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            skipBlanks()
            guard index < text.count, text[index] == byte else { return false }
            index += 1
            return true
        }

        mutating func value(depth: Int) -> JSONTree? {
            guard depth < 16 else { return nil }
            if take(ASCII.openBrace) { return object(depth) }
            if take(ASCII.openBracket) { return array(depth) }
            if take(ASCII.quote) { return string().map(JSONTree.string) }
            return word()
        }

        private mutating func object(_ depth: Int) -> JSONTree? {
            var members: [Member] = []
            if take(ASCII.closeBrace) { return .object(members) }
            repeat {
                guard take(ASCII.quote), let key = string(), take(ASCII.colon), let value = value(depth: depth + 1)
                else {
                    return nil
                }
                members.append(Member(key: key, value: value))
            } while take(ASCII.comma)
            return take(ASCII.closeBrace) ? .object(members) : nil
        }

        private mutating func array(_ depth: Int) -> JSONTree? {
            var elements: [JSONTree] = []
            if take(ASCII.closeBracket) { return .array(elements) }
            repeat {
                guard let value = value(depth: depth + 1) else { return nil }
                elements.append(value)
            } while take(ASCII.comma)
            return take(ASCII.closeBracket) ? .array(elements) : nil
        }

        private mutating func string() -> String? {
            let start = index
            while index < text.count, text[index] != ASCII.quote {
                if text[index] < ASCII.space { return nil }
                index += text[index] == ASCII.backslash ? 2 : 1
            }
            guard index < text.count, let bytes = JSONText.unescape(text[start..<index]) else { return nil }
            index += 1
            return String(validating: bytes, as: UTF8.self)
        }

        private mutating func word() -> JSONTree? {
            let start = index
            while index < text.count, !ASCII.isBlank(text[index]),
                ![ASCII.comma, ASCII.closeBrace, ASCII.closeBracket, ASCII.colon].contains(text[index])
            {
                index += 1
            }
            let word = String(decoding: text[start..<index], as: UTF8.self)
            switch word {
            case "null": return .null
            case "true", "false": return .other
            default:
                return JSONNumber.isNumber(text[start..<index]) ? (Int64(word).map(JSONTree.integer) ?? .other) : nil
            }
        }
    }
}
