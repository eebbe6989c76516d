import Extract
import JSON
import Load
import Manifest
import Spool
import Storage
import Testing

struct DeadLetterTests {
    /// A bench with one run whose chunk 0 died because its file was exchanged for `lines`.
    private func dead(_ lines: [String], mode: WriteMode = .append, key: [String] = []) throws -> (Bench, RunManifest) {
        let bench = try Bench()
        let manifest = try bench.publish(mode: mode, key: key)
        try bench.write("\(bench.ready(manifest))/0.a0.c0.ndjson.zst", try Bench.compressed(lines))
        try bench.load()
        return (bench, manifest)
    }

    @Test func aDeadChunkIsListedWithItsReason() throws {
        let (bench, manifest) = try dead(["{\"id\":7,\"v\":\"z\"}"])
        let item = try #require(try bench.dead().first)
        #expect(item.id == "db/\(manifest.run)/0")
        #expect(item.isOpen && item.content == .chunk(0) && item.rows == 2)
        #expect(item.why?.failure == "corruption")
        var letters = DeadLetters(bench.spool)
        #expect(try letters.item("db/\(manifest.run.text.prefix(20))/0").id == item.id)
        #expect(throws: SpoolError.self) { try letters.item("db/\(manifest.run)/1") }
        #expect(throws: SpoolError.self) { try letters.item("nonsense") }
    }

    @Test func anEditedChunkLoadsAsEdited() throws {
        let (bench, manifest) = try dead(["{\"id\":7,\"v\":\"z\"}"])
        let item = try #require(try bench.dead().first)
        let done = try bench.spool.replayChunk(item)
        #expect(done.isEdited && done.rows == 1)
        #expect(bench.exists("\(bench.ready(manifest))/0.a0.c0.ndjson.zst"))
        #expect(!bench.exists("dead/db/\(manifest.run)/0.why.json"))
        #expect(try bench.fsck().isEmpty)
        try bench.load()
        #expect(try bench.rows() == ["7=z"])
        #expect(try bench.statuses().map(\.state) == [.loaded])
        // The archive's copy still says what it is.
        #expect(bench.exists("loaded/db/\(manifest.run)/0.edited.json"))
        #expect(try bench.fsck().isEmpty)
        #expect(!bench.exists(bench.ready(manifest)))
    }

    @Test func theOriginalComesBackUnderItsOwnChecksum() throws {
        let (bench, manifest) = try dead(["{\"id\":7,\"v\":\"z\"}"])
        // Edited first and dead again, then the original is put back.
        let lines = ["{\"id\":1,\"v\":\"x\"}", "{\"id\":2,\"v\":\"y\"}"]
        _ = try bench.spool.replayChunk(try #require(try bench.dead().first))
        try bench.write("\(bench.ready(manifest))/0.a0.c0.ndjson.zst", [9])
        try bench.load()
        try bench.write("dead/db/\(manifest.run)/0.ndjson.zst", try Bench.compressed(lines))
        let done = try bench.spool.replayChunk(try #require(try bench.dead().first))
        #expect(!done.isEdited && done.rows == 2)
        try bench.load()
        #expect(try bench.rows() == ["1=x", "2=y"])
        #expect(try bench.fsck().isEmpty)
    }

    @Test(arguments: ["[1]", "{\"id\":1", "nonsense", "{\"id\":1} {\"id\":2}"])
    func aLineThatIsNoRecordIsRefused(_ line: String) throws {
        let (bench, manifest) = try dead(["{\"id\":1}", line])
        let item = try #require(try bench.dead().first)
        let error = try #require(throws: SpoolError.self) { try bench.spool.replayChunk(item) }
        #expect(error.message.contains("line 2"))
        #expect(bench.exists("dead/db/\(manifest.run)/0.ndjson.zst"))
        let shown = try bench.spool.inspectChunk("\(bench.spool.root)/\(item.path)", checksRecords: true, limit: 5)
        #expect(shown.badLines.map(\.line) == [2] && shown.badLines.first?.text == line)
    }

    @Test func garbageIsRefusedInWords() throws {
        let bench = try Bench()
        let manifest = try bench.publish()
        try bench.write("\(bench.ready(manifest))/0.a0.c0.ndjson.zst", [1, 2, 3])
        try bench.load()
        let error = try #require(throws: SpoolError.self) {
            try bench.spool.replayChunk(try #require(try bench.dead().first))
        }
        #expect(error.message.contains("zstd"))
    }

    @Test func aRunThatHasEndedIsNotReplayed() throws {
        let (bench, _) = try dead(["{\"id\":7}"], mode: .replacePartition)
        try bench.publish(mode: .replacePartition)
        try bench.load()
        let item = try #require(try bench.dead().first)
        #expect(!item.isOpen && item.manifest != nil)
        #expect(throws: SpoolError.self) { try bench.spool.replayChunk(item) }
        #expect(try bench.spool.setAside(item).count == 2)
        #expect(try bench.dead().isEmpty)
        #expect(try bench.fsck().isEmpty)
    }

    @Test func discardLetsTheNextRunsGoOn() throws {
        let (bench, manifest) = try dead(["{\"id\":7}"], mode: .merge, key: ["id"])
        try bench.publish(mode: .merge, key: ["id"], since: "5", chunks: [["{\"id\":9,\"v\":\"n\"}"]])
        try bench.load()
        #expect(try bench.statuses(all: true).map(\.state) == [.published, .failed])
        let target = try bench.target()
        let plan = try RunDiscard(manifest, spool: bench.spool, target: target)
        #expect(plan.rowsLost == 2 && plan.rowsLoaded == 0 && plan.cursorTo["since"]?.text == "1")
        try plan.perform(spool: bench.spool, heart: bench.heart, target: target, queue: "db")
        #expect(try bench.dead().isEmpty)
        try bench.load()
        #expect(try bench.statuses(all: true).map(\.outcome) == [.loaded, .discarded])
        #expect(try bench.rows() == ["9=n"])
        #expect(try bench.fsck().isEmpty)
        #expect(throws: SpoolError.self) { try RunDiscard(manifest, spool: bench.spool, target: target) }
    }

    @Test func discardWaitsForALiveLoader() throws {
        let (bench, manifest) = try dead(["{\"id\":7}"])
        let other = try LoaderSeat(bench.spool, heart: bench.heart, deadline: 60)
        #expect(try other.takeWriter("db"))
        let target = try bench.target()
        let plan = try RunDiscard(manifest, spool: bench.spool, target: target)
        let error = try #require(throws: LoadError.self) {
            try plan.perform(spool: bench.spool, heart: bench.heart, target: target, queue: "db")
        }
        #expect(error.kind == .transient)
        #expect(try bench.dead().count == 1)
    }

    @Test func discardNeverJumpsOverAnOpenRun() throws {
        let (bench, _) = try dead(["{\"id\":7}"], mode: .merge, key: ["id"])
        let second = try bench.publish(mode: .merge, key: ["id"])
        #expect(throws: SpoolError.self) { try RunDiscard(second, spool: bench.spool, target: try bench.target()) }
    }

    // MARK: Rejected rows

    private let halfBad = [["{\"id\":1,\"v\":\"x\"}", "{\"id\":2,\"id\":3}"]]

    @Test func mendedRowsBecomeARunOfTheirOwn() throws {
        let bench = try Bench()
        let parent = try bench.publish(mode: .merge, key: ["id"], chunks: halfBad)
        try bench.load()
        let item = try #require(try bench.dead().first)
        #expect(item.content == .rejects(0) && !item.isOpen)
        var letters = DeadLetters(bench.spool)
        #expect(try letters.item("db/\(parent.run)/0").file == item.file)
        try bench.write(
            item.path,
            try Bench.compressed(["{\"line\":2,\"reason\":\"r\",\"row\":\"{\\\"id\\\":2,\\\"v\\\":\\\"m\\\"}\"}"]))
        let done = try RejectReplay.publish(item, spool: bench.spool, heart: bench.heart)
        #expect(done.number == 2 && done.rows == 1)
        let manifest = try #require(try bench.spool.manifest(parent.log, 2))
        #expect(manifest.kind == .replay && manifest.parent == parent.run && manifest.mode == .insertOnly)
        #expect(manifest.cursorTo == parent.cursorTo)
        #expect(try bench.dead().isEmpty)
        // A second time finds the first one's run: nothing is doubled.
        try bench.makeDirectory("dead/db/\(parent.run)")
        try bench.write(item.path, try Bench.compressed(["{\"id\":2,\"v\":\"m\"}"]))
        #expect(try RejectReplay.publish(item, spool: bench.spool, heart: bench.heart).number == 2)
        try bench.load()
        #expect(try bench.rows() == ["1=x", "2=m"])
        #expect(try bench.fsck().isEmpty)
    }

    @Test func aRowThatWasNotMendedIsRefusedAgain() throws {
        let bench = try Bench()
        let parent = try bench.publish(chunks: halfBad)
        try bench.load()
        let item = try #require(try bench.dead().first)
        try bench.write(item.path, try Bench.compressed(["{\"id\":\"two\",\"v\":\"m\"}"]))
        let done = try RejectReplay.publish(item, spool: bench.spool, heart: bench.heart)
        let manifest = try #require(try bench.spool.manifest(parent.log, done.number))
        #expect(manifest.schema.first { $0.name == "id" }?.type == .integer)
        try bench.load()
        #expect(try bench.rows() == ["1=x"])
        #expect(try bench.dead().count == 1)
    }

    @Test func olderRowsAreNotPutAmongNewerOnes() throws {
        let bench = try Bench()
        try bench.publish(mode: .replacePartition, chunks: halfBad)
        try bench.load()
        let item = try #require(try bench.dead().first)
        try bench.publish(mode: .replacePartition)
        #expect(throws: SpoolError.self) { try RejectReplay.publish(item, spool: bench.spool, heart: bench.heart) }
        #expect(try bench.spool.lastNumber(try #require(item.manifest).log) == 2)
    }

    @Test(arguments: ["[1]", "", "{\"id\":", "{\"id\":2,\"v\":\"\u{FFFD}\"}"])
    func aRowThatCannotBeARecordIsRefused(_ row: String) throws {
        let bench = try Bench()
        let parent = try bench.publish(chunks: halfBad)
        try bench.load()
        let item = try #require(try bench.dead().first)
        let line = JSONValue.record([("line", 2), ("reason", "r"), ("row", .string(row))]).serializedText()
        try bench.write(item.path, try Bench.compressed([line]))
        #expect(throws: SpoolError.self) { try RejectReplay.publish(item, spool: bench.spool, heart: bench.heart) }
        // Nothing is left of the attempt.
        #expect(try bench.spool.lastNumber(parent.log) == 1)
        #expect(try bench.fsck().isEmpty)
    }
}
