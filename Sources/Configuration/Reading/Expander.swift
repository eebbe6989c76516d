/// Reads `${NAME}` and `file:PATH` where a key allows them.
struct Expander {
    let environment: Environment
    let issues: Issues
    /// Whether what cannot be read is an issue.
    let isNeeded: Bool

    /// The expanded text of a key; nil when the key is absent or its value was refused. Empty when it could not be
    /// read and is not needed.
    func text(_ name: String, of fields: Fields) -> String? {
        guard let text = fields.optionalText(name) else { return nil }
        let place = fields.place(of: name)
        let isSecret =
            switch fields.section[name]?.shape {
            case .text(.secret), .text(.maybeSecret): true
            default: false
            }
        return expand(text, isSecret: isSecret, at: place.mark, place.path)
    }

    /// As ``text(_:of:)``, the name of a file of this host: a leading `~/` is the home directory.
    func file(_ name: String, of fields: Fields) -> String? {
        guard let path = text(name, of: fields) else { return nil }
        guard path.hasPrefix("~/"), let home = environment.variable("HOME"), !home.isEmpty else { return path }
        return home + path.dropFirst()
    }

    func secret(_ name: String, of fields: Fields) -> Secret? {
        text(name, of: fields).map { Secret($0) }
    }

    func expand(_ text: String, isSecret: Bool, at mark: Mark, _ path: KeyPath) -> String? {
        if isSecret, let file = Expansion.path(of: text) { return read(file, at: mark, path) }
        guard let parts = try? Expansion.parts(of: text) else { return nil }
        var expanded = ""
        for part in parts {
            switch part {
            case .literal(let literal): expanded += literal
            case .variable(let name):
                guard let value = environment.variable(String(name)) else {
                    if isNeeded {
                        issues.add(
                            .unsetVariable, at: mark, path,
                            "the environment variable \(name) is not set; set it and start again")
                    }
                    return isNeeded ? nil : ""
                }
                expanded += value
            }
        }
        return checked(expanded, isSecret: isSecret, at: mark, path)
    }

    private func read(_ file: String, at mark: Mark, _ path: KeyPath) -> String? {
        let shown = Message.quoted(file)
        let bytes: [UInt8]
        do {
            bytes = try environment.readFile(file)
        } catch {
            guard isNeeded else { return "" }
            issues.add(
                .unreadableSecret, at: mark, path,
                "the file \(shown) cannot be read: \(Message.shortened("\(error)")); check its path and rights")
            return nil
        }
        guard bytes.count <= Expansion.fileLimit, let text = String(validating: bytes, as: UTF8.self) else {
            issues.add(
                .unreadableSecret, at: mark, path,
                "the file \(shown) is not UTF-8 text of at most \(Expansion.fileLimit) bytes")
            return nil
        }
        // An editor ends a file with a line end that is no part of the secret.
        let end = text.hasSuffix("\r\n") || text.hasSuffix("\n") ? 1 : 0
        return checked(String(text.dropLast(end)), isSecret: true, at: mark, path)
    }

    private func checked(_ text: String, isSecret: Bool, at mark: Mark, _ path: KeyPath) -> String? {
        if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            issues.add(.wrongValue, at: mark, path, "the value has a line end or another control character")
            return nil
        }
        if isSecret, text.isEmpty, isNeeded {
            issues.add(.wrongValue, at: mark, path, "the value is empty; set the variable or fill the file")
            return nil
        }
        return text
    }
}
