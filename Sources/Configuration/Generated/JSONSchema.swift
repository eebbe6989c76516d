/// The JSON Schema (draft 2020-12) of the configuration file, for editors; generated from the table of keys.
package func jsonSchema() -> String {
    let definitions = Table.sections.dropFirst().map { ($0.name, JSON.object(members(of: $0))) }
    let document: [(String, JSON)] =
        [
            ("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
            ("title", .string("Bobbin configuration")),
        ] + members(of: Table.document) + [("$defs", .object(Array(definitions)))]
    return JSON.object(document).text() + "\n"
}

private func members(of section: Section) -> [(String, JSON)] {
    let keys = section.allKeys
    var members: [(String, JSON)] = [
        ("description", .string(section.docs)),
        // An empty section is one without keys.
        ("type", .array([.string("object"), .string("null")])),
        ("properties", .object(keys.map { ($0.name, property($0)) })),
        ("additionalProperties", .bool(false)),
    ]
    // What streams take from the sections around them may be missing in each of them.
    let joined = ["source", "pagination", "incremental", "retry"]
    let required = keys.filter { $0.isRequired && $0.cases.isEmpty }.map { JSON.string($0.name) }
    if !required.isEmpty, !joined.contains(section.name) { members.append(("required", .array(required))) }
    if let discriminator = section.discriminator, case .choice(let values)? = section[discriminator]?.shape {
        members.append(
            ("allOf", .array(values.map { condition(on: discriminator, value: $0, in: section) })))
    }
    return members
}

/// If the discriminator has a value, then only its keys may stand beside it.
private func condition(on discriminator: String, value: String, in section: Section) -> JSON {
    let names = section.allKeys.filter { $0.cases.isEmpty || $0.cases.contains(value) }.map { JSON.string($0.name) }
    return .object([
        (
            "if",
            .object([
                ("properties", .object([(discriminator, .object([("const", .string(value))]))])),
                ("required", .array([.string(discriminator)])),
            ])
        ),
        ("then", .object([("propertyNames", .object([("enum", .array(names))]))])),
    ])
}

private func property(_ key: Key) -> JSON {
    let docs = key.cases.isEmpty ? key.docs : "[\(key.cases.joined(separator: ", "))] \(key.docs)"
    var members = [("description", JSON.string(docs))] + schema(key.shape)
    if let standard = key.standard {
        let isLiteral =
            switch key.shape {
            case .integer, .boolean: true
            default: false
            }
        members.append(("default", isLiteral ? .number(standard) : .string(standard)))
    }
    return .object(members)
}

private func schema(_ shape: Shape) -> [(String, JSON)] {
    switch shape {
    case .text(let rule): return schema(rule)
    case .integer(let range):
        let maximum = range.upperBound == .max ? [] : [("maximum", JSON.number(String(range.upperBound)))]
        return [("type", .string("integer")), ("minimum", .number(String(range.lowerBound)))] + maximum
    case .boolean: return [("type", .string("boolean"))]
    case .duration:
        return [
            ("type", .string("string")),
            ("pattern", .string("^(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$")),
        ]
    case .size: return [("type", .string("string")), ("pattern", .string("^[0-9]+([KMGT]i?)?B$"))]
    case .choice(let words): return [("enum", .array(words.map(JSON.string)))]
    case .section(let section): return [("$ref", .string("#/$defs/\(section.name)"))]
    case .map(let value, _):
        return [
            ("type", .array([.string("object"), .string("null")])),
            ("additionalProperties", .object(schema(value))),
        ]
    case .list(let item):
        return [("type", .string("array")), ("items", .object(schema(item))), ("minItems", .number("1"))]
    case .either(let shapes): return [("anyOf", .array(shapes.map { .object(schema($0)) }))]
    case .json: return []
    }
}

private func schema(_ rule: TextRule) -> [(String, JSON)] {
    let type: JSON =
        rule.isLoose ? .array(["string", "number", "boolean"].map(JSON.string)) : .string("string")
    let limits: [(String, JSON)] =
        switch rule {
        case .plain, .expanded, .timezone, .headerName, .name: [("minLength", .number("1"))]
        case .secret: [("pattern", .string("\\$\\{|^file:."))]
        case .url: [("pattern", .string("^https?://|\\$\\{"))]
        case .pointer: [("pattern", .string("^(/([^~]|~[01])*)?$"))]
        case .rate: [("pattern", .string("^[0-9]+(/[smh])?$"))]
        case .share: [("pattern", .string("^[0-9]*[.]?[0-9]*%?$"))]
        case .delimiter: [("minLength", .number("1")), ("maxLength", .number("1"))]
        case .date: [("pattern", .string("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
        case .value, .maybeSecret, .template: []
        }
    return [("type", type)] + limits
}
