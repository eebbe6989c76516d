import Databases
import Load
import Manifest
import TestKit
import Testing

@Suite struct TableTests {
    @Test func wideningKeepsEveryStoredValue() throws {
        let world = try World()
        try world.load(Batch((0..<20).map { "{\"x\":\($0 * 7)}" }, ["x": .integer]))
        let doubles = [0.1 + 0.2, 1e300, Double.leastNonzeroMagnitude, -1.5, 123456789.123456789]
        try world.load(Batch(doubles.map { "{\"x\":\($0)}" }, ["x": .double]))
        #expect(try world.query("SELECT DISTINCT typeof(x) FROM rows") == ["real"])
        try world.load(Batch(["{\"x\":\"word\"}"], ["x": .text]))
        #expect(try world.query("SELECT DISTINCT typeof(x) FROM rows") == ["text"])
        let texts = try world.query("SELECT x FROM rows ORDER BY rowid")
        #expect(texts.dropLast().map { Double($0) } == (0..<20).map { Double($0 * 7) } + doubles)
        #expect(texts.last == "word")
    }

    @Test func bigIntegersBecomeTextDigitByDigit() throws {
        let world = try World()
        try world.load(Batch(["{\"x\":9007199254740993}", "{\"x\":-9223372036854775808}"], ["x": .bigint]))
        try world.load(Batch(["{\"x\":0.5}"], ["x": .double]))
        #expect(try world.stored("x") == ["text|9007199254740993", "text|-9223372036854775808", "text|0.5"])
    }

    @Test func booleansBecomeTheirWords() throws {
        let world = try World()
        try world.load(Batch(["{\"x\":true}", "{\"x\":false}", "{\"x\":null}"], ["x": .boolean]))
        try world.load(Batch(["{\"x\":true}", "{\"x\":7}"], ["x": .text]))
        #expect(try world.stored("x") == ["text|true", "text|false", "null|NULL", "text|true", "text|7"])
    }

    @Test func wideningKeepsIndexesAndTheirTable() throws {
        let world = try World()
        try world.load(Batch(["{\"id\":1,\"x\":1}"], ["id": .integer, "x": .integer], mode: .merge, key: ["id"]))
        _ = try world.query("CREATE INDEX mine ON rows(x)")
        _ = try world.query("CREATE VIEW seen AS SELECT id, x FROM rows")
        try world.load(Batch(["{\"id\":2,\"x\":\"a\"}"], ["id": .integer, "x": .text], mode: .merge, key: ["id"]))
        #expect(try world.query("SELECT id, x FROM seen ORDER BY id") == ["1|1", "2|a"])
        let indexes = try world.query(
            "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'rows' ORDER BY name")
        #expect(indexes == ["mine", "rows_key"])
    }

    @Test func newColumnsAreAdded() throws {
        let world = try World()
        try world.load(Batch(["{\"a\":1}"], ["a": .integer, "never": .null]))
        try world.load(
            Batch(["{\"a\":2,\"B b\":\"x\",\"never\":null}"], ["a": .integer, "B b": .text, "never": .null]))
        #expect(try world.query("SELECT a, \"B b\" FROM rows ORDER BY a") == ["1|NULL", "2|x"])
        #expect(try world.query("SELECT name FROM pragma_table_info('rows')") == ["a", "B b"])
    }

    @Test func columnsThatDifferInCaseOnlyAreRefused() throws {
        let world = try World()
        let outcome = try world.load(Batch(["{\"a\":1,\"A\":2}"], ["a": .integer, "A": .integer]))
        #expect(outcome.summary.blocked == 1)
        let reasons = outcome.events.compactMap { if case .stopped(_, let reason) = $0 { reason } else { nil } }
        #expect(reasons.count == 1 && reasons[0].contains("\"a\" and \"A\" differ only in case"))
    }

    @Test func aTableHasOneOwner() throws {
        let world = try World()
        try world.load(Batch(["{\"a\":1}"], ["a": .integer]))
        let outcome = try world.load(Batch(["{\"a\":2}"], ["a": .integer], mode: .replace).with { $0.job = "other" })
        #expect(try world.stored("a") == ["integer|1"])
        let reasons = outcome.events.compactMap { if case .stopped(_, let reason) = $0 { reason } else { nil } }
        #expect(reasons.count == 1 && reasons[0].contains("belongs to stream stream of job job"))
    }

    @Test func hostileNamesAreQuoted() throws {
        let world = try World()
        let column = "x\"; DROP TABLE rows; --"
        try world.load(
            Batch(["{\"x\\\"; DROP TABLE rows; --\":1}"], [:]).with { batch in
                batch.schema = [Column(name: column, type: .integer)]
                batch.table = "my \"table\""
            })
        #expect(try world.stored(column, table: "my \"table\"") == ["integer|1"])
    }

    @Test func rowsOfNullsAreRows() throws {
        let world = try World()
        let outcome = try world.load(Batch(["{\"a\":null}", "{\"a\":null}"], ["a": .null]))
        #expect(outcome.summary.rows == 2)
        #expect(try world.stored("a") == ["null|NULL", "null|NULL"])
        try world.load(Batch(["{\"a\":1}"], ["a": .text]))
        #expect(try world.stored("a") == ["null|NULL", "null|NULL", "text|1"])
    }

    @Test func recordsWithoutAnyColumnAreRefused() throws {
        let world = try World()
        let outcome = try world.load(Batch(["{}", "{}"], [:]))
        #expect(outcome.summary.rejects == 2 && outcome.summary.runsClosed == 1)
        #expect(try world.rejects().allSatisfy { $0.contains("a record without any column") })
    }

    @Test func moreColumnsThanSQLiteTakesAreRefused() throws {
        let world = try World()
        let batch = Batch(["{\"c0\":1}"], [:]).with { batch in
            batch.schema = (0..<1500).map { Column(name: "c\($0)", type: .integer) }
        }
        try world.load(batch)
        let outcome = try world.load(
            batch.with { $0.schema = (1000..<2500).map { Column(name: "c\($0)", type: .integer) } })
        let reasons = KeyTests.stops(outcome)
        #expect(reasons.count == 1 && reasons[0].contains("2500 columns, SQLite takes 2000"))
    }

    /// A table that somebody else made: nothing of its definition is lost, no text is bent.
    @Test(arguments: [
        ("n DECIMAL(20,2)", "\"12345678901234567890.10\"", LogicalType.text), ("n NUMERIC", "\"007\"", .text),
        ("n INTEGER CHECK(n < 9)", "\"word\"", .text), ("n DATETIME DEFAULT 1", "\"5\"", .text),
        ("n BIGINT NOT NULL", "0.5", .double),
    ])
    func foreignTablesAreNotRebuilt(_ column: String, _ value: String, _ type: LogicalType) throws {
        let world = try World()
        let connection = try SQLiteConnection(path: world.database, access: .readWriteCreate, busySeconds: 5)
        try connection.execute("CREATE TABLE rows(\(column))")
        let before = try world.query("SELECT sql FROM sqlite_schema WHERE name = 'rows'")
        let reasons = KeyTests.stops(try world.load(Batch(["{\"n\":\(value)}"], ["n": type])))
        #expect(reasons.count == 1 && reasons[0].contains("was not made by Bobbin, and its column \"n\""))
        #expect(try world.query("SELECT sql FROM sqlite_schema WHERE name = 'rows'") == before)
        #expect(try world.query("SELECT count(*) FROM rows") == ["0"])
    }

    @Test func foreignTablesTakeWhatFits() throws {
        let world = try World()
        let connection = try SQLiteConnection(path: world.database, access: .readWriteCreate, busySeconds: 5)
        try connection.execute(
            "CREATE TABLE rows(id INTEGER PRIMARY KEY, price DECIMAL(9,2), at DATETIME, s VARCHAR(3))")
        let line = "{\"id\":1,\"price\":0.5,\"at\":\"2026-11-21T01:02:03Z\",\"s\":\"007\"}"
        let outcome = try world.load(
            Batch([line], ["id": .integer, "price": .double, "at": .timestamp, "s": .text], mode: .merge, key: ["id"]))
        #expect(outcome.summary.rows == 1)
        #expect(try world.query("SELECT typeof(s), * FROM rows") == ["text|1|0.5|2026-11-21T01:02:03Z|007"])
    }

    /// What a trigger of somebody else's does to a refused row is undone with it, and no row is offered twice.
    @Test func triggersSeeEachRowOnce() throws {
        let world = try World()
        let connection = try SQLiteConnection(path: world.database, access: .readWriteCreate, busySeconds: 5)
        try connection.execute(
            """
            CREATE TABLE rows(id INTEGER, v TEXT);
            CREATE TABLE seen(id INTEGER CHECK(id <> 5));
            CREATE TRIGGER skip BEFORE INSERT ON rows WHEN new.id = 3 BEGIN SELECT RAISE(IGNORE); END;
            CREATE TRIGGER note AFTER INSERT ON rows BEGIN INSERT INTO seen VALUES (new.id); END;
            """)
        let lines = (0..<20).map { "{\"id\":\($0),\"v\":\"x\"}" }
        try world.load(Batch(lines, ["id": .integer, "v": .text]))
        let expected = (0..<20).filter { $0 != 3 && $0 != 5 }.map { "\($0)" }
        #expect(try world.query("SELECT id FROM rows ORDER BY id") == expected)
        #expect(try world.query("SELECT id FROM seen ORDER BY id") == expected)
        #expect(try world.rejects().count == 1)
    }

    /// What a refused row takes the whole transaction with stops the job: rows behind it must not be committed one by one.
    @Test func aTransactionThatATriggerUndoesIsNoLoad() throws {
        let world = try World()
        let connection = try SQLiteConnection(path: world.database, access: .readWriteCreate, busySeconds: 5)
        try connection.execute(
            """
            CREATE TABLE rows(id INTEGER, v TEXT);
            CREATE TRIGGER strict BEFORE INSERT ON rows WHEN new.id = 150 BEGIN SELECT RAISE(ROLLBACK, 'no'); END;
            """)
        let batch = Batch((0..<400).map { "{\"id\":\($0),\"v\":\"x\"}" }, ["id": .integer, "v": .text])
        try world.put(batch)
        for _ in 0..<2 {
            let outcome = try world.drain(LoadOptions())
            #expect(KeyTests.stops(outcome).contains { $0.contains("RAISE(ROLLBACK)") }, "\(outcome.events)")
            #expect(try world.query("SELECT count(*) FROM rows") == ["0"])
        }
        try connection.execute("DROP TRIGGER strict")
        _ = try world.drain(LoadOptions())
        #expect(try world.query("SELECT count(*) FROM rows") == ["400"])
    }

    /// One table that cannot be had does not hold those of the job's other streams; when no stream gets on, the job stops.
    @Test func oneImpossibleTableHoldsNoOther() throws {
        let world = try World()
        func put(_ stream: String, _ columns: KeyValuePairs<String, LogicalType>) throws {
            for number in 1...2 {
                var batch = Batch([], columns)
                batch.chunks = [["{\"id\":\(number)}"]]
                batch.stream = stream
                batch.table = stream
                try world.put(batch)
            }
        }
        let bad: KeyValuePairs<String, LogicalType> = ["id": .integer, "Id": .integer]
        for stream in ["a", "b", "d"] { try put(stream, stream == "b" ? ["id": .integer] : bad) }
        let outcome = try world.drain(LoadOptions())
        #expect(KeyTests.stops(outcome).count == 2 && outcome.summary.rows == 2, "\(outcome.summary)")
        #expect(try world.query("SELECT count(*) FROM b") == ["2"])

        let other = try World()
        for stream in ["a", "b", "c", "d", "e"] {
            var batch = Batch([#"{"id":1}"#], bad)
            batch.stream = stream
            batch.table = stream
            try other.put(batch)
        }
        #expect(KeyTests.stops(try other.drain(LoadOptions())).count == 3)
    }
}
