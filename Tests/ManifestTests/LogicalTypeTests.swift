import Manifest
import Testing

@Suite struct LogicalTypeTests {
    static let all = LogicalType.allCases

    @Test(arguments: all, all) func wideningIsAJoin(_ a: LogicalType, _ b: LogicalType) {
        let join = a.widened(with: b)
        #expect(join == b.widened(with: a))
        #expect(a.widened(with: a) == a)
        // An upper bound of both: widening again with either changes nothing.
        #expect(join.widened(with: a) == join && join.widened(with: b) == join)
        for c in Self.all { #expect(join.widened(with: c) == a.widened(with: b.widened(with: c)), "\(a) \(b) \(c)") }
    }

    @Test(arguments: all) func nullIsTheLeastAndTextTheGreatest(_ type: LogicalType) {
        #expect(LogicalType.null.widened(with: type) == type)
        #expect(LogicalType.text.widened(with: type) == .text)
    }

    @Test func nothingIsBent() {
        #expect(LogicalType.integer.widened(with: .double) == .double)
        // 2^53 + 1 is no double.
        #expect(LogicalType.bigint.widened(with: .double) == .text)
        #expect(LogicalType.boolean.widened(with: .integer) == .text)
        #expect(LogicalType.double.widened(with: .decimal) == .text)
    }
}
