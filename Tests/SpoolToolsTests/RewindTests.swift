import JSON
import Load
import Manifest
import Spool
import Testing

struct RewindTests {
    private func cursor(_ text: String) -> JSONValue { .record([("since", .string(text))]) }

    private func plan(_ bench: Bench, _ to: JSONValue) throws -> RewindPlan {
        let target = try bench.target()
        let plans = try bench.spool.planRewind(
            job: "job", to: to, wants: { $0["p"] == "a" },
            loaded: { manifest, _ in
                if let closed = try target.closed(manifest.run) { return closed.chunks.count }
                return try target.loaded(manifest.run).count
            })
        #expect(plans.count == 1)
        return try #require(plans.first)
    }

    @Test(arguments: [WriteMode.merge, .insertOnly])
    func theNextRunBeginsAtTheOlderCursor(_ mode: WriteMode) throws {
        let bench = try Bench()
        for since in ["5", "10", "15"] { try bench.publish(mode: mode, key: ["id"], since: since) }
        try bench.publish("b", mode: mode, key: ["id"], since: "15")
        try bench.load()
        let plan = try plan(bench, cursor("9"))
        #expect(plan.refusal == nil && plan.again == 2 && plan.base == 3)
        #expect(try bench.spool.rewind(plan, heart: bench.heart) == 4)
        // Planned on an older log, it is lost.
        #expect(try bench.spool.rewind(plan, heart: bench.heart) == nil)
        let manifest = try #require(try bench.spool.manifest(plan.last.log, 4))
        #expect(manifest.kind == .rewind && manifest.chunks.isEmpty && manifest.cursorTo == cursor("9"))
        try bench.load()
        #expect(try bench.statuses().map(\.state) == [.loaded, .loaded])
        #expect(try bench.rows() == ["1=x", "2=y"])
        #expect(try bench.fsck().isEmpty)
    }

    @Test func numbersAreComparedAsNumbers() {
        #expect(CursorOrder.isAtMost(cursor("9"), cursor("10")) == true)
        #expect(CursorOrder.isAtMost(cursor("2026-01-02"), cursor("2026-01-01")) == false)
        #expect(CursorOrder.isAtMost(.null, cursor("1")) == nil)
    }

    @Test(arguments: ["10", "11"]) func forwardIsRefused(_ to: String) throws {
        let bench = try Bench()
        try bench.publish(mode: .merge, key: ["id"], since: "10")
        #expect(try plan(bench, cursor(to)).refusal != nil)
    }

    @Test func keylessRowsAreNeverDoubled() throws {
        let bench = try Bench()
        try bench.publish(since: "5")
        try bench.publish(since: "10")
        // Still to be loaded: they would be there twice, too.
        #expect(try plan(bench, cursor("5")).refusal?.contains("still to be loaded") == true)
        try bench.load()
        #expect(try plan(bench, cursor("5")).refusal?.contains("there twice") == true)
        #expect(try plan(bench, .null).refusal != nil)
    }
}
