/// Unescapes a field in place.
///
/// - Parameters:
///   - start: offset of the field.
///   - first: offset of its first backslash.
///   - end: offset behind the line.
/// - Returns: the field's bytes, -1 for NULL, and the offset of the next field, `end + 1` when this is the last.
func copyTextUnescape(
    _ base: UnsafeMutablePointer<UInt8>, _ start: Int, _ first: Int, _ end: Int
) -> (count: Int, next: Int) {
    if first == start, first &+ 1 < end, base[first &+ 1] == 0x4E,
        first &+ 2 == end || base[first &+ 2] == CopyText.tab
    {
        return (-1, first &+ 3)
    }
    var read = first
    var write = first
    while true {
        let next = nextMark(base, read, end)
        if write != read {
            // It only moves to the front, so the places may overlap.
            UnsafeMutableRawPointer(base + write).copyMemory(from: base + read, byteCount: next &- read)
        }
        write &+= next &- read
        if next == end || base[next] == CopyText.tab { return (write &- start, next &+ 1) }
        read = next &+ 1
        if read == end { return (write &- start, end &+ 1) }
        let (byte, length) = unescapeOne(base + read, end &- read)
        base[write] = byte
        write &+= 1
        read &+= length
    }
}

/// The offset of the next TAB or backslash; `end` when there is none.
private func nextMark(_ base: UnsafeMutablePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
    var at = start
    while at &+ 8 <= end {
        let marks = CopyText.marks(CopyText.load(base + at))
        if marks != 0 { return at &+ (marks.trailingZeroBitCount &>> 3) }
        at &+= 8
    }
    while at < end, base[at] != CopyText.tab, base[at] != CopyText.backslash { at &+= 1 }
    return at
}

/// What stands for itself behind a backslash, and how many bytes it has taken; `left` bytes are there, at least one.
private func unescapeOne(_ source: UnsafeMutablePointer<UInt8>, _ left: Int) -> (byte: UInt8, length: Int) {
    switch source[0] {
    case 0x62: return (0x08, 1)
    case 0x66: return (0x0C, 1)
    case 0x6E: return (0x0A, 1)
    case 0x72: return (0x0D, 1)
    case 0x74: return (0x09, 1)
    case 0x76: return (0x0B, 1)
    case 0x30...0x37:
        var value: UInt8 = 0
        var length = 0
        while length < min(left, 3), (0x30...0x37).contains(source[length]) {
            // More than 0o377 loses its high bit, as with the server.
            value = value &<< 3 | (source[length] & 7)
            length += 1
        }
        return (value, length)
    case 0x78:
        var value: UInt8 = 0
        var length = 1
        while length < min(left, 3), let digit = hexadecimal(source[length]) {
            value = value &<< 4 | digit
            length += 1
        }
        return length == 1 ? (0x78, 1) : (value, length)
    default: return (source[0], 1)
    }
}

private func hexadecimal(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
}
