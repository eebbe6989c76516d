/// Writes a field with a backslash before each backslash and in place of TAB, LF and CR.
///
/// - Parameter output: room for twice `count` bytes.
/// - Returns: bytes written; `nil` when the field holds NUL.
func copyTextEscape(
    _ source: UnsafePointer<UInt8>, _ count: Int, _ output: UnsafeMutablePointer<UInt8>
) -> Int? {
    var read = 0
    var written = 0
    while read &+ 8 <= count {
        let word = CopyText.load(source + read)
        let suspects = CopyText.suspects(word)
        // Also when something is found: the room is there, and what is wrong is written over.
        CopyText.store(word, output + written)
        if suspects == 0 {
            read &+= 8
            written &+= 8
            continue
        }
        let clean = suspects.trailingZeroBitCount &>> 3
        read &+= clean
        written &+= clean
        guard let length = escapeOne(source[read], output + written) else { return nil }
        read &+= 1
        written &+= length
    }
    while read < count {
        guard let length = escapeOne(source[read], output + written) else { return nil }
        read &+= 1
        written &+= length
    }
    return written
}

/// Writes one byte, escaped or not.
@inline(__always)
private func escapeOne(_ byte: UInt8, _ output: UnsafeMutablePointer<UInt8>) -> Int? {
    if byte >= 0x0E, byte != CopyText.backslash {
        output[0] = byte
        return 1
    }
    var letter = byte
    switch byte {
    case 0: return nil
    case CopyText.tab: letter = 0x74
    case CopyText.lineFeed: letter = 0x6E
    case CopyText.carriageReturn: letter = 0x72
    case CopyText.backslash: break
    default:
        output[0] = byte
        return 1
    }
    output[0] = CopyText.backslash
    output[1] = letter
    return 2
}
