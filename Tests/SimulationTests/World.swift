import Chunk
import Configuration
import Extract
import Foundation
import JSON
import Manifest
import Spool
import Storage
import Synchronization
import TestKit
import Threads

@testable import Load

/// A spool, its hosts, sources and targets, and what goes wrong with them, all made of one seed.
final class World: Sendable {
    static let root = "/spool"
    static let source = "/src"
    static let leaseSeconds = 30.0
    static let targets = ["a", "b"]

    /// How often things go wrong: of ten thousand calls so many.
    struct Weather: Sendable {
        var random: SeededRandom
        var deaths = 0
        var failures = 0
        var lies = 0
        var losses = 0
        /// Nothing can be written.
        var isFull = false
        /// Seconds for which a host may not see what others did; 0 for none.
        var lag = 0.0
    }

    let seed: UInt64
    let mutant: Mutant?
    let epoch = 1_770_000_000.0
    let timeline: Timeline
    let disk: Mutex<Disk>
    /// Whether the disk is a file server's, and hosts see it over a network.
    let isShared: Bool
    let hosts: [Host]
    let graveyard = Graveyard()
    let weather: Mutex<Weather>
    let records = Mutex(Records())
    let violations = Mutex<[String]>([])
    private let processes = Mutex<[String: Process]>([:])
    private let random: Mutex<SeededRandom>
    private let lines: Mutex<[String]?>
    private let pids = Mutex<Int32>(100)
    private let traps = Mutex<[Trap]>([])
    private let targets = Mutex<[Store]>([])

    /// One with a single writer, and a server.
    var stores: [Store] { targets.withLock { $0 } }

    /// - Parameters:
    ///   - mutant: a rule that does not hold.
    ///   - isTraced: every step is written down.
    init(seed: UInt64, mutant: Mutant? = nil, isTraced: Bool = false) {
        self.seed = seed
        self.mutant = mutant
        var random = SeededRandom(seed)
        timeline = Timeline(seed: random.next())
        isShared = random.below(2) == 0
        disk = Mutex(Disk(isShared: isShared, epoch: epoch))
        let count = isShared ? 2 + random.below(2) : 1
        hosts = (0..<count).map { number in
            Host(number, skew: Double(random.below(7201) - 3600), ahead: Double(random.below(100_000)))
        }
        weather = Mutex(Weather(random: SeededRandom(random.next())))
        self.random = Mutex(random)
        lines = Mutex(isTraced ? [] : nil)
        targets.withLock { $0 = World.targets.enumerated().map { Store(self, $1, hasOneWriter: $0 == 0) } }
        disk.withLock { disk in
            let viewer = Disk.Viewer(host: 0, time: 0, lag: nil)
            for path in [World.root, World.source, "\(World.source)/added", "\(World.source)/merged"] {
                try? disk.makeDirectory(path, viewer)
            }
            try? disk.synchronizeDirectory("")
            try? disk.synchronizeDirectory(World.source)
        }
    }

    func bits() -> (UInt64, UInt64) { random.withLock { ($0.next(), $0.next()) } }
    func below(_ bound: Int) -> Int { random.withLock { $0.below(bound) } }

    // MARK: What goes wrong

    /// What happens at a moment that is sought out, as chance would seldom hit it.
    struct Trap: Sendable {
        enum Kind: Sendable {
            case death, cut
            /// The process is stopped before it goes on.
            case stop(Double)
        }

        /// The name of an operation, or of a statement.
        var place: String
        /// How often the place is passed before.
        var passes: Int
        var kind: Kind
    }

    /// Where it is worth to be caught.
    static let places = [
        "logLink", "logSyncDirectory", "sealSyncDirectory", "publishMove", "publishLink", "publishLinkManifest",
        "publishSyncDirectory", "publishUnlinkManifest", "claimChunk", "claimOpen", "retire", "rejectsSyncDirectory",
        "rejectsClose", "outcomeLink", "outcomeSyncDirectory", "retireLinkManifest", "closeUnlinkManifest", "handBack",
        "seizeChunk", "discardMove", "discardUnlinkManifest", "discardRemoveDirectory", "adoptLink", "tokenClaim",
        "tokenRelease", "spoolLinkMarker", "spoolSyncDirectory", "COMMIT", "COMMITTED", "lock", "enter", "move",
        "close",
        "BEGIN",
    ]

    /// Sets a trap.
    func arm(_ trap: Trap) { traps.withLock { $0.append(trap) } }

    /// A process passes a place, and may be caught there.
    func pass(_ place: String, _ name: String, _ host: Host) {
        let caught: Trap.Kind? = traps.withLock { traps in
            for index in traps.indices where traps[index].place == place {
                traps[index].passes -= 1
                if traps[index].passes < 0 { return traps.remove(at: index).kind }
            }
            return nil
        }
        switch caught {
        case .death: kill(name, at: "behind \(place)")
        case .cut: cutPower(host)
        case .stop(let seconds):
            trace("\(name) is stopped behind \(place) for \(seconds) s")
            timeline.stop(seconds)
        case nil: break
        }
    }

    /// What becomes of a call.
    func fate(of operation: Storage.Operation, _ sort: HostFiles.Sort, _ host: Host, answer: StorageError.Code) -> Fate
    {
        weather.withLock { weather in
            if weather.isFull, sort == .write { return .fails(.noSpace) }
            guard weather.deaths + weather.failures + weather.lies > 0 else { return .done }
            let draw = weather.random.below(10_000)
            if draw < weather.deaths { return weather.random.below(2) == 0 ? .deathBefore : .deathAfter }
            let isSource = operation.rawValue.hasPrefix("source")
            if draw < weather.deaths + weather.failures, !isSource {
                switch sort {
                case .look, .read, .close:
                    return .fails(isShared && weather.random.below(2) == 0 ? .stale : .inputOutput)
                case .write, .sync, .name: return .fails(weather.random.below(2) == 0 ? .noSpace : .inputOutput)
                }
            }
            if draw < weather.deaths + weather.failures + weather.lies, sort == .name, isShared {
                return .lies([answer, .inputOutput, .other(110)][weather.random.below(3)])
            }
            return .done
        }
    }

    /// Seconds of other hosts' doings that a look does not see; nil for none.
    func lag(_ host: Host, _ operation: Storage.Operation) -> Double? {
        // The source is none of the spool's business.
        if operation.rawValue.hasPrefix("source") { return nil }
        return weather.withLock { weather in
            guard weather.lag > 0, weather.random.below(3) == 0 else { return nil }
            return weather.lag * Double(weather.random.below(100)) / 100
        }
    }

    func losesConnection(_ process: Process) -> Bool {
        weather.withLock { $0.losses > 0 && $0.random.below(10_000) < $0.losses }
    }

    /// - Parameter isUndone: a commit that fails did not happen.
    func fateOfCommit(_ process: Process, isUndone: Bool) -> Fate {
        weather.withLock { weather in
            guard weather.losses > 0 else { return .done }
            // A commit is the one call of which the answer matters most.
            switch weather.random.below(1000) {
            case ..<weather.losses: return .fails(.inputOutput)
            case ..<(2 * weather.losses) where !isUndone: return .lies(.inputOutput)
            case 900..<(900 + weather.deaths): return weather.random.below(2) == 0 ? .deathBefore : .deathAfter
            default: return .done
            }
        }
    }

    func trace(_ text: @autoclosure () -> String) {
        lines.withLock { lines in
            guard lines != nil else { return }
            let time = (timeline.time * 1000).rounded() / 1000
            lines?.append("\(time) \(text())")
        }
    }

    /// What was written down.
    var story: [String] { lines.withLock { $0 ?? [] } }

    // MARK: Processes

    /// Takes all traps away.
    func disarm() { traps.withLock { $0 = [] } }

    /// Starts a process on a host.
    func start(_ kind: String, on host: Host, _ body: @escaping @Sendable (Process) throws -> Void) {
        let pid = pids.withLock { pid in
            pid += 1
            return pid
        }
        let name = "\(kind)-\(pid)"
        let process = Process(self, name, host, pid: pid)
        processes.withLock { $0[name] = process }
        trace("\(name) starts on h\(host.number)")
        let number = timeline.start(name) { [self] in
            do { try body(process) } catch { trace("\(name) ends with \(error)") }
            process.end()
            processes.withLock { $0[name] = nil }
            trace("\(name) has ended")
        }
        process.number.withLock { $0 = number }
        timeline.bell(number, every: World.leaseSeconds / 6) { process.heart.beat() }
    }

    /// The processes that run, in order.
    var running: [Process] { processes.withLock { $0.sorted { $0.key < $1.key }.map(\.value) } }

    /// A process dies where it is.
    func kill(_ name: String, at place: String) {
        trace("\(name) dies \(place)")
        processes.withLock { $0[name] }?.end()
    }

    /// The power of a host fails; of the only one, all that was not made durable may be lost.
    func cutPower(_ host: Host) {
        trace("the power of h\(host.number) fails")
        for process in running where process.host === host { process.end() }
        host.reboot()
        let isOrdered = below(2) == 0
        random.withLock { random in
            disk.withLock { disk in
                if isShared { disk.lose(host: host.number, &random) } else { disk.cut(&random, isOrdered: isOrdered) }
            }
        }
        if !isShared { for store in stores { store.crash() } }
        records.withLock { records in disk.withLock { records.forgetLost($0) } }
    }

    // MARK: What is seen

    func noteCommits(_ destination: String) {
        records.withLock { records in
            disk.withLock { disk in
                do { try records.note(destination, disk) } catch {
                    violate("a manifest was committed that cannot be read: \(destination): \(error)")
                }
            }
        }
    }

    func violate(_ text: String) {
        trace("VIOLATION: \(text)")
        violations.withLock { $0.append(text) }
    }

    /// Compares what a store shows with what its head and ledger say.
    func check(_ store: Store, _ keys: [LogKey]) {
        let data = store.data
        for table in Set(keys.map(\.stream)) {
            let problems = records.withLock { $0.compare(data, table: table, source: nil) }
            for problem in problems { violate("\(store.name): \(problem)") }
        }
    }
}
