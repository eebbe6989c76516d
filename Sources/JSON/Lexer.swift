/// The tokens of RFC 8259 over `base[i ..< end]`, of which at least 16 bytes past `end` are readable.
///
/// Everything here is inlined into the loops of the scanners; only rare paths are calls. Nothing looks at UTF-8.
enum Lexer {
    typealias Bytes = UnsafePointer<UInt8>

    static let quote: UInt8 = 0x22
    static let backslash: UInt8 = 0x5C
    static let comma: UInt8 = 0x2C
    static let colon: UInt8 = 0x3A
    static let openBrace: UInt8 = 0x7B
    static let closeBrace: UInt8 = 0x7D
    static let openBracket: UInt8 = 0x5B
    static let closeBracket: UInt8 = 0x5D

    /// Offset of the first byte that is not white space, or `end`; `newline` becomes true when a CR or LF was skipped.
    @inline(always)
    static func skipWhitespace(_ base: Bytes, _ i: Int, _ end: Int, _ newline: inout Bool) -> Int {
        if i >= end || base[i] > 0x20 { return i }
        // One blank after a comma or colon is what most pretty writers emit.
        if base[i] == 0x20 && base[i &+ 1] > 0x20 { return i &+ 1 }
        let skipped = skipWhitespaceRun(base, i, end)
        newline = newline || skipped.newline
        return skipped.end
    }

    @inline(never)
    private static func skipWhitespaceRun(_ base: Bytes, _ start: Int, _ end: Int) -> (end: Int, newline: Bool) {
        var i = start
        var newline = false
        while i < end {
            let byte = base[i]
            if byte == 0x0A || byte == 0x0D {
                newline = true
            } else if byte != 0x20 && byte != 0x09 {
                break
            }
            i &+= 1
        }
        return (i, newline)
    }

    /// Offset of the first quote, backslash or control byte at or after `i`; anything `>= end` means none before it.
    ///
    /// Eight bytes at once: `x ^ pattern` turns wanted bytes into zero, and `(x - 0x01..) & ~x & 0x80..` flags zero
    /// bytes. A borrow can only raise false flags above a true one, hence the lowest flag is exact.
    @inline(always)
    static func skipPlain(_ base: Bytes, _ start: Int, _ end: Int) -> Int {
        let low: UInt64 = 0x0101_0101_0101_0101
        let high: UInt64 = 0x8080_8080_8080_8080
        var i = start
        while i < end {
            let word = UInt64(littleEndian: UnsafeRawPointer(base + i).loadUnaligned(as: UInt64.self))
            let a = word ^ (low &* 0x22)
            let b = word ^ (low &* 0x5C)
            let flags = (((a &- low) & ~a) | ((b &- low) & ~b) | ((word &- (low &* 0x20)) & ~word)) & high
            if flags != 0 { return i &+ (flags.trailingZeroBitCount &>> 3) }
            i &+= 8
        }
        return i
    }

    /// Offset of the closing quote of the string whose content starts at `start`.
    @inline(always)
    static func stringEnd(
        _ base: Bytes, _ start: Int, _ end: Int, _ escaped: inout Bool
    ) throws(JSONError) -> Int {
        var i = start
        while true {
            i = skipPlain(base, i, end)
            if i >= end { throw .at(end, .truncated) }
            if base[i] == quote { return i }
            if base[i] != backslash { throw .at(i, .controlCharacter) }
            escaped = true
            i = try escapeEnd(base, i, end)
        }
    }

    /// Offset after the escape sequence whose backslash is at `i`.
    @inline(always)
    static func escapeEnd(_ base: Bytes, _ i: Int, _ end: Int) throws(JSONError) -> Int {
        if i &+ 1 >= end { throw .at(end, .truncated) }
        switch base[i &+ 1] {
        case 0x22, 0x5C, 0x2F, 0x62, 0x66, 0x6E, 0x72, 0x74: return i &+ 2
        case 0x75:
            if i &+ 6 > end { throw .at(end, .truncated) }
            if fourHex(base + (i &+ 2)) == nil { throw .at(i, .invalidEscape) }
            return i &+ 6
        default: throw .at(i, .invalidEscape)
        }
    }

    /// The value of four hexadecimal digits, or nil.
    @inline(always)
    static func fourHex(_ p: Bytes) -> UInt32? {
        var value: UInt32 = 0
        for k in 0..<4 {
            let byte = p[k]
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte &- 0x30
            case 0x41...0x46: digit = byte &- 0x37
            case 0x61...0x66: digit = byte &- 0x57
            default: return nil
            }
            value = value &<< 4 | UInt32(digit)
        }
        return value
    }

    /// Offset after the digits at `i`, at most `end`.
    @inline(always)
    static func digitsEnd(_ base: Bytes, _ start: Int, _ end: Int) -> Int {
        var i = start
        while i < end && base[i] &- 0x30 < 10 { i &+= 1 }
        return i
    }

    /// Kind and end of the number that starts at `start`, which holds a minus sign or a digit.
    @inline(always)
    static func number(_ base: Bytes, _ start: Int, _ end: Int) throws(JSONError) -> (kind: FieldKind, end: Int) {
        var i = start
        let negative = base[i] == 0x2D
        if negative { i &+= 1 }
        let integerEnd = digitsEnd(base, i, end)
        if integerEnd == i { throw .at(i, i >= end ? .truncated : .invalidNumber) }
        let leadingZero = base[i] == 0x30
        if leadingZero && integerEnd &- i > 1 { throw .at(i, .invalidNumber) }
        i = integerEnd
        if i >= end || (base[i] != 0x2E && base[i] | 0x20 != 0x65) {
            return (negative && leadingZero ? .number : .integer, i)
        }
        return (.number, try fractionEnd(base, i, end))
    }

    @inline(always)
    private static func fractionEnd(_ base: Bytes, _ start: Int, _ end: Int) throws(JSONError) -> Int {
        var i = start
        if base[i] == 0x2E {
            let digits = digitsEnd(base, i &+ 1, end)
            if digits == i &+ 1 { throw .at(digits, digits >= end ? .truncated : .invalidNumber) }
            i = digits
        }
        if i < end && base[i] | 0x20 == 0x65 {
            i &+= 1
            if i < end && (base[i] == 0x2B || base[i] == 0x2D) { i &+= 1 }
            let digits = digitsEnd(base, i, end)
            if digits == i { throw .at(digits, digits >= end ? .truncated : .invalidNumber) }
            i = digits
        }
        return i
    }

    /// The scalar that starts at `i < end`. Opening brackets and everything else give `expectedValue`.
    @inline(always)
    static func scalar(_ base: Bytes, _ i: Int, _ end: Int) throws(JSONError) -> ScannedValue {
        let byte = base[i]
        if byte == quote {
            var escaped = false
            let close = try stringEnd(base, i &+ 1, end, &escaped)
            return ScannedValue(
                kind: escaped ? .escapedString : .string, start: i &+ 1, length: close &- i &- 1, end: close &+ 1)
        }
        if byte &- 0x30 < 10 || byte == 0x2D {
            let number = try number(base, i, end)
            return ScannedValue(kind: number.kind, start: i, length: number.end &- i, end: number.end)
        }
        return try literal(base, i, end)
    }

    @inline(always)
    private static func literal(_ base: Bytes, _ i: Int, _ end: Int) throws(JSONError) -> ScannedValue {
        // The bytes "null", "true" and "alse", read as one little-endian word.
        let word = UInt32(littleEndian: UnsafeRawPointer(base + i).loadUnaligned(as: UInt32.self))
        if word == 0x6C6C_756E && i &+ 4 <= end { return ScannedValue(kind: .null, start: i, length: 4, end: i &+ 4) }
        if word == 0x6575_7274 && i &+ 4 <= end { return ScannedValue(kind: .true, start: i, length: 4, end: i &+ 4) }
        let tail = UInt32(littleEndian: UnsafeRawPointer(base + (i &+ 1)).loadUnaligned(as: UInt32.self))
        if base[i] == 0x66 && tail == 0x6573_6C61 && i &+ 5 <= end {
            return ScannedValue(kind: .false, start: i, length: 5, end: i &+ 5)
        }
        throw badLiteral(base, i, end)
    }

    @inline(never)
    private static func badLiteral(_ base: Bytes, _ i: Int, _ end: Int) -> JSONError {
        let words: [StaticString] = ["null", "true", "false"]
        for word in words where word.utf8Start[0] == base[i] {
            let count = word.utf8CodeUnitCount
            for k in 1..<count {
                if i &+ k >= end { return .at(end, .truncated) }
                if base[i &+ k] != word.utf8Start[k] { break }
            }
            return .at(i, .invalidLiteral)
        }
        return .at(i, .expectedValue)
    }
}
