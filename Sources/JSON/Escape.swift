/// The most bytes that `writeEscaped` can write for a string of `count` bytes: six for each, and the quotes.
package func escapedBound(_ count: Int) -> Int { count &* 6 &+ 2 }

/// Writes bytes as a JSON string with its quotes; returns the bytes written, at most `escapedBound(count)`.
///
/// Only quote, backslash and bytes below 0x20 are escaped; UTF-8 is copied as it is and not checked.
package func writeEscaped(
    _ source: UnsafePointer<UInt8>, _ count: Int, to output: UnsafeMutablePointer<UInt8>
) -> Int {
    output[0] = Lexer.quote
    var written = 1
    var read = 0
    while read < count {
        // The source needs no padding here, hence whole words only as long as they fit.
        var next = read
        if count &- read >= 8 { next = min(Lexer.skipPlain(source, read, count &- 7), count) }
        while next < count && source[next] >= 0x20 && source[next] != Lexer.quote && source[next] != Lexer.backslash {
            next &+= 1
        }
        (output + written).update(from: source + read, count: next &- read)
        written &+= next &- read
        read = next
        if read >= count { break }
        written &+= writeEscape(source[read], to: output + written)
        read &+= 1
    }
    output[written] = Lexer.quote
    return written &+ 1
}

/// Appends bytes as a JSON string with its quotes; see `writeEscaped`.
package func appendEscaped(_ bytes: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
    guard let source = bytes.baseAddress else {
        output.append(contentsOf: [Lexer.quote, Lexer.quote])
        return
    }
    let room = escapedBound(bytes.count)
    output.append(
        contentsOf: [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            count = buffer.baseAddress.map { writeEscaped(source, bytes.count, to: $0) } ?? 0
        })
}

/// Appends text as a JSON string with its quotes.
package func appendEscaped(_ text: String, to output: inout [UInt8]) {
    var text = text
    text.withUTF8 { appendEscaped($0, to: &output) }
}

private func writeEscape(_ byte: UInt8, to p: UnsafeMutablePointer<UInt8>) -> Int {
    p[0] = Lexer.backslash
    switch byte {
    case 0x22, 0x5C: p[1] = byte
    case 0x08: p[1] = 0x62
    case 0x0C: p[1] = 0x66
    case 0x0A: p[1] = 0x6E
    case 0x0D: p[1] = 0x72
    case 0x09: p[1] = 0x74
    default:
        p[1] = 0x75
        p[2] = 0x30
        p[3] = 0x30
        p[4] = 0x30 &+ byte &>> 4
        let low = byte & 15
        p[5] = low < 10 ? 0x30 &+ low : 0x57 &+ low
        return 6
    }
    return 2
}
