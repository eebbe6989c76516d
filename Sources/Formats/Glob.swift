/// A pattern over relative paths, with `/` between components.
///
/// `*` any characters and `?` one character of a component, `[a-z]` `[!a-z]` classes, `**` (alone in its component) any
/// number of directories, also none, `{a,b}` alternatives (nested, also with slashes), `{name}` a named capture of one
/// character or more of a component, `\` takes away the next character's meaning. Names that begin with a dot are only
/// matched by a component that begins with one. Case matters. A character is a Unicode scalar.
package struct Glob: Sendable, Equatable, CustomStringConvertible {
    enum Component: Sendable, Equatable {
        /// `**`
        case directories
        case name(GlobComponent)
    }

    /// The pattern as written.
    package let description: String
    /// The pattern without its alternatives, each a list of components.
    let alternatives: [[Component]]
    /// The names of the captures, in the order of the pattern; the same in all alternatives.
    package let captureNames: [String]

    /// Compiles a pattern.
    ///
    /// - Throws: ``FormatsError/Code/badPattern``: syntax, an absolute path, `.` or `..`, an empty component, a capture
    ///   named twice or missing in an alternative.
    package init(_ pattern: String) throws(FormatsError) {
        description = pattern
        let text = try GlobSyntax.characters(pattern)
        var alternatives: [[Component]] = []
        var names: [[String]] = []
        for choice in try GlobSyntax.alternatives(text, pattern) {
            var components: [Component] = []
            var captured: [String] = []
            let slash = GlobSyntax.Character(scalar: "/", isPlain: false)
            for part in choice.split(separator: slash, omittingEmptySubsequences: false) {
                let plain = String(String.UnicodeScalarView(part.map(\.scalar)))
                if plain.isEmpty || plain == "." || plain == ".." {
                    throw GlobSyntax.error(
                        pattern, "patterns are relative to the connection's path, without empty, . or .. components")
                }
                if plain == "**", part.allSatisfy({ !$0.isPlain }) {
                    if components.last != .directories { components.append(.directories) }
                    continue
                }
                let component = try GlobSyntax.component(part, pattern)
                captured += component.captureNames
                components.append(.name(component))
            }
            // At the end, `**` means all files below.
            if components.last == .directories { components.append(.name(GlobComponent.anything)) }
            if Set(captured).count < captured.count {
                throw GlobSyntax.error(pattern, "a name in braces occurs twice")
            }
            alternatives.append(components)
            names.append(captured)
        }
        guard let first = names.first, names.allSatisfy({ Set($0) == Set(first) }) else {
            throw GlobSyntax.error(pattern, "not every alternative has the same names in braces")
        }
        self.alternatives = alternatives
        captureNames = first
    }

    /// Whether the relative path matches.
    package func matches(_ path: String) -> Bool { captures(in: path) != nil }

    /// The captured pairs of a path that matches, in the order of the path; nil for one that does not. Of several
    /// alternatives that match the first one counts; captures and `**` take as little as possible from the left.
    package func captures(in path: String) -> [PartitionPair]? {
        assignment(path)?.flatMap { $0.captures }
    }

    /// What one component of a path was matched by.
    struct Part {
        let text: String
        /// Whether a capture took something from it.
        let isCaptured: Bool
        let captures: [PartitionPair]
    }

    /// The components of a matching path, with the captures of each.
    func assignment(_ path: String) -> [Part]? {
        let texts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let names = texts.map { Array($0.unicodeScalars) }
        if names.contains([]) { return nil }
        for pattern in alternatives {
            guard let matched = Self.match(pattern, names) else { continue }
            return zip(texts, matched).map { text, component in
                guard let component, let pairs = component.match(Array(text.unicodeScalars)), !pairs.isEmpty else {
                    return Part(text: text, isCaptured: false, captures: [])
                }
                let decoded = pairs.map { pair in
                    component.isKeyValue
                        ? PartitionPair(name: pair.name, value: PartitionPair.percentDecoded(pair.value)) : pair
                }
                return Part(text: text, isCaptured: true, captures: decoded)
            }
        }
        return nil
    }

    /// The component that took each name (nil: taken by `**`), or nil without a match. Goes back to the last `**` only,
    /// for the same reason as ``GlobComponent`` to the last star.
    private static func match(_ pattern: [Component], _ names: [[Unicode.Scalar]]) -> [GlobComponent?]? {
        var taken: [GlobComponent?] = Array(repeating: nil, count: names.count)
        var token = 0
        var index = 0
        var retry: (token: Int, index: Int)?
        while token < pattern.count || index < names.count {
            if token < pattern.count {
                switch pattern[token] {
                case .directories:
                    token += 1
                    retry = (token, index)
                    continue
                case .name(let component) where index < names.count && component.match(names[index]) != nil:
                    taken[index] = component
                    token += 1
                    index += 1
                    continue
                case .name: break
                }
            }
            // The last ** takes one directory more, but no hidden one.
            guard let last = retry, last.index < names.count - 1, names[last.index].first != "." else { return nil }
            taken[last.index] = nil
            token = last.token
            index = last.index + 1
            retry = (token, index)
        }
        return taken
    }
}
