import Foundation
import Manifest
import Spool
import Storage
import TestKit
import Testing

@Suite struct WorldTests {
    /// The sweep makes thousands of worlds; each must go, with its directory.
    @Test func aWorldGoesWithItsFiles() throws {
        var root = ""
        weak var kept: World?
        do {
            let world = try World()
            kept = world
            root = world.root
            let process = world.process(FaultPoint(.sweepList, 1), .pause { _ = world.covered })
            try Extractor(process).run([Feed([("p", "a")], .append, [Rows.one])])
            #expect(process.files.hasFired && !world.covered.isEmpty)
        }
        #expect(kept == nil && !FileManager.default.fileExists(atPath: root))
    }
}

@Suite struct SeatTests {
    private let feed = Feed([("p", "a")], .append, [Rows.one])

    private func seat(_ world: World) throws -> LoaderSeat {
        let process = world.process()
        return try LoaderSeat(try process.spool(), heart: process.heart, deadline: 300)
    }

    private func published() throws -> (World, ReadyName) {
        let world = try World()
        try Extractor(world.process()).run([feed])
        let name = try #require(try world.process().spool().readyRuns("t").first)
        return (world, name)
    }

    @Test func onlyOneClaimsAChunk() throws {
        let (world, name) = try published()
        let first = try seat(world)
        let second = try seat(world)
        let chunk = ReadyChunkName(sequence: 0)
        let claimed = try #require(try first.claim(chunk, of: name, target: "t"))
        #expect(try second.claim(chunk, of: name, target: "t") == nil)
        #expect(try first.holdings() == [claimed])
        try first.handBack(claimed, as: ReadyChunkName(sequence: 0, attempt: 1))
        #expect(try second.claim(chunk, of: name, target: "t") == nil)
        #expect(try second.claim(ReadyChunkName(sequence: 0, attempt: 1), of: name, target: "t") != nil)
        try second.leave()
        #expect(world.files("ready").contains("t/\(name.text)/0.a1.c0.ndjson.zst"))
    }

    @Test func aLostAnswerIsSettledByTheOwnName() throws {
        let (world, name) = try published()
        let process = world.process(FaultPoint(.claimChunk, 1), .lie(.notFound))
        let seat = try LoaderSeat(try process.spool(), heart: process.heart, deadline: 300)
        #expect(try seat.claim(ReadyChunkName(sequence: 0), of: name, target: "t") != nil)
    }

    @Test func theTokenHasOneHolder() throws {
        let (world, _) = try published()
        let first = try seat(world)
        let second = try seat(world)
        #expect(try first.takeWriter("t") && first.takeWriter("t"))
        #expect(try !second.takeWriter("t"))
        #expect(try second.writerHolder("t") == first.id)
        try first.releaseWriter("t")
        #expect(try second.takeWriter("t"))
        #expect(try !second.takeWriter("nothing was ever published here"))
    }

    /// Two names of one inode: the rename does nothing and reports success.
    @Test func twoNamesOfOneChunkBecomeOne() throws {
        let (world, name) = try published()
        let seat = try seat(world)
        let claimed = try #require(try seat.claim(ReadyChunkName(sequence: 0), of: name, target: "t"))
        let archive = "\(world.root)/loaded/t/\(name.run)/0.ndjson.zst"
        try POSIXFileSystem().link(seat.path(of: claimed), archive, .retire)
        try seat.retire(claimed)
        #expect(try seat.holdings().isEmpty && POSIXFileSystem().status(archive, .closeCheck).links == 1)
    }

    @Test func aMissingArchiveIsMadeAgain() throws {
        let (world, name) = try published()
        let seat = try seat(world)
        let claimed = try #require(try seat.claim(ReadyChunkName(sequence: 0), of: name, target: "t"))
        try FileManager.default.removeItem(atPath: "\(world.root)/loaded/t")
        try seat.retire(claimed)
        #expect(world.files("loaded") == ["t/\(name.run)/0.ndjson.zst"])
    }

    /// Only the chunk that was in work is charged, and not after a reboot.
    @Test(arguments: [true, false]) func aDeathIsChargedToTheChunkInWork(_ isCharged: Bool) throws {
        let world = try World()
        try Extractor(world.process()).run([Feed([("p", "a")], .append, [[[Row(1, "x")], [Row(2, "y")]]])])
        let name = try #require(try world.process().spool().readyRuns("t").first)
        let dead = try seat(world)
        let chunks = try (0..<2).map {
            try #require(try dead.claim(ReadyChunkName(sequence: $0), of: name, target: "t"))
        }
        let other = try seat(world)
        try other.seize(dead.id, work: chunks[1].text, charge: isCharged)
        let waiting = try world.process().spool().readyChunks("t", name)
        #expect(waiting == [ReadyChunkName(sequence: 0), ReadyChunkName(sequence: 1, crashes: isCharged ? 1 : 0)])
        #expect(world.files("claimed") == ["\(other.id)/lease"])
    }

    @Test func theReasonLiesBesideADeadChunk() throws {
        let (world, name) = try published()
        let seat = try seat(world)
        let claimed = try #require(try seat.claim(ReadyChunkName(sequence: 0), of: name, target: "t"))
        let why = DeadReason(
            reason: "no \"good\"", failure: "data", attempts: 3, crashes: 1, loader: seat.id, at: "now")
        try seat.bury(claimed, why: why)
        #expect(world.files("dead") == ["t/\(name.run)/0.ndjson.zst", "t/\(name.run)/0.why.json"])
        let bytes = try Array(Data(contentsOf: URL(filePath: "\(world.root)/dead/t/\(name.run)/0.why.json")))
        let read = try #require(DeadReason(decoding: bytes))
        #expect(read.reason == why.reason && read.attempts == 3 && read.crashes == 1)
        #expect(DeadReason(decoding: Array(bytes.dropLast())) == nil)
    }
}
