/// The `keyword=value` pairs of an ODBC connection string (Microsoft, "ODBC API Reference", SQLDriverConnect), as far as the
/// configuration must understand them.
enum ConnectionString {
    /// The pairs in their order; values with the braces that stand around them.
    static func pairs(_ text: String) -> [(key: String, value: String)] {
        var pairs: [(key: String, value: String)] = []
        var rest = Substring(text)
        while !rest.isEmpty {
            let key = rest.prefix { $0 != "=" && $0 != ";" }
            rest = rest.dropFirst(key.count)
            guard rest.first == "=" else {
                rest = rest.dropFirst()
                continue
            }
            rest = rest.dropFirst().drop { $0 == " " }
            let value = rest.first == "{" ? braced(rest) : rest.prefix { $0 != ";" }
            rest = rest.dropFirst(value.count).drop { $0 != ";" }.dropFirst()
            pairs.append((trimmed(key), trimmed(value)))
        }
        return pairs
    }

    /// Whether a keyword's value is a password.
    static func isPassword(_ key: String) -> Bool { ["pwd", "password"].contains(key.lowercased()) }

    /// Whether a keyword says which database it is.
    static func isPlace(_ key: String) -> Bool {
        ["driver", "dsn", "server", "servername", "host", "port", "database", "db", "dbq", "socket", "service"]
            .contains(key.lowercased())
    }

    /// What stands in braces, of which `}}` is one that does not end it. A placeholder's braces are no end either.
    private static func braced(_ text: Substring) -> Substring {
        var end = text.index(after: text.startIndex)
        while end < text.endIndex {
            let next = text.index(after: end)
            if text[end] == "$", next < text.endIndex, text[next] == "{" {
                end = text[next...].firstIndex(of: "}").map { text.index(after: $0) } ?? text.endIndex
            } else if text[end] != "}" {
                end = next
            } else if next < text.endIndex, text[next] == "}" {
                end = text.index(after: next)
            } else {
                return text[..<next]
            }
        }
        return text
    }

    private static func trimmed(_ text: Substring) -> String {
        var part = text.drop { $0.isWhitespace }
        while part.last?.isWhitespace == true { part.removeLast() }
        return String(part)
    }
}
