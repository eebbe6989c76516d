import JSON
import TestKit
import Testing

@Suite struct NumberTests {
    private func integer(_ text: String) -> Int64? {
        withPadded(Array(text.utf8), padding: 0x39) { base, count in parseInteger(base, count) }
    }

    private func double(_ text: String) -> Double {
        withPadded(Array(text.utf8), padding: 0x39) { base, count in parseDouble(base, count) }
    }

    @Test(
        arguments: [
            ("0", 0), ("-1", -1), ("42", 42), ("9223372036854775807", .max), ("-9223372036854775808", .min),
            ("999999999999999999", 999_999_999_999_999_999), ("9223372036854775808", nil),
            ("-9223372036854775809", nil),
            ("18446744073709551615", nil), ("18446744073709551616", nil), ("99999999999999999999", nil),
            ("184467440737095516160", nil), ("-99999999999999999999999", nil), ("", nil), ("-", nil), ("1.0", nil),
            ("1e2", nil), ("a", nil), ("12345678901234567890x", nil),
        ] as [(String, Int64?)])
    func parsesIntegers(_ text: String, _ expected: Int64?) {
        #expect(integer(text) == expected)
    }

    @Test func parsesRandomIntegers() {
        var random = SeededRandom(5)
        for _ in 0..<20_000 {
            let value = Int64(bitPattern: random.next()) >> Int64(random.below(64))
            #expect(integer(value.description) == value)
        }
    }

    @Test(arguments: [
        "0", "-0", "-0.0", "0e5", "-0e-999999", "1", "0.1", "0.3", "123.456", "1e22", "1e23", "9007199254740992",
        "9007199254740993", "9007199254740991e22", "9007199254740992e-22", "1e-22", "1e-23", "18446744073709551616",
        "18446744073709551615", "184467440737095516160", "18446744073709551616.0", "1.8446744073709551616",
        "36893488147419103232", "340282366920938463463374607431768211456", "2.2250738585072014e-308",
        "2.2250738585072011e-308", "4.9e-324", "2.4703282292062327e-324", "2.47032822920623272e-324",
        "1.7976931348623157e308", "1.7976931348623159e308", "1e309", "-1e400", "1e-400", "1e99999999999999999999",
        "1e-99999999999999999999", "0.000000000000000000000000000000000000001", "1.00000000000000000000000000000000001",
        "8.5", "0.5e1", "5e-1", "1E+2", "1e0005", "1e00000000000000000005", "0.0000000000000000000000000e5",
    ])
    func parsesDoubles(_ text: String) throws {
        let expected = try #require(Double(text))
        #expect(double(text).bitPattern == expected.bitPattern)
    }

    @Test func halfwayCasesAreExact() {
        // 2^53 + 1 lies between two doubles; a digit far behind decides.
        let zeros = String(repeating: "0", count: 800)
        #expect(double("9007199254740993.\(zeros)") == 9_007_199_254_740_992)
        #expect(double("9007199254740993.\(zeros)1") == 9_007_199_254_740_994)
        #expect(double("1\(zeros)") == .infinity)
        #expect(double("0.\(zeros)1") == 0)
        #expect(double("-1\(zeros)e-800") == -1)
    }

    @Test func doublesRoundTrip() {
        var random = SeededRandom(6)
        for _ in 0..<20_000 {
            let value = Double(bitPattern: random.next())
            if !value.isFinite { continue }
            #expect(double(value.description).bitPattern == value.bitPattern)
            let short = Double(random.below(1_000_000)) / 1000
            #expect(double(short.description) == short)
        }
    }

    @Test func randomLiteralsAgreeWithTheStandardLibrary() {
        var random = SeededRandom(7)
        for _ in 0..<20_000 {
            var text = random.below(2) == 0 ? "-" : ""
            text += String(random.next() >> UInt64(random.below(64)))
            if random.below(2) == 0 { text += "." + String(random.next() >> UInt64(random.below(64))) }
            if random.below(2) == 0 { text += "e" + String(random.below(700) - 350) }
            #expect(double(text).bitPattern == Double(text)?.bitPattern)
        }
    }

    @Test func textThatIsNoNumberGivesNaN() {
        for text in ["", "-", "x", "1x", "1e"] { #expect(double(text).isNaN) }
    }
}
