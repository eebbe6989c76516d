/// A place in the configuration text; line and column count from 1, columns in Unicode scalars.
package struct Mark: Sendable, Hashable, Comparable {
    /// The line, from 1.
    package let line: Int
    /// The column, from 1.
    package let column: Int

    /// The place nearer to the beginning is less.
    package static func < (left: Mark, right: Mark) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// One value of the YAML tree, with aliases and merge keys already resolved.
struct Node: Sendable {
    enum Value: Sendable {
        /// `isPlain` is false for quoted and block text, which is text whatever it looks like.
        case scalar(String, isPlain: Bool)
        case list([Node])
        case map([Entry])
    }

    struct Entry: Sendable {
        let key: String
        let mark: Mark
        let value: Node
    }

    let value: Value
    let mark: Mark

    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = value else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    var text: String? {
        guard case .scalar(let text, _) = value, !isNull else { return nil }
        return text
    }

    var entries: [Entry]? {
        guard case .map(let entries) = value else { return nil }
        return entries
    }

    var items: [Node]? {
        guard case .list(let items) = value else { return nil }
        return items
    }

    /// What messages call this kind of value.
    var kind: String {
        switch value {
        case .scalar: isNull ? "nothing" : "text"
        case .list: "a list"
        case .map: "a section"
        }
    }
}
