import Manifest

/// Reads the `shape` of a stream, and what must hold between it and the stream's other keys.
struct ShapeReader {
    let expander: Expander
    let partitions: [String]
    let primaryKey: [String]
    let isDatabase: Bool

    func read(_ stream: Fields) -> RecordShape? {
        guard let fields = stream.section("shape") else { return nil }
        let selected = names("select", fields)
        let dropped = names("drop", fields)
        if !selected.isEmpty, !dropped.isEmpty {
            fields.fail(
                .conflict, "drop", "select says which columns stay, so that none is left to drop; keep one of the two")
        }
        if fields.has("salt"), !fields.has("hash") {
            fields.fail(.conflict, "salt", "a salt is for hash, and nothing is hashed; name the columns under hash")
        }
        // Who only loads needs no secret of the extraction.
        let secrets = Expander(
            environment: expander.environment, issues: expander.issues,
            isNeeded: expander.environment.needs.contains(.source))
        let shape = RecordShape(
            flatten: fields.optionalInteger("flatten") ?? 0,
            selection: !selected.isEmpty ? .only(selected) : !dropped.isEmpty ? .allBut(dropped) : .all,
            renames: fields.entries("rename").compactMap { entry in
                entry.value.text.map { RecordShape.Rename(from: entry.key, to: $0) }
            },
            hashed: names("hash", fields), salt: secrets.secret("salt", of: fields),
            constants: constants(fields), loadedAt: fields.optionalText("loaded_at"), kept: partitions)
        check(shape, fields)
        return shape
    }

    private func names(_ key: String, _ fields: Fields) -> [String] {
        var seen: Set<[UInt8]> = []
        let texts = fields.texts(key)
        for text in texts where !seen.insert(text.bytes).inserted {
            fields.fail(.wrongValue, key, "\(Message.quoted(text)) stands twice; keep one")
        }
        return texts
    }

    private func constants(_ fields: Fields) -> [RecordShape.Constant] {
        fields.entries("constant").compactMap { entry in
            guard case .scalar(let text, let isPlain) = entry.value.value else {
                fields.fail(
                    .wrongType, "constant",
                    "the value of \(Message.quoted(entry.key)) is \(entry.value.kind); write a text, a number, true, false or null"
                )
                return nil
            }
            let value: RecordShape.Constant.Value
            if entry.value.isNull {
                value = .null
            } else if isPlain, let flag = Shape.boolean(text) {
                value = .bool(flag)
            } else if isPlain, SourceReader.isNumber(text) {
                value = .number(text)
            } else {
                value = .text(text)
            }
            return RecordShape.Constant(name: entry.key, value: value)
        }
    }

    private func check(_ shape: RecordShape, _ fields: Fields) {
        var targets: [[UInt8]: String] = [:]
        for rename in shape.renames {
            if let other = targets.updateValue(rename.from, forKey: rename.to.bytes) {
                fields.fail(
                    .conflict, "rename",
                    "\(Message.quoted(other)) and \(Message.quoted(rename.from)) would both be "
                        + "\(Message.quoted(rename.to)); give them different names")
            }
            if shape.outcome(of: rename.from) == nil {
                fields.fail(
                    .conflict, "rename",
                    "\(Message.quoted(rename.from)) is left out before it could be renamed; select and drop take the "
                        + "names of the source")
            }
        }
        var added: Set<[UInt8]> = []
        for name in shape.added where !added.insert(name.bytes).inserted || targets[name.bytes] != nil {
            fields.fail(
                .conflict, "shape",
                "two columns would be \(Message.quoted(name)); rename, constant and loaded_at make different ones")
        }
        for name in shape.hashed where shape.origins(of: name).isEmpty {
            let new = shape.renames.first { $0.from.isSame(as: name) }?.to
            fields.fail(
                .conflict, "hash",
                new.map { "\(Message.quoted(name)) is \(Message.quoted($0)) by then: hash takes the new names" }
                    ?? "\(Message.quoted(name)) is a column that shape adds; there is nothing to hide in it")
        }
        checkKeys(shape, fields)
    }

    private func checkKeys(_ shape: RecordShape, _ fields: Fields) {
        func isLost(_ name: String) -> Bool {
            let origins = shape.origins(of: name)
            let isAdded = shape.added.contains { $0.isSame(as: name) }
            return !isAdded && origins.allSatisfy { shape.outcome(of: $0)?.name.isSame(as: name) != true }
        }
        let key =
            switch shape.selection {
            case .only: "select"
            case .allBut: "drop"
            case .all: "rename"
            }
        for name in partitions {
            let shown = "the partition's column \(Message.quoted(name))"
            if isLost(name) {
                fields.fail(.conflict, key, "\(shown) would be lost; leave it as it is")
            } else if isDatabase, shape.renames.contains(where: { $0.to.isSame(as: name) }) {
                fields.fail(
                    .conflict, "rename",
                    "\(shown) is asked for by its name in the database; partition by that one, and do not rename it")
            }
            if shape.added.contains(where: { $0.isSame(as: name) }) {
                fields.fail(.conflict, key, "\(shown) has the partition's value; give the added column another name")
            }
            if shape.hashed.contains(where: { $0.isSame(as: name) }) {
                fields.fail(.conflict, "hash", "\(shown) has the partition's value, which its hash would contradict")
            }
        }
        for name in primaryKey where !partitions.contains(where: { $0.isSame(as: name) }) && isLost(name) {
            fields.fail(
                .conflict, key,
                "the column \(Message.quoted(name)) of primary_key would be lost; keys take the names after shape")
        }
    }
}
