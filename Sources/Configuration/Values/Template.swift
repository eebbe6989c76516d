/// Text with placeholders: `{name}`; `{{` and `}}` stand for the braces themselves.
package struct Template: Sendable, Hashable, CustomStringConvertible {
    /// A piece of a template.
    package enum Part: Sendable, Hashable {
        case literal(String)
        case placeholder(String)
    }

    /// The pieces in order.
    package let parts: [Part]
    /// The text as it was written.
    package let description: String

    /// No text.
    package static let empty = Template()

    private init() {
        parts = []
        description = ""
    }

    /// Parses `text`; throws when a brace has no partner.
    package init(parsing text: String) throws(ValueProblem) {
        var parts: [Part] = []
        var literal = ""
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            if scalar == "{" || scalar == "}", rest.first == scalar {
                rest.removeFirst()
                literal.unicodeScalars.append(scalar)
            } else if scalar == "{" {
                guard let end = rest.firstIndex(of: "}") else {
                    throw ValueProblem(reason: "a { is not closed (write {{ for the brace itself)")
                }
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = ""
                parts.append(.placeholder(String(rest[..<end])))
                rest = rest[rest.index(after: end)...]
            } else if scalar == "}" {
                throw ValueProblem(reason: "a } was not opened (write }} for the brace itself)")
            } else {
                literal.unicodeScalars.append(scalar)
            }
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        self.parts = parts
        description = text
    }

    /// The names in braces, in order, with repetitions.
    package var placeholders: [String] {
        parts.compactMap { part in
            guard case .placeholder(let name) = part else { return nil }
            return name
        }
    }

    /// Whether it has `${`, which the checker refuses: what follows is no placeholder of its own.
    var hasVariables: Bool { description.contains("${") }

    /// The text with each placeholder replaced by what `value` gives for its name (encoded by the caller as it needs).
    package func rendered(_ value: (String) -> String) -> String {
        parts.map { part in
            switch part {
            case .literal(let text): text
            case .placeholder(let name): value(name)
            }
        }.joined()
    }
}

/// A template under a name, such as one query parameter or header.
package struct NamedTemplate: Sendable, Hashable {
    /// The name of the parameter or header.
    package let name: String
    /// Its value.
    package let template: Template
}
