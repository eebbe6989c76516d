import TestKit
import Testing

@testable import Formats

private let sample: [UInt8] = {
    var random = SeededRandom(5)
    return (0..<20_000).flatMap { _ in Array(text: random.pick(["alpha ", "beta\n", "gamma,", "12"])) }
}()

private func inflate(_ bytes: [UInt8], _ mode: Decompression = .auto, piece: Int = 1 << 20, out: Int = 64 << 10) throws
    -> [UInt8]
{
    try drain(InflatingSource(PieceSource(bytes: bytes, piece: piece), mode, name: "t"), piece: out)
}

@Test(arguments: [(1, 1 << 16), (1 << 20, 1), (3, 7), (1 << 20, 1 << 20), (5000, 4096)])
func compressedStreams(piece: Int, out: Int) throws {
    let text = Array(sample[..<(piece * out < 1 << 18 ? 3000 : sample.count)])
    let gzip = try gzipped(text)
    let zstd = zstandard(text)
    #expect(try inflate(gzip, piece: piece, out: out) == text)
    #expect(try inflate(gzip, .gzip, piece: piece, out: out) == text)
    #expect(try inflate(zstd, piece: piece, out: out) == text)
    #expect(try inflate(zstd, .zstd, piece: piece, out: out) == text)
    #expect(try inflate(text, piece: piece, out: out) == text)
    #expect(try inflate(gzip, .none, piece: piece, out: out) == gzip)
    // Concatenated, with an empty one between.
    #expect(try inflate(gzip + gzipped([]) + gzip, piece: piece, out: out) == text + text)
    #expect(try inflate(zstd + zstandard([]) + zstd, piece: piece, out: out) == text + text)
    // Padding behind gzip, skippable frames around zstd.
    #expect(try inflate(gzip + Array(repeating: 0, count: 1000), piece: piece, out: out) == text)
    let skippable: [UInt8] = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9]
    #expect(try inflate(skippable + zstd + skippable, piece: piece, out: out) == text)
}

@Test func smallFilesAreNoStreams() throws {
    for bytes in [[], [0x1f], [0x28], [0x28, 0xb5, 0x2f], [0x41]] as [[UInt8]] {
        #expect(try inflate(bytes, piece: 1) == bytes)
    }
    for mode in [Decompression.gzip, .zstd] {
        let error = #expect(throws: FormatsError.self) { try inflate([], mode) }
        #expect(error?.code == .truncatedStream && error?.byteOffset == 0)
    }
}

@Test func truncationIsAnErrorAtEveryByte() throws {
    let text = Array(sample[..<600])
    for stream in [try gzipped(text), zstandard(text)] {
        let two = stream + stream
        for length in 4..<two.count where length != stream.count {
            let error = #expect(throws: FormatsError.self) { try inflate(Array(two[..<length]), piece: 100) }
            #expect(error?.code == .truncatedStream && error?.byteOffset == UInt64(length), "\(length)")
        }
        #expect(try inflate(Array(two[..<stream.count])) == text)
    }
}

@Test func garbageBehindAStreamIsAnError() throws {
    let gzip = try gzipped(sample)
    let zstd = zstandard(sample)
    for (stream, garbage) in [
        (gzip, Array(text: "x")), (gzip, [0, 0, 1]), (gzip, [0x1f, 0x8c]), (zstd, Array(text: "garbage")),
    ] {
        let error = #expect(throws: FormatsError.self) { try inflate(stream + garbage) }
        #expect(error?.code == .corruptStream)
        #expect((error?.byteOffset ?? 0) >= UInt64(stream.count))
    }
}

@Test func damageNeverChangesAByteSilently() throws {
    let text = Array(sample[..<3000])
    var random = SeededRandom(77)
    for stream in [try gzipped(text), zstandard(text)] {
        for _ in 0..<2000 {
            var damaged = stream
            damaged[random.below(damaged.count)] ^= UInt8(1 << random.below(8))
            // Bits that mean nothing (a time, an operating system) may change; the magic may, then it is plain.
            if Decompression.detect(damaged) == .none { continue }
            if let result = try? inflate(damaged, piece: 1 + random.below(4000)) { #expect(result == text) }
        }
    }
}

@Test func failuresStay() throws {
    let source = InflatingSource(
        PieceSource(bytes: Array(try gzipped(sample).dropLast(3)), piece: 999), name: "file.gz")
    let first = #expect(throws: FormatsError.self) { try drain(source) }
    let second = #expect(throws: FormatsError.self) { try drain(source) }
    #expect(first == second)
    #expect(first?.message.hasPrefix("file.gz: the gzip data is cut off at byte ") == true)
}

@Test func goodRecordsComeBeforeTheDamage() throws {
    let lines = (0..<100_000).map { "{\"n\":\($0)}" }
    let stream = Array(try gzipped(Array(text: lines.joined(separator: "\n"))).dropLast(20))
    let reader = try ReadingOptions().reader(PieceSource(bytes: stream, piece: 4096), path: "a/b.ndjson.gz")
    let reading = Reading(reader)
    #expect(reading.error?.hasPrefix("truncatedStream") == true)
    #expect(reading.records == Array(lines[..<reading.records.count]))
    #expect(reading.records.count > 90_000)
}

@Test func aMissingLibraryIsNamed() {
    guard case .failure(let error) = ZlibLibrary.load("libz-of-another-world.so.1") else {
        Issue.record("loaded")
        return
    }
    #expect(error.code == .libraryMissing)
    #expect(error.message.contains("install the package zlib1g"))
}

@Test func detectionIsByContentNotByName() throws {
    let text = Array(text: "{\"a\":1}\n")
    for bytes in [text, try gzipped(text), zstandard(text)] {
        for path in ["x.ndjson", "x.ndjson.gz", "x.jsonl.zst"] {
            let reader = try ReadingOptions().reader(PieceSource(bytes: bytes, piece: 1), path: path)
            #expect(Reading(reader).records == ["{\"a\":1}"])
        }
    }
}

@Test(arguments: [
    ("a.csv", FileFormat.csv), ("a/b.TSV", .tsv), ("x.ndjson.gz", .ndjson), ("x.jsonl.zst", .ndjson),
    ("x.y.json.GZ", .json),
    (".json", .json), ("json", nil), ("x.gz", nil), ("x.csv.bz2", nil), ("csv.gz", nil), ("", nil), ("x.csv/y", nil),
])
func formatByName(_ name: String, _ format: FileFormat?) {
    #expect(FileFormat(fileName: name) == format)
}

@Test func formatOverride() throws {
    let source = PieceSource(bytes: Array(text: "a\tb\n1\t2\n"), piece: 10)
    #expect(throws: FormatsError.self) { try ReadingOptions().reader(source, path: "data.txt") }
    let reader = try ReadingOptions(format: .tsv).reader(source, path: "data.txt")
    #expect(Reading(reader).records == ["{\"a\":1,\"b\":2}"])
}
