import Databases
import Load
import Manifest
import TestKit
import Testing

/// Chunks that share batches and transactions: nothing of one may depend on another.
@Suite struct BatchTests {
    static let columns = ModeTests.columns

    static func line(_ id: Int, _ value: String) -> String { ModeTests.line(id, value) }

    /// Sizes from a batch for each chunk to one for all of them.
    static func options(_ batch: Int, chunks: Int) -> LoadOptions {
        var options = LoadOptions()
        options.batchBytes = batch
        options.sortBytes = 4 * batch
        options.transactionChunks = chunks
        return options
    }

    @Test(arguments: [WriteMode.merge, .insertOnly], [1, 600, 5000, 1 << 21])
    func randomKeysInSmallChunks(_ mode: WriteMode, _ size: Int) throws {
        var random = SeededRandom(UInt64(size))
        let rows = (0..<900).map { number in (Int(random.next() % 500), "v\(number)") }
        var chunks: [[String]] = []
        var next = 0
        while next < rows.count {
            let end = min(rows.count, next + random.below(9))
            chunks.append(rows[next..<end].map { Self.line($0.0, $0.1) })
            next = end
        }
        let world = try World()
        let batch = Batch([], Self.columns, mode: mode, key: ["id"]).with { $0.chunks = chunks.filter { !$0.isEmpty } }
        try world.load(batch, Self.options(size, chunks: 70))
        let model = Dictionary(rows, uniquingKeysWith: { first, last in mode == .merge ? last : first })
        #expect(try world.rows(["id", "v"]) == model.map { "\($0.key)|\($0.value)" }.sorted())
    }

    /// Keys of several columns and types, with texts that share their first eight bytes, come in index order.
    @Test func compositeKeysAreSortedAsTheIndexIs() throws {
        var random = SeededRandom(7)
        let texts = ["", "a", "aaaaaaaa", "aaaaaaaab", "aaaaaaaaé", "\u{1F600}", "z", "aaaaaaaa\u{1}"]
        var seen: Set<String> = []
        var lines: [String] = []
        while lines.count < 600 {
            let text = texts[random.below(texts.count)]
            let number = Double(random.below(9) - 4) / 2
            guard seen.insert("\(text)/\(number)/\(lines.count % 100)").inserted else { continue }
            let escaped = text == "aaaaaaaa\u{1}" ? "aaaaaaaa\\u0001" : text
            lines.append("{\"a\":\"\(escaped)\",\"b\":\(number),\"c\":\(lines.count % 100)}")
        }
        let world = try World()
        let batch = Batch(
            lines, ["a": .text, "b": .double, "c": .integer], mode: .insertOnly, key: ["a", "b", "c"])
        try world.load(batch, Self.options(1 << 20, chunks: 10))
        // Rows went in sorted: the order of insertion is that of the key.
        let inserted = try world.query("SELECT hex(a), b, c FROM rows ORDER BY rowid")
        #expect(inserted.count == 600)
        #expect(inserted == (try world.query("SELECT hex(a), b, c FROM rows ORDER BY a, b, c")))
    }

    /// A column that ignores case makes equal what bytes keep apart: rows are not sorted then, and the last one wins.
    @Test func aTableThatIgnoresCaseKeepsTheLastOfEqualKeys() throws {
        let world = try World()
        let connection = try SQLiteConnection(path: world.database, access: .readWriteCreate, busySeconds: 5)
        try connection.execute("CREATE TABLE rows(id TEXT COLLATE NOCASE, v TEXT)")
        let lines = ["{\"id\":\"b\",\"v\":\"1\"}", "{\"id\":\"a\",\"v\":\"2\"}", "{\"id\":\"B\",\"v\":\"3\"}"]
        try world.load(Batch(lines, ["id": .text, "v": .text], mode: .merge, key: ["id"]))
        #expect(try world.rows(["id", "v"]) == ["a|2", "b|3"])
    }

    /// Of many chunks in one batch some are full of bad rows: they alone die, and the ledger has the others once.
    @Test(arguments: [1, 1 << 20]) func badChunksFallOutOfTheirBatch(_ size: Int) throws {
        let world = try World()
        let good = (0..<40).map { chunk in (0..<5).map { Self.line(chunk * 5 + $0, "x") } }
        var batch = Batch([], Self.columns, mode: .append, key: ["id"])
        batch.guards.maximumRejectRows = 2
        batch.guards.maximumRejectShare = 0
        batch.chunks = good
        for place in [0, 17, 18, 39] { batch.chunks[place] = (0..<5).map { _ in "{\"v\":\"no key\"}" } }
        // One bad row is no reason to refuse a chunk.
        batch.chunks[5][1] = "{\"v\":\"no key\"}"
        let outcome = try world.load(batch, Self.options(size, chunks: 1000))
        #expect(outcome.summary.dead == 4)
        let expected = good.indices.filter { ![0, 17, 18, 39].contains($0) }.flatMap { chunk in
            (0..<5).filter { chunk != 5 || $0 != 1 }.map { "\(chunk * 5 + $0)" }
        }
        #expect(try world.rows(["id"]) == expected.sorted())
        #expect(try world.query("SELECT count(*), sum(rows), sum(rejects) FROM _bobbin_ledger") == ["36|179|1"])
    }

    static let modes: [WriteMode] = [.append, .insertOnly, .merge, .replace]

    /// Runs of two modes that wait together: each is loaded in its own way.
    @Test(arguments: modes, modes) func pendingRunsOfTwoModes(_ first: WriteMode, _ second: WriteMode) throws {
        let world = try World()
        let batch = Batch([Self.line(1, "a"), Self.line(2, "a")], Self.columns, mode: first, key: ["id"])
        try world.put(batch)
        try world.put(
            batch.with { batch in
                batch.mode = second
                batch.chunks = [[Self.line(2, "b"), Self.line(3, "b")]]
            })
        try world.drain(Self.options(1 << 20, chunks: 1000))
        let expected: [String] =
            switch second {
            case .append: ["1|a", "2|a", "3|b"]
            case .insertOnly: ["1|a", "2|a", "3|b"]
            case .merge: ["1|a", "2|b", "3|b"]
            case .updateOnly, .scd2: []
            case .replace, .replacePartition: ["2|b", "3|b"]
            }
        #expect(try world.rows(["id", "v"]) == expected)
        // An appended row whose key is taken is refused, never passed over in silence.
        #expect(try world.rejects().count == (second == .append ? 1 : 0))
    }
}
