/// A JSON text with placeholders inside its strings; the braces of objects are left alone.
///
/// A string that is exactly one placeholder without a value becomes `null`. Values always stay strings and cannot leave
/// them. The JSON itself is not checked: the server does that.
package struct JSONBodyTemplate: Sendable, Equatable {
    private enum Part: Sendable, Equatable {
        case text(String)
        case string(Template)
    }

    private let parts: [Part]

    /// Parses `json`; `place` names it in errors. Throws for a string without an end or with a broken placeholder.
    package init(_ json: String, at place: String) throws(HTTPError) {
        let bytes = Array(json.utf8)
        var parts: [Part] = []
        var start = 0
        var at = 0
        while at < bytes.count {
            guard bytes[at] == UInt8(ascii: "\"") else {
                at += 1
                continue
            }
            let open = at
            at += 1
            while at < bytes.count, bytes[at] != UInt8(ascii: "\"") { at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1 }
            guard at < bytes.count else { throw Template.error(place, "has a JSON string without its closing quote") }
            let content = String(decoding: bytes[(open + 1)..<at], as: UTF8.self)
            at += 1
            guard content.utf8.contains(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "}") }) else { continue }
            parts.append(.text(String(decoding: bytes[start..<open], as: UTF8.self)))
            parts.append(.string(try Template(content, at: place)))
            start = at
        }
        parts.append(.text(String(decoding: bytes[start...], as: UTF8.self)))
        self.parts = parts
    }

    /// The names of the placeholders, in order.
    package var placeholders: [String] {
        parts.flatMap { part -> [String] in if case .string(let template) = part { template.placeholders } else { [] } }
    }

    /// The bytes with the values put in.
    package func render(_ values: TemplateValues) throws(HTTPError) -> [UInt8] {
        var result = ""
        for part in parts {
            switch part {
            case .text(let text): result += text
            case .string(let template):
                let inside = try template.renderIfPresent(values, .jsonString)
                result += inside.map { "\"\($0)\"" } ?? "null"
            }
        }
        return Array(result.utf8)
    }
}
