import Foundation
import Load
import Storage
import Synchronization
import TestKit
import Threads

/// Disturbs a scenario at every one of its file system calls, recovers, and checks the invariants.
struct Sweep {
    /// One disturbed run of a scenario.
    struct Finding: Sendable, CustomStringConvertible {
        var scenario: String
        var point: String
        var fault: String
        var violations: [String]

        var description: String { "\(scenario): \(fault) at \(point): \(violations.joined(separator: "; "))" }
    }

    struct Result: Sendable {
        var points = 0
        var runs = 0
        var covered: Set<Storage.Operation> = []
        var findings: [Finding] = []
    }

    let scenario: Scenario

    /// Calls of one operation that are disturbed one by one, and in every way; of further ones a sample is, in two ways.
    private static let dense = isFull ? 12 : 1
    private static let step = isFull ? 3 : 40

    /// Random sequences of deaths of each scenario.
    static let storms: UInt64 = isFull ? 200 : 3

    /// `BOBBIN_SWEEP=full` disturbs nearly every call in every way, which takes some minutes.
    private static let isFull = ProcessInfo.processInfo.environment["BOBBIN_SWEEP"] == "full"

    /// Runs the scenario undisturbed, then disturbed at every point.
    func run() -> Result {
        var result = Result()
        let counts: [Storage.Operation: Int]
        let start: World
        do {
            let prepared = try World()
            try scenario.prepare(prepared, scenario.feeds)
            start = prepared
            let world = try World(copying: prepared)
            let process = world.process()
            try scenario.act(process, scenario.feeds)
            counts = process.files.counts
            process.end()
            let violations = try settle(world)
            if !violations.isEmpty {
                result.findings.append(finding("nowhere", "nothing", violations))
                return result
            }
        } catch {
            result.findings.append(finding("nowhere", "nothing", ["\(error)"]))
            return result
        }
        result.covered = Set(counts.keys)
        for operation in counts.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            var occurrence = 1
            while disturb(start, FaultPoint(operation, occurrence), &result) {
                result.points += 1
                occurrence += occurrence < Sweep.dense ? 1 : Sweep.step
            }
        }
        return result
    }

    private func finding(_ point: String, _ fault: String, _ violations: [String]) -> Finding {
        Finding(scenario: scenario.name, point: point, fault: fault, violations: violations)
    }

    /// All faults at one point; `false` when the scenario ends before it.
    private func disturb(_ start: World, _ point: FaultPoint, _ result: inout Result) -> Bool {
        var faults: [(String, Fault, String)] = [
            ("kill before", .killBefore, "host"), ("fail", .fail(point.operation.usualError), "host"),
        ]
        if point.operation.isRenameOrLink { faults.append(("lie", .lie(.notFound), "host")) }
        if point.occurrence <= Sweep.dense {
            // A death on another host shows only by silence.
            faults.append(("kill after", .killAfter, "elsewhere"))
            if !point.operation.isOnAnotherThread { faults.append(("pause", .pause {}, "host")) }
        }
        for (name, fault, host) in faults {
            do {
                let world = try World(copying: start)
                let disturbed = Disturbed()
                let process = world.process(point, fault.pausing(world, scenario.feeds, disturbed), host: host)
                disturbed.identity.withLock { $0 = process.host.current }
                var failure: (any Error)?
                do { try scenario.act(process, scenario.feeds) } catch { failure = error }
                guard process.files.hasFired else { return false }
                if host == "host" { process.end() } else { process.files.kill() }
                result.runs += 1
                var violations = try settle(world)
                result.covered.formUnion(world.covered)
                if failure is StuckLoader { violations.append("the disturbed loader did not end") }
                if !violations.isEmpty { result.findings.append(finding("\(point)", name, violations)) }
            } catch {
                result.findings.append(finding("\(point)", name, ["recovery failed: \(error)"]))
            }
        }
        return true
    }

    /// Several processes in a row die at random calls, each while it takes up what the last one left.
    func storm(_ seeds: Range<UInt64>) -> Result {
        var result = Result()
        do {
            let start = try World()
            try scenario.prepare(start, scenario.feeds)
            for seed in seeds {
                var random = SeededRandom(seed)
                let world = try World(copying: start)
                var deaths: [String] = []
                for _ in 0..<(2 + random.below(3)) {
                    let call = 1 + random.below(120)
                    let process = world.doomed(calls: call)
                    let kind = random.below(3)
                    do {
                        switch kind {
                        case 0: try scenario.act(process, scenario.feeds)
                        case 1: try Extractor(process).run(scenario.feeds)
                        default: _ = try process.load()
                        }
                    } catch {}
                    process.end()
                    deaths.append("\(["act", "extract", "load"][kind])@\(call)")
                }
                result.runs += 1
                let place = "seed \(seed): \(deaths.joined(separator: ", "))"
                do {
                    let violations = try settle(world)
                    if !violations.isEmpty { result.findings.append(finding(place, "deaths", violations)) }
                } catch { result.findings.append(finding(place, "deaths", ["recovery failed: \(error)"])) }
                result.covered.formUnion(world.covered)
            }
        } catch { result.findings.append(finding("nowhere", "deaths", ["\(error)"])) }
        return result
    }

    /// Recovers, lets people do their part, and checks.
    private func settle(_ world: World) throws -> [String] {
        try world.recover(scenario.feeds)
        if let attend = scenario.attend {
            try attend(world, scenario.feeds)
            try world.recover(scenario.feeds)
        }
        return try world.violations(scenario.feeds, outcomes: scenario.outcomes, rejects: scenario.rejects)
    }
}

/// Tells the others, once it is known, whom to take for dead.
private final class Disturbed: Sendable {
    let identity = Mutex<ProcessIdentity?>(nil)
}

extension Fault {
    /// While the process is stopped, everybody takes it for dead and goes on without it.
    fileprivate func pausing(_ world: World, _ feeds: [Feed], _ disturbed: Disturbed) -> Fault {
        guard case .pause = self else { return self }
        return .pause {
            if let identity = disturbed.identity.withLock({ $0 }) { world.graveyard.bury(identity) }
            let extractor = world.process()
            _ = try? Extractor(extractor).run(feeds)
            extractor.end()
            let loader = world.process()
            _ = try? loader.load(step: 0)
            loader.end()
        }
    }
}

extension Storage.Operation {
    /// The calls of the decoding thread; a pause there would not stop the loader.
    fileprivate var isOnAnotherThread: Bool { [.claimOpen, .claimRead, .claimClose].contains(self) }

    fileprivate var isRenameOrLink: Bool {
        switch self {
        case .logLink, .adoptLink, .publishMove, .publishLink, .publishLinkManifest, .publishMoveRejects, .discardMove,
            .tokenClaim, .tokenRelease, .claimChunk, .handBack, .buryChunk, .retire, .retireLinkManifest,
            .progressRename,
            .outcomeLink, .seizeChunk, .seizeToken, .spoolLinkMarker:
            true
        default: false
        }
    }

    /// The error that this call meets in practice.
    fileprivate var usualError: StorageError.Code {
        let name = rawValue.lowercased()
        return ["create", "write", "make", "link", "move", "rename", "retire", "claim"].contains { name.contains($0) }
            ? .noSpace : .inputOutput
    }
}
