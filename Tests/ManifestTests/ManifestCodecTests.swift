import Foundation
import JSON
import Manifest
import Testing

@Suite struct ManifestCodecTests {
    static let golden = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "Fixtures/manifest-format-1.json")

    static var sample: RunManifest {
        let run = RunID(milliseconds: 1_795_000_000_000, random: (1, 2))
        var manifest = RunManifest(
            spool: "0123456789abcdef0123456789abcdef", run: run, job: "faults", stream: "fault \"record\" é",
            targets: ["warehouse", "copy"],
            partition: Partition([
                Partition.Field(name: "domain", value: "a"), Partition.Field(name: "data_date", value: "2026-11-19"),
            ]), mode: .replacePartition, key: ["domain", "data_date", "rank"], table: "fault_record", priority: 7,
            generation: run, base: 4, isFinal: true, fingerprint: "abc")
        manifest.kind = .replay
        manifest.guards.minimumShare = 0.25
        manifest.guards.types = .freeze
        manifest.cursorTo = .record([("rank", .integer(123)), ("at", .number("1.50"))])
        manifest.schema = [Column(name: "rank", type: .integer), Column(name: "text", type: .text)]
        for sequence in 0..<2 {
            manifest.chunks.append(
                ChunkEntry(
                    sequence: sequence, rows: 10, bytes: 1000, compressed: 300,
                    sha256: SHA256Value(repeatElement(0xAB, count: 32)),
                    content: 0xFF, cursor: .integer(Int64(sequence))))
        }
        manifest.rejected = 2
        manifest.retries = 1
        manifest.started = "2026-11-20T09:30:00.250Z"
        manifest.sealed = "2026-11-20T09:31:00.000Z"
        manifest.extractor = "host-1"
        manifest.parent = RunID(milliseconds: 1_790_000_000_000, random: (3, 4))
        return manifest
    }

    /// A released format is read and written byte for byte for ever.
    @Test func formatOneIsWhatItWas() throws {
        if !FileManager.default.fileExists(atPath: Self.golden.path),
            ProcessInfo.processInfo.environment["UPDATE_GENERATED"] == "1"
        {
            try Data(Self.sample.encoded()).write(to: Self.golden)
        }
        let bytes = Array(try Data(contentsOf: Self.golden))
        #expect(String(decoding: Self.sample.encoded(), as: UTF8.self) == String(decoding: bytes, as: UTF8.self))
        let read = try RunManifest(decoding: bytes)
        #expect(read.encoded() == bytes)
        #expect(read.partition["data_date"] == "2026-11-19")
        #expect(read.rows == 20 && read.bytes == 2000 && read.guards.minimumShare == 0.25 && read.kind == .replay)
        #expect(read.cursorTo["at"] == .number("1.50"))
    }

    /// Only who asks for more than rows writes what an older program must refuse.
    @Test func moreThanRowsIsFormatTwo() throws {
        var manifest = Self.sample
        manifest.mode = .merge
        #expect(String(decoding: manifest.encoded(), as: UTF8.self).hasPrefix("{\"format\":1,"))
        manifest.changes.marker = .init(column: "op \"é\"", values: ["D", ""])
        manifest.changes.deletesMissing = true
        manifest.changes.isSoft = true
        manifest.changes.unversioned = ["loaded_at"]
        let bytes = manifest.encoded()
        #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("{\"format\":2,"))
        let read = try RunManifest(decoding: bytes)
        #expect(read.changes == manifest.changes && read.encoded() == bytes)
        for mode in [WriteMode.updateOnly, .scd2] {
            manifest.mode = mode
            manifest.changes = RowChanges()
            #expect(String(decoding: manifest.encoded(), as: UTF8.self).hasPrefix("{\"format\":2,"))
            #expect(try RunManifest(decoding: manifest.encoded()).mode == mode)
        }
    }

    /// Every damaged byte is found: by the JSON, by a key, or by the checksum.
    @Test func everyChangedByteIsFound() throws {
        let bytes = Self.sample.encoded()
        for index in bytes.indices {
            for mask: UInt8 in [0x01, 0x20] {
                var damaged = bytes
                damaged[index] ^= mask
                #expect(throws: ManifestError.self, "byte \(index)") { try RunManifest(decoding: damaged) }
            }
        }
    }

    @Test(arguments: [1, 2, 7, 17, 18, 19, 31, 32, 33, 500]) func aManifestMayComeInPieces(_ size: Int) throws {
        let bytes = Self.sample.encoded()
        var decoder = ManifestDecoder()
        var withoutCursors = ManifestDecoder(.withoutCursors)
        var withoutChunks = ManifestDecoder(.left)
        for start in stride(from: 0, to: bytes.count, by: size) {
            Array(bytes[start..<min(start + size, bytes.count)]).withUnsafeBytes {
                decoder.add($0)
                withoutCursors.add($0)
                withoutChunks.add($0)
            }
        }
        #expect(try decoder.finish().encoded() == bytes)
        let bare = try withoutCursors.finish()
        #expect(bare.chunks.count == 2 && bare.chunks.allSatisfy(\.cursor.isNull))
        let head = try withoutChunks.finish()
        #expect(head.chunks.isEmpty && head.run == Self.sample.run && head.extractor == "host-1")
    }

    @Test func everyCutIsFound() {
        let bytes = Self.sample.encoded()
        for count in 0..<bytes.count {
            #expect(throws: ManifestError.self) { try RunManifest(decoding: Array(bytes[..<count])) }
        }
    }

    @Test func aNewerFormatIsRefusedByName() throws {
        let text = String(decoding: Self.sample.encoded(), as: UTF8.self)
            .replacingOccurrences(of: "{\"format\":1,", with: "{\"format\":3,\"colour\":\"blue\",")
            .replacingOccurrences(of: "{\"seq\":0,", with: "{\"number\":0,")
        let error = #expect(throws: ManifestError.self) { try RunManifest(decoding: Array(text.utf8)) }
        #expect(error?.code == .newerFormat)
        #expect(error?.message.contains("format 3") == true && error?.message.contains("newer bobbin") == true)
    }

    @Test func editedRowsAreCalledEdited() throws {
        let text = String(decoding: Self.sample.encoded(), as: UTF8.self).replacingOccurrences(
            of: "\"rows\":20", with: "\"rows\":21")
        let error = #expect(throws: ManifestError.self) { try RunManifest(decoding: Array(text.utf8)) }
        #expect(error?.code == .checksum)
    }

    @Test func theChecksumIsOfTheDocumentWithoutItsDigits() throws {
        let text = String(decoding: Self.sample.encoded(), as: UTF8.self)
        let digits = text.suffix(18).prefix(16)
        let bare = Array((text.dropLast(18) + "\"}").utf8)
        #expect(HexDigits.render(bare.withUnsafeBytes { xxh64($0) }) == digits)
    }

    @Test(arguments: [Outcome.loaded, .superseded, .cancelled, .discarded, nil]) func loadManifestsReadBack(
        _ outcome: Outcome?
    ) throws {
        var progress = LoadManifest(run: Self.sample.run, number: 5, target: "warehouse", chunksTotal: 2)
        progress.outcome = outcome
        progress.chunks = [LoadedChunk(sequence: 1, rows: 9, rejects: 1, loader: "h-1", attempt: 2, at: "now")]
        progress.rows = 9
        progress.note = "guard: \"x\""
        let read = try LoadManifest(decoding: progress.encoded())
        #expect(read.encoded() == progress.encoded() && read.outcome == outcome && read.chunks[0].attempt == 2)
    }

    @Test func everyOutcomeHasAState() {
        #expect(RunState(.loaded) == .loaded && RunState(.superseded) == .superseded)
        #expect(RunState(.cancelled) == .cancelled && RunState(.discarded) == .cancelled)
        #expect(Set(RunState.allCases.map(\.rawValue)).count == 8)
    }
}
