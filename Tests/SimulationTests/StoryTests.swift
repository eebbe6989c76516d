import Foundation
import Synchronization
import Testing
import Threads

/// The whole pipeline in simulated worlds. `SIMULATE=n` plays so many seeds, `SIMULATE_FROM=n` begins with another one,
/// `SIMULATE_SEED=n` tells one story step by step, `SIMULATE_MUTANTS=n` looks so many seeds far for those that notice each mutant.
@Suite(.serialized) struct StoryTests {
    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    /// Plays seeds on all cores, until one fails where that is asked for.
    private static func play(_ seeds: Range<UInt64>, mutant: Mutant? = nil, untilOneFails: Bool = false) -> (
        played: Int, steps: Int, failed: [(seed: UInt64, violations: [String])]
    ) {
        let state = Mutex((next: seeds.lowerBound, steps: 0, failed: [(seed: UInt64, violations: [String])]()))
        let threads = (0..<max(1, ProcessInfo.processInfo.activeProcessorCount)).map { _ in
            ThreadHandle.start {
                while true {
                    let seed: UInt64? = state.withLock { state in
                        guard state.next < seeds.upperBound, !untilOneFails || state.failed.isEmpty else { return nil }
                        state.next += 1
                        return state.next - 1
                    }
                    guard let seed else { return }
                    let end = Story.play(seed: seed, mutant: mutant)
                    state.withLock { state in
                        state.steps += end.steps
                        if !end.violations.isEmpty { state.failed.append((seed, end.violations)) }
                    }
                }
            }
        }
        for thread in threads { thread.join() }
        return state.withLock { (Int($0.next - seeds.lowerBound), $0.steps, $0.failed.sorted { $0.seed < $1.seed }) }
    }

    @Test func everyStoryEndsWell() throws {
        if let seed = StoryTests.number("SIMULATE_SEED") {
            let end = Story.play(seed: seed, isTraced: true)
            print(end.story.joined(separator: "\n"))
            #expect(end.violations.isEmpty, "\(end.violations)")
            return
        }
        let from = StoryTests.number("SIMULATE_FROM") ?? 1
        let count = StoryTests.number("SIMULATE") ?? 1000
        let began = Date()
        let result = StoryTests.play(from..<from + count)
        for (seed, violations) in result.failed.prefix(10) {
            Issue.record("seed \(seed): \(violations.prefix(3).joined(separator: "\n"))")
        }
        print(
            "\(count) seeds, \(result.steps) steps, \(result.failed.count) failed, \(Date().timeIntervalSince(began)) s"
        )
    }

    /// The rig is not blind: each rule that is taken away makes a story end badly.
    @Test func everyMutantIsNoticed() throws {
        let asked = StoryTests.number("SIMULATE_MUTANTS")
        let most = asked ?? 3000
        for mutant in Mutant.noticed + (asked == nil ? [] : Mutant.unnoticed) {
            let result = StoryTests.play(1..<1 + most, mutant: mutant, untilOneFails: true)
            if let first = result.failed.first {
                print("\(mutant): seed \(first.seed): \(first.violations.first?.prefix(200) ?? "")")
            } else {
                Issue.record("\(mutant): not noticed by \(result.played) seeds")
            }
        }
    }
}
