/// An entry of a directory, as the file system lists it.
package struct DirectoryEntry: Sendable, Equatable {
    /// What the entry is itself: a symbolic link is one, whatever it points to.
    package enum Kind: Sendable {
        /// A regular file.
        case file
        /// A directory.
        case directory
        /// A symbolic link; never followed.
        case symbolicLink
        /// A device, a socket, a pipe.
        case other
    }

    /// The name without the directory.
    package let name: String
    /// What it is.
    package let kind: Kind
    /// The name's bytes where they are no UTF-8; ``name`` is then repaired, and nothing can be opened by it.
    package let undecodable: [UInt8]?

    /// Makes an entry.
    package init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
        undecodable = nil
    }

    /// Makes an entry whose name is no UTF-8.
    package init(undecodable: [UInt8], kind: Kind) {
        name = String(decoding: undecodable, as: UTF8.self)
        self.kind = kind
        self.undecodable = undecodable
    }

    /// The name for messages, with its odd bytes as `\xFF`.
    fileprivate var escaped: String {
        guard let undecodable else { return name }
        return undecodable.map { byte in
            (0x20...0x7E).contains(byte) && byte != ASCII.backslash
                ? String(Unicode.Scalar(byte))
                : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}

extension Glob {
    private struct State: Hashable {
        let alternative: Int
        let token: Int
    }

    /// Deepest directory that is entered.
    private static let depthLimit = 1000

    /// Calls `visit` for each regular file that matches, in the order of the bytes of the whole paths, each once.
    ///
    /// Only directories that can hold matches are listed, one level at a time, so that memory follows the largest
    /// directory and not the tree.
    ///
    /// - Parameter list: the entries of a directory in any order, by its relative path without a slash at the end; the
    ///   top is the empty path.
    /// - Throws: what `list` and `visit` throw; ``FormatsError/Code/badSource`` for a tree of endless depth;
    ///   ``FormatsError/Code/undecodableName`` for a file that matches, or a directory that may hold some, whose name is
    ///   no UTF-8: a path is text everywhere behind this.
    package func walk(
        list: (String) throws -> [DirectoryEntry], visit: (String) throws -> Void
    ) throws {
        let start = alternatives.indices.map { State(alternative: $0, token: 0) }
        try walk("", closure(Set(start)), depth: 0, list, visit)
    }

    private func walk(
        _ directory: String, _ states: Set<State>, depth: Int, _ list: (String) throws -> [DirectoryEntry],
        _ visit: (String) throws -> Void
    ) throws {
        guard depth <= Self.depthLimit else {
            throw FormatsError(.badSource, "\(directory.prefix(200))...: more than \(Self.depthLimit) directories deep")
        }
        let entries = try list(directory)
            .filter { $0.kind == .file || $0.kind == .directory }
            .filter { !$0.name.isEmpty && $0.name != "." && $0.name != ".." && !$0.name.utf8.contains(ASCII.slash) }
            .map { (key: Array(($0.kind == .directory ? $0.name + "/" : $0.name).utf8), entry: $0) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
        for (_, entry) in entries {
            let path = directory.isEmpty ? entry.name : directory + "/" + entry.name
            let name = Array(entry.name.unicodeScalars)
            if entry.kind == .directory {
                let below = entering(name, states)
                if below.isEmpty { continue }
                try check(entry, directory)
                try walk(path, below, depth: depth + 1, list, visit)
            } else if isMatch(name, states) {
                try check(entry, directory)
                try visit(path)
            }
        }
    }

    private func check(_ entry: DirectoryEntry, _ directory: String) throws(FormatsError) {
        guard entry.undecodable != nil else { return }
        throw FormatsError(
            .undecodableName,
            "\(directory.isEmpty ? "" : directory + "/")\(entry.escaped): the name is no UTF-8: rename it (convmv does that for many), "
                + "or write a pattern that does not match it, then run again")
    }

    private func closure(_ states: Set<State>) -> Set<State> {
        var result = states
        for state in states where alternatives[state.alternative][state.token] == .directories {
            // Two of them never follow each other, and none is the last.
            result.insert(State(alternative: state.alternative, token: state.token + 1))
        }
        return result
    }

    private func entering(_ name: [Unicode.Scalar], _ states: Set<State>) -> Set<State> {
        var result: Set<State> = []
        for state in states {
            let pattern = alternatives[state.alternative]
            switch pattern[state.token] {
            case .directories:
                if name.first != "." { result.insert(state) }
            case .name(let component):
                if state.token + 1 < pattern.count, component.match(name) != nil {
                    result.insert(State(alternative: state.alternative, token: state.token + 1))
                }
            }
        }
        return closure(result)
    }

    private func isMatch(_ name: [Unicode.Scalar], _ states: Set<State>) -> Bool {
        states.contains { state in
            let pattern = alternatives[state.alternative]
            guard state.token + 1 == pattern.count, case .name(let component) = pattern[state.token] else {
                return false
            }
            return component.match(name) != nil
        }
    }
}
