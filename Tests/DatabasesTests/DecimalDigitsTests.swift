import Databases
import TestKit
import Testing

@Suite struct DecimalDigitsTests {
    /// Digits are those of `description`, which reads back as the same bits.
    @Test func doublesAreWrittenAsTheyAreDescribed() {
        var random = SeededRandom(3)
        let some: [Double] = [
            0, -0.0, 1, 0.1, -1e300, 1e16, 123_456_789.125, .leastNonzeroMagnitude, -.greatestFiniteMagnitude,
            -2.2250738585072014e-308,
        ]
        for value in some + (0..<10_000).map({ _ in Double(bitPattern: random.next()) }) where value.isFinite {
            var text = ""
            withDecimalDigits(value) { text = String(decoding: $0, as: UTF8.self) }
            #expect(text == value.description && Double(text)?.bitPattern == value.bitPattern)
        }
    }

    @Test func integersKeepEveryDigit() {
        for value in [0, 7, -7, .max, .min, 1_234_567_890_123] as [Int64] {
            var text = ""
            withDecimalDigits(value) { text = String(decoding: $0, as: UTF8.self) }
            #expect(text == "\(value)")
        }
    }
}
