/// A SHA-256 digest (FIPS 180-4) in 32 bytes of its own, without a heap object: a backlog has one for each chunk.
package struct SHA256Value: Sendable, Hashable, CustomStringConvertible {
    /// Eight bytes each, the first byte in the highest place.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// Takes the digest's bytes; what is missing of 32 counts as 0.
    package init(_ bytes: some Sequence<UInt8>) {
        var iterator = bytes.makeIterator()
        func word() -> UInt64 { (0..<8).reduce(0) { sum, _ in sum << 8 | UInt64(iterator.next() ?? 0) } }
        words = (word(), word(), word(), word())
    }

    /// Reads what `description` prints: 64 lower-case hexadecimal digits; nil for anything else.
    package init?(_ text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 64 else { return nil }
        var words: [UInt64] = []
        for start in stride(from: 0, to: 64, by: 16) {
            guard let word = HexDigits.word(digits[start..<start + 16]) else { return nil }
            words.append(word)
        }
        self.words = (words[0], words[1], words[2], words[3])
    }

    /// 64 lower-case hexadecimal digits.
    package var description: String {
        HexDigits.render(words.0) + HexDigits.render(words.1) + HexDigits.render(words.2) + HexDigits.render(words.3)
    }

    package static func == (left: SHA256Value, right: SHA256Value) -> Bool { left.words == right.words }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
    }
}
