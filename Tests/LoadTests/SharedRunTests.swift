import Load
import Manifest
import Spool
import Storage
import TestKit
import Testing

/// Loaders that bring a long run of a staged mode together (`docs/spool-format.md`, "A stage that loaders share").
@Suite struct SharedRunTests {
    /// A first run, and a second one of four chunks whose rows take the place of others.
    static func feed(_ mode: WriteMode) -> Feed {
        func chunks(_ count: Int, _ tag: String) -> [[Row]] {
            (0..<count).map { chunk in
                // The keys of a replacement are unique; of a merge the last row of a key stays.
                let first = chunk * (mode == .merge ? 2 : 3)
                return (0..<3).map { Row(first + $0, "\(tag)\(chunk)") }
            }
        }
        let partition = mode == .replace ? [] : [("p", "a")]
        return Feed(partition, mode, [chunks(2, "a"), chunks(4, "b")])
    }

    static func stages(_ world: World) throws -> [String] {
        try world.query(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = '\(world.schema)' AND table_name LIKE '%bobbin~_stage%' ESCAPE '~'"
        )
    }

    /// The second run waits; the first one is in the table.
    static func begin(_ target: TestTarget, _ feed: Feed) throws -> World {
        let world = try World(target)
        for runs in 1...2 {
            let process = world.process()
            try Extractor(process).run([feed], runs: runs)
            process.end()
            if runs == 1 { try world.drain() }
        }
        return world
    }

    /// A loader that has staged its first chunks, and died before it could say so in the spool.
    static func stageSome(_ world: World) throws {
        let process = world.process(FaultPoint(.retire, 1))
        _ = try? process.load()
        #expect(process.files.hasFired)
        process.end()
        #expect(try stages(world).count == 1)
    }

    static func loaders(_ world: World, _ feed: Feed) throws -> Set<String> {
        let spool = try world.process().spool()
        return Set(try #require(try spool.outcome(feed.log, 2, target: "t")).chunks.map(\.loader))
    }

    @Test(arguments: TestTarget.sharing, [WriteMode.merge, .replacePartition, .replace])
    func aLoaderMayDieAtEveryCall(_ target: TestTarget, _ mode: WriteMode) throws {
        let feed = Self.feed(mode)
        var goesOn = 0
        var calls = 1
        while true {
            let world = try Self.begin(target, feed)
            let before = try world.rows(["id", "v"])
            let process = world.doomed(calls: calls)
            _ = try? process.load()
            let isOver = !process.files.isDead
            process.end()
            // Readers see all of a run or nothing.
            let seen = try world.rows(["id", "v"])
            let after = feed.expected.map { $0.split(separator: "|").suffix(2).joined(separator: "|") }.sorted()
            #expect(seen == before || seen == after, "at call \(calls)")
            try world.recover([feed])
            let violations = try world.violations([feed])
            #expect(violations.isEmpty, "at call \(calls): \(violations)")
            #expect(try Self.stages(world).isEmpty, "at call \(calls)")
            if try Self.loaders(world, feed).count > 1 { goesOn += 1 }
            if isOver { break }
            calls += 5
        }
        // What was staged is not staged again by who comes next.
        #expect(goesOn > 0 && calls > 60)
    }

    enum Loss: CaseIterable { case table, rows, ledger }

    /// What is in the stage is counted before it counts.
    @Test(arguments: TestTarget.sharing, Loss.allCases) func aStageThatLostRowsIsGivenUp(
        _ target: TestTarget, _ loss: Loss
    ) throws {
        let feed = Self.feed(.merge)
        let world = try Self.begin(target, feed)
        try Self.stageSome(world)
        let stage = try #require(try Self.stages(world).first)
        switch loss {
        case .table: _ = try world.query("DROP TABLE \(stage)")
        case .rows: _ = try world.query("DELETE FROM \(stage) WHERE id = 1")
        case .ledger: _ = try world.query("DELETE FROM _bobbin_ledger WHERE seq = 0 AND manifest = 2")
        }
        let outcome = try world.drain()
        let violations = try world.violations([feed])
        #expect(violations.isEmpty, "\(violations), \(outcome.events)")
        #expect(try Self.stages(world).isEmpty)
        #expect(try Self.loaders(world, feed).count == 1)
    }

    /// Whoever cancels a replacement that is half staged sees nothing of it, and nothing stays.
    @Test(arguments: TestTarget.sharing) func aHalfStagedReplacementIsCancelled(_ target: TestTarget) throws {
        var feed = Self.feed(.replace)
        let world = try Self.begin(target, feed)
        try Self.stageSome(world)
        let spool = try world.process().spool()
        try spool.ask(.cancel, job: feed.job)
        try world.drain()
        try world.drain()
        try spool.withdraw(.cancel, job: feed.job)
        feed.cancelled = [1]
        #expect(try world.violations([feed], outcomes: [[.loaded, .cancelled]]) == [])
        #expect(try Self.stages(world).isEmpty)
    }

    /// A newer generation waits for one that is half staged: otherwise a slow target would never come to an end.
    @Test(arguments: TestTarget.sharing) func aHalfStagedReplacementKeepsItsTurn(_ target: TestTarget) throws {
        var feed = Self.feed(.replace)
        let world = try Self.begin(target, feed)
        try Self.stageSome(world)
        feed.runs.append([[Row(7, "c")]])
        try Extractor(world.process()).run([feed])
        try world.drain()
        #expect(try world.violations([feed], outcomes: [[.loaded, .loaded, .loaded]]) == [])
    }

    /// Only the other way finds the row that a rule of somebody's own table refuses.
    @Test(arguments: TestTarget.sharing) func aRuleOfTheTableRefusesTheRowAlone(_ target: TestTarget) throws {
        let world = try World(target)
        func batch(_ values: [String], _ mode: WriteMode) -> Batch {
            let lines = values.enumerated().map { "{\"id\":\($0.offset),\"v\":\"\($0.element)\"}" }
            var batch = Batch([], ["id": .integer, "v": .text], mode: mode, key: ["id"])
            batch.chunks = lines.map { [$0] }
            batch.guards.maximumRejectShare = 1
            return batch
        }
        try world.load(batch(["a", "a"], .replace))
        let quoted = target.engine == .mariadb ? "`rows`" : "rows"
        _ = try world.query("ALTER TABLE \(quoted) ADD CONSTRAINT good CHECK (v <> 'bad')")
        let outcome = try world.load(batch(["b", "bad", "b"], .replace))
        #expect(outcome.summary.rejects == 1 && outcome.summary.rows == 2)
        #expect(try world.rejects().count == 1)
        #expect(try world.rows(["id", "v"]) == ["0|b", "2|b"])
        #expect(try Self.stages(world).isEmpty)
    }

    /// The columns of places are Bobbin's own: a table that has such is loaded the other way.
    @Test(arguments: TestTarget.sharing) func columnsNamedAsThePlaces(_ target: TestTarget) throws {
        let world = try World(target)
        let batch = Batch(
            [#"{"id":1,"_bobbin_place":"x"}"#, #"{"id":1,"_bobbin_place":"y"}"#],
            ["id": .integer, "_bobbin_place": .text], mode: .merge, key: ["id"])
        try world.load(batch)
        #expect(try world.rows(["id", "_bobbin_place"]) == ["1|y"])
    }
}
