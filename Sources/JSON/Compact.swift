/// Copies a validated value without the white space between its tokens; returns the bytes written, at most `count`.
///
/// `base[0 ..< count]` must be one value that a scanner accepted, with 16 readable bytes after it. `output` has room for
/// `count` bytes and may be `base` itself.
package func compact(
    _ base: UnsafePointer<UInt8>, _ count: Int, to output: UnsafeMutablePointer<UInt8>
) -> Int {
    var read = 0
    var written = 0
    while read < count {
        let byte = base[read]
        if byte <= 0x20 {
            read &+= 1
            continue
        }
        if byte != Lexer.quote {
            output[written] = byte
            written &+= 1
            read &+= 1
            continue
        }
        var next = read &+ 1
        while true {
            next = Lexer.skipPlain(base, next, count)
            if next >= count || base[next] == Lexer.quote { break }
            next &+= base[next] == Lexer.backslash ? 2 : 1
        }
        let length = min(next &+ 1, count) &- read
        // Overlapping areas are fine here: `update(from:count:)` moves.
        (output + written).update(from: base + read, count: length)
        written &+= length
        read &+= length
    }
    return written
}
