import JSON
import Manifest
import Spool
import Storage
import Testing

struct InventoryTests {
    @Test func aPublishedRunWaitsAndIsLoaded() throws {
        let bench = try Bench()
        try bench.publish(chunks: [["{\"id\":1,\"v\":\"x\"}"], ["{\"id\":2,\"v\":\"y\"}"]])
        let waiting = try #require(try bench.statuses().first)
        #expect(waiting.state == .published)
        #expect(waiting.rowsExtracted == 2 && waiting.rowsLoaded == 0 && waiting.chunks == 2)
        let queue = try #require(try Inventory.queues(bench.spool).first)
        #expect(queue.target == "db" && queue.runs == 1 && queue.chunks == 2 && queue.bytes > 0)
        try bench.load()
        let loaded = try #require(try bench.statuses().first)
        #expect(loaded.state == .loaded && loaded.rowsLoaded == 2 && loaded.chunksLoaded == 2)
        #expect(try Inventory.queues(bench.spool).first?.runs == 0)
        #expect(try Inventory.loaders(bench.spool).isEmpty)
    }

    @Test func aClaimedChunkIsLoading() throws {
        let bench = try Bench()
        let manifest = try bench.publish()
        let seat = try LoaderSeat(bench.spool, heart: bench.heart, deadline: 60)
        let name = ReadyName(priority: 50, run: manifest.run)
        _ = try #require(try seat.claim(ReadyChunkName(sequence: 0), of: name, target: "db"))
        #expect(try bench.statuses().map(\.state) == [.loading])
        let loader = try #require(try Inventory.loaders(bench.spool).first)
        #expect(loader.isAlive && loader.chunks == 1)
        bench.host.kill(100)
        #expect(try Inventory.loaders(bench.spool).first?.isAlive == false)
    }

    @Test func aDeadChunkFailsItsRun() throws {
        let bench = try Bench()
        let manifest = try bench.publish()
        try bench.write("\(bench.ready(manifest))/0.a0.c0.ndjson.zst", [1, 2, 3])
        try bench.load()
        let status = try #require(try bench.statuses().first)
        #expect(status.state == .failed && status.chunksDead == 1)
        #expect(status.error?.hasPrefix("chunk 0 is dead: ") == true)
        #expect(try Inventory.queues(bench.spool).first?.deadChunks == 1)
    }

    @Test(arguments: [WriteMode.merge, .append]) func whatAFailedRunHoldsUpNamesIt(mode: WriteMode) throws {
        let bench = try Bench()
        let first = try bench.publish(mode: mode)
        try bench.write("\(bench.ready(first))/0.a0.c0.ndjson.zst", [1, 2, 3])
        try bench.load()
        try bench.publish(mode: mode)
        try bench.publish(mode: mode)
        try bench.load()
        let statuses = try bench.statuses()
        #expect(statuses.map(\.number) == [3, 1] && statuses.map(\.waitsFor) == [1, nil], "\(statuses)")
        #expect(statuses[0].error?.contains("manifest 1") == true && statuses[1].state == .failed)
        // What is in the target already is told.
        #expect((statuses[0].rowsLoaded > 0) == (mode == .append), "\(statuses)")
        #expect(try bench.statuses(all: true).map(\.number) == [3, 2, 1])
    }

    @Test func aLaterReplacementSupersedes() throws {
        let bench = try Bench()
        let first = try bench.publish(mode: .replacePartition)
        try bench.write("\(bench.ready(first))/0.a0.c0.ndjson.zst", [1, 2, 3])
        try bench.load()
        try bench.publish(mode: .replacePartition)
        try bench.load()
        #expect(try bench.statuses().map(\.state) == [.loaded])
        #expect(try bench.statuses(all: true).map(\.state) == [.loaded, .superseded])
        // It stays listed, and counts no more.
        let queue = try #require(try Inventory.queues(bench.spool).first)
        #expect(queue.deadChunks == 0 && queue.pastDeadChunks == 1)
    }

    @Test func aRunningExtractionIsSeenUntilItsProcessDies() throws {
        let bench = try Bench()
        let writer = try bench.begin()
        try bench.add(["{\"id\":1}"], to: writer)
        let running = try #require(try Inventory.extractions(bench.spool).first)
        #expect(running.isAlive && running.chunks == 1 && running.rows == 1)
        #expect(running.key?.partition["p"] == "a")
        bench.host.kill(100)
        #expect(try Inventory.extractions(bench.spool).first?.isAlive == false)
    }

    @Test func onlyTheAskedJobsAreVisited() throws {
        let bench = try Bench()
        try bench.publish("a/b ü")
        var inventory = try Inventory(bench.spool)
        var count = 0
        try inventory.visit(jobs: ["other"], all: true) { _ in count += 1 }
        #expect(count == 0)
        try inventory.visit(jobs: ["job"], all: true) { _ in count += 1 }
        #expect(count == 1)
    }

    @Test func requestsAreListedByTheirJob() throws {
        let bench = try Bench()
        try bench.spool.ask(.pause, job: "Ein Job ü")
        #expect(try Inventory.requests(bench.spool).map(\.job) == ["Ein Job ü"])
        try bench.spool.withdraw(.pause, job: "Ein Job ü")
        #expect(try Inventory.requests(bench.spool).isEmpty)
    }

    @Test func aDamagedManifestIsAProblemAndStopsNothing() throws {
        let bench = try Bench()
        try bench.publish("a")
        try bench.publish("b")
        try bench.write("manifests/job/s/p=a/1.json", Array("{}".utf8))
        var inventory = try Inventory(bench.spool)
        var seen: [String] = []
        try inventory.visit(all: false) { seen.append($0.manifest.partition["p"] ?? "") }
        #expect(seen == ["b"])
        #expect(inventory.problems.count == 1)
    }
}
