import Databases
import Load
import Manifest
import TestKit
import Testing

/// Unique indexes of tables in MariaDB that somebody else made.
@Suite struct MySQLKeyTests {
    private static func world(_ table: String) throws -> World {
        let world = try World(.mariadb)
        try MySQLConnection(try world.mariaDBSettings()).execute(table)
        return world
    }

    private static func indexes(_ world: World) throws -> [String] {
        try world.query(
            """
            SELECT DISTINCT index_name FROM information_schema.statistics
            WHERE table_schema = DATABASE() AND table_name = 'rows' ORDER BY index_name
            """)
    }

    /// One that stands on the key's columns is the key's: none is made besides.
    @Test(
        arguments: ["PRIMARY KEY (b, a)", "UNIQUE INDEX own (a, b)"],
        [WriteMode.merge, .insertOnly, .updateOnly, .scd2, .replace])
    func anIndexUponTheKeyIsTheKeys(_ index: String, _ mode: WriteMode) throws {
        let versions = mode == .scd2 ? ", _valid_from datetime(6) NOT NULL, _valid_to datetime(6)" : ""
        let name = index.hasPrefix("P") ? "PRIMARY" : "own"
        // Of versions the key is another one.
        let key = mode == .scd2 ? index.replacing(")", with: ", _valid_from)") : index
        let world = try Self.world(
            "CREATE TABLE `rows`(a bigint NOT NULL, b bigint NOT NULL, v longtext\(versions), \(key))")
        let batch = Batch([], ["a": .integer, "b": .integer, "v": .text], mode: mode, key: ["a", "b"])
        if mode == .updateOnly { _ = try world.query("INSERT INTO \"rows\" VALUES (1, 2, 'old') RETURNING 1") }
        for value in ["x", "y"] {
            let outcome = try world.load(batch.with { $0.chunks = [[#"{"a":1,"b":2,"v":"\#(value)"}"#]] })
            #expect(KeyTests.stops(outcome) == [])
        }
        let expected = mode == .insertOnly ? ["1|2|x"] : mode == .scd2 ? ["1|2|x", "1|2|y"] : ["1|2|y"]
        #expect(try world.rows(["a", "b", "v"]) == expected)
        #expect(try Self.indexes(world) == [name])
    }

    /// Others are refused, and nothing was made by then.
    @Test(
        arguments: [
            ("UNIQUE INDEX other (v)", "other"), ("PRIMARY KEY (id, v)", "PRIMARY"),
            ("UNIQUE INDEX other (k(3))", "other"),
        ], [WriteMode.merge, .insertOnly, .updateOnly])
    func othersAreRefusedBeforeAnythingIsMade(_ index: (sql: String, name: String), _ mode: WriteMode) throws {
        let world = try Self.world(
            "CREATE TABLE `rows`(id bigint NOT NULL, k varchar(20) NOT NULL, v varchar(20) NOT NULL, \(index.sql))")
        let outcome = try world.load(
            Batch(
                [#"{"id":1,"k":"a","v":"b"}"#], ["id": .integer, "k": .text, "v": .text], mode: mode,
                key: [index.sql.contains("(k") ? "k" : "id"]))
        let reasons = KeyTests.stops(outcome)
        #expect(reasons.count == 1 && reasons[0].contains("another unique index, \(index.name)"), "\(reasons)")
        #expect(try Self.indexes(world) == [index.name])
    }

    /// The row's fault, as a value that has no partition is in PostgreSQL.
    @Test(arguments: [TestTarget.native(.mariadb), .odbc(.mariaDB)]) func aValueWithoutAPartitionIsRefused(
        _ target: TestTarget
    ) throws {
        let world = try World(target)
        _ = try world.load(Batch([#"{"id":0}"#], ["id": .integer]))
        _ = try world.query(
            "CREATE TABLE own(id bigint, v bigint) PARTITION BY LIST (id) (PARTITION p VALUES IN (1, 2))")
        var batch = Batch([#"{"id":1}"#, #"{"id":3}"#, #"{"id":2}"#], ["id": .integer])
        batch.table = "own"
        batch.stream = "own"
        batch.guards.maximumRejectShare = 1
        let outcome = try world.load(batch)
        #expect(outcome.summary.rejects == 1 && outcome.summary.blocked == 0, "\(outcome.summary)")
        #expect(try world.query("SELECT id FROM own ORDER BY id") == ["1", "2"])
    }

    /// What the server refuses with a warning's state, or bends with a mere note: the row is set aside, and no other one.
    @Test(arguments: [TestTarget.native(.mariadb), .odbc(.mariaDB)]) func aValueThatAColumnBendsIsRefused(
        _ target: TestTarget
    )
        throws
    {
        let world = try World(target)
        try world.load(Batch([#"{"id":0}"#], ["id": .integer]))
        _ = try world.query(
            "CREATE TABLE own(id bigint, e enum('a','b'), s set('x','y'), d decimal(8,2), t varchar(3))")
        var bad = [3: #""e":"z""#, 40: #""s":"w""#, 90: #""d":"1.2345""#, 151: #""t":"abcd""#]
        // The driver says nothing of notes.
        if target.odbc == nil { bad[150] = #""t":"abc ""# }
        let lines = (1...300).map { "{\"id\":\($0),\(bad[$0] ?? #""e":"a""#)}" }
        for mode in [WriteMode.append, .replace, .merge] {
            var batch = Batch(
                lines, ["id": .integer, "e": .text, "s": .text, "d": .decimal, "t": .text], mode: mode,
                key: mode == .append ? [] : ["id"])
            batch.table = "own"
            batch.stream = "own"
            batch.guards.maximumRejectShare = 1
            let outcome = try world.load(batch)
            #expect(outcome.summary.rejects == bad.count && outcome.summary.blocked == 0, "\(mode) \(outcome.summary)")
            #expect(try world.query("SELECT count(*) FROM own") == ["\(300 - bad.count)"], "\(mode)")
        }
    }
}
