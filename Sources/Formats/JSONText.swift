/// Writing of JSON strings (RFC 8259, section 7).
enum JSONText {
    private static let digits = Array("0123456789abcdef".utf8)

    /// Appends `text` as a JSON string with its quotes.
    static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(ASCII.quote)
        for byte in text.utf8 {
            if byte >= ASCII.space, byte != ASCII.quote, byte != ASCII.backslash {
                bytes.append(byte)
            } else {
                withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 8) { buffer in
                    guard let base = buffer.baseAddress else { return }
                    bytes.append(contentsOf: buffer[0..<escape(byte, to: base)])
                }
            }
        }
        bytes.append(ASCII.quote)
    }

    /// Writes the escape of a byte below 0x20, a quote or a backslash; returns its length, at most 6.
    @inline(never)
    static func escape(_ byte: UInt8, to out: UnsafeMutablePointer<UInt8>) -> Int {
        out[0] = ASCII.backslash
        switch byte {
        case ASCII.quote, ASCII.backslash: out[1] = byte
        case ASCII.lineFeed: out[1] = 0x6e
        case ASCII.carriageReturn: out[1] = 0x72
        case ASCII.tab: out[1] = 0x74
        case 0x08: out[1] = 0x62
        case 0x0c: out[1] = 0x66
        default:
            out[1] = 0x75
            out[2] = ASCII.zero
            out[3] = ASCII.zero
            out[4] = digits[Int(byte >> 4)]
            out[5] = digits[Int(byte & 15)]
            return 6
        }
        return 2
    }
}

extension JSONText {
    /// The bytes that the inside of a JSON string stands for; nil when an escape is malformed or a surrogate is alone.
    static func unescape(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.contains(ASCII.backslash) else { return Array(text) }
        var bytes: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            index += 1
            if byte != ASCII.backslash {
                bytes.append(byte)
                continue
            }
            guard index < text.endIndex else { return nil }
            let kind = text[index]
            index += 1
            switch kind {
            case ASCII.quote, ASCII.backslash, ASCII.slash: bytes.append(kind)
            case 0x62: bytes.append(0x08)
            case 0x66: bytes.append(0x0c)
            case 0x6e: bytes.append(ASCII.lineFeed)
            case 0x72: bytes.append(ASCII.carriageReturn)
            case 0x74: bytes.append(ASCII.tab)
            case 0x75:
                guard var code = hex(text, &index) else { return nil }
                if code & 0xfc00 == 0xd800 {
                    guard text[index...].starts(with: [ASCII.backslash, 0x75]) else { return nil }
                    index += 2
                    guard let low = hex(text, &index), low & 0xfc00 == 0xdc00 else { return nil }
                    code = 0x10000 + (code & 0x3ff) << 10 + (low & 0x3ff)
                }
                guard let scalar = Unicode.Scalar(code) else { return nil }
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            default: return nil
            }
        }
        return bytes
    }

    /// Four hexadecimal digits.
    private static func hex(_ text: ArraySlice<UInt8>, _ index: inout Int) -> UInt32? {
        guard text.endIndex - index >= 4 else { return nil }
        var value: UInt32 = 0
        for byte in text[index..<(index + 4)] {
            let lower = byte | 0x20
            if ASCII.isDigit(byte) {
                value = value << 4 | UInt32(byte &- ASCII.zero)
            } else if lower &- 0x61 < 6 {
                value = value << 4 | UInt32(lower &- 0x61 &+ 10)
            } else {
                return nil
            }
        }
        index += 4
        return value
    }
}
