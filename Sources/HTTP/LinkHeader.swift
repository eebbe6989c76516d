/// The Link header (RFC 8288 section 3), as far as pagination needs it.
package enum LinkHeader {
    /// The target of the first link whose relation types hold `next`, still a relative reference; nil when there is
    /// none.
    ///
    /// Links with an `anchor` speak about another page and are passed over, as section 3.2 allows. Broken parts end the
    /// reading; what came before them counts.
    package static func next(_ value: String) -> String? {
        var scanner = Scanner(bytes: Array(value.utf8))
        while let link = scanner.link() {
            if link.isNext { return link.target }
        }
        return nil
    }

    private struct Scanner {
        let bytes: [UInt8]
        var at = 0

        mutating func link() -> (target: String, isNext: Bool)? {
            skip { $0 == UInt8(ascii: ",") || Self.isSpace($0) }
            guard take("<") else { return nil }
            let target = read { $0 != UInt8(ascii: ">") }
            guard take(">") else { return nil }
            var relation: String?
            var hasAnchor = false
            skip(Self.isSpace)
            while take(";") {
                skip(Self.isSpace)
                let name = read { !Self.isSpace($0) && !";,=".utf8.contains($0) }.lowercased()
                skip(Self.isSpace)
                let parameter = take("=") ? value() : ""
                // Section 3.3: of several rel parameters only the first counts.
                if name == "rel" && relation == nil { relation = parameter.lowercased() }
                if name == "anchor" { hasAnchor = true }
                skip(Self.isSpace)
            }
            let types = (relation ?? "").split(whereSeparator: { $0 == " " || $0 == "\t" })
            return (target, !hasAnchor && types.contains("next"))
        }

        /// A token or a quoted string (RFC 9110 section 5.6.4).
        private mutating func value() -> String {
            skip(Self.isSpace)
            guard take("\"") else { return read { !Self.isSpace($0) && !";,".utf8.contains($0) } }
            var text: [UInt8] = []
            while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
                if bytes[at] == UInt8(ascii: "\\"), at + 1 < bytes.count { at += 1 }
                text.append(bytes[at])
                at += 1
            }
            _ = take("\"")
            return String(decoding: text, as: UTF8.self)
        }

        private mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
            at += 1
            return true
        }

        private mutating func read(while matches: (UInt8) -> Bool) -> String {
            let start = at
            skip(matches)
            return String(decoding: bytes[start..<at], as: UTF8.self)
        }

        private mutating func skip(_ matches: (UInt8) -> Bool) {
            while at < bytes.count, matches(bytes[at]) { at += 1 }
        }

        private static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    }
}
