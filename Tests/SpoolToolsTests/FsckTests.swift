import Glibc
import JSON
import Manifest
import Spool
import Storage
import Testing

/// A way to damage a spool, and what fsck says of it.
struct Damage: Sendable, CustomTestStringConvertible {
    var code: FsckFinding.Code
    /// Whether --repair leaves nothing to find.
    var isMended = true
    /// Gets the open run (chunks 0 and 1 in ready) and the loaded one.
    var apply: @Sendable (Bench, _ open: RunManifest, _ loaded: RunManifest) throws -> Void
    var testDescription: String { code.rawValue }

    static let all: [Damage] = [
        Damage(code: .directoryMissing) { bench, _, _ in
            try bench.files.removeDirectory("\(bench.spool.root)/quarantine", .doctorProbe)
        },
        Damage(code: .manifestUnreadable, isMended: false) { bench, _, _ in
            var bytes = try bench.read("manifests/job/s/p=done/1.json")
            bytes[40] ^= 1
            try bench.write("manifests/job/s/p=done/1.json", bytes)
        },
        Damage(code: .manifestNewer, isMended: false) { bench, _, _ in
            let text = String(decoding: try bench.read("manifests/job/s/p=done/1.json"), as: UTF8.self)
            try bench.write("manifests/job/s/p=done/1.json", Array("{\"format\":3\(text.dropFirst(11))".utf8))
        },
        Damage(code: .manifestMisplaced, isMended: false) { bench, _, _ in
            try bench.write("manifests/job/s/p=done/2.json", try bench.read("manifests/job/s/p=done/1.json"))
        },
        Damage(code: .manifestForeign, isMended: false) { bench, _, _ in
            var other = try #require(
                try bench.spool.readManifest("\(bench.spool.root)/manifests/job/s/p=done/1.json", .logRead))
            other.spool = String(repeating: "a", count: 32)
            try bench.write("manifests/job/s/p=done/1.json", other.encoded())
        },
        Damage(code: .logGap, isMended: false) { bench, _, loaded in
            try bench.publish("done")
            try bench.load()
            try bench.remove("manifests/job/s/p=done/1.json")
            try bench.remove("manifests/job/s/p=done/1.db.outcome.json")
        },
        Damage(code: .outcomeWithoutManifest, isMended: false) { bench, _, _ in
            try bench.remove("manifests/job/s/p=done/1.json")
        },
        Damage(code: .outcomeTorn) { bench, _, _ in
            try bench.write("manifests/job/s/p=done/1.db.outcome.json", Array("{\"form".utf8))
        },
        Damage(code: .notPublished) { bench, open, _ in try bench.remove("\(bench.ready(open))/manifest.json") },
        Damage(code: .chunkMissing, isMended: false) { bench, open, _ in
            try bench.remove("\(bench.ready(open))/1.a0.c0.ndjson.zst")
        },
        Damage(code: .chunkDamaged) { bench, open, _ in
            try bench.write("\(bench.ready(open))/1.a0.c0.ndjson.zst", try Bench.compressed(["{\"id\":3,\"v\":\"a\"}"]))
        },
        Damage(code: .chunkDamaged) { bench, _, loaded in
            try bench.write("loaded/db/\(loaded.run)/0.ndjson.zst", [1])
        },
        Damage(code: .chunkDuplicate) { bench, open, _ in
            try bench.files.link(
                "\(bench.spool.root)/\(bench.ready(open))/1.a0.c0.ndjson.zst",
                "\(bench.spool.root)/\(bench.ready(open))/1.a1.c0.ndjson.zst", .doctorProbe)
        },
        Damage(code: .chunkWithoutManifest) { bench, _, _ in
            let run = bench.spool.newRun()
            try bench.makeDirectory("ready/db/50-\(run)")
            try bench.write("ready/db/50-\(run)/0.a0.c0.ndjson.zst", [1])
        },
        Damage(code: .chunkWithoutManifest) { bench, _, _ in
            let run = bench.spool.newRun()
            try bench.makeDirectory("loaded/db/\(run)")
            try bench.write("loaded/db/\(run)/0.ndjson.zst", [1])
        },
        Damage(code: .chunkWithoutManifest) { bench, open, _ in
            try bench.write("\(bench.ready(open))/7.a0.c0.ndjson.zst", [1])
        },
        Damage(code: .readyWithoutLog) { bench, open, _ in
            try bench.remove("manifests/job/s/p=open/1.json")
        },
        Damage(code: .deadWithoutWhy) { bench, open, _ in
            try bench.move("\(bench.ready(open))/1.a0.c0.ndjson.zst", "dead/db/\(open.run)/1.ndjson.zst")
        },
        Damage(code: .deadWithoutWhy) { bench, open, _ in
            try bench.move("\(bench.ready(open))/1.a0.c0.ndjson.zst", "dead/db/\(open.run)/1.ndjson.zst")
            try bench.write("dead/db/\(open.run)/1.why.json", Array("{".utf8))
        },
        Damage(code: .whyWithoutChunk) { bench, open, _ in try bench.write("dead/db/\(open.run)/1.why.json", [1]) },
        Damage(code: .stranger, isMended: false) { bench, _, _ in try bench.write("core.1234", [1]) },
        Damage(code: .stranger, isMended: false) { bench, _, _ in try bench.makeDirectory("READY") },
        Damage(code: .stranger) { bench, open, _ in try bench.write("\(bench.ready(open))/.nfs0001", [1]) },
        Damage(code: .stranger) { bench, _, _ in
            try bench.makeDirectory("loaded/db/notes")
            try bench.write("loaded/db/notes/todo.txt", [1])
        },
        Damage(code: .stranger) { bench, _, _ in try bench.write("control/stop", [1]) },
        Damage(code: .misspelt) { bench, open, _ in
            try bench.write("\(bench.ready(open))/0.A0.C0.NDJSON.ZST", [1])
        },
        Damage(code: .symbolicLink) { bench, open, _ in
            #expect(symlink("/etc/hostname", "\(bench.spool.root)/manifests/job/s/p=open/2.json") == 0)
        },
        Damage(code: .leftover) { bench, _, _ in try bench.write("spool.json.\(bench.spool.id)", [1]) },
        Damage(code: .leftover) { bench, _, loaded in
            try bench.makeDirectory(bench.ready(loaded))
            try bench.move("loaded/db/\(loaded.run)/0.ndjson.zst", "\(bench.ready(loaded))/0.a0.c0.ndjson.zst")
        },
        Damage(code: .expiredLease) { bench, _, _ in
            let process = ProcessIdentity(host: "here", boot: "b", namespace: "n", pid: 7, start: 1)
            try bench.makeDirectory("claimed/here-7-00000000")
            try bench.write("claimed/here-7-00000000/lease", Lease(process: process).encoded())
            bench.host.kill(7)
        },
        Damage(code: .claimedWithoutLease) { bench, open, _ in
            try bench.makeDirectory("claimed/here-8-00000000")
            try bench.move(
                "\(bench.ready(open))/1.a0.c0.ndjson.zst",
                "claimed/here-8-00000000/50-\(open.run).1.a0.c0.db.ndjson.zst")
        },
        Damage(code: .expiredLease) { bench, _, _ in
            let run = bench.spool.newRun()
            try bench.makeDirectory("writing/\(run)")
            try bench.write("writing/\(run)/0.ndjson.zst", [1])
        },
        Damage(code: .oldTrash) { bench, _, _ in
            let run = bench.spool.newRun()
            try bench.makeDirectory("trash/\(run)")
            try bench.write("trash/\(run)/0.ndjson.zst", [1])
            let times = [timespec(tv_sec: 1_600_000_000, tv_nsec: 0), timespec(tv_sec: 1_600_000_000, tv_nsec: 0)]
            #expect(utimensat(AT_FDCWD, "\(bench.spool.root)/trash/\(run)", times, 0) == 0)
        },
    ]
}

struct FsckTests {
    /// One run that waits with two chunks, one that is loaded, and a README at the root.
    private func bench() throws -> (Bench, open: RunManifest, loaded: RunManifest) {
        let bench = try Bench()
        let loaded = try bench.publish("done")
        try bench.load()
        let open = try bench.publish("open", chunks: [["{\"id\":3,\"v\":\"a\"}"], ["{\"id\":4,\"v\":\"b\"}"]])
        try bench.write("README.md", Array("what this is".utf8))
        return (bench, open, loaded)
    }

    @Test func aHealthySpoolIsClean() throws {
        let (bench, _, _) = try bench()
        #expect(try bench.fsck().isEmpty)
        // So is one in the middle of work, an interrupted extraction included.
        let seat = try LoaderSeat(bench.spool, heart: bench.heart, deadline: 60)
        #expect(try seat.takeWriter("db"))
        try bench.add(["{\"id\":1}"], to: try bench.begin("running"))
        try bench.makeDirectory("claimed/here-9-00000000")
        // Killed between making its lease and writing it.
        try bench.makeDirectory("claimed/here-10-00000000")
        try bench.write("claimed/here-10-00000000/lease", [])
        try bench.makeDirectory("writing/\(bench.spool.newRun())")
        #expect(try bench.fsck().isEmpty)
    }

    @Test(arguments: Damage.all) func eachDamageIsNamedAndMended(_ damage: Damage) throws {
        let (bench, open, loaded) = try bench()
        try damage.apply(bench, open, loaded)
        let found = try bench.fsck()
        #expect(found.contains { $0.code == damage.code }, "\(found)")
        #expect(found.allSatisfy { !$0.isRepaired && !$0.path.isEmpty && !$0.remedy.isEmpty })
        // Looking changed nothing.
        #expect(try bench.fsck().map(\.path) == found.map(\.path))
        let repaired = try bench.fsck(repair: true)
        #expect(
            repaired.filter { $0.code == damage.code }.allSatisfy { $0.isRepaired == damage.isMended }, "\(repaired)")
        let left = try bench.fsck()
        #expect(left.isEmpty == damage.isMended, "\(left)")
    }

    @Test func whatLiesBesideTheSpoolStaysThere() throws {
        let (bench, _, _) = try bench()
        let names = ["warehouse.db", "bobbin.yaml"]
        for name in names { try bench.write(name, Array("precious".utf8)) }
        let found = try bench.fsck(repair: true)
        #expect(found.map(\.path) == names.reversed() && found.allSatisfy { !$0.isRepaired && !$0.isRepairable })
        for name in names { #expect(try bench.read(name) == Array("precious".utf8)) }
    }

    @Test func aSpoolIsMadeInADirectoryOfItsOwn() throws {
        let bench = try Bench()
        let other = "\(bench.root)/other"
        func open() throws { _ = try Bench.open(other, bench.host) }
        try bench.files.makeDirectory(other, .doctorProbe)
        try bench.files.makeDirectory("\(other)/spool", .doctorProbe)
        func write(_ name: String) throws {
            try bench.files.writeFile(
                "\(other)/spool/\(name)", [1], create: .doctorProbe, write: .doctorProbe, close: .doctorProbe)
        }
        try write("bobbin.yaml")
        #expect(throws: SpoolError.self) { try open() }
        #expect(try bench.files.list("\(other)/spool", .doctorProbe) == ["bobbin.yaml"])
        try bench.files.unlink("\(other)/spool/bobbin.yaml", .doctorProbe)
        // What may lie there, and what an interrupted creation leaves.
        for name in ["README.md", ".gitignore", "spool.json.\(bench.spool.id)"] { try write(name) }
        try bench.files.makeDirectory("\(other)/spool/ready", .doctorProbe)
        try open()
        try write("notes.txt")
        try open()
    }

    @Test func aTornOutcomeComesBackFromTheTarget() throws {
        let (bench, _, loaded) = try bench()
        try bench.write("manifests/job/s/p=done/1.db.outcome.json", [])
        _ = try bench.fsck(repair: true)
        try bench.load()
        let outcome = try #require(try bench.spool.outcome(loaded.log, 1, target: "db"))
        #expect(outcome.outcome == .loaded && outcome.rows == 2)
        #expect(try bench.rows().count == 4)
        #expect(try bench.fsck().isEmpty)
    }

    @Test func aLostChunkComesBackFromAnotherTarget() throws {
        let bench = try Bench()
        let manifest = try bench.publish(targets: ["db", "other"])
        try bench.remove("\(bench.ready(manifest))/0.a0.c0.ndjson.zst")
        #expect(try bench.fsck(repair: true).map(\.isRepaired) == [true])
        #expect(try bench.fsck().isEmpty)
        try bench.load()
        #expect(try bench.rows().count == 2)
    }

    @Test func quarantineNeverOverwrites() throws {
        let bench = try Bench()
        for byte in 1...3 as ClosedRange<UInt8> {
            try bench.write("control/stray", [byte])
            _ = try bench.fsck(repair: true)
        }
        let names = try bench.files.list("\(bench.spool.root)/quarantine", .doctorProbe)
        #expect(Set(try names.map { try bench.read("quarantine/\($0)") }) == [[1], [2], [3]])
    }

    @Test func theMarkerIsWrittenAnewFromTheLog() throws {
        let (bench, _, _) = try bench()
        #expect(try Fsck.checkMarker(bench.spool.root, bench.files, repairs: false) == nil)
        for content: [UInt8]? in [nil, Array("{".utf8)] {
            if let content { try bench.write("spool.json", content) } else { try bench.remove("spool.json") }
            let finding = try #require(try Fsck.checkMarker(bench.spool.root, bench.files, repairs: false))
            #expect(finding.code == (content == nil ? .markerMissing : .markerUnreadable) && !finding.isRepaired)
            #expect(try Fsck.checkMarker(bench.spool.root, bench.files, repairs: true)?.isRepaired == true)
            #expect(try Bench.open(bench.root, bench.host).id == bench.spool.id)
        }
        let newer = "{\"format\":9,\"spool\":\"\(bench.spool.id)\"}"
        try bench.write("spool.json", Array(newer.utf8))
        #expect(try Fsck.checkMarker(bench.spool.root, bench.files, repairs: true)?.isRepaired == false)
        #expect(try bench.read("spool.json") == Array(newer.utf8))
    }

    @Test func withoutReadingOnlySizesAreCompared() throws {
        let (bench, open, _) = try bench()
        var bytes = try bench.read("\(bench.ready(open))/0.a0.c0.ndjson.zst")
        bytes[bytes.count - 1] ^= 1
        try bench.write("\(bench.ready(open))/0.a0.c0.ndjson.zst", bytes)
        #expect(try bench.fsck(deep: false).isEmpty)
        #expect(try bench.fsck(deep: true).map(\.code) == [.chunkDamaged])
    }
}
