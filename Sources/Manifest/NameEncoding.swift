/// Encodes names from outside as path components (`docs/spool-format.md`, "Names from outside").
///
/// The result never begins with a dot, never holds a slash, and has one spelling on filesystems that fold case or
/// normalise Unicode. Components over 200 bytes end in a digest of the full value.
package enum NameEncoding {
    /// Longest component, in bytes, that is written in full.
    package static let limit = 200
    private static let cut = 150
    private static let hex = Array("0123456789ABCDEF".utf8)

    /// Encodes `name`.
    ///
    /// - Parameters:
    ///   - digest: lower-case hex SHA-256 of the bytes; only called for long names.
    package static func encode(_ name: String, digest: ([UInt8]) -> String) -> String {
        let source = Array(name.utf8)
        if source.isEmpty { return "%" }
        var units: [[UInt8]] = []
        units.reserveCapacity(source.count)
        var total = 0
        for (index, byte) in source.enumerated() {
            let unit: [UInt8]
            if isPlain(byte), !(index == 0 && byte == UInt8(ascii: ".")) {
                unit = [byte]
            } else {
                unit = [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
            total += unit.count
            units.append(unit)
        }
        if total <= limit { return String(decoding: units.joined(), as: UTF8.self) }
        var kept: [UInt8] = []
        for unit in units {
            if kept.count + unit.count > cut { break }
            kept += unit
        }
        return String(decoding: kept, as: UTF8.self) + "~" + digest(source).prefix(32)
    }

    /// Whether `component` could have been made by ``encode(_:digest:)``.
    package static func isEncoded(_ component: some StringProtocol) -> Bool {
        let bytes = Array(component.utf8)
        if bytes == [UInt8(ascii: "%")] { return true }
        guard let first = bytes.first, first != UInt8(ascii: "."), bytes.count <= limit else { return false }
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if isPlain(byte) {
                index += 1
            } else if byte == UInt8(ascii: "%") {
                guard index + 2 < bytes.count, let high = hex.firstIndex(of: bytes[index + 1]),
                    let low = hex.firstIndex(of: bytes[index + 2])
                else { return false }
                // One spelling: what may stand plainly does.
                let value = UInt8(high * 16 + low)
                if isPlain(value), !(index == 0 && value == UInt8(ascii: ".")) { return false }
                index += 3
            } else if byte == UInt8(ascii: "~") {
                let tail = bytes[(index + 1)...]
                return index > cut - 3 && index <= cut && tail.count == 32 && tail.allSatisfy { HexDigits.isLower($0) }
            } else {
                return false
            }
        }
        return true
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// Lower-case hexadecimal and decimal digits as file names use them.
package enum HexDigits {
    /// Whether the byte is `0-9` or `a-f`.
    package static func isLower(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    /// The 16 lower-case hex digits of a 64-bit value.
    package static func render(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// The value of 16 lower-case hex digits; nil for anything else.
    package static func word(_ digits: some Collection<UInt8>) -> UInt64? {
        guard digits.count == 16 else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard isLower(digit) else { return nil }
            let isLetter = digit > UInt8(ascii: "9")
            value = value << 4 | UInt64(isLetter ? digit - UInt8(ascii: "a") + 10 : digit - UInt8(ascii: "0"))
        }
        return value
    }

    /// A decimal number in its one spelling: no sign, no leading zero.
    package static func decimal(_ text: some StringProtocol) -> Int? {
        let bytes = text.utf8
        guard let first = bytes.first, bytes.count <= 18 else { return nil }
        guard bytes.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        if first == UInt8(ascii: "0"), bytes.count > 1 { return nil }
        return Int(text)
    }
}
