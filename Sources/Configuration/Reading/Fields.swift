/// The second pass's view of one section: its layers, the nearest first, and behind them the built-in values.
///
/// Values that the checker refused read as absent; their issues are already noted.
struct Fields {
    struct Layer {
        let entries: [Node.Entry]
        let mark: Mark
        let path: KeyPath
        /// Whether it is the top-level defaults, which serve sources of every kind.
        let isShared: Bool
    }

    let section: Section
    let layers: [Layer]
    let issues: Issues

    init(_ section: Section, layers: [Layer], issues: Issues) {
        self.section = section
        self.layers = layers
        self.issues = issues
    }

    /// The place of a key that is there, else of the section.
    func place(of name: String) -> (mark: Mark, path: KeyPath) {
        if let found = find(name) { return (found.mark, found.path) }
        guard let layer = layers.first else { return (Mark(line: 1, column: 1), KeyPath()) }
        return (layer.mark, layer.path.appending(name))
    }

    func has(_ name: String) -> Bool { find(name) != nil }

    /// Whether a layer of the job's own has the key: the top-level defaults serve sources of every kind.
    func hasAny(_ name: String) -> Bool {
        layers.contains { layer in
            !layer.isShared && layer.entries.contains { $0.key == name && !$0.value.isNull }
        }
    }

    /// Whether the nearest layer has the key.
    func hasOwn(_ name: String) -> Bool {
        layers.first?.entries.contains { $0.key == name && !$0.value.isNull } ?? false
    }

    func find(_ name: String) -> (node: Node, mark: Mark, path: KeyPath)? {
        for layer in layers {
            if let entry = layer.entries.first(where: { $0.key == name }), !entry.value.isNull {
                return (entry.value, entry.mark, layer.path.appending(name))
            }
        }
        return nil
    }

    func fail(_ code: ConfigurationError.Code, _ name: String, _ message: String) {
        let place = place(of: name)
        issues.add(code, at: place.mark, place.path, message)
    }

    // MARK: Values

    func optionalText(_ name: String) -> String? {
        guard let shape = section[name]?.shape else { return nil }
        for text in [find(name)?.node.text, section[name]?.standard].compactMap({ $0 }) {
            // Whether a plain number was due was settled by the checker.
            if shape.problem(in: text, isPlain: true) == nil { return text }
        }
        return nil
    }

    func text(_ name: String) -> String { optionalText(name) ?? "" }
    func optionalInteger(_ name: String) -> Int? { optionalText(name).flatMap(Shape.integer) }
    func integer(_ name: String) -> Int { optionalInteger(name) ?? 0 }
    func boolean(_ name: String) -> Bool { Shape.boolean(text(name)) ?? false }
    func share(_ name: String) -> Double { TextRule.share(text(name)) ?? 0 }
    func optionalDuration(_ name: String) -> Duration? {
        optionalText(name).flatMap { try? DurationText.parse($0) }
    }
    func duration(_ name: String) -> Duration { optionalDuration(name) ?? .zero }
    func size(_ name: String) -> Int { (try? SizeText.parse(text(name))) ?? 0 }
    func choice<Value: RawRepresentable>(_ name: String, _ standard: Value) -> Value where Value.RawValue == String {
        Value(rawValue: text(name)) ?? standard
    }

    /// The texts of a list, or the one text.
    func texts(_ name: String) -> [String] {
        guard let node = find(name)?.node else { return [] }
        return node.text.map { [$0] } ?? node.items?.compactMap(\.text) ?? []
    }

    /// The entries of a map with names of the user's, from the nearest layer that has one.
    func entries(_ name: String) -> [Node.Entry] { find(name)?.node.entries ?? [] }

    // MARK: Sections

    /// A section joined from all layers; of a section with a discriminator, down to the first that names it.
    func section(_ name: String) -> Fields? {
        guard let section = self.section[name]?.shape.section else { return nil }
        var inner: [Layer] = []
        for layer in layers {
            guard let entry = layer.entries.first(where: { $0.key == name }), let entries = entry.value.entries else {
                continue
            }
            inner.append(
                Layer(
                    entries: entries, mark: entry.mark, path: layer.path.appending(name), isShared: layer.isShared))
            if let discriminator = section.discriminator, entries.contains(where: { $0.key == discriminator }) { break }
        }
        return inner.isEmpty ? nil : Fields(section, layers: inner, issues: issues)
    }

    /// As `section(_:)`; when no layer has it, one without entries, so that built-in values are read.
    func sectionOrStandard(_ name: String, _ standard: Section) -> Fields {
        section(name) ?? Fields(standard, layers: [], issues: issues)
    }

    /// The discriminator's value, or the built-in one; nil when it is missing or was refused.
    var chosenCase: String? {
        guard let discriminator = section.discriminator, let found = find(discriminator) else {
            return section.discriminator.flatMap { section[$0]?.standard }
        }
        return found.node.text == optionalText(discriminator) ? found.node.text : nil
    }

    /// Notes keys that do not belong to `value` of the discriminator, and required ones that are missing.
    ///
    /// - Parameter advice: where something is said instead that a key cannot say here.
    func checkKeys(for value: String? = nil, called word: String? = nil, advice: [String: String] = [:]) {
        let word = word ?? section.discriminator ?? ""
        for key in section.allKeys where !key.cases.isEmpty {
            guard let value, !key.cases.contains(value) else { continue }
            for layer in layers where !layer.isShared {
                guard let entry = layer.entries.first(where: { $0.key == key.name }) else { continue }
                issues.add(
                    .conflict, at: entry.mark, layer.path.appending(key.name),
                    "the key is for \(word) \(key.cases.joined(separator: " or ")); here \(word) is \(value)"
                        + (advice[key.name].map { "; \($0)" } ?? ""))
            }
        }
        for key in section.allKeys where key.isRequired && !has(key.name) {
            guard key.cases.isEmpty || value.map(key.cases.contains) == true else { continue }
            fail(.missingKey, key.name, "the key is missing; expected \(key.shape.expectation)")
        }
    }
}
