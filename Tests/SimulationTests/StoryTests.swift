import Foundation
import Testing

struct StoryTests {
    /// `SIMULATE=n` plays so many seeds, `SIMULATE_FROM=n` begins with another one, `SIMULATE_SEED=n` tells one story.
    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test func everyStoryEndsWell() throws {
        if let seed = StoryTests.number("SIMULATE_SEED") {
            let end = Story.play(seed: seed, isTraced: true)
            print(end.story.joined(separator: "\n"))
            #expect(end.violations.isEmpty, "\(end.violations)")
            return
        }
        let from = StoryTests.number("SIMULATE_FROM") ?? 1
        let count = StoryTests.number("SIMULATE") ?? 200
        var steps = 0
        var failed = 0
        let began = Date()
        for seed in from..<from + count {
            let end = Story.play(seed: seed)
            steps += end.steps
            guard !end.violations.isEmpty else { continue }
            failed += 1
            if failed <= 10 { Issue.record("seed \(seed): \(end.violations.prefix(3).joined(separator: "\n"))") }
        }
        print("\(count) seeds, \(steps) steps, \(failed) failed, \(Date().timeIntervalSince(began)) s")
    }
}
