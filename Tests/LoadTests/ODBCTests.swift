import Databases
import Load
import Manifest
import Synchronization
import TestKit
import Testing

/// Targets through ODBC drivers: databases of which less is known, or that can do less, and what drivers make of values.
@Suite struct ODBCTests {
    /// A driver, and what loaders are to do without.
    struct Poor: Sendable, CustomStringConvertible {
        var database: ODBCDatabase
        var limits = ODBCTarget.Limits()

        init(_ database: ODBCDatabase, isUnknown: Bool = true, hasNoSavepoints: Bool = false) {
            self.database = database
            limits.isUnknown = isUnknown
            limits.hasNoSavepoints = hasNoSavepoints
        }

        var description: String {
            "\(database)\(limits.isUnknown ? ", unknown" : "")\(limits.hasNoSavepoints ? ", without savepoints" : "")"
        }

        func world() throws -> World {
            let world = try World(.odbc(database))
            world.odbcLimits.withLock { $0 = limits }
            return world
        }
    }

    /// PostgreSQL ends a transaction with an error, unless there are savepoints.
    static let all =
        ODBCDatabase.allCases.map { Poor($0) } + [
            Poor(.mariaDB, hasNoSavepoints: true), Poor(.sqlite, hasNoSavepoints: true),
            Poor(.mariaDB, isUnknown: false, hasNoSavepoints: true),
            Poor(.sqlite, isUnknown: false, hasNoSavepoints: true),
        ]
    static let columns: KeyValuePairs<String, LogicalType> = ["id": .integer, "v": .text]

    private static func line(_ id: Int, _ value: String) -> String { "{\"id\":\(id),\"v\":\"\(value)\"}" }

    /// Random keys, new and known, twice in a batch and over many runs, as a model has them.
    @Test(arguments: all, [WriteMode.merge, .insertOnly]) func knownKeys(_ poor: Poor, _ mode: WriteMode) throws {
        let world = try poor.world()
        var random = SeededRandom(11)
        var model: [Int: String] = [:]
        for run in 0..<5 {
            let rows = (0..<300).map { row in (Int(random.next() % 400), "v\(run).\(row)") }
            for (id, value) in rows where mode == .merge || model[id] == nil { model[id] = value }
            let outcome = try world.load(
                Batch(rows.map { Self.line($0.0, $0.1) }, Self.columns, mode: mode, key: ["id"]))
            #expect(outcome.summary.rejects == 0 && outcome.summary.blocked == 0, "\(outcome.events)")
        }
        #expect(try world.rows(["id", "v"]) == model.map { "\($0.key)|\($0.value)" }.sorted())
    }

    /// Rows that the database refuses are found, and the others are there; also of a partition that is replaced.
    @Test(arguments: all, [WriteMode.append, .replace, .replacePartition])
    func badRowsAreFound(_ poor: Poor, _ mode: WriteMode) throws {
        let world = try poor.world()
        let lines = (0..<150).map { Self.line($0, "x") } + [7, 50, 149].map { Self.line($0, "twice") }
        var batch = Batch(lines, Self.columns, mode: mode, key: ["id"])
        if mode == .replacePartition { batch.partition = [("p", "one")] }
        let outcome = try world.load(batch)
        #expect(outcome.summary.rows == 150 && outcome.summary.rejects == 3, "\(outcome.events)")
        let rejects = try world.rejects()
        #expect(try world.rows(["id", "v"]).filter { !$0.hasSuffix("|x") } == [], "\(rejects)")
        #expect([151, 152, 153].allSatisfy { line in rejects.contains { $0.contains("\"line\":\(line),") } })
        #expect(try world.query("SELECT count(*) FROM \"rows\" WHERE \"v\" = 'x'") == ["150"])
    }

    /// A chunk that has too many of them falls out alone, also where nothing of a transaction can be undone.
    @Test(arguments: all) func badChunksFallOut(_ poor: Poor) throws {
        let world = try poor.world()
        var batch = Batch([], Self.columns, mode: .append, key: ["id"])
        batch.guards.maximumRejectRows = 2
        batch.guards.maximumRejectShare = 0
        batch.chunks = (0..<5).map { chunk in (0..<20).map { Self.line(chunk * 20 + $0, "x") } }
        batch.chunks[3] = (0..<20).map { Self.line($0, "again") }
        let outcome = try world.load(batch)
        #expect(outcome.summary.dead == 1, "\(outcome.events)")
        #expect(try world.query("SELECT count(*) FROM \"rows\"") == ["80"])
    }

    /// Tables of which nothing is known get new columns; where a type would have to change, the job stops.
    @Test(arguments: ODBCDatabase.allCases) func tablesOfUnknownDatabases(_ database: ODBCDatabase) throws {
        let world = try Poor(database).world()
        try world.load(Batch(["{\"id\":1}"], ["id": .integer]))
        try world.load(Batch(["{\"id\":2,\"new\":\"x\"}"], ["id": .integer, "new": .text]))
        #expect(try world.rows(["id", "new"]) == ["1|NULL", "2|x"])
        let outcome = try world.load(Batch(["{\"id\":\"three\"}"], ["id": .text]))
        #expect(outcome.summary.blocked == 1 && "\(outcome.events)".contains("is not known here"), "\(outcome.events)")
    }

    /// Values of an unknown database come back as they are, moments as texts.
    @Test(arguments: ODBCDatabase.allCases) func valuesOfUnknownDatabases(_ database: ODBCDatabase) throws {
        let world = try Poor(database).world()
        let lines = [
            #"{"id":1,"d":0.1,"s":"a\tb\u00e9😀 '\"`$1?","b":true,"t":"2024-03-01T00:30:00.1234567+01:00","day":"2024-02-29"}"#,
            #"{"id":-9223372036854775808,"d":-2.5e-300,"s":"","b":false,"day":"0001-01-01"}"#, #"{"id":3}"#,
        ]
        let outcome = try world.load(
            Batch(
                lines,
                ["id": .bigint, "d": .double, "s": .text, "b": .boolean, "t": .timestamp, "day": .date]))
        let rejects = try world.rejects()
        #expect(outcome.summary.rows == 3 && rejects.isEmpty, "\(rejects) \(outcome.events)")
        let found = try world.query("SELECT \"id\", \"s\", \"b\", \"t\", \"day\" FROM \"rows\" ORDER BY \"id\"")
        #expect(
            found == [
                "-9223372036854775808||0|NULL|0001-01-01",
                "1|a\tb\u{e9}😀 '\"`$1?|1|2024-03-01T00:30:00.1234567+01:00|2024-02-29",
                "3|NULL|NULL|NULL|NULL",
            ])
        let doubles = try world.query("SELECT \"d\" FROM \"rows\" ORDER BY \"id\"").map { Double($0) }
        #expect(doubles == [-2.5e-300, 0.1, nil])
    }

    /// A table that somebody made: what it would round or cut is refused with its row.
    @Test(arguments: [Poor(.postgres), Poor(.mariaDB), Poor(.mariaDB, isUnknown: false)])
    func tablesOfSomebodyElse(_ poor: Poor) throws {
        let world = try poor.world()
        let time = poor.database == .postgres ? "timestamp(3)" : "datetime(3)"
        // Through the driver, which makes the world's schema.
        let connection = try ODBCConnection(try world.odbcSettings(poor.database))
        let name = try connection.info.quote(identifier: "rows")
        _ = try connection.query("CREATE TABLE \(name)(id bigint, n numeric(6,2), t \(time), s varchar(5))")
        let lines = [
            #"{"id":1,"n":1234.50,"t":"2024-02-29T12:00:00.123Z","s":"äöü€😀"}"#,
            #"{"id":2,"n":0.125}"#, #"{"id":3,"n":12345}"#,
            #"{"id":4,"t":"2024-02-29T12:00:00.1234Z"}"#, #"{"id":5,"s":"123456"}"#,
            #"{"id":6,"n":-0.01,"t":"1999-12-31 23:59"}"#,
        ]
        let outcome = try world.load(
            Batch(lines, ["id": .integer, "n": .decimal, "t": .timestamp, "s": .text]))
        #expect(outcome.summary.rejects == 4 && outcome.summary.rows == 2, "\(outcome.events)")
        #expect(try world.rows(["id", "n", "s"]) == ["1|1234.50|äöü€😀", "6|-0.01|NULL"])
    }

    /// Values far beyond the buffers, among short ones; what no driver keeps is refused.
    @Test(arguments: ODBCDatabase.allCases, [false, true]) func longValues(_ database: ODBCDatabase, _ isUnknown: Bool)
        throws
    {
        let world = try Poor(database, isUnknown: isUnknown).world()
        var lengths = Array(repeating: 3, count: 400)
        lengths[7] = 3_000_000
        lengths[200] = 70_000
        lengths[201] = 300_000
        var lines = lengths.enumerated().map { Self.line($0, String(repeating: "aä😀", count: $1 / 3)) }
        lines.append("{\"id\":400,\"v\":\"a\\u0000b\"}")
        var options = LoadOptions()
        options.batchBytes = 8 << 20
        let outcome = try world.load(Batch(lines, Self.columns), options)
        #expect(outcome.summary.rows == 400 && outcome.summary.rejects == 1, "\(outcome.events)")
        #expect(try world.rejects().allSatisfy { $0.contains("U+0000") })
        let count = database == .sqlite ? "length" : "char_length"
        let found = try world.query("SELECT \(count)(\"v\") FROM \"rows\" ORDER BY \"id\"")
        #expect(found == lengths.map { "\($0 / 3 * 3)" })
    }

    /// Two loaders of a partition at once; each row is there once.
    @Test(arguments: [ODBCDatabase.postgres, .mariaDB], [false, true])
    func loadersBesideEachOther(_ database: ODBCDatabase, _ isUnknown: Bool) async throws {
        let world = try Poor(database, isUnknown: isUnknown).world()
        let batch = Batch([], Self.columns).with { batch in
            batch.chunks = (0..<40).map { chunk in (0..<25).map { Self.line(chunk * 25 + $0, "x") } }
        }
        try world.load(batch.with { $0.chunks = [[Self.line(-1, "x")]] })
        try world.put(batch)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    let loader = world.process()
                    defer { loader.end() }
                    return try loader.load().summary.rejects
                }
            }
            for try await rejects in group { #expect(rejects == 0) }
        }
        try world.drain()
        #expect(try world.query("SELECT count(*), count(DISTINCT \"id\") FROM \"rows\"") == ["1001|1001"])
    }

    /// Identifiers are quoted as the session that Bobbin makes takes it, whatever its server begins with.
    @Test(arguments: ["ANSI_QUOTES", "ORACLE", "NO_BACKSLASH_ESCAPES"])
    func sessionsThatBeginWithAnotherMode(_ mode: String) throws {
        let world = try World(.odbc(.mariaDB))
        world.mariaDBStatement.withLock { $0 = "SET SESSION sql_mode='\(mode)'" }
        let before = try ODBCConnection(try world.odbcSettings(.mariaDB)).query("SELECT @@sql_mode").text(0, 0)
        #expect(before?.contains(mode) == true)
        for value in ["a", "b'\\\\"] {
            let outcome = try world.load(Batch([Self.line(1, value)], Self.columns, mode: .merge, key: ["id"]))
            #expect(outcome.summary.rows == 1 && outcome.summary.blocked == 0, "\(outcome.events)")
        }
        #expect(try world.rows(["id", "v"]) == ["1|b'\\"])
    }

    /// An engine of MariaDB without transactions, and a unique index that is not the key's.
    @Test func tablesOfMariaDBThatAreRefused() throws {
        let world = try World(.odbc(.mariaDB))
        let connection = try MySQLConnection(try world.mariaDBSettings())
        try connection.execute("CREATE TABLE `rows`(id bigint, v text) ENGINE=MyISAM")
        let first = KeyTests.stops(try world.load(Batch([Self.line(1, "x")], Self.columns)))
        #expect(first.count == 1 && first[0].contains("engine MyISAM"), "\(first)")
        try connection.execute("DROP TABLE `rows`")
        try connection.execute("CREATE TABLE `rows`(id bigint, v varchar(20), UNIQUE INDEX other (v)) ENGINE=InnoDB")
        let second = KeyTests.stops(
            try world.load(
                Batch([Self.line(1, "x")], Self.columns, mode: .merge, key: ["id"]).with {
                    $0.stream = "s"
                    $0.job = "j"
                }))
        #expect(second.count == 1, "\(second)")
    }
}
