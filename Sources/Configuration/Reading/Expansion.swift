/// `${NAME}` in texts, and `file:PATH`.
enum Expansion {
    enum Part {
        case literal(Substring)
        case variable(Substring)
    }

    /// The greatest size of a secret's file, in bytes.
    static let fileLimit = 65_536

    static func parts(of text: String) throws(ValueProblem) -> [Part] {
        var parts: [Part] = []
        var rest = text[...]
        while let start = rest.firstRange(of: "${") {
            if start.lowerBound > rest.startIndex { parts.append(.literal(rest[..<start.lowerBound])) }
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
                throw ValueProblem(reason: "a ${ is not closed")
            }
            let name = rest[start.upperBound..<end]
            let isName = name.utf8.allSatisfy {
                $0 == UInt8(ascii: "_") || (48...57).contains($0) || (65...90).contains($0 & 0xDF) && $0 < 0x80
            }
            guard isName, let first = name.utf8.first, !(48...57).contains(first) else {
                throw ValueProblem(reason: "a variable's name in ${...} has letters, digits and _ only")
            }
            parts.append(.variable(name))
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty { parts.append(.literal(rest)) }
        return parts
    }

    static func problem(in text: String) -> String? {
        do {
            _ = try parts(of: text)
            return nil
        } catch {
            return error.reason
        }
    }

    static func hasVariables(_ text: String) -> Bool { text.contains("${") }

    /// The path of `file:PATH`.
    static func path(of text: String) -> String? {
        text.hasPrefix("file:") && text.utf8.count > 5 ? String(text.dropFirst(5)) : nil
    }

    /// Whether a text takes its value from elsewhere.
    static func isSecret(_ text: String) -> Bool { hasVariables(text) || path(of: text) != nil }
}
