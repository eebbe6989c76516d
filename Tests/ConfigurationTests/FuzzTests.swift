import Testing

@testable import Configuration

/// SplitMix64 (Steele, Lea, Flood 2014): the same cases on every machine.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct FuzzTests {
    static let seeds = [
        example, starter(.http), starter(.files),
        file(
            job: "    retry: &r {strategy: list, delays: [1s]}\n    chunk: {rows: 1}",
            source: "      body: {a: [1, ~, \"{p}\"]}\n      method: POST"),
    ]
    static let tokens = [
        "{", "}", "[", "]", ":", ": ", "- ", "&a ", "*a", "<<: *a", "? ", "|\n", ">", "\"", "'", "#", "\n", "  ", "\t",
        "!!str ",
        "---\n", "...\n", "%YAML 1.2\n", "null", "~", "-1", "99999999999999999999", "1e999", "${", "${A}", "file:x",
        "{x}", "{{", "\u{0}",
        "\u{FEFF}", "é", "😀", "last_days: 5", "from: 2026-01-01", "\\ud800", "18446744073709551616d", "::", ",",
    ]

    /// 5,000 files, each some edits away from a valid one: none may crash, and each is read or refused with a place.
    @Test(arguments: 0..<10) func mutatedFiles(round: Int) throws {
        var random = SplitMix(state: UInt64(round))
        var valid = 0
        for _ in 0..<500 {
            let bytes = Self.mutated(&random)
            let environment = Environment(
                variable: { $0 == "A" ? "topsecret" : nil },
                readFile: { _ in Array("topsecret".utf8) })
            do {
                let settings = try Settings(yaml: bytes, file: "f", environment: environment)
                valid += 1
                for stream in settings.jobs.flatMap(\.streams) {
                    #expect(settings.fingerprint(of: stream).utf8.count == 16)
                    let today = try #require(CivilDate("2026-03-02"))
                    #expect(try !expand(stream.partitions, today: today).isEmpty)
                }
            } catch let error as ConfigurationError {
                #expect(!error.issues.isEmpty && error.issues.allSatisfy { $0.mark != nil })
                #expect(!error.description.contains("topsecret"))
            }
        }
        #expect(valid > 0 && valid < 500)
    }

    static func mutated(_ random: inout SplitMix) -> [UInt8] {
        var bytes = Array(seeds[Int.random(in: 0..<seeds.count, using: &random)].utf8)
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            guard !bytes.isEmpty else { break }
            let at = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, at + Int.random(in: 1...12, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.removeSubrange(at..<end)
            case 2: bytes.insert(contentsOf: tokens[Int.random(in: 0..<tokens.count, using: &random)].utf8, at: at)
            case 3: bytes.insert(contentsOf: bytes[at..<end], at: Int.random(in: 0...bytes.count, using: &random))
            case 4: bytes.replaceSubrange(at..<end, with: tokens[Int.random(in: 0..<tokens.count, using: &random)].utf8)
            default: bytes.swapAt(at, end - 1)
            }
        }
        return bytes
    }

    /// Texts that parse everywhere: the parsers of values meet every kind of text.
    @Test func valueParsers() {
        var random = SplitMix(state: 99)
        for _ in 0..<5000 {
            let count = Int.random(in: 0...4, using: &random)
            let text = (0..<count).map { _ in Self.tokens[Int.random(in: 0..<Self.tokens.count, using: &random)] }
                .joined()
            let numbers = String(UInt64.random(in: .min ... .max, using: &random)) + text
            for text in [text, numbers] {
                if let duration = try? DurationText.parse(text) { #expect(duration <= DurationText.limit) }
                if let size = try? SizeText.parse(text) { #expect(size >= 0) }
                if let template = try? Template(parsing: text) {
                    #expect(template.rendered { "{\($0)}" }.utf8.count <= text.utf8.count)
                }
                if let date = CivilDate(text) { #expect(date.description == text) }
            }
        }
    }
}
