import Manifest
import Spool
import Storage
import TestKit
import Testing

/// An observer behind a reference, so that expectations can look.
private final class Looker {
    private var observer = LeaseObserver(seconds: 30)

    func look(_ path: String, _ content: [UInt8], at time: Double) -> Bool { observer.look(path, content, at: time) }
    func forget(_ path: String) { observer.forget(path) }
}

@Suite struct LeaseObserverTests {
    private let content: [UInt8] = [1, 2, 3]

    @Test func silenceOverATTLInFourLooksExpires() {
        let observer = Looker()
        for time in stride(from: 0.0, through: 30, by: 5) { #expect(!observer.look("a", content, at: time)) }
        #expect(observer.look("a", content, at: 31))
    }

    @Test func aGapStartsAnew() {
        let observer = Looker()
        for time in stride(from: 0.0, through: 25, by: 5) { _ = observer.look("a", content, at: time) }
        // The file system stood still for ten minutes: nobody is expired by it.
        #expect(!observer.look("a", content, at: 625))
        for time in stride(from: 630.0, through: 655, by: 5) { #expect(!observer.look("a", content, at: time)) }
        #expect(observer.look("a", content, at: 656))
    }

    @Test func fourLooksAreNeeded() {
        // Looks may be no further apart than TTL/4, so that a TTL always holds more than four.
        let observer = Looker()
        var looks = 0
        var time = 0.0
        while !observer.look("a", content, at: time) {
            looks += 1
            time += 7.5
        }
        #expect(looks >= 4 && time > 30)
    }

    @Test func anyChangeIsLife() {
        let observer = Looker()
        for step in 0..<100 { #expect(!observer.look("a", [UInt8(step / 5)], at: Double(step) * 5)) }
        for step in 100..<107 { _ = observer.look("a", content, at: Double(step) * 5) }
        observer.forget("a")
        #expect(!observer.look("a", content, at: 540))
    }
}

@Suite struct HeartTests {
    @Test func aLeaseThatIsTakenAwayIsLost() throws {
        let world = try World()
        let owner = world.process()
        let spool = try owner.spool()
        let seat = try LoaderSeat(spool, heart: owner.heart, deadline: 300)
        #expect(seat.isHeld)
        for _ in 0..<10 {
            world.clock.advance(seconds: 5)
            owner.heart.beat()
            #expect(seat.isHeld)
        }
        let thief = world.process()
        let other = try LoaderSeat(try thief.spool(), heart: thief.heart, deadline: 300)
        try other.seize(seat.id, work: nil, charge: false)
        #expect(seat.isHeld)
        owner.heart.beat()
        #expect(!seat.isHeld)
        try other.leave()
        #expect(world.files("claimed").isEmpty)
    }

    @Test func aSleeperDoesNotHoldItsLease() throws {
        let world = try World()
        let process = world.process()
        let seat = try LoaderSeat(try process.spool(), heart: process.heart, deadline: 300)
        world.clock.advance(seconds: 31)
        #expect(!seat.isHeld)
    }

    @Test func hungWorkLetsTheLeaseGo() throws {
        let world = try World()
        let process = world.process()
        let seat = try LoaderSeat(try process.spool(), heart: process.heart, deadline: 20)
        for _ in 0..<12 {
            world.clock.advance(seconds: 5)
            process.heart.beat()
        }
        #expect(!seat.isHeld)
    }

    @Test func aStoppedExtractorDoesNotCommit() throws {
        let world = try World()
        let feed = Feed([("p", "a")], .append, [Rows.one])
        let process = world.process()
        let extractor = try Extractor(process)
        let writer = try extractor.begin(feed)
        try extractor.write(writer, feed)
        world.clock.advance(seconds: 31)
        let error = #expect(throws: SpoolError.self) { _ = try writer.commit() }
        #expect(error?.code == .leaseLost)
        process.end()
        try world.recover([feed])
        #expect(try world.violations([feed]).isEmpty)
    }

    /// One write of one length renews a lease: nobody finds half of it.
    @Test func aRenewedLeaseKeepsItsLength() throws {
        let world = try World()
        let process = world.process()
        let seat = try LoaderSeat(try process.spool(), heart: process.heart, deadline: 300)
        let path = "\(world.root)/claimed/\(seat.id)/lease"
        let files = POSIXFileSystem()
        let length = try files.status(path, .leaseOpen).size
        let name = ClaimedName(
            ready: ReadyName(priority: 50, run: RunID(milliseconds: 1, random: (0, 0))),
            chunk: ReadyChunkName(sequence: 7),
            target: String(repeating: "t", count: 150))
        for work in [name, nil] {
            seat.setWork(work)
            #expect(try files.status(path, .leaseOpen).size == length)
            let bytes = try files.contents(path, open: .leaseOpen, read: .leaseRead, close: .leaseClose)
            #expect(Lease(decoding: bytes)?.work == work?.text)
        }
    }

    @Test func leasesReadBack() throws {
        let process = FakeProcesses(pid: 7, graveyard: Graveyard()).current
        let run = RunID(milliseconds: 1, random: (0, 0))
        let key = LogKey(job: "j", stream: "s", partition: Partition([Partition.Field(name: "p", value: "ä \"")]))
        var lease = Lease(process: process, run: LeasedRun(key: key, generation: run, base: 3, fingerprint: "f"))
        lease.counter = 123_456
        lease.work = "50-x"
        let read = try #require(Lease(decoding: lease.encoded()))
        #expect(read.counter == 123_456 && read.work == lease.work && read.process == process)
        #expect(read.run?.key == key && read.run?.base == 3 && read.run?.generation == run)
        #expect(Lease(decoding: []) == nil && Lease(decoding: Array(lease.encoded().prefix(40))) == nil)
    }
}

enum Rows {
    static let one = [[Row(1, "x"), Row(2, "y")]]
}
