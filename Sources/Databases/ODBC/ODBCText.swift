/// Texts on their way into and out of ODBC functions: UTF-8 for the narrow functions, UTF-16 for the wide ones.
enum ODBCText {
    /// Hands `text`, zero-terminated, and its length in units without the zero to `body`.
    static func with<Value>(_ text: String, isWide: Bool, _ body: (UnsafeMutableRawPointer, Int) -> Value) -> Value {
        if isWide {
            var units = Array(text.utf16) + [0]
            return units.withUnsafeMutableBytes { bytes in
                withStart(bytes) { body($0, bytes.count / 2 - 1) }
            }
        }
        var units = Array(text.utf8) + [0]
        return units.withUnsafeMutableBytes { bytes in withStart(bytes) { body($0, bytes.count - 1) } }
    }

    /// As ``with(_:isWide:_:)``, for an argument that may be left out.
    static func with<Value>(
        optional text: String?, isWide: Bool, _ body: (UnsafeMutableRawPointer?, Int16) -> Value
    ) -> Value {
        guard let text else { return body(nil, 0) }
        return with(text, isWide: isWide) { body($0, Int16(clamping: $1)) }
    }

    /// Lets `body` fill a buffer of `capacity` units and reads the text up to its first zero; what is too long is cut.
    static func read(isWide: Bool, capacity: Int, _ body: (UnsafeMutableRawPointer) -> Void) -> String {
        withUnsafeTemporaryAllocation(byteCount: 2 * capacity + 2, alignment: 8) { room in
            room.initializeMemory(as: UInt8.self, repeating: 0)
            return withStart(room) { start in
                body(start)
                return isWide ? wide(start, units: capacity) : narrow(start, bytes: capacity)
            }
        }
    }

    private static func narrow(_ start: UnsafeMutableRawPointer, bytes count: Int) -> String {
        let bytes = UnsafeRawBufferPointer(start: start, count: count)
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func wide(_ start: UnsafeMutableRawPointer, units count: Int) -> String {
        let units = UnsafeRawBufferPointer(start: start, count: 2 * count).bindMemory(to: UInt16.self)
        return String(decoding: units.prefix { $0 != 0 }, as: UTF16.self)
    }

    private static func withStart<Value>(
        _ bytes: UnsafeMutableRawBufferPointer, _ body: (UnsafeMutableRawPointer) -> Value
    ) -> Value {
        // No buffer here is empty; the other branch only keeps the compiler from asking for a force unwrap.
        guard let start = bytes.baseAddress else {
            var zero: UInt64 = 0
            return withUnsafeMutablePointer(to: &zero) { body($0) }
        }
        return body(start)
    }
}

/// Transcoding of values, for drivers whose narrow texts do not keep all of Unicode.
enum ODBCTranscoding {
    /// Writes UTF-16 units as UTF-8; a lone surrogate becomes U+FFFD.
    ///
    /// - Parameter target: room for three bytes a unit.
    /// - Returns: bytes written.
    static func utf8(_ source: UnsafePointer<UInt16>, _ count: Int, into target: UnsafeMutablePointer<UInt8>) -> Int {
        var out = 0
        var index = 0
        while index < count {
            var value = UInt32(source[index])
            index += 1
            if value < 0x80 {
                target[out] = UInt8(truncatingIfNeeded: value)
                out += 1
                continue
            }
            if value & 0xF800 == 0xD800 {
                let next = index < count ? UInt32(source[index]) : 0
                if value < 0xDC00, next & 0xFC00 == 0xDC00 {
                    value = 0x10000 + (value & 0x3FF) << 10 + next & 0x3FF
                    index += 1
                } else {
                    value = 0xFFFD
                }
            }
            out += put(value, target + out)
        }
        return out
    }

    /// Writes valid UTF-8 as UTF-16 units, and a zero after them.
    ///
    /// - Parameter target: room for as many units as there are bytes, and one.
    /// - Returns: units written, without the zero.
    static func utf16(_ source: UnsafePointer<UInt8>, _ count: Int, into target: UnsafeMutablePointer<UInt16>) -> Int {
        var out = 0
        var index = 0
        func rest(_ place: Int) -> UInt32 { index + place < count ? UInt32(source[index + place] & 0x3F) : 0 }
        while index < count {
            let lead = UInt32(source[index])
            if lead < 0x80 {
                target[out] = UInt16(lead)
                index += 1
            } else if lead < 0xE0 {
                target[out] = UInt16(truncatingIfNeeded: (lead & 0x1F) << 6 | rest(1))
                index += 2
            } else if lead < 0xF0 {
                target[out] = UInt16(truncatingIfNeeded: (lead & 0xF) << 12 | rest(1) << 6 | rest(2))
                index += 3
            } else {
                let value = ((lead & 7) << 18 | rest(1) << 12 | rest(2) << 6 | rest(3)) &- 0x10000
                target[out] = UInt16(truncatingIfNeeded: 0xD800 | value >> 10 & 0x3FF)
                out += 1
                target[out] = UInt16(truncatingIfNeeded: 0xDC00 | value & 0x3FF)
                index += 4
            }
            out += 1
        }
        target[out] = 0
        return out
    }

    private static func put(_ value: UInt32, _ target: UnsafeMutablePointer<UInt8>) -> Int {
        let last = UInt8(truncatingIfNeeded: value & 0x3F) | 0x80
        let third = UInt8(truncatingIfNeeded: value >> 6 & 0x3F) | 0x80
        if value < 0x800 {
            target[0] = UInt8(truncatingIfNeeded: value >> 6) | 0xC0
            target[1] = last
            return 2
        }
        if value < 0x10000 {
            target[0] = UInt8(truncatingIfNeeded: value >> 12) | 0xE0
            target[1] = third
            target[2] = last
            return 3
        }
        target[0] = UInt8(truncatingIfNeeded: value >> 18) | 0xF0
        target[1] = UInt8(truncatingIfNeeded: value >> 12 & 0x3F) | 0x80
        target[2] = third
        target[3] = last
        return 4
    }
}
