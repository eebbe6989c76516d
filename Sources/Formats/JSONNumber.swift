/// The number grammar of JSON (RFC 8259, section 6).
enum JSONNumber {
    /// The end of the number at `p`, or `p` when there is none. Behind the text stands a byte that is part of no
    /// number.
    @inline(__always) static func end(_ p: UnsafePointer<UInt8>) -> UnsafePointer<UInt8> {
        var q = p
        if q[0] == ASCII.minus { q += 1 }
        guard ASCII.isDigit(q[0]) else { return p }
        if q[0] == ASCII.zero {
            q += 1
        } else {
            repeat { q += 1 } while ASCII.isDigit(q[0])
        }
        if q[0] == 0x2e {
            q += 1
            guard ASCII.isDigit(q[0]) else { return p }
            repeat { q += 1 } while ASCII.isDigit(q[0])
        }
        if q[0] | 0x20 == 0x65 {
            q += 1
            if q[0] == 0x2b || q[0] == ASCII.minus { q += 1 }
            guard ASCII.isDigit(q[0]) else { return p }
            repeat { q += 1 } while ASCII.isDigit(q[0])
        }
        return q
    }

    /// Whether all of `text` is one number.
    static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
        (Array(text) + [0]).withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress, !text.isEmpty else { return false }
            return end(base) - base == text.count
        }
    }
}
