internal import Glibc

/// Replaces the escapes of a string's content in place; returns the new length, which is never greater.
///
/// Pairs of surrogates become one character, half a pair is `loneSurrogate`; `\u0000` becomes a NUL byte. Offsets in
/// errors count from `p`. Content that was never scanned is safe too: a bad escape throws.
package func unescape(_ p: UnsafeMutablePointer<UInt8>, _ count: Int) throws(JSONError) -> Int {
    var read = 0
    var write = 0
    while read < count {
        let found = memchr(p + read, Int32(Lexer.backslash), count &- read)
        let next = found.map { UnsafeMutableRawPointer(p).distance(to: $0) } ?? count
        if write != read { memmove(p + write, p + read, next &- read) }
        write &+= next &- read
        read = next
        if read >= count { break }
        if read &+ 1 >= count { throw .at(read, .invalidEscape) }
        if p[read &+ 1] == 0x75 {
            let scalar = try surrogatePair(p, read, count)
            read &+= scalar >= 0x10000 ? 12 : 6
            write &+= writeUTF8(scalar, to: p + write)
            continue
        }
        guard let byte = simpleEscape(p[read &+ 1]) else { throw .at(read, .invalidEscape) }
        p[write] = byte
        write &+= 1
        read &+= 2
    }
    return write
}

/// Offset of the first half of a surrogate pair that stands alone in a scanned string's content, or nil.
package func loneSurrogate(_ p: UnsafePointer<UInt8>, _ count: Int) -> Int? {
    var read = 0
    while read < count, let found = memchr(p + read, Int32(Lexer.backslash), count &- read) {
        let escape = UnsafeRawPointer(p).distance(to: found)
        read = escape &+ 2
        guard read <= count, p[escape &+ 1] == 0x75 else { continue }
        guard let scalar = try? surrogatePair(p, escape, count) else { return escape }
        read = escape &+ (scalar >= 0x10000 ? 12 : 6)
    }
    return nil
}

/// The scalar value of the `\u` escape at `i`, of both escapes when it begins a surrogate pair.
private func surrogatePair(
    _ p: UnsafePointer<UInt8>, _ i: Int, _ count: Int
) throws(JSONError) -> UInt32 {
    guard i &+ 6 <= count, let first = Lexer.fourHex(p + (i &+ 2)) else { throw .at(i, .invalidEscape) }
    if first & 0xF800 != 0xD800 { return first }
    guard first < 0xDC00, i &+ 12 <= count, p[i &+ 6] == Lexer.backslash, p[i &+ 7] == 0x75,
        let second = Lexer.fourHex(p + (i &+ 8)), second & 0xFC00 == 0xDC00
    else { throw .at(i, .loneSurrogate) }
    return 0x10000 &+ ((first & 0x3FF) &<< 10 | (second & 0x3FF))
}

private func simpleEscape(_ letter: UInt8) -> UInt8? {
    switch letter {
    case 0x22, 0x5C, 0x2F: letter
    case 0x62: 0x08
    case 0x66: 0x0C
    case 0x6E: 0x0A
    case 0x72: 0x0D
    case 0x74: 0x09
    default: nil
    }
}

/// Writes a scalar value (no surrogate) as one to four bytes; returns how many.
private func writeUTF8(_ scalar: UInt32, to p: UnsafeMutablePointer<UInt8>) -> Int {
    let tail = { (shift: UInt32) in UInt8(truncatingIfNeeded: 0x80 | (scalar &>> shift & 0x3F)) }
    switch scalar {
    case 0..<0x80:
        p[0] = UInt8(truncatingIfNeeded: scalar)
        return 1
    case 0x80..<0x800:
        p[0] = UInt8(truncatingIfNeeded: 0xC0 | scalar &>> 6)
        p[1] = tail(0)
        return 2
    case 0x800..<0x10000:
        p[0] = UInt8(truncatingIfNeeded: 0xE0 | scalar &>> 12)
        p[1] = tail(6)
        p[2] = tail(0)
        return 3
    default:
        p[0] = UInt8(truncatingIfNeeded: 0xF0 | scalar &>> 18)
        p[1] = tail(12)
        p[2] = tail(6)
        p[3] = tail(0)
        return 4
    }
}
