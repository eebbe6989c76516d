/// Offset of the first byte that does not belong to well-formed UTF-8 (Unicode 15, table 3-7), or nil if all does.
///
/// Meant for whole buffers, once; a buffer that was cut inside a character is reported as ill-formed at that character.
package func validUTF8(_ base: UnsafePointer<UInt8>, _ count: Int) -> Int? {
    var i = 0
    while true {
        while i &+ 32 <= count && isASCII(base + i) { i &+= 32 }
        if i >= count { return nil }
        // From here to the next ASCII block the standard library judges; no character reaches into an ASCII block.
        let start = i
        repeat { i &+= 32 } while i &+ 32 <= count && !isASCII(base + i)
        i = i &+ 32 <= count ? i : count
        let part = UnsafeBufferPointer(start: base + start, count: i &- start)
        do {
            _ = try UTF8Span(validating: part.span)
        } catch {
            return start &+ error.byteOffsets.lowerBound
        }
    }
}

/// Whether none of 32 bytes has its high bit set.
@inline(always)
private func isASCII(_ p: UnsafePointer<UInt8>) -> Bool {
    let raw = UnsafeRawPointer(p)
    let a = raw.loadUnaligned(as: UInt64.self) | raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    let b =
        raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self) | raw.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
    return (a | b) & 0x8080_8080_8080_8080 == 0
}
