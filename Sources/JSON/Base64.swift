/// Base64 (RFC 4648 section 4): bytes in records, and credentials in headers.
package enum Base64 {
    private static let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    /// Characters that `count` bytes become, padding included.
    package static func encodedCount(_ count: Int) -> Int { (count &+ 2) / 3 &* 4 }

    /// Writes the characters of `count` bytes; `output` has room for `encodedCount(count)`, and must not be the source.
    ///
    /// - Returns: the characters written.
    package static func encode(
        _ source: UnsafePointer<UInt8>, _ count: Int, to output: UnsafeMutablePointer<UInt8>
    ) -> Int {
        let digits = alphabet.utf8Start
        var read = 0
        var written = 0
        while read &+ 3 <= count {
            let bits = Int(source[read]) << 16 | Int(source[read &+ 1]) << 8 | Int(source[read &+ 2])
            output[written] = digits[bits >> 18]
            output[written &+ 1] = digits[bits >> 12 & 63]
            output[written &+ 2] = digits[bits >> 6 & 63]
            output[written &+ 3] = digits[bits & 63]
            read &+= 3
            written &+= 4
        }
        guard read < count else { return written }
        let isTwo = read &+ 2 == count
        let bits = Int(source[read]) << 16 | (isTwo ? Int(source[read &+ 1]) << 8 : 0)
        output[written] = digits[bits >> 18]
        output[written &+ 1] = digits[bits >> 12 & 63]
        output[written &+ 2] = isTwo ? digits[bits >> 6 & 63] : padding
        output[written &+ 3] = padding
        return written &+ 4
    }

    /// Writes the bytes that `count` characters stand for; `output` has room for `count / 4 * 3`, and may be the source.
    ///
    /// Only the canonical form is taken: with its padding, without white space, and with nothing in the bits that are left over.
    ///
    /// - Returns: the bytes written; `nil` when it is not base64.
    package static func decode(
        _ source: UnsafePointer<UInt8>, _ count: Int, to output: UnsafeMutablePointer<UInt8>
    ) -> Int? {
        guard count % 4 == 0 else { return nil }
        var read = 0
        var written = 0
        while read < count {
            let isLast = read &+ 4 == count
            let pads = isLast ? (source[read &+ 3] == padding ? (source[read &+ 2] == padding ? 2 : 1) : 0) : 0
            var bits = 0
            for place in 0..<4 {
                if place >= 4 &- pads {
                    bits <<= 6
                    continue
                }
                guard let value = value(source[read &+ place]) else { return nil }
                bits = bits << 6 | value
            }
            if pads > 0, bits & (pads == 1 ? 0xFF : 0xFFFF) != 0 { return nil }
            output[written] = UInt8(truncatingIfNeeded: bits >> 16)
            if pads < 2 { output[written &+ 1] = UInt8(truncatingIfNeeded: bits >> 8) }
            if pads < 1 { output[written &+ 2] = UInt8(truncatingIfNeeded: bits) }
            written &+= 3 &- pads
            read &+= 4
        }
        return written
    }

    /// The characters of `bytes` as text.
    package static func encoded(_ bytes: some Sequence<UInt8>) -> String {
        let bytes = Array(bytes)
        return String(unsafeUninitializedCapacity: encodedCount(bytes.count)) { output in
            guard let room = output.baseAddress else { return 0 }
            return bytes.withUnsafeBufferPointer { bytes in
                bytes.baseAddress.map { encode($0, bytes.count, to: room) } ?? 0
            }
        }
    }

    private static let padding = UInt8(ascii: "=")

    private static func value(_ digit: UInt8) -> Int? {
        switch digit {
        case 0x41...0x5A: Int(digit) - 0x41
        case 0x61...0x7A: Int(digit) - 0x61 + 26
        case 0x30...0x39: Int(digit) - 0x30 + 52
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }
}
