extension Shape {
    /// What is expected, for messages and the reference: `a duration such as 30s`.
    var expectation: String {
        switch self {
        case .text(let rule): rule.expectation
        case .integer(let range):
            range.upperBound == .max
                ? "a whole number from \(range.lowerBound)"
                : "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .boolean: "true or false"
        case .duration(let minimum):
            minimum > .zero
                ? "a duration such as 30s, at least \(minimum.components.seconds > 0 ? "1s" : "1ms")"
                : "a duration such as 30s"
        case .size: "a size such as 16MB"
        case .choice(let words): words.count == 1 ? words[0] : "one of \(words.joined(separator: ", "))"
        case .section: "a section"
        case .map(let value, _): "a section of names, each with \(value.expectation)"
        case .list(let item): "a list, each item \(item.expectation)"
        case .either(let shapes): shapes.map(\.expectation).joined(separator: ", or ")
        case .json: "any value"
        }
    }

    /// What some words are called here whose letters are others.
    private static let otherNames = [
        "mariadb": "mysql", "postgresql": "postgres", "sqlserver": "odbc", "oracle": "odbc",
    ]

    /// Why a text is not of this shape; nil when it is. A message never shows what may be secret.
    func problem(in text: String, isPlain: Bool) -> String? {
        switch self {
        case .text(let rule):
            return rule.problem(in: text).map { reason in
                switch rule {
                case .secret, .maybeSecret, .url, .expanded: "expected \(expectation)\(reason)"
                default: "expected \(expectation), found \(Message.quoted(text))\(reason)"
                }
            }
        case .integer(let range):
            guard isPlain, let number = Self.integer(text), range.contains(number) else {
                return "expected \(expectation), found \(isPlain ? Message.shortened(text) : Message.quoted(text))"
            }
            return nil
        case .boolean:
            return isPlain && Self.boolean(text) != nil ? nil : "expected true or false, found \(Message.quoted(text))"
        case .duration(let minimum):
            return reason { () throws(ValueProblem) in
                guard try DurationText.parse(text) >= minimum else { throw ValueProblem(reason: "it is too short") }
            }.map { "expected \(expectation), found \(Message.quoted(text)): \($0)" }
        case .size(let range):
            return reason { () throws(ValueProblem) in
                guard range.contains(try SizeText.parse(text)) else {
                    throw ValueProblem(reason: "allowed are \(range.lowerBound) to \(range.upperBound) bytes")
                }
            }.map { "expected \(expectation), found \(Message.quoted(text)): \($0)" }
        case .choice(let words):
            guard !words.contains(text) else { return nil }
            let other = Self.otherNames[text.lowercased()].flatMap { words.contains($0) ? $0 : nil }
            return "expected \(expectation), found \(Message.quoted(text))"
                + (other.map { "; did you mean \(Message.quoted($0))?" } ?? Message.suggestion(for: text, among: words))
        case .either(let shapes):
            return shapes.first(where: \.isText)?.problem(in: text, isPlain: isPlain)
        case .section, .map, .list, .json:
            return nil
        }
    }

    /// Whether a text suits at all.
    var isText: Bool {
        switch self {
        case .text, .integer, .boolean, .duration, .size, .choice, .json: true
        case .section, .map, .list: false
        case .either(let shapes): shapes.contains(where: \.isText)
        }
    }

    /// Decimal digits with an optional minus; nil beyond 64 bits.
    static func integer(_ text: String) -> Int? {
        text.hasPrefix("+") ? nil : Int(text)
    }

    static func boolean(_ text: String) -> Bool? {
        ["true": true, "false": false][text]
    }
}

/// The reason that `body` throws; nil when it throws none.
private func reason(_ body: () throws(ValueProblem) -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return error.reason
    }
}

extension TextRule {
    var expectation: String {
        switch self {
        case .plain: "text"
        case .value, .maybeSecret: "text"
        case .name: "a name of at most 255 bytes"
        case .expanded: "text"
        case .secret: "${NAME} of an environment variable or file:PATH"
        case .url: "an address that begins with http:// or https://"
        case .template: "text with {placeholders}"
        case .pointer: "a JSON pointer such as /data/items"
        case .timezone: "a time zone such as Europe/Berlin"
        case .rate: "a rate such as 10/s or 600/m"
        case .share: "a share from 0 to 1, or such as 1%"
        case .delimiter: "one ASCII character, not a quote or line end"
        case .date: "a date such as 2026-03-01"
        case .headerName: "a header name"
        }
    }

    /// What is wrong with a text, as the end of a message (possibly empty); nil when nothing is.
    func problem(in text: String) -> String? {
        if isExpanded, let reason = Expansion.problem(in: text) { return ": \(reason)" }
        if !isExpanded, text.contains("${"), self != .value {
            return ": environment variables are read only in spool, connections and on_failure.webhook"
        }
        switch self {
        case .value, .maybeSecret: return nil
        case .plain, .expanded: return text.isEmpty ? ", found none" : nil
        case .name: return text.isEmpty || text.utf8.count > 255 || text.utf8.contains(0) ? "" : nil
        case .secret:
            return Expansion.isSecret(text)
                ? nil : ", found a literal value; keep secrets out of the file and change this one"
        case .url: return Expansion.hasVariables(text) ? nil : URLText.problem(in: text).map { ": \($0)" }
        case .template: return reason { () throws(ValueProblem) in _ = try Template(parsing: text) }.map { ": \($0)" }
        case .pointer: return Self.isPointer(text) ? nil : ""
        case .timezone: return CivilDate.isZoneName(text) ? nil : ""
        case .rate: return reason { () throws(ValueProblem) in _ = try RateLimit(parsing: text) }.map { ": \($0)" }
        case .share: return Self.share(text) == nil ? "" : nil
        case .delimiter: return Self.delimiter(text) == nil ? "" : nil
        case .date: return CivilDate(text) == nil ? "" : nil
        case .headerName:
            let tokens = Set("!#$%&'*+-.^_`|~0123456789".utf8)
            return !text.isEmpty
                && text.utf8.allSatisfy { tokens.contains($0) || (65...90).contains($0 & 0xDF) && $0 < 0x80 }
                ? nil : ""
        }
    }

    private static func isPointer(_ text: String) -> Bool {
        guard !text.isEmpty else { return true }
        return text.hasPrefix("/")
            && text.split(separator: "~", omittingEmptySubsequences: false).dropFirst()
                .allSatisfy { $0.hasPrefix("0") || $0.hasPrefix("1") }
    }

    static func share(_ text: String) -> Double? {
        let digits = text.hasSuffix("%") ? text.dropLast() : text[...]
        guard digits.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: ".") }),
            let number = Double(digits)
        else { return nil }
        let share = text.hasSuffix("%") ? number / 100 : number
        return (0...1).contains(share) ? share : nil
    }

    static func delimiter(_ text: String) -> UInt8? {
        guard text.utf8.count == 1, let byte = text.utf8.first, byte < 0x80, byte != 0,
            !"\"\r\n".utf8.contains(byte)
        else { return nil }
        return byte
    }
}
