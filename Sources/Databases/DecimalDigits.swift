/// Hands the decimal digits of an integer to `body`, which must not keep them: no text is made of each value.
@inline(__always)
package func withDecimalDigits(_ value: Int64, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { room in
        var start = 20
        var rest = value.magnitude
        repeat {
            start -= 1
            room[start] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
            rest /= 10
        } while rest > 0
        if value < 0 {
            start -= 1
            room[start] = UInt8(ascii: "-")
        }
        body(UnsafeBufferPointer(rebasing: room[start...]))
    }
}

/// Hands the shortest decimal digits that read as this float64 to `body`, which must not keep them: what `description`
/// says, without a text of each value.
package func withDecimalDigits(_ value: Double, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    // The longest is 24 bytes: -2.2250738585072014e-308.
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: DigitSink.capacity) { room in
        guard let start = room.baseAddress else { return }
        var sink = DigitSink(start: start)
        value.write(to: &sink)
        body(UnsafeBufferPointer(start: start, count: sink.count))
    }
}

/// Takes the digits of a number as the standard library writes them.
private struct DigitSink: TextOutputStream {
    static let capacity = 64

    let start: UnsafeMutablePointer<UInt8>
    var count = 0

    mutating func write(_ string: String) {
        for byte in string.utf8 { append(byte) }
    }

    /// What the standard library calls for numbers; `write` stands in should that change.
    mutating func _writeASCII(_ buffer: UnsafeBufferPointer<UInt8>) {
        for byte in buffer { append(byte) }
    }

    private mutating func append(_ byte: UInt8) {
        guard count < DigitSink.capacity else { return }
        start[count] = byte
        count += 1
    }
}
