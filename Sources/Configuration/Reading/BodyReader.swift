extension SourceReader {
    /// A YAML value as JSON (YAML 1.2 core schema: only `null`, `true`, `false` and JSON numbers are not text); nil
    /// when a template in it is wrong.
    func jsonTemplate(_ node: Node, _ path: KeyPath, _ issues: Issues) -> JSONTemplate? {
        switch node.value {
        case .scalar(let text, let isPlain):
            if node.isNull { return .null }
            if isPlain, let flag = Shape.boolean(text) { return .bool(flag) }
            if isPlain, Self.isNumber(text) { return .number(text) }
            if let problem = Shape.text(.template).problem(in: text, isPlain: false) {
                issues.add(.wrongValue, at: node.mark, path, problem)
            }
            return (try? Template(parsing: text)).map(JSONTemplate.string)
        case .list(let items):
            return .array(
                items.enumerated().compactMap { jsonTemplate($0.element, path.appending(index: $0.offset), issues) })
        case .map(let entries):
            return .object(
                entries.compactMap { entry in
                    jsonTemplate(entry.value, path.appending(entry.key), issues)
                        .map { JSONTemplate.Member(name: entry.key, value: $0) }
                })
        }
    }

    /// The grammar of numbers in RFC 8259, section 6.
    static func isNumber(_ text: String) -> Bool {
        var rest = text.utf8[...]
        func digits() -> Int {
            let count = rest.prefix { (48...57).contains($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        func skip(_ characters: String) -> Bool {
            guard let first = rest.first, characters.utf8.contains(first) else { return false }
            rest = rest.dropFirst()
            return true
        }
        _ = skip("-")
        let leadingZero = rest.first == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0, !leadingZero || whole == 1 else { return false }
        if skip("."), digits() == 0 { return false }
        if skip("eE") {
            _ = skip("+-")
            if digits() == 0 { return false }
        }
        return rest.isEmpty
    }
}
