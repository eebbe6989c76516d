/// The JSON body of a request, with placeholders in its strings.
package indirect enum JSONTemplate: Sendable, Hashable {
    /// One member of an object.
    package struct Member: Sendable, Hashable {
        /// The member's name.
        package let name: String
        /// The member's value.
        package let value: JSONTemplate
    }

    /// What is put in the place of a placeholder.
    package struct Value: Sendable {
        /// The text, not yet escaped.
        package let text: String
        /// Whether a string that is this placeholder alone becomes a JSON number; `text` must then be one.
        package let isNumber: Bool

        /// A text, and whether it may stand as a number.
        package init(text: String, isNumber: Bool) {
            self.text = text
            self.isNumber = isNumber
        }
    }

    case null
    case bool(Bool)
    /// The digits as they were written, valid JSON.
    case number(String)
    case string(Template)
    case array([JSONTemplate])
    case object([Member])

    /// The JSON text, with each placeholder replaced by what `value` gives for its name.
    package func rendered(_ value: (String) -> Value) -> String {
        switch self {
        case .null: return "null"
        case .bool(let flag): return flag ? "true" : "false"
        case .number(let digits): return digits
        case .string(let template):
            if case .placeholder(let name) = template.parts.first, template.parts.count == 1, value(name).isNumber {
                return value(name).text
            }
            return JSON.quoted(template.rendered { value($0).text })
        case .array(let items):
            return "[" + items.map { $0.rendered(value) }.joined(separator: ",") + "]"
        case .object(let members):
            return "{" + members.map { JSON.quoted($0.name) + ":" + $0.value.rendered(value) }.joined(separator: ",")
                + "}"
        }
    }

    /// Every template in the body.
    var templates: [Template] {
        switch self {
        case .null, .bool, .number: []
        case .string(let template): [template]
        case .array(let items): items.flatMap(\.templates)
        case .object(let members): members.flatMap(\.value.templates)
        }
    }
}
