import Storage
import Synchronization
import TestKit
import Testing
import Threads

@Suite struct CrashSweepTests {
    /// Operations that no process of an extraction or a load calls, with the reason.
    static let notReached: [(reason: String, operations: Set<Storage.Operation>)] = [
        (
            "tools of people, tested with them",
            [
                .controlList, .deadRead, .deadMove, .deadUnlinkWhy, .deadSyncDirectory, .deadSetAside, .deadStatus,
                .inventoryList,
                .inventoryRead, .inventoryStatus, .fsckList, .fsckRead, .fsckStatus, .fsckMove, .fsckMakeDirectory,
                .fsckWrite,
                .doctorProbe, .retentionUnlink, .editedCreate, .editedWrite, .editedSync, .editedClose, .editedRead,
                .editedRetire,
            ]
        ),
        (
            "sources of data, tested with the extraction",
            [
                .sourceOpen, .sourceRead, .sourceClose, .sourceList, .sourceStatus, .spaceStatus, .failureMakeDirectory,
                .failureCreate, .failureWrite, .failureClose, .failureUnlink,
            ]
        ),
        (
            "of targets that are Parquet files, tested with them",
            [
                .parquetMakeDirectory, .parquetStatus, .parquetOpen, .parquetSync, .parquetClose, .parquetRename,
                .parquetSyncDirectory, .parquetUnlinkTemporary,
            ]
        ),
        (
            "only where two names of one inode meet, which a target with one queue never brings about",
            [.retireUnlinkSource]
        ),
        ("only where somebody took the archive's directory away, tested by itself", [.retireMakeDirectory]),
    ]

    @Test func everyCallOfEveryScenarioMayFail() {
        let tasks = Mutex(Scenario.all.flatMap { [($0, false), ($0, true)] })
        let results = Mutex<[(String, Sweep.Result)]>([])
        let workers = (0..<2).map { _ in
            ThreadHandle.start {
                while let (scenario, isStorm) = tasks.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
                    let sweep = Sweep(scenario: scenario)
                    let result = isStorm ? sweep.storm(0..<Sweep.storms) : sweep.run()
                    results.withLock { $0.append((scenario.name, result)) }
                }
            }
        }
        for worker in workers { worker.join() }
        let all = results.withLock { $0 }
        for (name, result) in all where result.points > 0 {
            print("crash sweep: \(name): \(result.points) points, \(result.runs) disturbed runs")
        }
        let points = all.reduce(0) { $0 + $1.1.points }
        print(
            "crash sweep: \(points) points, \(all.reduce(0) { $0 + $1.1.runs }) disturbed runs in all, storms among them"
        )
        #expect(points > 500)
        let findings = all.flatMap(\.1.findings)
        for finding in findings { print("crash sweep: VIOLATED \(finding)") }
        #expect(findings.isEmpty, "\(findings.count) disturbed runs broke a promise; they are printed above")
        let covered = all.reduce(into: Set<Storage.Operation>()) { $0.formUnion($1.1.covered) }
        let excused = Self.notReached.reduce(into: Set<Storage.Operation>()) { $0.formUnion($1.operations) }
        let missing = Storage.Operation.allCases.filter { !covered.contains($0) && !excused.contains($0) }
        #expect(missing.isEmpty, "\(missing.map(\.rawValue))")
    }
}
