import TestKit
import Testing

@testable import Formats

private let pieces: [String] = [
    "", "", "", "1", "-12.5", "007", "1e5", "x", "text of some length", "ü→🔥", "a,b", "\"", "\n", "\r\n", "\\", "\t",
    "\u{0}", " ",
    "12345678901234567890123456789012345678901234567890", "0", "-", "true", "null",
]

private func randomField(_ random: inout SeededRandom) -> String {
    (0..<random.below(4)).map { _ in random.pick(pieces) }.joined()
}

/// Random rows, written as CSV in random ways: what comes out is what went in, wherever reads and windows end.
@Test(arguments: 0..<40)
func csvRoundTrip(seed: Int) throws {
    var random = SeededRandom(UInt64(seed))
    let width = 1 + random.below(12)
    let columns = (0..<width).map { "c\($0)" + random.pick(["", "\"", "ü", " long name of a column"]) }
    var text: [UInt8] = Array(
        text: columns.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }.joined(separator: ",") + "\n")
    var expected: [String] = []
    for _ in 0..<random.below(30) {
        var members: [String] = []
        var fields: [String] = []
        for column in columns {
            let value = randomField(&random)
            let key = CSVReference.quote(Array(column.utf8))
            let mustQuote = value.utf8.contains { [0x2c, 0x22, 0x0a, 0x0d].contains($0) }
            if mustQuote || random.below(3) == 0 || width == 1 {
                fields.append("\"" + value.replacing("\"", with: "\"\"") + "\"")
                members.append("\(key):\(CSVReference.quote(Array(value.utf8)))")
            } else {
                fields.append(value)
                let json =
                    value.isEmpty
                    ? "null"
                    : CSVReference.isNumber(Array(value.utf8)) ? value : CSVReference.quote(Array(value.utf8))
                members.append("\(key):\(json)")
            }
        }
        text += Array(text: fields.joined(separator: ",") + random.pick(["\n", "\r\n"]))
        expected.append("{" + members.joined(separator: ",") + "}")
    }
    for cut in cuts {
        let reading = try readCSV(text, cut: cut)
        #expect(reading.records == expected)
        #expect(reading.rejects.isEmpty && reading.error == nil)
    }
}

/// 5,000 damaged files: records, rejects, ordinals, lines and raw bytes equal those of the reference.
@Test(arguments: 0..<10)
func csvMutationsEqualReference(seed: Int) throws {
    var random = SeededRandom(0xC5 &+ UInt64(seed))
    let special: [UInt8] = [0x22, 0x22, 0x2c, 0x0a, 0x0d, 0x00, 0x5c, 0x80, 0xff, 0xc3, 0x31, 0x2d, 0x65, 0x2e, 0x20]
    let columns = ["a", "b", "c"]
    let dialect = CSVDialect(names: .declared(columns, skippingFirstRow: false))
    let base = Array(text: "1,two,\"three\"\n\"4\n\",,\"\"\"\"\r\n5,ü,\"x,y\"\n6,7.5,8e9\nabcdefghijkl,,\n,,last")
    for round in 0..<500 {
        let text = random.mutate(base, with: special)
        // What begins like the mark of another encoding is another test.
        if text.starts(with: [0xff, 0xfe]) || text.starts(with: [0xfe, 0xff]) || text.starts(with: [0xef]) {
            continue
        }
        let reading = try readCSV(text, dialect, cut: cuts[round % cuts.count])
        #expect(reading == CSVReference.reading(text, columns: columns), "\(text)")
    }
}

/// Limits give the same answer wherever the window ends, and the rows after them are found again.
@Test(arguments: 0..<8)
func csvLimitsDoNotDependOnCuts(seed: Int) throws {
    var random = SeededRandom(0x11 &+ UInt64(seed))
    let base = Array(
        text: "1,\"\(String(repeating: "long\n", count: 10))\",x\n2,\(String(repeating: "y", count: 45)),\n3,4,5\n"
            + "\(String(repeating: "z,", count: 40))\n6,\"\"\"\",8\n")
    let dialect = CSVDialect(names: .declared(["a", "b", "c"], skippingFirstRow: false))
    for _ in 0..<60 {
        let text = random.mutate(base, with: [0x22, 0x2c, 0x0a, 0x0d, 0x78])
        let limits = RecordLimits(record: 60 + random.below(30), field: 30 + random.below(20))
        let whole = try readCSV(text, dialect, limits: limits)
        for cut in cuts {
            let reading = try readCSV(text, dialect, limits: limits, cut: cut)
            #expect(reading.records == whole.records && reading.positions == whole.positions, "\(text)")
            #expect(reading.rejects.map(\.raw) == whole.rejects.map(\.raw), "\(text)")
            #expect(reading.rejects.map(\.reason) == whole.rejects.map(\.reason), "\(text) \(limits)")
        }
    }
}
