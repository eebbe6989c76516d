import Manifest
import TestKit
import Testing

private func encode(_ name: String) -> String {
    NameEncoding.encode(name) { bytes in
        // Any digest of 64 digits will do here; the grammar only looks at its form.
        let half = HexDigits.render(bytes.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 })
        return String(repeating: half, count: 4)
    }
}

@Suite struct NameTests {
    static let awkward = [
        "", "a", "A", ".", "..", "../x", "a/b", "domain..d", "domain=a", ".hidden", "%", "%41", "a%2Fb", "~", "x~y",
        "Ä", "A\u{308}",
        "日本語", "👩‍👩‍👧", "\0", "\n", " ", "a b", "con", "-", "--", "_", "a.b.c", String(repeating: "a", count: 200),
        String(repeating: "a", count: 201), String(repeating: "é", count: 255), String(repeating: "%", count: 67),
        String(repeating: "a", count: 149) + "é" + String(repeating: "b", count: 100),
    ]

    @Test(arguments: awkward) func encodingIsSafe(_ name: String) {
        let encoded = encode(name)
        let bytes = Array(encoded.utf8)
        #expect(!bytes.isEmpty && bytes.count <= 200)
        #expect(bytes.first != UInt8(ascii: "."))
        #expect(bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "=") })
        // No two names differ only in the case of letters: upper-case ones stand only in %XX.
        #expect(encoded == encoded.lowercased() || encoded.contains("%"))
        #expect(NameEncoding.isEncoded(encoded))
    }

    @Test func plainNamesStayAsTheyAre() {
        #expect(encode("warehouse_2026-11.x") == "warehouse_2026-11.x")
        #expect(encode("domain..d") == "domain..d")
        #expect(encode("../x") == "%2E.%2Fx")
        #expect(encode("Ab") == "%41b")
        #expect(encode("") == "%")
    }

    @Test func differentNamesNeverMeet() {
        var random = SeededRandom(7)
        let letters: [Unicode.Scalar] = ["a", "A", ".", "%", "~", "/", "4", "1", "é", "e", "\u{301}", "=", "😀", "\0"]
        var seen: [String: [UInt8]] = [:]
        for _ in 0..<20_000 {
            var name = String.UnicodeScalarView()
            for _ in 0..<random.below(random.below(20) == 0 ? 120 : 6) {
                name.append(letters[random.below(letters.count)])
            }
            let bytes = Array(String(name).utf8)
            let encoded = encode(String(name))
            #expect(NameEncoding.isEncoded(encoded))
            // Filesystems that fold case must not merge two names either.
            let other = seen.updateValue(bytes, forKey: encoded.lowercased())
            #expect(other == nil || other == bytes, "\(encoded)")
        }
        #expect(seen.count > 2000)
    }

    @Test(arguments: [
        "%61", "a%2E", "%2e", "%4", "%G1", ".a", "a/b", "A", "a=b", "", "~", "a~", "a~0123", "a%",
        String(repeating: "a", count: 201),
        "a~" + String(repeating: "0", count: 32),
        String(repeating: "a", count: 150) + "~" + String(repeating: "G", count: 32),
    ])
    func whatNoNameEncodesToIsRefused(_ text: String) {
        #expect(!NameEncoding.isEncoded(text))
    }

    @Test func decimalsHaveOneSpelling() {
        for text in ["0", "1", "10", "999999999999999999"] { #expect(HexDigits.decimal(text).map { "\($0)" } == text) }
        for text in ["", "00", "01", "-1", "+1", " 1", "1 ", "1.", "٣", "9999999999999999999"] {
            #expect(HexDigits.decimal(text) == nil)
        }
    }
}

@Suite struct FileNameTests {
    static let run = RunID(milliseconds: 1_795_000_000_000, random: (1, 2))

    @Test(arguments: 0..<200) func everyNameReadsBackAsItself(_ seed: Int) throws {
        var random = SeededRandom(UInt64(seed))
        func number() -> Int { random.below(3) == 0 ? random.below(3) : Int(random.next() >> 8) % 1_000_000_007 }
        let run = RunID(milliseconds: random.next() >> 16, random: (random.next(), random.next()))
        let target = encode(NameTests.awkward[random.below(NameTests.awkward.count)])
        let ready = ReadyName(priority: random.below(100), run: run)
        #expect(ReadyName(ready.text) == ready)
        let chunk = ReadyChunkName(
            sequence: number(), attempt: number(), crashes: number(), notBefore: random.below(2) == 0 ? nil : number())
        #expect(ReadyChunkName(chunk.text) == chunk)
        let claimed = ClaimedName(ready: ready, chunk: chunk, target: target)
        #expect(ClaimedName(claimed.text) == claimed)
        #expect(claimed.chunk.notBefore == nil)
        let n = number() + 1
        #expect(FileNames.parseLogEntry(FileNames.logEntry(n)) == n)
        #expect(FileNames.parseChunk(FileNames.chunk(n)) == n)
        #expect(FileNames.parseChunkEntry(FileNames.chunkEntry(n)) == n)
        #expect(FileNames.parseWhy(FileNames.why(n)) == n)
        #expect(FileNames.parseRejects(FileNames.rejects(n, loader: target, attempt: 3)) == n)
        #expect(FileNames.parseHeldWriter(FileNames.heldWriter(target)) == target)
        let outcome = try #require(
            FileNames.parseTargetEntry(FileNames.outcome(n, target: target), suffix: ".outcome.json"))
        #expect(outcome.number == n && outcome.target == target)
        let load = try #require(
            FileNames.parseTargetEntry(FileNames.loadManifest(n, target: target), suffix: ".load.json"))
        #expect(load.number == n && load.target == target)
    }

    @Test(arguments: [
        "5-\(run)", "050-\(run)", "+5-\(run)", "-0-\(run)", "-5-\(run)", "50_\(run)", "50-\(run)0",
        "50-\(run.text.uppercased())",
        "50-", "", "a0-\(run)", " 5-\(run)",
    ])
    func otherReadyNamesAreRefused(_ name: String) { #expect(ReadyName(name) == nil) }

    @Test(arguments: [
        "0.ndjson.zst", "00.a0.c0.ndjson.zst", "0.a0.ndjson.zst", "0.c0.a0.ndjson.zst", "0.a00.c0.ndjson.zst",
        "0.a0.c0.t.ndjson.zst",
        "0.a0.c0.t01.ndjson.zst", "0.a0.c0.t1.x.ndjson.zst", "-1.a0.c0.ndjson.zst", "0.a0.c0.ndjson",
        "0.a-1.c0.ndjson.zst",
        "0.a0.c0.ndjson.zst.ndjson.zst", ".nfs0001",
    ])
    func otherChunkNamesAreRefused(_ name: String) { #expect(ReadyChunkName(name) == nil) }

    @Test func theOrderOfNamesIsTheOrderOfWork() {
        let early = RunID(milliseconds: 1, random: (0, 0))
        let late = RunID(milliseconds: 2, random: (0, 0))
        let names = [
            ReadyName(priority: 10, run: early), ReadyName(priority: 9, run: late), ReadyName(priority: 10, run: late),
        ]
        #expect(names.sorted().map(\.text) == names.map(\.text).sorted())
        #expect(names.sorted().first?.priority == 9)
    }

    @Test func runIDsAreVersion7AndSortByTime() {
        var random = SeededRandom(3)
        var last = RunID(milliseconds: 0, random: (0, 0))
        for step in 1..<200 {
            let time = UInt64(step) * 1_000_003
            let run = RunID(milliseconds: time, random: (random.next(), random.next()))
            #expect(run > last && run.milliseconds == time && RunID(run.text) == run)
            let digits = Array(run.text)
            #expect(digits[12] == "7" && "89ab".contains(digits[16]))
            last = run
        }
        #expect(RunID("0123456789ABCDEF0123456789abcdef") == nil && RunID("0") == nil)
    }
}

/// Names that look alike are two names: what stands in a log must not stand in another's.
@Suite struct ByteTests {
    private let composed = "\u{e9}"
    private let decomposed = "e\u{301}"

    @Test func spellingsOfOneLetterDiffer() {
        func partition(_ value: String) -> Manifest.Partition { Manifest.Partition([.init(name: "d", value: value)]) }
        #expect(composed == decomposed, "what Swift takes for equal")
        #expect(!composed.isSame(as: decomposed) && composed.isSame(as: "\u{e9}"))
        #expect(partition(composed) != partition(decomposed))
        #expect(Set([partition(composed), partition(decomposed), partition(composed)]).count == 2)
        #expect(Manifest.Partition([.init(name: composed, value: "x")])[decomposed] == nil)
        let logs = [composed, decomposed].map { LogKey(job: "j", stream: "s", partition: partition($0)) }
        #expect(Set(logs).count == 2)
        #expect(
            LogKey(job: composed, stream: "s", partition: .init())
                != LogKey(job: decomposed, stream: "s", partition: .init()))
        #expect(Column(name: composed, type: .text) != Column(name: decomposed, type: .text))
        #expect(Set([composed, decomposed].map { Column(name: $0, type: .text) }).count == 2)
    }
}
