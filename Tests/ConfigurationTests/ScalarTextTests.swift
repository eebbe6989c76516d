import Testing

@testable import Configuration

@Suite struct ScalarTextTests {
    @Test(
        arguments: [
            ("50ms", 50), ("2s", 2000), ("15m", 900_000), ("2h", 7_200_000), ("7d", 604_800_000), ("1h30m", 5_400_000),
            ("0s", 0), ("1d2h3m4s5ms", 93_784_005), ("36500d", 3_153_600_000_000),
        ] as [(String, Int64)])
    func duration(text: String, milliseconds: Int64) throws {
        #expect(try DurationText.parse(text) == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        ("", "it does not begin with a whole number"), ("5", "it has no unit"), ("-5s", "it is negative"),
        ("5x", "the units are ms, s, m, h and d"), ("1.5h", "the units are ms, s, m, h and d"),
        ("5 s", "the units are ms, s, m, h and d"), ("30m1h", "greater units come first, each once"),
        ("1s1s", "greater units come first, each once"), ("1h30", "it has no unit"),
        ("36500d1ms", "it is over a hundred years"), ("99999999999999999999s", "it is over a hundred years"),
        ("9223372036854775807d", "it is over a hundred years"), ("s", "it does not begin with a whole number"),
        ("٣s", "it does not begin with a whole number"),
    ])
    func noDuration(text: String, reason: String) {
        #expect(throws: ValueProblem(reason: reason)) { try DurationText.parse(text) }
    }

    @Test(arguments: [
        ("0B", 0), ("1B", 1), ("64MB", 64_000_000), ("2GB", 2_000_000_000), ("512KiB", 524_288), ("1KB", 1000),
        ("3MiB", 3_145_728), ("1GiB", 1_073_741_824), ("1TB", 1_000_000_000_000), ("1TiB", 1_099_511_627_776),
    ])
    func size(text: String, bytes: Int) throws {
        #expect(try SizeText.parse(text) == bytes)
    }

    @Test(arguments: [
        ("", "it does not begin with a whole number"), ("64", "it has no unit"), ("-1MB", "it is negative"),
        ("64mb", "the units are B, KB, MB, GB, TB, KiB, MiB, GiB, TiB"),
        ("1.5GB", "the units are B, KB, MB, GB, TB, KiB, MiB, GiB, TiB"),
        ("99999999999999999999B", "it is too large"), ("9223372036854775807KB", "it is too large"),
    ])
    func noSize(text: String, reason: String) {
        #expect(throws: ValueProblem(reason: reason)) { try SizeText.parse(text) }
    }

    @Test func hash() {
        // Vectors of the FNV reference.
        #expect(fnv1a([]) == "cbf29ce484222325")
        #expect(fnv1a("a".utf8) == "af63dc4c8601ec8c")
        #expect(fnv1a("foobar".utf8) == "85944171f73967e8")
    }
}
