import Databases
import Load
import Manifest
import Synchronization
import TestKit
import Testing

/// Rows whose keys are in the table already: straight, by way of another table, or in place of others, the result is the same.
@Suite struct KnownKeyTests {
    typealias Row = (key: String, value: String)

    static let servers = TestTarget.servers
    static let modes: [WriteMode] = [.merge, .insertOnly]
    static let columns: KeyValuePairs<String, LogicalType> = ["k": .text, "n": .integer, "v": .text]

    private static func line(_ row: Row) -> String {
        "{\"k\":\"\(row.key)\",\"n\":1,\"v\":\"\(row.value)\"}"
    }

    private static func batch(_ rows: [Row], _ mode: WriteMode) -> Batch {
        Batch(rows.map(line), columns, mode: mode, key: ["k"])
    }

    /// The same keys with another value.
    private static func all(_ rows: [Row], _ value: String) -> [Row] { rows.map { ($0.key, value) } }

    /// What a table holds after these rows.
    private static func expected(_ runs: [[Row]], _ mode: WriteMode) -> [String] {
        var rows: [String: String] = [:]
        for row in runs.joined() where mode == .merge || rows[row.key] == nil { rows[row.key] = row.value }
        return rows.map { "\($0.key)|\($0.value)" }.sorted()
    }

    /// Several runs of one loader: new keys, known ones, both, and keys that stand twice in a batch.
    private func runs() -> [[Row]] {
        func keys(_ range: Range<Int>, _ value: String) -> [Row] {
            range.map { ("key \($0)", "\(value) \($0)") }
        }
        return [
            keys(0..<200, "first"), keys(200..<300, "new") + keys(100..<250, "mixed"),
            keys(0..<300, "known"), keys(290..<400, "twice") + keys(290..<400, "again"), keys(400..<420, "last"),
        ]
    }

    @Test(arguments: servers, modes) func runsOfKnownKeys(_ target: TestTarget, _ mode: WriteMode) throws {
        let world = try World(target)
        let runs = runs()
        for run in runs { try world.put(Self.batch(run, mode)) }
        let outcome = try world.drain()
        #expect(outcome.summary.rejects == 0 && outcome.summary.runsClosed == runs.count, "\(outcome.events)")
        #expect(try world.rows(["k", "v"]) == Self.expected(runs, mode))
    }

    /// A row that the server refuses for its data is found among those of known keys, and the others go in.
    @Test(arguments: servers, modes) func refusedRowsAmongKnownKeys(_ target: TestTarget, _ mode: WriteMode) throws {
        let world = try World(target)
        let rows = runs()[0]
        // Too long for the index of either server, and not to be compressed.
        var random = SeededRandom(7)
        let long = (0..<9_000).map { _ in String(random.next() % 10) }.joined()
        var mixed = Self.all(Array(rows.prefix(50)), "other")
        mixed.append((long, "x"))
        mixed += rows.suffix(50)
        mixed.append((long + "1", "y"))
        try world.put(Self.batch(rows, mode))
        try world.put(Self.batch(mixed, mode))
        let outcome = try world.drain()
        #expect(outcome.summary.rejects == 2 && outcome.summary.dead == 0, "\(outcome.events)")
        #expect(try world.rejects().count == 2)
        let good = mixed.filter { !$0.key.hasPrefix(long) }
        #expect(try world.rows(["k", "v"]) == Self.expected([rows, good], mode))
    }

    /// A row that a check of the table's owner refuses is not taken for one whose key is known.
    @Test(arguments: servers, modes) func checksRefuseRows(_ target: TestTarget, _ mode: WriteMode) throws {
        let world = try World(target)
        let rows = runs()[0]
        try world.load(Self.batch(rows, mode))
        _ = try world.query("ALTER TABLE \"rows\" ADD CONSTRAINT sound CHECK (v <> 'bad')")
        var mixed = Array(rows.prefix(20))
        mixed.append(("new", "bad"))
        mixed.append(("newer", "good"))
        mixed += rows.suffix(20)
        let outcome = try world.load(Self.batch(mixed, mode))
        #expect(outcome.summary.rejects == 1 && outcome.summary.dead == 0, "\(outcome.events)")
        #expect(try world.rows(["k", "v"]) == Self.expected([rows, [("newer", "good")]], mode))
    }

    /// An update stays one for those who watch the table: no trigger of it is passed over, and what refers to its rows stays.
    @Test func aMergeOfMariaDBUpdates() throws {
        let world = try World(.mariadb)
        let rows = runs()[0]
        try world.load(Self.batch(rows, .merge))
        _ = try world.query("CREATE TABLE seen (n bigint) ENGINE=InnoDB")
        _ = try world.query("CREATE TRIGGER watched AFTER UPDATE ON \"rows\" FOR EACH ROW INSERT INTO seen VALUES (1)")
        try world.load(Self.batch(Self.all(rows, "other"), .merge))
        #expect(try world.query("SELECT count(*) FROM seen") == ["\(rows.count)"])
        _ = try world.query("DROP TRIGGER watched")
        let key = try world.query(
            "SELECT column_type, collation_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'rows' AND column_name = 'k'"
        )[0].split(separator: "|")
        _ = try world.query(
            """
            CREATE TABLE child (k \(key[0]) CHARACTER SET utf8mb4 COLLATE \(key[1]),
                FOREIGN KEY (k) REFERENCES "rows" (k) ON DELETE CASCADE) ENGINE=InnoDB
            """)
        _ = try world.query("INSERT INTO child SELECT k FROM \"rows\"")
        try world.load(Self.batch(Self.all(rows, "third"), .merge))
        #expect(try world.query("SELECT count(*) FROM child") == ["\(rows.count)"])
        #expect(try world.rows(["k", "v"]) == Self.expected([Self.all(rows, "third")], .merge))
    }

    /// A loader that may not delete, or see triggers, merges all the same.
    @Test(arguments: ["", ", TRIGGER"]) func aMergeNeedsNoRightToDelete(_ more: String) throws {
        let rights = "SELECT, INSERT, UPDATE, CREATE TEMPORARY TABLES\(more)"
        let world = try World(.mariadb)
        let rows = runs()[0]
        try world.load(Self.batch(rows, .merge))
        let root = try MySQLConnection(try world.mariaDBSettings())
        let database = try MySQLConnection.quote(identifier: world.schema)
        let user = "u\(world.schema.suffix(20))"
        try root.execute("CREATE USER '\(user)'@'127.0.0.1' IDENTIFIED BY 'x'")
        try root.execute("GRANT \(rights) ON \(database).* TO '\(user)'@'127.0.0.1'")
        for name in ["_bobbin_head", "_bobbin_ledger", "_bobbin_tables"] {
            try root.execute("GRANT DELETE ON \(database).\(name) TO '\(user)'@'127.0.0.1'")
        }
        world.mariaDBUser.withLock { $0 = user }
        let outcome = try world.load(Self.batch(Self.all(rows, "other"), .merge))
        #expect(outcome.summary.runsClosed == 1 && outcome.summary.rejects == 0, "\(outcome.events)")
        #expect(try world.rows(["k", "v"]) == Self.expected([Self.all(rows, "other")], .merge))
    }

    /// A column that was in the key may be empty once it is so no longer, and one that is in it stays so when it gets wider.
    @Test(arguments: servers) func columnsOfAFormerKeyMayBeEmpty(_ target: TestTarget) throws {
        let world = try World(target)
        let first = Batch(
            ["{\"k\":1,\"n\":1,\"v\":\"a\"}"], ["k": .integer, "n": .integer, "v": .text], mode: .merge,
            key: ["k", "n"])
        try world.load(first)
        try world.load(
            first.with { batch in
                batch.schema = [Column(name: "k", type: .text), Column(name: "n", type: .integer)]
                batch.chunks = [["{\"k\":\"word\",\"n\":2}"]]
            })
        try world.load(
            first.with { batch in
                batch.key = ["n"]
                batch.chunks = [["{\"n\":2,\"v\":\"b\"}", "{\"n\":3,\"v\":\"c\"}"]]
            })
        #expect(try world.rows(["k", "n", "v"]) == ["1|1|a", "NULL|2|b", "NULL|3|c"])
        if target == .native(.mariadb) {
            let required =
                "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND is_nullable = 'NO'"
            #expect(try world.query("\(required) AND table_name = 'rows' ORDER BY 1") == ["n"])
        }
    }
}
