/// Values for placeholders: a missing key is an unknown placeholder, nil a known one without a value.
package typealias TemplateValues = [String: String?]

/// Text with `{name}` placeholders; `{{` and `}}` stand for braces. Parsed once, rendered often.
package struct Template: Sendable, Equatable {
    /// How a value is written into its place.
    package enum Encoding: Sendable {
        /// As it is: header values (checked when sent), strings that are encoded later.
        case plain
        /// Percent-encoded as one path segment or query value; so is the fixed text of a query value.
        case urlComponent
        /// Escaped as the inside of a JSON string (RFC 8259 section 7).
        case jsonString
    }

    enum Part: Sendable, Equatable {
        case text(String)
        case placeholder(String)
    }

    let parts: [Part]
    private let place: String

    /// Parses `text`; `place` names it in errors, such as `query.updated_since`. Throws when a brace is left open.
    package init(_ text: String, at place: String) throws(HTTPError) {
        var parts: [Part] = []
        var literal = ""
        var rest = text[...]
        while let character = rest.first {
            rest.removeFirst()
            if (character == "{" || character == "}") && rest.first == character {
                rest.removeFirst()
                literal.append(character)
            } else if character == "{" {
                guard let end = rest.firstIndex(of: "}"), Self.isName(rest[..<end]) else {
                    throw Self.error(place, "has a '{' that starts no {name}; write '{{' for a brace")
                }
                if !literal.isEmpty { parts.append(.text(literal)) }
                literal = ""
                parts.append(.placeholder(String(rest[..<end])))
                rest = rest[rest.index(after: end)...]
            } else if character == "}" {
                throw Self.error(place, "has a '}' without its '{'; write '}}' for a brace")
            } else {
                literal.append(character)
            }
        }
        if !literal.isEmpty { parts.append(.text(literal)) }
        self.parts = parts
        self.place = place
    }

    /// The names of the placeholders, in order.
    package var placeholders: [String] {
        parts.compactMap { if case .placeholder(let name) = $0 { name } else { nil } }
    }

    /// Whether the whole text is one placeholder.
    package var isOnePlaceholder: Bool {
        if parts.count == 1, case .placeholder = parts[0] { true } else { false }
    }

    /// The text with the values put in. An unknown placeholder, or one without a value, is an error that names it.
    package func render(_ values: TemplateValues, _ encoding: Encoding = .plain) throws(HTTPError) -> String {
        var result = ""
        for part in parts {
            switch part {
            case .text(let text): result += encoding == .urlComponent ? PercentEncoding.component(text) : text
            case .placeholder(let name): result += try value(of: name, values, encoding)
            }
        }
        return result
    }

    /// Like `render`, but nil when the text is exactly one placeholder that has no value.
    package func renderIfPresent(
        _ values: TemplateValues, _ encoding: Encoding = .plain
    ) throws(HTTPError) -> String? {
        if parts.count == 1, case .placeholder(let name) = parts[0], try lookUp(name, values) == nil { return nil }
        return try render(values, encoding)
    }

    func value(of name: String, _ values: TemplateValues, _ encoding: Encoding) throws(HTTPError) -> String {
        guard let value = try lookUp(name, values) else {
            throw Self.error(place, "needs a value for {\(name)}, which has none here")
        }
        return switch encoding {
        case .plain: value
        case .urlComponent: PercentEncoding.component(value)
        case .jsonString: Self.escapeJSON(value)
        }
    }

    /// nil when the name is known and has no value.
    private func lookUp(_ name: String, _ values: TemplateValues) throws(HTTPError) -> String? {
        guard let value = values[name] else {
            let known = values.keys.sorted().map { "{\($0)}" }.joined(separator: ", ")
            throw Self.error(
                place, "uses the unknown placeholder {\(name)}; known are \(known.isEmpty ? "none" : known)")
        }
        return value
    }

    static func error(_ place: String, _ what: String) -> HTTPError {
        HTTPError(.configuration, .template, "\(place) \(what).")
    }

    private static func escapeJSON(_ value: String) -> String {
        var result = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\u{0}"..<" ":
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, first < 0x80, Character(Unicode.Scalar(first)).isLetter || first == 0x5F
        else { return false }
        return text.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "_-.".unicodeScalars.contains($0))
        }
    }
}
