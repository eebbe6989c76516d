import Storage
import Synchronization
import TestKit
import Testing
import Threads

@Suite struct CrashSweepTests {
    /// Operations of the queue's life that no scenario reaches, each with its reason.
    static let notReached: [Operation: String] = [:]

    /// Operations that belong to people and tools, not to the life of a run.
    static let ofPeople: Set<Operation> = []

    @Test func everyCallOfEveryScenarioMayFail() {
        let queue = Mutex(Scenario.all)
        let results = Mutex<[(String, Sweep.Result)]>([])
        let workers = (0..<2).map { _ in
            ThreadHandle.start {
                while let scenario = queue.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
                    let result = Sweep(scenario: scenario).run()
                    results.withLock { $0.append((scenario.name, result)) }
                }
            }
        }
        for worker in workers { worker.join() }
        let all = results.withLock { $0 }
        for (name, result) in all {
            print("crash sweep: \(name): \(result.points) points, \(result.runs) disturbed runs")
        }
        let points = all.reduce(0) { $0 + $1.1.points }
        print("crash sweep: \(points) points, \(all.reduce(0) { $0 + $1.1.runs }) disturbed runs in all")
        #expect(points > 1000)
        let findings = all.flatMap(\.1.findings)
        for finding in findings { print("crash sweep: VIOLATED \(finding)") }
        #expect(findings.isEmpty, "\(findings.count) disturbed runs broke a promise; they are printed above")
        let covered = all.reduce(into: Set<Operation>()) { $0.formUnion($1.1.covered) }
        let missing = Operation.allCases.filter { !covered.contains($0) && Self.notReached[$0] == nil }
        #expect(missing.isEmpty, "\(missing.map(\.rawValue))")
    }
}
