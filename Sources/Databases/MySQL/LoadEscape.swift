/// Escaping for LOAD DATA, eight bytes at a time. Little-endian, as every platform of Bobbin is.
enum LoadEscape {
    /// The last 1 to 7 bytes of a field as the low bytes of a word, without reading a byte outside of the field.
    @inline(__always)
    static func tail(_ source: UnsafeRawPointer, _ count: Int, isAlone: Bool) -> UInt64 {
        let empty = 8 &* (8 &- count)
        if !isAlone { return (source + count - 8).loadUnaligned(as: UInt64.self) &>> UInt64(empty) }
        if count >= 4 {
            let low = UInt64(source.loadUnaligned(as: UInt32.self))
            let high = UInt64((source + count - 4).loadUnaligned(as: UInt32.self))
            return low | high &<< UInt64(8 &* (count &- 4))
        }
        let first = UInt64(source.load(as: UInt8.self))
        let middle = UInt64(source.load(fromByteOffset: count / 2, as: UInt8.self))
        let last = UInt64(source.load(fromByteOffset: count &- 1, as: UInt8.self))
        return first | middle &<< UInt64(8 &* (count / 2)) | last &<< UInt64(8 &* (count &- 1))
    }

    /// Writes the low `count` bytes of a word, escaped.
    @inline(__always)
    static func put(_ word: UInt64, _ count: Int, _ target: inout UnsafeMutableRawPointer) {
        let ones: UInt64 = 0x0101_0101_0101_0101
        // The high bit of bytes below 11 and of bytes equal to 0x5C ("Bit Twiddling Hacks", hasless and haszero). A
        // byte above such a one may be marked too; `escape` looks again.
        let slash = word ^ (ones &* 0x5C)
        let marks = ((word &- ones &* 0x0B) & ~word) | ((slash &- ones) & ~slash)
        let mine = UInt64.max &>> UInt64(8 &* (8 &- count))
        let suspects = marks & (ones &* 0x80) & mine
        target.storeBytes(of: word, as: UInt64.self)
        if suspects == 0 { target += count } else { escape(word, count, suspects, &target) }
    }

    @inline(never)
    private static func escape(
        _ word: UInt64, _ count: Int, _ suspects: UInt64, _ target: inout UnsafeMutableRawPointer
    ) {
        var suspects = suspects
        var done = 0
        while suspects != 0 {
            let place = suspects.trailingZeroBitCount / 8
            target.storeBytes(of: word >> (8 * done), as: UInt64.self)
            target += place - done
            done = place + 1
            suspects &= suspects &- 1
            let byte = UInt8(truncatingIfNeeded: word >> (8 * place))
            // What LOAD DATA reads after a backslash; 0 is a byte that stays as it is.
            let code: UInt8 =
                switch byte {
                case 0x5C: 0x5C
                case 0x09: 0x74
                case 0x0A: 0x6E
                case 0x00: 0x30
                default: 0
                }
            if code == 0 {
                target.storeBytes(of: byte, as: UInt8.self)
                target += 1
            } else {
                target.storeBytes(of: 0x5C | UInt16(code) << 8, as: UInt16.self)
                target += 2
            }
        }
        target.storeBytes(of: word >> (8 * done), as: UInt64.self)
        target += count - done
    }
}
