import Yams

/// Why a text is not a YAML document that Bobbin reads.
struct YAMLProblem: Error {
    let mark: Mark
    let message: String
}

/// Turns YAML text into a tree of ``Node``s: the only file that knows the YAML library.
///
/// The library puts the whole node in place of each alias, and hashes every key, so that a few nested aliases used as
/// a key cost exponential time. Hence aliases are hidden from it: each `*` becomes a stand-in character, what was an
/// alias reads as a plain scalar that starts with it, and aliases are resolved here, within `nodeLimit`.
enum YAMLReader {
    /// The greatest size of a document, in bytes.
    static let byteLimit = 1_000_000
    /// The greatest number of values, with every alias expanded.
    static let nodeLimit = 100_000
    /// The greatest depth of nesting.
    static let depthLimit = 64

    static func read(_ bytes: [UInt8]) throws(YAMLProblem) -> Node {
        guard bytes.count <= byteLimit else {
            throw YAMLProblem(
                mark: Mark(line: 1, column: 1),
                message: "the file has \(bytes.count) bytes; a configuration has at most \(byteLimit)")
        }
        let text = try hidingAliases(bytes)
        do {
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            // The parser alone keeps the anchors alive.
            return try withExtendedLifetime(parser) {
                guard let root = try parser.singleRoot() else {
                    return Node(value: .map([]), mark: Mark(line: 1, column: 1))
                }
                var composer = Composer()
                return try composer.compose(root, depth: 0)
            }
        } catch let error as YamlError {
            throw problem(error, in: text)
        } catch let problem as YAMLProblem {
            throw problem
        } catch {
            throw YAMLProblem(mark: Mark(line: 1, column: 1), message: "not YAML: \(error)")
        }
    }

    private static func hidingAliases(_ bytes: [UInt8]) throws(YAMLProblem) -> String {
        func mark(at offset: Int) -> Mark {
            Mark(line: bytes.prefix(offset).count { $0 == UInt8(ascii: "\n") } + 1, column: 1)
        }
        do {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            throw YAMLProblem(mark: mark(at: error.byteOffsets.lowerBound), message: "the text is not UTF-8")
        }
        var hidden: [UInt8] = []
        hidden.reserveCapacity(bytes.count)
        // A byte order mark is no part of the text.
        for (offset, byte) in bytes.enumerated().dropFirst(bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0) {
            if byte == 0xBF, bytes[...offset].suffix(3).elementsEqual(Composer.standIn.utf8) {
                throw YAMLProblem(mark: mark(at: offset), message: "the character U+F8FF is not allowed")
            }
            if byte == UInt8(ascii: "*") {
                hidden.append(contentsOf: Composer.standIn.utf8)
            } else {
                hidden.append(byte)
            }
        }
        return String(decoding: hidden, as: UTF8.self)
    }

    private static func problem(_ error: YamlError, in text: String) -> YAMLProblem {
        func at(_ mark: Yams.Mark, _ message: String) -> YAMLProblem {
            YAMLProblem(mark: Mark(mark), message: message)
        }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            if problem == "but found another document" {
                return at(mark, "a second document begins here; a configuration is one document")
            }
            let context = context.map { " \($0.text)" } ?? ""
            return at(mark, "not YAML: \(problem)\(context); check indentation, brackets and quotes")
        case .reader(let problem, let offset, _, _):
            let line = text.prefix(offset ?? 0).count { $0.isNewline } + 1
            return YAMLProblem(mark: Mark(line: line, column: 1), message: "not YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.map { Message.quoted(Composer.restored($0)) }.joined(separator: ", ")
            let own = keys.first.flatMap { repeated($0, in: text, from: Mark(context.mark)) } ?? Mark(context.mark)
            return YAMLProblem(mark: own, message: "the key \(names) stands twice in one section; keep one")
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            return YAMLProblem(mark: Mark(line: 1, column: 1), message: "the text could not be read as YAML")
        }
    }

    /// Where a key stands for the second time in the section that begins at `start`, as far as that can be told by the
    /// lines: the library only tells where the section begins.
    private static func repeated(_ key: String, in text: String, from start: Mark) -> Mark? {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        var found = 0
        for (index, line) in lines.enumerated().dropFirst(start.line - 1) {
            // The first key of a list's item stands behind a dash.
            let indent = line.prefix { $0 == " " || (index == start.line - 1 && $0 == "-") }.count
            let rest = line.dropFirst(indent)
            if rest.isEmpty || rest.hasPrefix("#") { continue }
            if indent < start.column - 1 { break }
            guard indent == start.column - 1 else { continue }
            for form in [key, "\"\(key)\"", "'\(key)'"] where rest.hasPrefix(form) {
                guard rest.dropFirst(form.count).drop(while: { $0 == " " }).first == ":" else { continue }
                found += 1
                if found == 2 { return Mark(line: index + 1, column: start.column) }
            }
        }
        return nil
    }
}

extension Mark {
    fileprivate init(_ mark: Yams.Mark?) {
        self.init(line: mark?.line ?? 1, column: mark?.column ?? 1)
    }
}

/// Copies the library's tree, with aliases and merge keys resolved under the limits.
private struct Composer {
    /// One scalar for one scalar, so that columns stay true; a private-use character, refused in the text itself.
    static let standIn = "\u{F8FF}"

    private var anchors: [String: (node: Node, size: Int)] = [:]
    private var count = 0

    static func restored(_ text: String) -> String {
        guard text.utf8.contains(0xEF) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\u{F8FF}" ? "*" : $0 }))
    }

    mutating func compose(_ source: Yams.Node, depth: Int) throws -> Node {
        let mark = Mark(source.mark)
        let before = count
        try grow(by: 1, at: mark)
        guard depth < YAMLReader.depthLimit else {
            throw YAMLProblem(mark: mark, message: "more than \(YAMLReader.depthLimit) levels of nesting")
        }
        let value: Node.Value
        switch source {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain && !scalar.tag.rawValue.hasSuffix(":str")
            if scalar.style == .plain, scalar.string.hasPrefix(Self.standIn) {
                return try resolve(String(scalar.string.dropFirst()), at: mark)
            }
            value = .scalar(Self.restored(scalar.string), isPlain: isPlain)
            try checkTag(scalar.tag, at: mark)
        case .sequence(let items):
            try checkTag(items.tag, at: mark)
            value = .list(try items.map { try compose($0, depth: depth + 1) })
        case .mapping(let pairs):
            try checkTag(pairs.tag, at: mark)
            value = .map(try composeMap(pairs, depth: depth + 1))
        case .alias(let alias):
            return try resolve(alias.anchor.rawValue, at: mark)
        }
        let node = Node(value: value, mark: mark)
        if let anchor = source.anchor { anchors[anchor.rawValue] = (node, count - before) }
        return node
    }

    private mutating func composeMap(_ pairs: Yams.Node.Mapping, depth: Int) throws -> [Node.Entry] {
        var entries: [Node.Entry] = []
        var merged: [Node.Entry] = []
        for (key, value) in pairs {
            let mark = Mark(key.mark)
            guard case .scalar(let scalar) = key, scalar.style != .plain || !scalar.string.hasPrefix(Self.standIn)
            else {
                throw YAMLProblem(
                    mark: mark,
                    message: "a key is a list, a section or an alias; keys are text, in quotes if it begins with *")
            }
            let node = try compose(value, depth: depth)
            if scalar.string == "<<", scalar.style == .plain {
                merged += try mergeEntries(node)
            } else {
                if let anchor = key.anchor {
                    let text = Node.Value.scalar(Self.restored(scalar.string), isPlain: scalar.style == .plain)
                    anchors[anchor.rawValue] = (Node(value: text, mark: mark), 1)
                }
                entries.append(Node.Entry(key: Self.restored(scalar.string), mark: mark, value: node))
            }
        }
        guard !merged.isEmpty else { return entries }
        var known = Set(entries.map(\.key))
        return entries + merged.filter { known.insert($0.key).inserted }
    }

    private func mergeEntries(_ node: Node) throws -> [Node.Entry] {
        if let entries = node.entries { return entries }
        guard let items = node.items else {
            throw YAMLProblem(mark: node.mark, message: "`<<` merges a section or a list of sections, not \(node.kind)")
        }
        return try items.flatMap { item in
            guard let entries = item.entries else {
                throw YAMLProblem(mark: item.mark, message: "`<<` merges sections, not \(item.kind)")
            }
            return entries
        }
    }

    private mutating func resolve(_ name: String, at mark: Mark) throws -> Node {
        guard let anchor = anchors[name] else {
            throw YAMLProblem(
                mark: mark,
                message:
                    "no anchor &\(Message.shortened(Self.restored(name))) stands before this alias; "
                    + "quote text that begins with *"
            )
        }
        try grow(by: anchor.size, at: mark)
        return anchor.node
    }

    private mutating func grow(by size: Int, at mark: Mark) throws {
        count += size
        guard count <= YAMLReader.nodeLimit else {
            throw YAMLProblem(mark: mark, message: "more than \(YAMLReader.nodeLimit) values, aliases expanded")
        }
    }

    private func checkTag(_ tag: Tag, at mark: Mark) throws {
        let core = ["str", "int", "float", "bool", "null", "map", "seq"].map { "tag:yaml.org,2002:" + $0 }
        guard tag.rawValue.isEmpty || tag.rawValue == "!" || core.contains(tag.rawValue) else {
            throw YAMLProblem(
                mark: mark, message: "the tag \(Message.shortened(tag.rawValue)) is not supported; remove it")
        }
    }
}
