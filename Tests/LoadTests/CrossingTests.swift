import Load
import Manifest
import Storage
import TestKit
import Testing

/// Loaders of one log whose looks at it cross.
@Suite struct CrossingTests {
    private static let columns = ModeTests.columns

    /// One loader has begun to claim the newest generation, so that another one loads the one before it: the head that the first
    /// moves then stands at what it meant to pass. (One that is shared keeps its turn.)
    @Test(arguments: TestTarget.servers.filter { !$0.isSharing }, [WriteMode.replace, .replacePartition])
    func whatIsToBePassedMayBeClosedMeanwhile(_ target: TestTarget, _ mode: WriteMode) throws {
        let world = try World(target)
        var batch = Batch([ModeTests.line(1, "old")], Self.columns, mode: mode, key: ["id"])
        if mode == .replacePartition { batch.partition = [("p", "one")] }
        try world.put(batch)
        try world.put(batch.with { $0.chunks = [[ModeTests.line(1, "new")], [ModeTests.line(2, "new")]] })
        let loader = world.process(
            FaultPoint(.claimChunk, 2),
            .pause {
                let other = world.process()
                defer { other.end() }
                do {
                    let outcome = try other.load(until: { if case .closed = $0 { true } else { false } })
                    #expect(outcome.summary.runsClosed == 1 && outcome.summary.rows == 1, "\(outcome)")
                } catch { Issue.record(error) }
            })
        defer { loader.end() }
        let outcome = try loader.load()
        #expect(loader.files.hasFired)
        #expect(KeyTests.stops(outcome) == [])
        #expect(outcome.summary.runsClosed == 1 && outcome.summary.blocked == 0, "\(outcome)")
        #expect(try world.rows(["id", "v"]) == ["1|new", "2|new"])
    }
}
