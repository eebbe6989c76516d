/// Where in a JSON document the array of records is (RFC 6901).
package struct JSONPointer: Sendable, Equatable, CustomStringConvertible {
    /// The pointer as written.
    package let description: String
    /// Its reference tokens, unescaped, as UTF-8.
    let tokens: [[UInt8]]

    /// The document itself is the array.
    package static let root = JSONPointer(description: "", tokens: [])

    private init(description: String, tokens: [[UInt8]]) {
        self.description = description
        self.tokens = tokens
    }

    /// Reads a pointer such as `/data/items`, in which `~1` stands for `/` and `~0` for `~`.
    ///
    /// - Throws: ``FormatsError/Code/badOption``.
    package init(_ text: String) throws(FormatsError) {
        description = text
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty else {
            tokens = []
            return
        }
        guard bytes[0] == ASCII.slash else {
            throw FormatsError(
                .badOption, "records: \"\(text)\" does not begin with a slash: write for example /data/items")
        }
        var tokens: [[UInt8]] = []
        for part in bytes[1...].split(separator: ASCII.slash, omittingEmptySubsequences: false) {
            var token: [UInt8] = []
            var isEscape = false
            for byte in part {
                if isEscape {
                    guard byte == ASCII.zero || byte == ASCII.zero + 1 else { throw Self.badEscape(text) }
                    token.append(byte == ASCII.zero ? 0x7e : ASCII.slash)
                    isEscape = false
                } else if byte == 0x7e {
                    isEscape = true
                } else {
                    token.append(byte)
                }
            }
            if isEscape { throw Self.badEscape(text) }
            tokens.append(token)
        }
        self.tokens = tokens
    }

    /// The token as an array index (no leading zeros), or nil.
    static func index(_ token: [UInt8]) -> Int? {
        guard !token.isEmpty, token.count < 18, token.allSatisfy(ASCII.isDigit),
            token.count == 1 || token[0] != ASCII.zero
        else { return nil }
        return token.reduce(0) { $0 * 10 + Int($1 &- ASCII.zero) }
    }

    private static func badEscape(_ text: String) -> FormatsError {
        FormatsError(.badOption, "records: in \"\(text)\" a ~ is not followed by 0 or 1: write ~0 for ~ and ~1 for /")
    }
}
