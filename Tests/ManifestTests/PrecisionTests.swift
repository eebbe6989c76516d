import JSON
import Manifest
import Testing

@Suite struct PrecisionTests {
    @Test(arguments: [
        ("numeric(10,2)", 10, 2), ("decimal(65, 30)", 65, 30), ("NUMERIC(5)", 5, 0), ("numeric(3,5)", 5, 5),
        ("DECIMAL(38,0)", 38, 0),
    ])
    func namesOfTypesSayIt(_ name: String, _ digits: Int, _ scale: Int) {
        #expect(Precision(of: name) == Precision(digits: digits, scale: scale))
    }

    @Test(arguments: [
        "numeric", "numeric()", "numeric(", "numeric(a,b)", "numeric(5,-2)", "numeric(1,2,3)", "numeric(10,2)[]", "(,)",
        "numeric(0)", "numeric(99999999999999999999)",
    ])
    func otherNamesDoNot(_ name: String) { #expect(Precision(of: name) == nil) }

    /// Within 38 digits, of which 18 stand behind the point where nobody says anything.
    private static let range = DecimalRange(digits: 38, scale: 38, standard: Precision(whole: 20, scale: 18))

    private static func column(_ digits: Int, _ scale: Int) -> Column {
        Column(name: "n", type: .decimal, precision: Precision(digits: digits, scale: scale))
    }

    @Test(arguments: [
        ((10, 2), (12, 8), (16, 8)), ((10, 2), (8, 1), (10, 2)), ((30, 5), (33, 8), (33, 8)),
        ((30, 5), (10, 9), (34, 9)),
        // What is there stays, and digits before the point go first.
        ((36, 2), (38, 0), (38, 2)), ((36, 2), (38, 10), (38, 4)), ((38, 38), (5, 0), (38, 38)),
        ((10, 0), (60, 30), (38, 28)),
    ])
    func columnsGrow(_ old: (Int, Int), _ new: (Int, Int), _ both: (Int, Int)) {
        let grown = Self.range.precision(of: Self.column(old.0, old.1), with: Self.column(new.0, new.1))
        #expect(grown == Precision(digits: both.0, scale: both.1))
    }

    @Test func columnsKnowWhatComes() throws {
        let money = Self.column(10, 2)
        let whole = Column(name: "n", type: .bigint)
        let any = Column(name: "n", type: .decimal)
        #expect(Self.range.precision(of: money, with: whole) == Precision(digits: 21, scale: 2))
        #expect(Self.range.precision(of: whole, with: money) == Precision(digits: 21, scale: 2))
        #expect(Self.range.precision(of: money, with: any) == Precision(digits: 38, scale: 18))
        #expect(Self.range.precision(of: any, with: money) == Precision(digits: 38, scale: 18))
        #expect(Self.range.precision(of: money, with: Column(name: "n", type: .text)) == nil)
        #expect(Precision(digits: 60, scale: 40)?.limited(digits: 65, scale: 30) == Precision(digits: 50, scale: 30))
        let read = try Column.parse(
            try #require(JSONValue(parsing: Column.json([money, any]).serializedText()).elements))
        #expect(read == [money, any] && money != any)
    }
}
