package import Manifest

/// What a stream makes of its source's records before they are stored, in this order: nested objects become columns, columns
/// are chosen, renamed and hashed, and further ones are added.
package struct RecordShape: Sendable, Hashable {
    /// Which columns stay.
    package enum Selection: Sendable, Hashable {
        case all
        case only([String])
        case allBut([String])
    }

    /// A column that gets another name.
    package struct Rename: Sendable, Hashable {
        package let from: String
        package let to: String
    }

    /// A column that is the same in all records.
    package struct Constant: Sendable, Hashable {
        /// Its value.
        package enum Value: Sendable, Hashable {
            case null
            case bool(Bool)
            /// A JSON number's text.
            case number(String)
            case text(String)
        }

        package let name: String
        package let value: Value
    }

    /// What becomes of a column of the source.
    package struct Outcome: Sendable, Hashable {
        package let name: String
        /// Whether its values are replaced by their hashes.
        package let isHashed: Bool
    }

    /// Stands between the names that a flattened column's name is made of.
    package static let separator = "__"

    /// How many levels of nested objects become columns; 0 for none.
    package let flatten: Int
    package let selection: Selection
    package let renames: [Rename]
    /// By their names after ``renames``.
    package let hashed: [String]
    /// The key that hashes are made with; nil for plain ones.
    package let salt: Secret?
    package let constants: [Constant]
    /// The column that holds when the run began; nil for none.
    package let loadedAt: String?
    /// Columns, by their new names, that ``selection`` does not leave out: those of the partition.
    let kept: [String]

    /// What becomes of the column `name`; nil when it is left out. Names are compared byte for byte.
    package func outcome(of name: String) -> Outcome? {
        let new = renames.first { $0.from.isSame(as: name) }?.to ?? name
        let isWanted =
            switch selection {
            case .all: true
            case .only(let names): names.contains { means($0, name) } || kept.contains { $0.isSame(as: new) }
            case .allBut(let names): !names.contains { means($0, name) }
            }
        guard isWanted else { return nil }
        return Outcome(name: new, isHashed: hashed.contains { means($0, new) })
    }

    /// Names that the source may have for the column `name`; none for columns that are added.
    package func origins(of name: String) -> [String] {
        let renamed = renames.filter { $0.to.isSame(as: name) }.map(\.from)
        let isMoved = renames.contains { $0.from.isSame(as: name) }
        return isMoved || added.contains(where: { $0.isSame(as: name) }) ? renamed : renamed + [name]
    }

    /// The columns that are added, in their order.
    package var added: [String] { constants.map(\.name) + [loadedAt].compactMap { $0 } }

    /// The types that columns have without being declared.
    package var declarations: [String: LogicalType] { loadedAt.map { [$0: .timestamp] } ?? [:] }

    /// Whether `word` stands for the column: by its name, or by that of an object that it was in.
    private func means(_ word: String, _ name: String) -> Bool {
        if word.isSame(as: name) { return true }
        guard flatten > 0 else { return false }
        return name.utf8.starts(with: Array(word.utf8) + Array(RecordShape.separator.utf8))
    }

    /// In words, for people.
    package var summary: String {
        var words: [String] = []
        if flatten > 0 { words.append("flatten \(flatten)") }
        switch selection {
        case .all: break
        case .only(let names): words.append("select \(names.joined(separator: ", "))")
        case .allBut(let names): words.append("drop \(names.joined(separator: ", "))")
        }
        if !renames.isEmpty {
            words.append("rename \(renames.map { "\($0.from) to \($0.to)" }.joined(separator: ", "))")
        }
        if !hashed.isEmpty {
            words.append("hash \(hashed.joined(separator: ", "))\(salt == nil ? "" : " with a salt")")
        }
        if !constants.isEmpty { words.append("constant \(constants.map(\.name).joined(separator: ", "))") }
        if let loadedAt { words.append("loaded_at \(loadedAt)") }
        return words.joined(separator: "; ")
    }
}

extension Stream {
    /// What becomes of the source's column `name`; nil when it is left out.
    package func outcome(of name: String) -> RecordShape.Outcome? {
        guard let shape else { return RecordShape.Outcome(name: name, isHashed: false) }
        return shape.outcome(of: name)
    }

    /// The declared types of columns, with those that the shape's own have.
    package var declarations: [String: LogicalType] {
        columns.merging(shape?.declarations ?? [:]) { declared, _ in declared }
    }
}
