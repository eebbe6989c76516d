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

    @Test func precisionsGrow() {
        let money = Precision(digits: 10, scale: 2)
        #expect(Precision(digits: 12, scale: 8).flatMap { money?.union($0) } == Precision(digits: 16, scale: 8))
        #expect(Precision(digits: 60, scale: 40)?.limited(digits: 65, scale: 30) == Precision(digits: 50, scale: 30))
        #expect(Precision(digits: 60, scale: 10)?.limited(digits: 38, scale: 38) == Precision(digits: 38, scale: 10))
    }

    @Test func columnsKnowWhatComes() throws {
        let money = Column(name: "n", type: .decimal, precision: Precision(digits: 10, scale: 2))
        let whole = Column(name: "n", type: .bigint)
        let any = Column(name: "n", type: .decimal)
        #expect(money.precision(with: whole) == Precision(digits: 21, scale: 2))
        #expect(whole.precision(with: money) == Precision(digits: 21, scale: 2))
        #expect(money.precision(with: any) == nil && any.precision(with: money) == nil)
        #expect(money.precision(with: Column(name: "n", type: .text)) == nil)
        let read = try Column.parse(
            try #require(JSONValue(parsing: Column.json([money, any]).serializedText()).elements))
        #expect(read == [money, any] && money != any)
    }
}
