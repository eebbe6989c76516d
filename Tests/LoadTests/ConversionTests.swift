import Databases
import Load
import Manifest
import TestKit
import Testing

@Suite struct ConversionTests {
    /// A value as it comes, its column's type, and what SQLite holds then; nil when the row is rejected.
    static let cases: [(String, LogicalType, String?)] = [
        ("1", .integer, "integer|1"), ("-0", .integer, nil), ("9007199254740993", .bigint, "integer|9007199254740993"),
        ("9223372036854775807", .bigint, "integer|9223372036854775807"),
        ("-9223372036854775808", .bigint, "integer|-9223372036854775808"), ("9223372036854775808", .bigint, nil),
        ("-9223372036854775809", .bigint, nil), ("1.0", .integer, "integer|1"), ("1e3", .integer, "integer|1000"),
        ("1.5", .integer, nil), ("1e300", .integer, nil), ("\"12\"", .integer, "integer|12"),
        ("\"012\"", .integer, nil),
        ("\"\"", .integer, nil), ("true", .integer, nil), ("[1]", .integer, nil), ("null", .integer, "null|NULL"),
        ("0.1", .double, "real|0.1"), ("1", .double, "real|1.0"), ("1e400", .double, nil), ("-1e400", .double, nil),
        ("5e-324", .double, "real|4.94065645841247e-324"), ("\"1.5\"", .double, "real|1.5"), ("\"x\"", .double, nil),
        ("\"1.\"", .double, nil), ("\"nan\"", .double, nil), ("\"Infinity\"", .double, "real|Inf"),
        ("\"-Infinity\"", .double, "real|-Inf"), ("\"inf\"", .double, nil),
        ("1.10", .text, "text|1.10"), ("1E+2", .text, "text|1E+2"), ("true", .text, "text|true"),
        ("123456789012345678901234567890", .text, "text|123456789012345678901234567890"),
        ("{ \"a\" : 1 }", .text, "text|{ \"a\" : 1 }"),
        ("\"\"", .text, "text|"), ("\"007\"", .text, "text|007"), ("\"a\\u0041\\n\"", .text, "text|aA\n"),
        ("\"\\ud83d\\ude00\"", .text, "text|😀"), ("\"\\ud800\"", .text, nil), ("\"\\ude00x\"", .text, nil),
        ("1.10", .decimal, "text|1.10"), ("\"1.10\"", .decimal, "text|1.10"), ("\"1,10\"", .decimal, nil),
        ("true", .decimal, nil),
        ("true", .boolean, "integer|1"), ("false", .boolean, "integer|0"), ("\"true\"", .boolean, "integer|1"),
        ("1", .boolean, "integer|1"), ("2", .boolean, nil), ("\"yes\"", .boolean, nil),
        ("\"2026-02-28\"", .date, "text|2026-02-28"), ("\"2026-02-29\"", .date, nil),
        ("\"2024-02-29\"", .date, "text|2024-02-29"),
        ("\"2026-2-8\"", .date, nil), ("20260228", .date, nil),
        ("\"2026-11-20T09:30:00Z\"", .timestamp, "text|2026-11-20T09:30:00Z"),
        ("\"2026-11-20 09:30\"", .timestamp, "text|2026-11-20 09:30"),
        ("\"2026-11-20T09:30:00.123456+05:30\"", .timestamp, "text|2026-11-20T09:30:00.123456+05:30"),
        ("\"2026-11-20T24:00:00Z\"", .timestamp, nil), ("\"2026-11-20\"", .timestamp, nil),
        ("\"infinity\"", .timestamp, "text|infinity"),
        ("\"0044-03-15 10:00:00+00 BC\"", .timestamp, "text|0044-03-15 10:00:00+00 BC"),
        ("\"12026-01-01T00:00:00Z\"", .timestamp, "text|12026-01-01T00:00:00Z"), ("\"infinite\"", .timestamp, nil),
        ("\"-infinity\"", .date, "text|-infinity"), ("\"0044-03-15 BC\"", .date, "text|0044-03-15 BC"),
        ("\"2026-13-15 BD\"", .date, nil),
        ("\"2026-11-20T09:30:00.5\"", .datetime, "text|2026-11-20T09:30:00.5"),
        ("\"2026-11-20T09:30:00Z\"", .datetime, nil),
        ("\"2026-11-20T09:30:00+01:00\"", .datetime, nil), ("\"2026-11-20\"", .datetime, nil),
        ("\"infinity\"", .datetime, "text|infinity"),
        ("\"09:30\"", .time, "text|09:30"), ("\"23:59:60.123456789\"", .time, "text|23:59:60.123456789"),
        ("\"24:00:00\"", .time, "text|24:00:00"), ("\"24:00:01\"", .time, nil), ("\"9:30\"", .time, nil),
        ("\"09:30:\"", .time, nil),
        ("\"09:30:00.\"", .time, nil), ("\"09:30Z\"", .time, nil), ("930", .time, nil),
        ("\"123e4567-e89b-12d3-a456-426614174000\"", .uuid, "text|123e4567-e89b-12d3-a456-426614174000"),
        ("\"123E4567-E89B-12D3-A456-426614174000\"", .uuid, "text|123E4567-E89B-12D3-A456-426614174000"),
        ("\"123e4567e89b12d3a456426614174000\"", .uuid, nil), ("\"123e4567-e89b-12d3-a456-42661417400g\"", .uuid, nil),
        ("\"\"", .bytes, "blob|"), ("\"YQ==\"", .bytes, "blob|a"), ("\"YWJj\"", .bytes, "blob|abc"),
        ("\"YW\\u004aj\"", .bytes, "blob|abc"), ("\"YR==\"", .bytes, nil), ("\"YQ\"", .bytes, nil),
        ("\"Y Q==\"", .bytes, nil),
        ("\"YQ==YQ==\"", .bytes, nil), ("1", .bytes, nil),
        ("\"NaN\"", .decimal, "text|NaN"), ("\"Infinity\"", .decimal, "text|Infinity"),
        // Decided by the digits, not by the nearest float64.
        ("9007199254740992.0", .integer, "integer|9007199254740992"), ("9007199254740993.0", .integer, nil),
        ("4503599627370496.3", .integer, nil), ("1.00000000000000000001", .integer, nil), ("1e-400", .integer, nil),
        ("-1200e-2", .integer, "integer|-12"), ("0.00e9", .integer, "integer|0"), ("0.5e1", .integer, "integer|5"),
        ("1e99999999999999999999", .integer, nil), ("1e-99999999999999999999", .integer, nil), ("-0.0", .integer, nil),
        // What a string says counts, not how its characters are written.
        ("\"\\u0031\\u0032\"", .integer, "integer|12"), ("\"1\\u002e5\"", .double, "real|1.5"),
        ("\"\\u0031.10\"", .decimal, "text|1.10"), ("\"tru\\u0065\"", .boolean, "integer|1"),
        ("\"2024-02\\u002d29\"", .date, "text|2024-02-29"),
        ("\"2026-11-20T09:30:00\\u002B05:30\"", .timestamp, "text|2026-11-20T09:30:00+05:30"),
        ("\"\\ud800\"", .integer, nil), ("\"a\\u0041\"", .json, "text|\"a\\u0041\""),
        ("{\"a\":[1,2.50]}", .json, "text|{\"a\":[1,2.50]}"), ("\"a\"", .json, "text|\"a\""), ("1", .json, "text|1"),
    ]

    @Test(arguments: LogicalType.allCases.filter { $0 != .null }) func valuesKeepWhatTheyAre(_ type: LogicalType) throws
    {
        let cases = Self.cases.filter { $0.1 == type }
        #expect(!cases.isEmpty)
        let world = try World()
        try world.load(Batch(cases.map { "{\"x\":\($0.0)}" }, ["x": type]))
        #expect(try world.stored("x") == cases.compactMap(\.2))
        let rejects = try world.rejects()
        #expect(rejects.count == cases.filter { $0.2 == nil }.count)
        #expect(rejects.allSatisfy { $0.contains("\"column\":\"x\"") && $0.contains("\"line\":") }, "\(rejects)")
    }

    /// SQLite makes NULL of NaN, and so the row is refused.
    @Test func notANumberIsRefused() throws {
        let world = try World()
        let lines = (0..<25).map { "{\"x\":\($0 == 12 || $0 == 24 ? "\"NaN\"" : "\($0).5")}" }
        try world.load(Batch(lines, ["x": .double]))
        #expect(try world.query("SELECT count(*), count(x), sum(x) FROM rows") == ["23|23|275.5"])
        #expect(try world.rejects().filter { $0.contains("no NaN") }.count == 2)
    }

    @Test func aNULInTextStays() throws {
        let world = try World()
        try world.load(Batch(["{\"x\":\"a\\u0000b\"}"], ["x": .text]))
        #expect(try world.query("SELECT hex(x), length(CAST(x AS BLOB)) FROM rows") == ["610062|3"])
    }

    @Test func doublesAreTheNearestOnes() throws {
        var random = SeededRandom(5)
        let values = (0..<2000).map { _ in Double(bitPattern: random.next()) }.filter { $0.isFinite && $0 != 0 }
        let world = try World()
        try world.load(Batch(values.map { "{\"x\":\($0)}" }, ["x": .double]))
        let connection = try SQLiteConnection(path: world.database, access: .readOnly, busySeconds: 5)
        let statement = try connection.prepare("SELECT x FROM rows ORDER BY rowid")
        var stored: [Double] = []
        while try statement.step() { stored.append(statement.double(0)) }
        #expect(stored == values)
        // As text they still read back as themselves.
        try world.load(Batch(["{\"x\":\"word\"}"], ["x": .text]))
        #expect(try world.query("SELECT x FROM rows ORDER BY rowid").dropLast().map { Double($0) } == values)
    }

    /// SQLite itself stores integral floats as integers and so forgets the sign of a zero; nothing else is lost.
    @Test func minusZeroIsZero() throws {
        let world = try World()
        try world.load(Batch(["{\"x\":-0.0}", "{\"x\":0.0}"], ["x": .double]))
        #expect(try world.query("SELECT count(*) FROM rows WHERE x = 0 AND typeof(x) = 'real'") == ["2"])
    }

    /// White space after a record is JSON, whatever kind of line it ends.
    @Test func blanksAfterARecordAreNoFault() throws {
        let world = try World()
        try world.load(Batch(["{\"x\":1} ", "{\"x\":2}\t\r", "{\"x\":3} x", "{\"x\":4}\u{B}"], ["x": .integer]))
        #expect(try world.stored("x") == ["integer|1", "integer|2"])
        #expect(try world.rejects().count == 2)
    }

    @Test func badLinesAreSetAsideAndTheOthersStay() throws {
        let world = try World()
        let lines = [
            "{\"x\":1}", "{\"x\":1,\"x\":2}", "[1]", "{\"x\":1}", "{\"x\":1}{}", "{\"y\":1}", "{\"y\":null}", "{}",
            "{\"x\"", "nonsense",
        ]
        let outcome = try world.load(Batch(lines, ["x": .integer]))
        #expect(try world.stored("x") == ["integer|1", "integer|1", "null|NULL", "null|NULL"])
        #expect(try world.rejects().count == 6 && outcome.summary.rejects == 6 && outcome.summary.rows == 4)
        #expect(try world.rejects().contains { $0.contains("stands twice") })
        #expect(
            try world.rejects().contains {
                $0.contains("a column that the table does not have") && $0.contains("\"column\":\"y\"")
            })
    }

    @Test(arguments: [
        ("{\"p\":\"a\",\"x\":1}", true), ("{\"x\":1}", true), ("{\"p\":null,\"x\":1}", false),
        ("{\"p\":\"b\",\"x\":1}", false),
        ("{\"p\":\"\\u0061\",\"x\":1}", true), ("{\"p\":\"A\",\"x\":1}", false),
    ])
    func aRecordMayNotContradictItsPartition(_ line: String, _ isTaken: Bool) throws {
        let world = try World()
        try world.load(
            Batch([line], ["p": .text, "x": .integer], mode: .replacePartition).with { $0.partition = [("p", "a")] })
        #expect(try world.query("SELECT p, x FROM rows") == (isTaken ? ["a|1"] : []))
        #expect(try world.rejects().count == (isTaken ? 0 : 1))
    }

    /// Whatever the type of a partition's column: the next generation replaces the rows of the last.
    @Test(arguments: [
        ("5", "5", LogicalType.integer), ("true", "true", .boolean), ("2026-11-19", "\"2026-11-19\"", .date),
        ("1.5", "1.5", .double),
        ("1.50", "1.50", .decimal), ("a", "\"a\"", .text), ("9007199254740993", "9007199254740993", .bigint),
    ])
    func partitionsAreReplacedWhateverTheirType(_ value: String, _ json: String, _ type: LogicalType) throws {
        let world = try World()
        for generation in 1...3 {
            let lines = ["{\"p\":\(json),\"x\":\(generation)}", "{\"x\":\(generation)}"]
            try world.load(
                Batch(lines, ["p": type, "x": .integer], mode: .replacePartition).with { $0.partition = [("p", value)] }
            )
            #expect(try world.rejects().isEmpty)
            #expect(try world.query("SELECT x FROM rows") == ["\(generation)", "\(generation)"])
            #expect(try world.query("SELECT count(DISTINCT p), count(p) FROM rows") == ["1|2"])
        }
    }
}
