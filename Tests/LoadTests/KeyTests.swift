import Databases
import Load
import Manifest
import TestKit
import Testing

/// Keys and partitions whose names or values do not fit the table.
@Suite struct KeyTests {
    static let columns = ModeTests.columns

    static func line(_ id: Int, _ value: String) -> String { ModeTests.line(id, value) }

    static func stops(_ outcome: LoadOutcome) -> [String] {
        outcome.events.compactMap { if case .stopped(_, let reason) = $0 { reason } else { nil } }
    }

    @Test(arguments: [WriteMode.append, .insertOnly, .merge, .replace])
    func aKeyThatNoRecordBringsRefusesTheRows(_ mode: WriteMode) throws {
        let world = try World()
        let lines = (0..<30).map { Self.line($0, "x") }
        let outcome = try world.load(Batch(lines, Self.columns, mode: mode, key: ["idd"]))
        #expect(outcome.summary.rows == 0 && outcome.summary.rejects == 30)
        #expect(try world.query("SELECT count(*) FROM rows") == ["0"])
        #expect(try world.rejects().allSatisfy { $0.contains("missing or null") && $0.contains("\"column\":\"idd\"") })
    }

    @Test func aKeyInAnotherCaseIsRefused() throws {
        let world = try World()
        let reasons = Self.stops(try world.load(Batch([Self.line(1, "x")], Self.columns, mode: .merge, key: ["Id"])))
        #expect(reasons.count == 1 && reasons[0].contains("differ only in case"))
    }

    /// Of a number or an instant the table keeps one spelling of several: as texts the rows of such keys would come twice.
    @Test(arguments: TestTarget.allCases, [LogicalType.integer, .double, .timestamp])
    func aKeyThatBecomesTextIsStillFound(_ target: TestTarget, _ type: LogicalType) throws {
        let world = try World(target)
        let keys = type == .timestamp ? [#""2026-01-01T00:00:00+02:00""#, #""2026-01-02T00:00:00Z""#] : ["1", "2"]
        let lines = { (word: String) in keys.map { "{\"id\":\($0),\"v\":\"\(word)\"}" } }
        let batch = Batch(lines("a"), ["id": type, "v": .text], mode: .merge, key: ["id"])
        try world.load(batch)
        let texts = Batch(lines("b") + [#"{"id":"x","v":"b"}"#], ["id": .text, "v": .text], mode: .merge, key: ["id"])
        let outcome = try world.load(texts)
        guard type != .integer else {
            #expect(try world.rows(["id", "v"]) == ["1|b", "2|b", "x|b"])
            return
        }
        #expect(Self.stops(outcome).contains { $0.contains("column id of the key") && $0.contains("--full-refresh") })
        #expect(try world.query(#"SELECT count(*) FROM "rows""#) == ["2"])
        // What brings all rows again needs none of those that are there.
        try world.load(texts.with { $0.mode = .replace })
        #expect(try world.query(#"SELECT count(*) FROM "rows""#) == ["3"])
    }

    @Test func aNullInTheKeyDoesNotChangeTheColumn() throws {
        let world = try World()
        let batch = Batch([Self.line(1, "a"), Self.line(2, "a")], Self.columns, mode: .merge, key: ["id"])
        try world.load(batch)
        let outcome = try world.load(
            Batch(["{\"id\":null,\"v\":\"b\"}"], ["id": .null, "v": .text], mode: .merge, key: ["id"]))
        #expect(outcome.summary.rejects == 1)
        #expect(try world.stored("id") == ["integer|1", "integer|2"])
    }

    @Test func aChangedKeyChangesTheIndex() throws {
        let world = try World()
        let batch = Batch([Self.line(1, "a"), Self.line(2, "b")], Self.columns, mode: .merge, key: ["id"])
        try world.load(batch)
        try world.load(
            batch.with { batch in
                batch.key = ["v"]
                batch.chunks = [[Self.line(3, "a")]]
            })
        #expect(try world.rows(["id", "v"]) == ["2|b", "3|a"])
        // Without a key equal rows are welcome.
        try world.load(
            batch.with { batch in
                batch.mode = .append
                batch.key = []
                batch.chunks = [[Self.line(3, "a")]]
            })
        #expect(try world.rows(["id", "v"]) == ["2|b", "3|a", "3|a"])
        let reasons = Self.stops(try world.load(batch.with { $0.key = ["v"] }))
        #expect(reasons.count == 1 && reasons[0].contains("an index on (v) cannot be made, its rows are not unique"))
    }

    /// Modes may change from run to run, and with them what is unique.
    @Test(arguments: TestTarget.allCases) func aKeyThatIsTakenAwayTakesItsIndexAlong(_ target: TestTarget) throws {
        let world = try World(target)
        let batch = Batch([Self.line(1, "a"), Self.line(2, "a")], Self.columns, mode: .merge, key: ["id"])
        try world.load(batch)
        try world.load(
            batch.with { batch in
                batch.mode = .append
                batch.key = []
            })
        #expect(try world.rows(["id"]) == ["1", "1", "2", "2"])
        try world.load(
            batch.with { batch in
                batch.mode = .replace
                batch.key = []
            })
        try world.load(batch)
        #expect(try world.rows(["id"]) == ["1", "2"])
    }

    @Test func anIndexOfThatNameElsewhereIsNamed() throws {
        let world = try World()
        let connection = try SQLiteConnection(path: world.database, access: .readWriteCreate, busySeconds: 5)
        try connection.execute("CREATE TABLE other(x); CREATE INDEX rows_key ON other(x)")
        let reasons = Self.stops(try world.load(Batch([Self.line(1, "x")], Self.columns, mode: .merge, key: ["id"])))
        #expect(reasons.count == 1 && reasons[0].contains("stands on table other"))
    }

    /// Two partitions that are equal in a column of numbers or booleans must not delete each other.
    @Test(arguments: [
        ("7", "007", "7", LogicalType.integer), ("7", "+7", "7", .integer), ("true", "1", "true", .boolean),
        ("1.5", "1.50", "1.5", .double), ("100", "1e2", "100", .double), ("0", "-0", "0", .integer),
    ])
    func equalPartitionsDoNotMeet(_ first: String, _ second: String, _ value: String, _ type: LogicalType) throws {
        let world = try World()
        let batch = Batch(
            ["{\"n\":\(value),\"v\":\"a\"}"], [:], mode: .replacePartition
        ).with { batch in
            batch.schema = [Column(name: "n", type: type), Column(name: "v", type: .text)]
            batch.partition = [("n", first)]
        }
        try world.load(batch)
        #expect(try world.query("SELECT count(*) FROM rows") == ["1"])
        let outcome = try world.load(
            batch.with { batch in
                batch.partition = [("n", second)]
                batch.chunks = [["{\"v\":\"b\"}"]]
                batch.schema = [Column(name: "v", type: .text)]
            })
        let reasons = Self.stops(outcome)
        #expect(reasons.count == 1 && reasons[0].contains("n=\(second) stands in a column of type \(type)"))
        #expect(try world.query("SELECT v FROM rows") == ["a"])
    }

    /// A day without rows says nothing about the types of the partition's columns.
    @Test func anEmptyPartitionKeepsTheTypes() throws {
        let world = try World()
        let batch = Batch(["{\"n\":7,\"v\":\"a\"}"], ["n": .integer, "v": .text], mode: .replacePartition).with {
            batch in
            batch.partition = [("n", "7")]
            batch.guards.allowEmpty = true
        }
        try world.load(batch)
        try world.load(
            batch.with { batch in
                batch.partition = [("n", "8")]
                batch.chunks = []
                batch.schema = []
            })
        #expect(try world.stored("n") == ["integer|7"])
        // One that is no number makes it a text, for all.
        try world.load(
            batch.with { batch in
                batch.partition = [("n", "north")]
                batch.chunks = [["{\"v\":\"b\"}"]]
                batch.schema = [Column(name: "v", type: .text)]
            })
        #expect(try world.stored("n") == ["text|7", "text|north"])
    }

    @Test func namesAreComparedByBytes() throws {
        let world = try World()
        // One letter, composed and decomposed: two keys of the record, two columns.
        let lines = ["{\"caf\u{E9}\":1,\"cafe\u{301}\":2}"]
        try world.load(
            Batch(lines, [:]).with { batch in
                batch.schema = [
                    Column(name: "caf\u{E9}", type: .integer), Column(name: "cafe\u{301}", type: .integer),
                ]
            })
        #expect(try world.query("SELECT * FROM rows") == ["1|2"])
    }
}
