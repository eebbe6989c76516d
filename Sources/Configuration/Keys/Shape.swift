/// One key of the file: the only place that says what it may hold. The checker, the JSON Schema and the reference all
/// read this table.
struct Key: Sendable {
    let name: String
    let shape: Shape
    /// The built-in value as it would be written.
    let standard: String?
    let isRequired: Bool
    /// The values of the section's discriminator that the key belongs to; empty for all.
    let cases: [String]
    let docs: String

    init(
        _ name: String, _ shape: Shape, standard: String? = nil, required: Bool = false, for cases: [String] = [],
        _ docs: String
    ) {
        self.name = name
        self.shape = shape
        self.standard = standard
        isRequired = required
        self.cases = cases
        self.docs = docs
    }
}

/// A map with fixed keys.
struct Section: Sendable {
    /// Unique among all sections: the schema's definitions and the reference's headings.
    let name: String
    let docs: String
    /// The key that decides which others apply (`Key.cases`).
    let discriminator: String?
    let keys: [Key]
    /// A list of one, as a value cannot hold itself: the section whose keys belong here too.
    let base: [Section]

    init(_ name: String, _ docs: String, discriminator: String? = nil, base: [Section] = [], _ keys: [Key]) {
        self.name = name
        self.docs = docs
        self.discriminator = discriminator
        self.keys = keys
        self.base = base
    }

    var allKeys: [Key] { keys + base.flatMap(\.allKeys) }

    subscript(name: String) -> Key? { allKeys.first { $0.name == name } }
}

/// What a key may hold.
indirect enum Shape: Sendable {
    case text(TextRule)
    case integer(ClosedRange<Int>)
    case boolean
    /// At least the given duration.
    case duration(minimum: Duration)
    /// Bytes.
    case size(ClosedRange<Int>)
    case choice([String])
    case section(Section)
    /// Names that the user chooses, each with a value of one shape.
    case map(of: Shape, names: TextRule)
    /// At least one item.
    case list(of: Shape)
    /// The one that suits a text, a list or a section.
    case either([Shape])
    /// Any value, as JSON.
    case json
}

extension Shape {
    /// The section that a value may be, if it may be one.
    var section: Section? {
        switch self {
        case .section(let section): section
        case .either(let shapes): shapes.lazy.compactMap(\.section).first
        case .text, .integer, .boolean, .duration, .size, .choice, .map, .list, .json: nil
        }
    }
}

/// What a text may be.
enum TextRule: Sendable {
    /// Not empty.
    case plain
    /// Any text, also the empty one.
    case value
    /// Not empty, at most 255 bytes, no NUL, any other Unicode.
    case name
    /// Not empty; `${NAME}` stands for an environment variable.
    case expanded
    /// Only `${NAME}` (also within text) or `file:PATH`.
    case secret
    /// As `secret`, but plain text is allowed where it carries no credential.
    case maybeSecret
    /// An `http` or `https` address, expanded; credentials are refused.
    case url
    /// Text with `{placeholders}`.
    case template
    /// A JSON pointer (RFC 6901).
    case pointer
    case timezone
    /// Requests per time.
    case rate
    /// 0 to 1, or a percentage.
    case share
    /// One ASCII character.
    case delimiter
    /// `YYYY-MM-DD`.
    case date
    /// A header's name: a token of RFC 9110.
    case headerName

    /// Whether `${NAME}` is read from the environment.
    var isExpanded: Bool {
        switch self {
        case .expanded, .secret, .maybeSecret, .url: true
        case .plain, .value, .name, .template, .pointer, .timezone, .rate, .share, .delimiter, .date, .headerName: false
        }
    }

    /// Whether numbers and the like are taken as they are written.
    var isLoose: Bool {
        switch self {
        case .value, .template, .rate, .share, .date, .name: true
        case .plain, .expanded, .secret, .maybeSecret, .url, .pointer, .timezone, .delimiter, .headerName: false
        }
    }
}
