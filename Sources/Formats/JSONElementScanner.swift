/// Finds the end of one JSON value and copies it without the white space between its tokens.
///
/// A structural machine, not a validator: it knows strings, escapes and brackets, and keeps everything else as it is,
/// so that what is no JSON stays none (a space stays between two words). It goes on where the window ended.
struct JSONElementScanner {
    /// Deepest nesting in which the kinds of brackets are checked.
    static let depthLimit = 1024

    enum Status { case more, done, unbalanced }

    /// A string holds an LF as such, which would cut the record in two.
    private(set) var hasLineFeed = false
    /// The nesting is deeper than ``depthLimit``.
    private(set) var isTooDeep = false
    /// LFs passed.
    private(set) var lines: UInt64 = 0

    private var depth = 0
    /// A bit per level: 1 for an object.
    private var kinds: [UInt64] = Array(repeating: 0, count: depthLimit / 64)
    private var isInString = false
    private var isEscape = false
    private var isAfterWord = false
    private var isGap = false

    /// Prepares for the next value, without allocating.
    mutating func reset() {
        hasLineFeed = false
        isTooDeep = false
        lines = 0
        depth = 0
        isInString = false
        isEscape = false
        isAfterWord = false
        isGap = false
    }

    /// Goes on with the text from `p` to `end`, where an LF stands; `out` has room for `end - p + 1` bytes and a word.
    ///
    /// - Returns: how far it came in both; `done` behind the value's last byte; `unbalanced` at a wrong bracket.
    mutating func scan(
        _ from: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ to: UnsafeMutablePointer<UInt8>
    ) -> (Status, UnsafePointer<UInt8>, UnsafeMutablePointer<UInt8>) {
        var p = from
        var out = to
        while p < end {
            if isInString {
                if copyString(&p, end, &out), depth == 0 { return (.done, p, out) }
                continue
            }
            let byte = p[0]
            switch byte {
            case ASCII.quote:
                if depth == 0, isAfterWord { return (.done, p, out) }
                isInString = true
            case ASCII.openBrace, ASCII.openBracket:
                if depth == 0, isAfterWord { return (.done, p, out) }
                push(isObject: byte == ASCII.openBrace)
            case ASCII.closeBrace, ASCII.closeBracket:
                if depth == 0 { return (.done, p, out) }
                guard pop(isObject: byte == ASCII.closeBrace) else { return (.unbalanced, p, out) }
                if depth == 0 {
                    out[0] = byte
                    return (.done, p + 1, out + 1)
                }
            case ASCII.comma, ASCII.colon:
                if depth == 0 { return (.done, p, out) }
            case ASCII.space, ASCII.tab, ASCII.carriageReturn, ASCII.lineFeed:
                if depth == 0 { return (.done, p, out) }
                isGap = isAfterWord
                skipBlanks(&p, end)
                continue
            default:
                if isGap {
                    out[0] = ASCII.space
                    out += 1
                    isGap = false
                }
                isAfterWord = true
                out[0] = byte
                out += 1
                p += 1
                continue
            }
            isAfterWord = false
            isGap = false
            out[0] = byte
            out += 1
            p += 1
        }
        return (.more, p, out)
    }

    /// Copies up to the end of the string or the window; true behind the closing quote.
    @inline(__always)
    private mutating func copyString(
        _ source: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ target: inout UnsafeMutablePointer<UInt8>
    ) -> Bool {
        var p = source
        var out = target
        defer {
            source = p
            target = out
        }
        while true {
            if isEscape {
                if p == end { return false }
                isEscape = false
                if p[0] == ASCII.lineFeed { noteLineFeed() }
                out[0] = p[0]
                out += 1
                p += 1
            }
            let word = Word.load(p)
            Word.store(word, out)
            let marks =
                Word.controls(word) | Word.equal(word, Word.broadcast(ASCII.quote))
                | Word.equal(word, Word.broadcast(ASCII.backslash))
            if marks == 0 {
                p += 8
                out += 8
                continue
            }
            let plain = Word.first(marks)
            p += plain
            out += plain
            if p == end { return false }
            let byte = p[0]
            out[0] = byte
            out += 1
            p += 1
            if byte == ASCII.quote {
                isInString = false
                return true
            }
            if byte == ASCII.backslash {
                isEscape = true
            } else if byte == ASCII.lineFeed {
                noteLineFeed()
            }
        }
    }

    @inline(__always)
    private mutating func skipBlanks(_ source: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) {
        var p = source
        while p < end, ASCII.isBlank(p[0]) {
            if p[0] == ASCII.lineFeed { lines &+= 1 }
            p += 1
            // Indentation. Behind the window stand zeros, so a word of spaces lies in it.
            while Word.load(p) == Word.spaces { p += 8 }
        }
        source = p
    }

    private mutating func noteLineFeed() {
        lines &+= 1
        hasLineFeed = true
    }

    private mutating func push(isObject: Bool) {
        if depth < Self.depthLimit {
            let bit = UInt64(1) << UInt64(depth & 63)
            if isObject { kinds[depth >> 6] |= bit } else { kinds[depth >> 6] &= ~bit }
        } else {
            isTooDeep = true
        }
        depth &+= 1
    }

    private mutating func pop(isObject: Bool) -> Bool {
        depth &-= 1
        guard depth < Self.depthLimit else { return true }
        return (kinds[depth >> 6] >> UInt64(depth & 63)) & 1 == (isObject ? 1 : 0)
    }
}
