import Databases
import Foundation
import Load
import Manifest
import Spool
import Storage
import TestKit
import Testing
import Threads

/// A target that went back to an older state, of which nothing waits in the queue.
struct RestorationTests {
    private func forget(_ bench: Bench) {
        for suffix in ["", "-wal", "-shm"] { try? bench.files.unlink("\(bench.root)/db\(suffix)", .doctorProbe) }
    }

    /// Loads and gives what was said about lost runs.
    private func load(_ bench: Bench, allowLoss: Bool = false) throws -> (summary: LoadSummary, lost: [String]) {
        var options = LoadOptions()
        options.allowLoss = allowLoss
        let lost = Condition<[String]>([])
        let worker = try LoadWorker(
            bench.spool, heart: bench.heart, target: try bench.target(), queue: "db", options: options,
            stop: StopSignal()
        ) { event in
            if case .lost(_, let reason) = event { lost.withLock { $0.append(reason) } }
        }
        let summary = try worker.run(wake: Condition(0)) { false }
        return (summary, lost.withLock { $0 })
    }

    private func outcomes(_ bench: Bench, _ manifests: [RunManifest]) throws -> [Outcome?] {
        try manifests.map { try bench.spool.outcome($0.log, $0.base + 1, target: "db")?.outcome }
    }

    @Test(arguments: [WriteMode.append, .merge, .insertOnly, .replacePartition])
    func theArchiveFillsATargetThatLostEverything(_ mode: WriteMode) throws {
        let bench = try Bench()
        let key = mode == .append ? [] : mode == .replacePartition ? ["p", "id"] : ["id"]
        for (partition, id) in [("a", 1), ("a", 1), ("b", 5)] {
            try bench.publish(
                partition, mode: mode, key: key,
                chunks: [["{\"id\":\(id),\"v\":\"x\"}", "{\"id\":\(id + 1),\"v\":\"y\"}"]])
        }
        try bench.load()
        let rows = try bench.rows()
        forget(bench)
        let again = try load(bench)
        #expect(again.lost.isEmpty && again.summary.blocked == 0)
        #expect(try bench.rows() == rows)
        #expect(try bench.statuses().allSatisfy { $0.state == .loaded })
        #expect(try bench.fsck().isEmpty)
        #expect(try load(bench).summary.runsClosed == 0)
    }

    /// Only what the backup lacks is loaded.
    @Test func aBackupIsBroughtUpToDate() throws {
        let bench = try Bench()
        try bench.publish(chunks: [["{\"id\":1,\"v\":\"x\"}"]])
        try bench.load()
        let connection = try SQLiteConnection(path: "\(bench.root)/db", access: .readWriteCreate, busySeconds: 1)
        try connection.execute("VACUUM INTO '\(bench.root)/backup'")
        try bench.publish(chunks: [["{\"id\":2,\"v\":\"x\"}"]])
        try bench.publish("b", chunks: [["{\"id\":3,\"v\":\"x\"}"]])
        try bench.load()
        forget(bench)
        try bench.files.rename("\(bench.root)/backup", "\(bench.root)/db", .doctorProbe)
        #expect(try load(bench).summary.runsClosed == 2)
        #expect(try bench.rows() == ["1=x", "2=x", "3=x"])
    }

    @Test func whatTheArchiveLacksIsSaidAndGivenUpOnlyWhenAsked() throws {
        let bench = try Bench()
        var manifests: [RunManifest] = []
        for id in 1...3 {
            manifests.append(
                try bench.publish(
                    mode: .merge, key: ["id"], since: "\(id)",
                    chunks: [["{\"id\":\(id),\"v\":\"x\"}"], ["{\"id\":\(id + 10),\"v\":\"x\"}"]]))
        }
        try bench.publish("b", mode: .merge, key: ["id"], chunks: [["{\"id\":99,\"v\":\"x\"}"]])
        try bench.load()
        try bench.remove("loaded/db/\(manifests[1].run)/1.ndjson.zst")
        forget(bench)
        let blocked = try load(bench)
        // What lies before the lost run, and other partitions, are there; what lies behind it waits for a person.
        #expect(try bench.rows() == ["1=x", "11=x", "99=x"])
        #expect(blocked.summary.blocked == 1 && blocked.lost.count == 1)
        let words = try #require(blocked.lost.first)
        for part in ["manifest 2", "chunk 1", "\(manifests[1].run)"] {
            #expect(words.contains(part), "\(words)")
        }
        #expect(try outcomes(bench, manifests) == [.loaded, .loaded, .loaded])
        // A newer run of the partition does not overtake it.
        try bench.publish(mode: .merge, key: ["id"], since: "4", chunks: [["{\"id\":4,\"v\":\"x\"}"]])
        #expect(try load(bench).summary.blocked == 1)
        #expect(try bench.rows() == ["1=x", "11=x", "99=x"])
        #expect(try load(bench, allowLoss: true).summary.blocked == 0)
        #expect(try bench.rows() == ["1=x", "3=x", "4=x", "11=x", "13=x", "99=x"])
        #expect(try outcomes(bench, manifests) == [.loaded, .discarded, .loaded])
        #expect(try bench.fsck().isEmpty)
        #expect(try load(bench).summary.runsClosed == 0)
    }

    /// A replacement that is lost waits for the next one, which needs nothing of it.
    @Test func theNextGenerationStandsForItself() throws {
        let bench = try Bench()
        let lost = try bench.publish(mode: .replacePartition, key: ["p", "id"])
        try bench.load()
        try bench.remove("loaded/db/\(lost.run)/0.ndjson.zst")
        forget(bench)
        let blocked = try load(bench)
        #expect(blocked.summary.blocked == 1 && blocked.lost.count == 1)
        try bench.publish(mode: .replacePartition, key: ["p", "id"], chunks: [["{\"id\":7,\"v\":\"z\"}"]])
        let again = try load(bench)
        #expect(again.summary.blocked == 0 && again.lost.isEmpty)
        #expect(try bench.rows() == ["7=z"])
        #expect(try bench.fsck().isEmpty)
    }

    /// What a person gave up before stays given up, and holds nothing up.
    @Test func discardedRunsStayDiscarded() throws {
        let bench = try Bench()
        var manifests: [RunManifest] = []
        for id in 1...3 {
            manifests.append(
                try bench.publish(mode: .merge, key: ["id"], since: "\(id)", chunks: [["{\"id\":\(id),\"v\":\"x\"}"]]))
        }
        let discard = try RunDiscard(manifests[0], spool: bench.spool, target: try bench.target())
        try discard.perform(spool: bench.spool, heart: bench.heart, target: try bench.target(), queue: "db")
        try bench.load()
        forget(bench)
        #expect(try load(bench).summary.blocked == 0)
        #expect(try bench.rows() == ["2=x", "3=x"])
        #expect(try outcomes(bench, manifests) == [.discarded, .loaded, .loaded])
        #expect(try bench.fsck().isEmpty)
    }

    /// A job got a second target: that one begins with the next run, and is not held up by those it never gets.
    @Test(arguments: [WriteMode.append, .merge]) func aTargetThatCameLaterBeginsWhereItCame(_ mode: WriteMode) throws {
        let bench = try Bench()
        let key = mode == .append ? [] : ["id"]
        try bench.publish(mode: mode, key: key, targets: ["other"], chunks: [["{\"id\":1,\"v\":\"x\"}"]])
        try bench.publish(mode: mode, key: key, targets: ["other", "db"], chunks: [["{\"id\":2,\"v\":\"x\"}"]])
        #expect(try load(bench).summary.blocked == 0)
        #expect(try bench.rows() == ["2=x"])
        #expect(try bench.target().heads { _ in 1 } == [1: 2])
    }

    private func lost(_ outcome: LoadOutcome) -> [String] {
        outcome.events.compactMap { if case .lost(_, let reason) = $0 { reason } else { nil } }
    }

    /// A world with extracted runs of one partition, nothing of which is loaded, and the first run's place in the queue.
    private func extracted(_ mode: WriteMode, runs: Int) throws -> (world: World, feeds: [Feed], place: String) {
        let world = try World()
        let feeds = [Feed([("p", "a")], mode, (1...runs).map { [Rows.row($0), Rows.row($0 + 50)] })]
        let extractor = world.process()
        try Extractor(extractor).run(feeds)
        extractor.end()
        let spool = try world.process().spool()
        return (world, feeds, spool.ready("t", try #require(try spool.readyRuns("t").first)))
    }

    /// Somebody took a run out of the queue: the loader says so and ends, instead of waiting for ever or of calling it done.
    @Test(arguments: [WriteMode.append, .merge, .replacePartition], [1, 2])
    func aRunThatVanishedFromTheQueueIsSaid(_ mode: WriteMode, _ runs: Int) throws {
        let (world, feeds, place) = try extracted(mode, runs: runs)
        try FileManager.default.moveItem(atPath: place, toPath: "\(world.root).taken")
        if mode == .replacePartition, runs == 2 {
            // The next generation needs nothing of it.
            #expect(try world.drain().summary.blocked == 0)
            return
        }
        let blocked = try world.drain()
        #expect(blocked.summary.blocked == 1 && lost(blocked).count == 1)
        #expect(lost(blocked).first?.contains("neither in the queue nor in the archive") == true)
        var inventory = try Inventory(try world.process().spool())
        var states: [RunState] = []
        try inventory.visit(all: true) { states.append($0.state) }
        #expect(states.last == .failed)
        // Put back, it is loaded.
        try FileManager.default.moveItem(atPath: "\(world.root).taken", toPath: place)
        #expect(try world.drain().summary.blocked == 0)
        #expect(try world.violations(feeds).isEmpty)
    }

    @Test(arguments: [WriteMode.append, .merge, .replacePartition])
    func aChunkThatVanishedFromTheQueueIsSaid(_ mode: WriteMode) throws {
        let (world, feeds, place) = try extracted(mode, runs: 1)
        try FileManager.default.moveItem(atPath: "\(place)/1.a0.c0.ndjson.zst", toPath: "\(world.root).taken")
        let blocked = try world.drain()
        #expect(blocked.summary.blocked == 1 && lost(blocked).first?.contains("chunk 1") == true)
        try FileManager.default.moveItem(atPath: "\(world.root).taken", toPath: "\(place)/1.a0.c0.ndjson.zst")
        #expect(try world.drain().summary.blocked == 0)
        #expect(try world.violations(feeds).isEmpty)
    }

    /// The target was lost while a run was half loaded: what of it lies in the archive comes back.
    @Test func anOpenRunIsFilledFromTheArchive() throws {
        let (world, feeds, place) = try extracted(.append, runs: 1)
        try FileManager.default.moveItem(atPath: "\(place)/1.a0.c0.ndjson.zst", toPath: "\(world.root).taken")
        #expect(try world.drain().summary.blocked == 1)
        #expect(try world.rows(["id"]) == ["1"])
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: world.database + suffix) }
        try FileManager.default.moveItem(atPath: "\(world.root).taken", toPath: "\(place)/1.a0.c0.ndjson.zst")
        #expect(try world.drain().summary.blocked == 0)
        #expect(try world.violations(feeds).isEmpty)
    }
}

private enum Rows {
    static func row(_ id: Int) -> [Row] { [Row(id, "x")] }
}
