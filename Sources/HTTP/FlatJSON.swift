/// Reads the scalar members of one JSON object (RFC 8259): all that a token endpoint's answer needs.
struct FlatJSON {
    private let bytes: UnsafeRawBufferPointer
    private var at = 0

    /// Strings decoded, numbers and literals as their text; nested values are passed over. nil if it is no object.
    static func members(_ bytes: UnsafeRawBufferPointer) -> [String: String]? {
        var reader = FlatJSON(bytes: bytes)
        return reader.object()
    }

    private init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func object() -> [String: String]? {
        var result: [String: String] = [:]
        skipSpace()
        guard take("{") else { return nil }
        skipSpace()
        if take("}") { return result }
        repeat {
            skipSpace()
            guard let name = string() else { return nil }
            skipSpace()
            guard take(":") else { return nil }
            skipSpace()
            switch next {
            case UInt8(ascii: "\""):
                guard let value = string() else { return nil }
                result[name] = value
            case UInt8(ascii: "{"), UInt8(ascii: "["): guard skipNested() else { return nil }
            default:
                let start = at
                while let byte = next, !",}] \t\r\n".utf8.contains(byte) { at += 1 }
                guard at > start else { return nil }
                result[name] = String(decoding: bytes[start..<at], as: UTF8.self)
            }
            skipSpace()
        } while take(",")
        return take("}") ? result : nil
    }

    private mutating func string() -> String? {
        guard take("\"") else { return nil }
        var units: [UInt16] = []
        var start = at
        while let byte = next {
            guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
                at += 1
                continue
            }
            units += String(decoding: bytes[start..<at], as: UTF8.self).utf16
            at += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: units, as: UTF16.self) }
            guard let unit = escape() else { return nil }
            units.append(unit)
            start = at
        }
        return nil
    }

    private mutating func escape() -> UInt16? {
        guard let byte = next else { return nil }
        at += 1
        switch byte {
        case UInt8(ascii: "b"): return 8
        case UInt8(ascii: "t"): return 9
        case UInt8(ascii: "n"): return 10
        case UInt8(ascii: "f"): return 12
        case UInt8(ascii: "r"): return 13
        case UInt8(ascii: "u"):
            guard at + 4 <= bytes.count else { return nil }
            defer { at += 4 }
            return UInt16(String(decoding: bytes[at..<(at + 4)], as: UTF8.self), radix: 16)
        default: return UInt16(byte)
        }
    }

    private mutating func skipNested() -> Bool {
        var depth = 0
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                guard string() != nil else { return false }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
            at += 1
            if depth == 0 { return true }
        }
        return false
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = next, " \t\r\n".utf8.contains(byte) { at += 1 }
    }
}
