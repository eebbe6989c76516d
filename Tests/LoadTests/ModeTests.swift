import Databases
import Load
import Manifest
import Storage
import Synchronization
import TestKit
import Testing

@Suite struct ModeTests {
    static let columns: KeyValuePairs<String, LogicalType> = ["id": .integer, "v": .text]

    static func line(_ id: Int, _ value: String) -> String { "{\"id\":\(id),\"v\":\"\(value)\"}" }

    @Test(arguments: TestTarget.allCases) func theLastOfEqualKeysWins(_ target: TestTarget) throws {
        let world = try World(target)
        let batch = Batch([], Self.columns, mode: .merge, key: ["id"]).with { batch in
            batch.chunks = [
                [Self.line(1, "a"), Self.line(2, "a"), Self.line(1, "b")],
                [Self.line(2, "c"), Self.line(3, "c"), Self.line(3, "d")],
            ]
        }
        try world.load(batch)
        #expect(try world.rows(["id", "v"]) == ["1|b", "2|c", "3|d"])
        try world.load(batch.with { $0.chunks = [[Self.line(3, "e")]] })
        #expect(try world.rows(["id", "v"]) == ["1|b", "2|c", "3|e"])
    }

    @Test(arguments: TestTarget.allCases) func aKnownKeyIsLeftAsItIs(_ target: TestTarget) throws {
        let world = try World(target)
        let batch = Batch([], Self.columns, mode: .insertOnly, key: ["id"]).with { batch in
            batch.chunks = [[Self.line(1, "a"), Self.line(1, "b")], [Self.line(1, "c"), Self.line(2, "c")]]
        }
        try world.load(batch)
        try world.load(batch.with { $0.chunks = [[Self.line(2, "z"), Self.line(4, "z")]] })
        #expect(try world.rows(["id", "v"]) == ["1|a", "2|c", "4|z"])
    }

    /// A replacement without rows leaves none, and takes none of another table's along.
    @Test(arguments: TestTarget.allCases) func anEmptyReplacementLeavesNothing(_ target: TestTarget) throws {
        let world = try World(target)
        let batch = Batch([Self.line(1, "a"), Self.line(2, "a")], Self.columns, mode: .replace, key: ["id"])
        try world.load(batch)
        let other = batch.with { batch in
            batch.table = "others"
            batch.stream = "other"
        }
        try world.load(other)
        try world.load(
            batch.with { batch in
                batch.chunks = []
                batch.guards.allowEmpty = true
            })
        #expect(try world.rows(["id"]) == [])
        try world.load(other.with { $0.chunks = [[Self.line(2, "b"), Self.line(3, "b")]] })
        #expect(try world.rows(["id", "v"], table: "others") == ["2|b", "3|b"])
        #expect(try world.rows(["id"]) == [])
    }

    /// Keys in any order: sorted on the way, and nothing lost or changed by it.
    @Test(arguments: TestTarget.allCases, [1, 9, 10, 11, 3000]) func randomKeys(_ target: TestTarget, _ count: Int)
        throws
    {
        var random = SeededRandom(UInt64(count))
        let rows = (0..<count).map { _ in (Int(random.next() % 1000) - 500, "v\(random.next() % 100)") }
        let world = try World(target)
        try world.load(Batch(rows.map { Self.line($0.0, $0.1) }, Self.columns, mode: .merge, key: ["id"]))
        let expected = Dictionary(rows, uniquingKeysWith: { _, last in last }).map { "\($0.key)|\($0.value)" }.sorted()
        #expect(try world.rows(["id", "v"]) == expected)
    }

    @Test(arguments: TestTarget.allCases) func rowsThatTheEngineRefusesAreFoundOneByOne(_ target: TestTarget) throws {
        let world = try World(target)
        let lines =
            (0..<95).map { Self.line($0, "x") } + [Self.line(7, "twice"), Self.line(50, "twice"), "{\"v\":\"no key\"}"]
        let outcome = try world.load(Batch(lines, Self.columns, mode: .replace, key: ["id"]))
        #expect(try world.rows(["id"]).count == 95 && outcome.summary.rows == 95)
        let rejects = try world.rejects()
        #expect(rejects.count == 3)
        #expect(rejects.filter { $0.contains("\"code\":\"\(target.uniqueViolation)\"") }.count == 2)
        // The line is the chunk's, whatever order the rows were inserted in.
        #expect(rejects.contains { $0.contains("\"line\":96,") } && rejects.contains { $0.contains("\"line\":97,") })
        #expect(rejects.contains { $0.contains("\"line\":98,") && $0.contains("missing or null") })
    }

    @Test(arguments: TestTarget.allCases, [WriteMode.append, .replace, .merge])
    func tooManyRejectsKillTheChunk(_ target: TestTarget, _ mode: WriteMode) throws {
        let world = try World(target)
        let bad = (0..<6).map { "{\"id\":\"bad\($0)\"}" }
        var batch = Batch(
            (0..<4).map { Self.line($0, "x") } + bad, Self.columns, mode: mode, key: mode == .append ? [] : ["id"])
        batch.chunks.append([Self.line(90, "good")])
        batch.guards.maximumRejectRows = 5
        batch.guards.maximumRejectShare = 0.1
        let outcome = try world.load(batch)
        #expect(outcome.summary.dead == 1 && outcome.summary.blocked == 1)
        // The good chunk of an append stays; of the others readers see nothing.
        let ids = (try? world.rows(["id"])) ?? []
        #expect(ids == (mode == .append ? ["90"] : []))
        #expect(try world.rejects().isEmpty)
        let dead = world.files("dead")
        #expect(
            dead.filter { $0.hasSuffix("/0.ndjson.zst") }.count == 1
                && dead.filter { $0.hasSuffix("/0.why.json") }.count == 1)
    }

    @Test(arguments: TestTarget.allCases) func guardsHoldBackWhatWouldShrink(_ target: TestTarget) throws {
        let world = try World(target)
        let first = Batch((0..<10).map { Self.line($0, "x") }, Self.columns, mode: .replace, key: ["id"])
        try world.load(first)
        let empty = try world.load(first.with { $0.chunks = [] })
        #expect(empty.summary.blocked == 1)
        #expect(
            empty.events.contains {
                if case .held(_, let reason) = $0 { reason.contains("would replace 10 rows") } else { false }
            })
        #expect(try world.rows(["id"]).count == 10)
        // A later, whole generation passes over the one that is held.
        try world.load(first.with { $0.chunks = [(0..<8).map { Self.line($0, "y") }] })
        #expect(try world.rows(["id"]).count == 8)
        let small = first.with { batch in
            batch.chunks = [[Self.line(1, "z")]]
            batch.guards.minimumShare = 0.5
        }
        #expect(try world.load(small).summary.blocked == 1)
        #expect(try world.rows(["id"]).count == 8)
        var options = LoadOptions()
        options.allowShrink = true
        #expect(try world.drain(options).summary.runsClosed == 1)
        #expect(try world.rows(["id", "v"]) == ["1|z"])
        try world.load(
            first.with { batch in
                batch.chunks = []
                batch.guards.allowEmpty = true
            })
        #expect(try world.rows(["id"]).isEmpty)
    }

    /// A reader sees all of the old generation or all of the new one, never both and never neither.
    @Test func aReplaceIsAtomicForReaders() throws {
        let world = try World()
        let first = Batch((0..<200).map { Self.line($0, "old") }, Self.columns, mode: .replace, key: ["id"])
        try world.load(first)
        try world.put(
            first.with { batch in
                batch.chunks = (0..<4).map { chunk in (0..<50).map { Self.line(chunk * 50 + $0, "new") } }
            })
        let seen = Mutex<Set<String>>([])
        // Looks at each chunk that the loader opens, in the middle of its transaction.
        let watcher = world.process(
            FaultPoint(.leaseOpen, 6),
            .pause {
                let rows = try? world.query("SELECT v, count(*) FROM rows GROUP BY v")
                seen.withLock { _ = $0.insert(rows?.joined(separator: ",") ?? "nothing") }
            })
        let reader = try SQLiteConnection(path: world.database, access: .readOnly, busySeconds: 5)
        try reader.execute("BEGIN")
        let before = try reader.prepare("SELECT count(*) FROM rows WHERE v = 'old'")
        #expect(try before.step() && before.integer(0) == 200)
        before.reset()
        _ = try watcher.load()
        #expect(watcher.files.hasFired)
        #expect(seen.withLock { $0 }.isSubset(of: ["old|200", "new|200"]))
        // Its snapshot stands until it ends.
        #expect(try before.step() && before.integer(0) == 200)
        before.reset()
        try reader.execute("COMMIT")
        #expect(try world.query("SELECT v, count(*) FROM rows GROUP BY v") == ["new|200"])
    }
}
