/// A request's URL: a base, a path with placeholders and query parameters with placeholders.
package struct URLTemplate: Sendable {
    private let base: String
    private let segments: [Template]
    private let tail: Template?
    private let query: [(name: String, value: Template)]

    /// Joins `baseURL` and `path` by exactly one slash; a `path` that is an absolute http(s) URL stands alone.
    ///
    /// The path's own text keeps its delimiters and `%XX`, and may hold a query of its own; names and values in
    /// `query` are plain text and encoded here. Throws for a base that is no http(s) URL or has a query or fragment.
    package init(
        baseURL: String?, path: String, query: [(name: String, value: String)] = []
    ) throws(HTTPError) {
        var local = path
        var base = baseURL ?? ""
        if path.lowercased().hasPrefix("http://") || path.lowercased().hasPrefix("https://") {
            let authority = path[(path.firstRange(of: "://")?.upperBound ?? path.startIndex)...]
            let end = authority.firstIndex(where: { "/?".contains($0) }) ?? path.endIndex
            base = String(path[..<end])
            local = String(path[end...])
        }
        _ = try ResolvedURL(base)
        guard !base.contains(where: { "?#".contains($0) }) else {
            throw HTTPError(
                .configuration, .invalidURL,
                "base_url \(Redaction.url(base)) has a query or a fragment; write parameters under query.")
        }
        while base.hasSuffix("/") { base.removeLast() }
        self.base = base
        let question = local.firstIndex(of: "?") ?? local.endIndex
        var segments: [Template] = []
        for segment in local[..<question].split(separator: "/", omittingEmptySubsequences: false) {
            segments.append(try Template(String(segment), at: "path"))
        }
        // The slash that the join writes is the path's own first one; an empty path adds none.
        if segments[0].parts.isEmpty { segments.removeFirst() }
        self.segments = segments
        self.tail =
            question < local.endIndex ? try Template(String(local[local.index(after: question)...]), at: "path") : nil
        var parameters: [(name: String, value: Template)] = []
        for (name, value) in query { parameters.append((name, try Template(value, at: "query.\(name)"))) }
        self.query = parameters
    }

    /// The names of all placeholders.
    package var placeholders: [String] {
        segments.flatMap(\.placeholders) + (tail?.placeholders ?? []) + query.flatMap(\.value.placeholders)
    }

    /// The absolute URL for these values. A query parameter that is exactly one placeholder without a value is left
    /// out.
    ///
    /// Throws for an unknown placeholder, and for a value that would change the path's shape: one that leaves its
    /// segment empty, `.` or `..`, which servers and clients resolve away.
    package func url(_ values: TemplateValues) throws(HTTPError) -> String {
        var result = base
        for segment in segments {
            let text = try Self.fill(segment, values)
            if !segment.placeholders.isEmpty, ["", ".", ".."].contains(text.replacingEncodedDots()) {
                let names = segment.placeholders.map { "{\($0)}" }.joined(separator: ", ")
                throw Template.error("path", "has a segment that \(names) turns into '\(text)', another resource")
            }
            result += "/" + text
        }
        var pairs: [String] = []
        if let tail { pairs.append(try Self.fill(tail, values)) }
        for (name, template) in query {
            guard let value = try template.renderIfPresent(values, .urlComponent) else { continue }
            pairs.append(PercentEncoding.component(name) + "=" + value)
        }
        pairs.removeAll(where: \.isEmpty)
        return pairs.isEmpty ? result : result + "?" + pairs.joined(separator: "&")
    }

    /// Fixed text as a path, values as components.
    private static func fill(_ template: Template, _ values: TemplateValues) throws(HTTPError) -> String {
        var result = ""
        for part in template.parts {
            switch part {
            case .text(let text): result += PercentEncoding.path(text)
            case .placeholder(let name): result += try template.value(of: name, values, .urlComponent)
            }
        }
        return result
    }
}

extension String {
    fileprivate func replacingEncodedDots() -> String {
        split(separator: "%2E", omittingEmptySubsequences: false).joined(separator: ".")
            .split(separator: "%2e", omittingEmptySubsequences: false).joined(separator: ".")
    }
}
