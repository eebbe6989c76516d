/// A connection string taken apart: `keyword=value` pairs, of which the first of a keyword counts (Microsoft, "ODBC API
/// Reference", SQLDriverConnect, "Connection Strings").
struct ODBCConnectionString {
    /// The pairs in their order; values without the braces around them.
    private(set) var pairs: [(key: String, value: String)] = []

    /// No pairs.
    init() {}

    /// Reads a connection string: what stands in braces is taken as it is, `}}` in it being one brace.
    init(_ text: String) {
        var rest = Substring(text)
        while !rest.isEmpty {
            let key = rest.prefix { $0 != "=" && $0 != ";" }
            rest = rest.dropFirst(key.count)
            guard rest.first == "=" else {
                rest = rest.dropFirst()
                continue
            }
            rest = rest.dropFirst()
            let value = rest.first == "{" ? Self.braced(&rest) : Self.plain(&rest)
            let name = key.trimmingSpaces
            if !name.isEmpty { pairs.append((name, value)) }
        }
    }

    /// The value of a keyword, in whatever case it is written.
    subscript(key: String) -> String? {
        pairs.first { $0.key.lowercased() == key.lowercased() }?.value
    }

    /// Adds a pair unless the keyword is there.
    mutating func add(_ key: String, _ value: String) {
        if self[key] == nil { pairs.append((key, value)) }
    }

    /// Takes a keyword out, and says what it held.
    mutating func remove(_ key: String) -> String? {
        let value = self[key]
        pairs.removeAll { $0.key.lowercased() == key.lowercased() }
        return value
    }

    /// The text, with braces around each value that needs them.
    var text: String { pairs.map { "\($0.key)=\(Self.quote($0.value))" }.joined(separator: ";") }

    /// Puts braces around a value with a character of meaning, `}` being doubled.
    static func quote(_ value: String) -> String {
        // The standard's, and two that psqlodbc would decode.
        let special: Set<Character> = ["[", "]", "{", "}", "(", ")", ",", ";", "?", "*", "=", "!", "@", "%", "+"]
        let isPlain = !value.contains { special.contains($0) } && value.first != " " && value.last != " "
        return isPlain
            ? value : "{\(value.split(separator: "}", omittingEmptySubsequences: false).joined(separator: "}}"))}"
    }

    private static func plain(_ rest: inout Substring) -> String {
        let value = rest.prefix { $0 != ";" }
        rest = rest.dropFirst(value.count + 1)
        return value.trimmingSpaces
    }

    private static func braced(_ rest: inout Substring) -> String {
        var value = ""
        rest = rest.dropFirst()
        while let character = rest.first {
            rest = rest.dropFirst()
            if character == "}" {
                guard rest.first == "}" else { break }
                rest = rest.dropFirst()
            }
            value.append(character)
        }
        rest = rest.drop { $0 != ";" }.dropFirst()
        return value
    }
}

extension Substring {
    fileprivate var trimmingSpaces: String {
        var part = self.drop { $0.isWhitespace }
        while part.last?.isWhitespace == true { part = part.dropLast() }
        return String(part)
    }
}
