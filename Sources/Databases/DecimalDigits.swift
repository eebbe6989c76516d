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
