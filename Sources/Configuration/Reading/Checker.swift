/// The first pass: holds every value of the file against the table of keys, by itself.
struct Checker {
    let issues: Issues

    func check(_ node: Node, _ shape: Shape, _ path: KeyPath) {
        switch (shape, node.value) {
        case (.json, _):
            break
        case (.either(let shapes), _):
            guard let fitting = shapes.first(where: { fits(node, $0) }) else { return mismatch(node, shape, path) }
            check(node, fitting, path)
        case (.section, .scalar) where node.isNull, (.map, .scalar) where node.isNull:
            break
        case (.section(let section), .map(let entries)):
            checkSection(entries, section, path)
        case (.map(let value, let names), .map(let entries)):
            for entry in entries {
                let path = path.appending(entry.key)
                if let problem = Shape.text(names).problem(in: entry.key, isPlain: false) {
                    issues.add(.wrongValue, at: entry.mark, path, problem)
                }
                check(entry.value, value, path)
            }
        case (.list(let item), .list(let items)):
            if items.isEmpty { issues.add(.wrongValue, at: node.mark, path, "the list is empty; name at least one") }
            for (index, value) in items.enumerated() { check(value, item, path.appending(index: index)) }
        case (_, .scalar(let text, let isPlain)) where shape.isText && !node.isNull:
            if let problem = shape.problem(in: text, isPlain: isPlain) {
                let isLiteral = if case .text(.secret) = shape { !Expansion.isSecret(text) } else { false }
                issues.add(isLiteral ? .literalSecret : .wrongValue, at: node.mark, path, problem)
            }
        default:
            mismatch(node, shape, path)
        }
    }

    private func checkSection(_ entries: [Node.Entry], _ section: Section, _ path: KeyPath) {
        let keys = section.allKeys
        for entry in entries {
            let path = path.appending(entry.key)
            if let key = keys.first(where: { $0.name == entry.key }) {
                check(entry.value, key.shape, path)
            } else {
                let names = keys.map(\.name)
                let hint = nearest(to: entry.key, among: names).map { "did you mean \(Message.quoted($0))?" }
                issues.add(
                    .unknownKey, at: entry.mark, path,
                    "unknown key; \(hint ?? "known here: \(names.joined(separator: ", "))")")
            }
        }
    }

    private func fits(_ node: Node, _ shape: Shape) -> Bool {
        switch (shape, node.value) {
        case (.section, .map), (.map, .map), (.list, .list): true
        case (_, .scalar): shape.isText && !node.isNull
        default: false
        }
    }

    private func mismatch(_ node: Node, _ shape: Shape, _ path: KeyPath) {
        issues.add(.wrongType, at: node.mark, path, "expected \(shape.expectation), found \(node.kind)")
    }
}
