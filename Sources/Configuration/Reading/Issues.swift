/// Where the passes over one file put what they find. Used by one thread, for one file.
final class Issues {
    private let file: String
    private var found: [ConfigurationError.Issue] = []
    private var known: Set<ConfigurationError.Issue> = []

    init(file: String) {
        self.file = file
    }

    func add(_ code: ConfigurationError.Code, at mark: Mark, _ path: KeyPath, _ message: String) {
        let issue = ConfigurationError.Issue(code: code, file: file, mark: mark, key: path.text, message: message)
        if known.insert(issue).inserted { found.append(issue) }
    }

    func throwIfAny() throws(ConfigurationError) {
        guard !found.isEmpty else { return }
        throw ConfigurationError(
            issues: found.sorted { left, right in
                let (a, b) = (left.mark ?? Mark(line: 0, column: 0), right.mark ?? Mark(line: 0, column: 0))
                return a == b ? (left.key, left.message) < (right.key, right.message) : a < b
            })
    }
}

/// The keys that lead to a value, as messages print them: `jobs."a.b".source`.
struct KeyPath: Sendable {
    private(set) var text = ""

    func appending(_ key: String) -> KeyPath {
        let isSimple = key.utf8.allSatisfy { byte in
            byte >= 0x80 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
                || Character(UnicodeScalar(byte)).isLetter || Character(UnicodeScalar(byte)).isNumber
        }
        let shown = isSimple && !key.isEmpty ? Message.shortened(key) : Message.quoted(key)
        return KeyPath(text: text.isEmpty ? shown : "\(text).\(shown)")
    }

    func appending(index: Int) -> KeyPath {
        KeyPath(text: "\(text)[\(index)]")
    }
}

/// How messages show text from outside: short, and without control characters.
enum Message {
    static func shortened(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars.prefix(60) {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            shown += isControl ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }
        return text.unicodeScalars.count > 60 ? shown + "..." : shown
    }

    static func quoted(_ text: String) -> String {
        "\"\(shortened(text))\""
    }

    /// `; did you mean "x"?`, or nothing when no candidate is near.
    static func suggestion(for text: String, among candidates: some Sequence<String>) -> String {
        nearest(to: text, among: candidates).map { "; did you mean \(quoted($0))?" } ?? ""
    }
}
