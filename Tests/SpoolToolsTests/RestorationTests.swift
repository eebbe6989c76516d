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
            if case .lost(_, let reason, let remedy) = event { lost.withLock { $0.append("\(reason): \(remedy)") } }
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
        for part in ["manifest 2", "chunk 1", "2 rows", "--allow-loss", "bobbin rewind", "\"since\":\"2\""] {
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
        #expect(blocked.summary.blocked == 1 && blocked.lost.first?.contains("run the job again") == true)
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

    /// Somebody took a run out of the queue: the loader says so and ends, instead of waiting for ever.
    @Test func aRunThatVanishedFromTheQueueIsSaid() throws {
        let world = try World()
        let feeds = [Feed([("p", "a")], .append, [Rows.chunk(1), Rows.chunk(2)])]
        let extractor = world.process()
        try Extractor(extractor).run(feeds)
        extractor.end()
        let spool = try world.process().spool()
        let first = try #require(try spool.readyRuns("t").first)
        try FileManager.default.moveItem(
            atPath: spool.ready("t", first), toPath: "\(world.root).taken")
        let blocked = try world.drain()
        #expect(blocked.summary.blocked == 1)
        let words = blocked.events.compactMap { event -> String? in
            if case .lost(_, let reason, let remedy) = event { "\(reason): \(remedy)" } else { nil }
        }
        #expect(words.count == 1 && words.first?.contains("neither in the queue nor in the archive") == true)
        // Put back, it is loaded.
        try FileManager.default.moveItem(atPath: "\(world.root).taken", toPath: spool.ready("t", first))
        #expect(try world.drain().summary.blocked == 0)
        #expect(try world.violations(feeds).isEmpty)
    }
}

private enum Rows {
    static func chunk(_ id: Int) -> [[Row]] { [[Row(id, "x")]] }
}
