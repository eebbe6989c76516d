import Databases
import Extract
import TestKit
import Testing

/// Rows are read on from one of them where the database orders values as it compares them, and else not at all.
@Suite struct CursorOrderTests {
    /// Columns of the source's own rows, in the order of their ids.
    private func ids(_ source: SourceWorld, _ job: String) throws -> [Int] {
        let found = try source.one(job)
        #expect(found.error == nil, "\(job)")
        return found.integers("id").sorted()
    }

    private func refusal(_ source: SourceWorld, _ job: String) -> String {
        do {
            _ = try source.plans(job)
            return ""
        } catch {
            let failure = ExtractError(error)
            #expect(failure.kind == .configuration, "\(failure.message)")
            return failure.message
        }
    }

    /// What breaks off after two rows must not go on behind them: of `m` and `a`, which come behind `z`, the text is less.
    @Test(
        arguments: [
            ("mariadb", "enum('z','m','a')"), ("mariadb", "set('z','m','a')"), ("duckdb", "mood"),
            ("odbc", "enum('z','m','a')"),
        ])
    func aKeyOfNumberedTextsIsNoOrder(_ database: String, _ type: String) throws {
        let source =
            database == "odbc"
            ? try SourceWorld(odbc: .mariaDB) : try SourceWorld(database == "duckdb" ? .duckdb : .mariadb)
        if database == "duckdb" { try source.run("CREATE TYPE mood AS ENUM ('z', 'm', 'a')") }
        try source.run(
            "CREATE TABLE e(k \(type) NOT NULL, i bigint NOT NULL, id bigint, PRIMARY KEY (k, i));\n"
                + "INSERT INTO e VALUES ('z', 1, 1), ('z', 2, 2), ('m', 1, 3), ('m', 2, 4), ('a', 1, 5), ('a', 2, 6);\n"
        )
        let job =
            "streams: {\(source.prefix)e: {mode: replace, chunk: {rows: 1}, retry: {strategy: fixed, delay: 0s, max_attempts: 3}}}"
        source.opener = { InterposedSession.failing($0, after: 2) }
        #expect(try source.one(job).kind == .transient)
        source.opener = nil
        #expect(try ids(source, job) == Array(1...6))
    }

    /// Tables that are read in pieces, as one long read would lock them.
    @Test(arguments: ["enum('z','m','a')", "set('z','m','a')"]) func piecesLoseNoRow(_ type: String) throws {
        let source = try SourceWorld(.mariadb)
        try source.run(
            "CREATE TABLE e(k \(type) NOT NULL, id bigint NOT NULL, PRIMARY KEY (k, id)) ENGINE = MyISAM;\n"
                + "INSERT INTO e SELECT ELT(1 + seq % 3, 'z', 'm', 'a'), seq FROM seq_1_to_12000;\n")
        #expect(try ids(source, "streams: {e: {mode: replace}}") == Array(1...12_000))
    }

    @Test func cursorsWithoutAnOrderAreRefused() throws {
        let mariaDB = try SourceWorld(.mariadb)
        try mariaDB.run(
            "CREATE TABLE e(id bigint PRIMARY KEY, k enum('z','m','a'), s set('q','b'), p point, c char(5));\n"
                + "CREATE VIEW w AS SELECT * FROM e;\nINSERT INTO e VALUES (1, 'z', 'q', NULL, 'x'), (2, 'a', 'b', NULL, 'y');\n"
        )
        for (table, column) in [("e", "k"), ("e", "s"), ("w", "k"), ("e", "p")] {
            let message = refusal(mariaDB, "streams: {\(table): {mode: merge, primary_key: id, cursor: \(column)}}")
            #expect(message.contains("\(column) cannot be the cursor"), "\(table) \(column)")
        }
        let query = #"mode: merge, primary_key: id, cursor: k, query: "SELECT id, k FROM e""#
        #expect(refusal(mariaDB, query).contains("CONCAT("))
        let text = #"mode: merge, primary_key: id, cursor: k, query: "SELECT id, CONCAT(k) AS k FROM e""#
        #expect(try ids(mariaDB, text) == [1, 2])
        try mariaDB.run("INSERT INTO e VALUES (3, 'm', 'q', NULL, 'z');\nUPDATE e SET k = 'z' WHERE id = 2;\n")
        #expect(try ids(mariaDB, text) == [2])

        let driver = try SourceWorld(odbc: .mariaDB)
        try driver.run(
            "CREATE TABLE e(id bigint PRIMARY KEY, k enum('z','m','a'), s set('q','b'), c char(5));\n"
                + "CREATE VIEW w AS SELECT * FROM e;\nINSERT INTO e VALUES (1, 'z', 'q', 'x');\n")
        for (table, column) in [("e", "k"), ("e", "s"), ("w", "k")] {
            let message = refusal(driver, "streams: {\(table): {mode: merge, primary_key: id, cursor: \(column)}}")
            #expect(message.contains("\(column) cannot be the cursor"), "\(table) \(column)")
        }
        #expect(refusal(driver, query).contains("CONCAT("))
        #expect(try ids(driver, text) == [1])
        #expect(try ids(driver, "streams: {e: {mode: merge, cursor: c}}") == [1])

        let postgres = try SourceWorld(.postgres)
        try postgres.run("CREATE TABLE e(id bigint PRIMARY KEY, a int[], j json, r regclass)")
        #expect(refusal(postgres, "streams: {e: {mode: merge, cursor: a}}").contains("a cannot be the cursor"))
        #expect(refusal(postgres, "streams: {e: {mode: merge, cursor: j}}").contains("j cannot be the cursor"))

        let duckDB = try SourceWorld(.duckdb)
        try duckDB.run("CREATE TYPE mood AS ENUM ('z', 'm', 'a')")
        try duckDB.run("CREATE TABLE e(id bigint PRIMARY KEY, k mood, l integer[])")
        #expect(refusal(duckDB, "streams: {e: {mode: merge, cursor: k}}").contains("k cannot be the cursor"))
        #expect(refusal(duckDB, "streams: {e: {mode: merge, cursor: l}}").contains("l cannot be the cursor"))
    }

    /// Values whose digits, taken for a number, are another value.
    @Test func cursorsOfOddNumbersAreExact() throws {
        let cases: [(engine: TestEngine, type: String, values: [String])] = [
            (.postgres, "real", ["0.1", "0.7", "0.7", "1e30"]), (.postgres, "regclass", ["'pg_type'", "'pg_class'"]),
            (.postgres, "double precision", ["0.7", "'NaN'"]), (.mariadb, "float", ["0.1", "0.7", "0.7"]),
            (.mariadb, "bit(64)", ["1", "200", "18446744073709551614", "18446744073709551615"]),
            (.mariadb, "bit(1)", ["0", "1"]),
            (.mariadb, "uuid", ["'223e4567-e89b-11d3-a456-426655440000'", "'123e4567-e89b-12d3-a456-426655440000'"]),
            (.mariadb, "inet6", ["'::1'", "'2001:db8::'"]), (.mariadb, "year", ["1999", "2155"]),
            (.duckdb, "float", ["0.1", "0.7", "0.7"]),
            (.duckdb, "double", ["'0.013114189588902203'", "'0.43297668506056197'", "'0.9723372896865363'"]),
            (
                .duckdb, "bignum",
                ["'5'", "'123456789012345678901234567890123456789012'", "'123456789012345678901234567890123456789013'"]
            ),
        ]
        for (engine, type, values) in cases {
            let source = try SourceWorld(engine)
            try source.run("CREATE TABLE e(id bigint PRIMARY KEY, u \(type))")
            var expected: [Int] = []
            for (id, value) in values.enumerated() {
                try source.run("INSERT INTO e VALUES (\(id), \(value))")
                expected.append(id)
                #expect(
                    try ids(source, "streams: {e: {mode: append, cursor: u, null_cursor: skip}}") == [id],
                    "\(engine) \(type) \(value)")
            }
            // A late row of the greatest value.
            try source.run("INSERT INTO e VALUES (100, \(values[values.count - 1]))")
            #expect(
                try ids(source, "streams: {e: {mode: append, cursor: u, null_cursor: skip}}") == [100],
                "\(engine) \(type)")
        }
    }

    @Test func aKeyOfFloatsIsReadOnce() throws {
        let source = try SourceWorld(.postgres)
        try source.run(
            "CREATE TABLE e(k real PRIMARY KEY, id bigint); INSERT INTO e VALUES (0.1, 1), (0.2, 2), (0.3, 3), (0.7, 4), (1e30, 5)"
        )
        source.opener = { InterposedSession.failing($0, after: 2) }
        #expect(
            try ids(
                source,
                "streams: {e: {mode: replace, chunk: {rows: 1}, retry: {strategy: fixed, delay: 0s, max_attempts: 3}}}")
                == Array(1...5))
    }

    /// What a run that broke off has read is dropped when the table has shrunk to a size that is read in no order.
    @Test func anotherOrderIsAnotherRun() throws {
        let source = try SourceWorld(.postgres)
        try source.run(source.numbered("e", rows: 100))
        let job = "streams: {e: {mode: replace, chunk: {rows: 10}}}"
        source.opener = { InterposedSession.failing($0, after: 35) }
        #expect(try source.one(job).kind == .transient)
        source.opener = nil
        try source.run("DELETE FROM e WHERE id > 5; ANALYZE e")
        #expect(try ids(source, job) == Array(1...5))
    }

    // MARK: SQLite

    /// Without an affinity any number is less than any text, so that the boundary must be what it was.
    @Test(
        arguments: [
            #"query: "SELECT id, u + 0 AS u FROM a""#, "source: {connection: db, table: v}",
            "source: {connection: db, table: untyped}",
            "source: {connection: db, table: anything}", "source: {connection: db, table: a}",
        ], ["append", "merge"])
    func boundariesAreOfTheirOwnSort(_ source: String, _ mode: String) throws {
        let world = try SourceWorld(.sqlite)
        try world.run(
            "CREATE TABLE a(id INTEGER PRIMARY KEY, u DATETIME); CREATE VIEW v AS SELECT id, coalesce(u, 0) AS u FROM a; "
                + "CREATE TABLE untyped(id INTEGER PRIMARY KEY, u); CREATE TABLE anything(id INTEGER PRIMARY KEY, u ANY) STRICT"
        )
        func insert(_ id: Int, _ value: String) throws {
            for table in ["a", "untyped", "anything"] { try world.run("INSERT INTO \(table) VALUES (\(id), \(value))") }
        }
        try insert(1, "100")
        try insert(2, "200")
        let job = "mode: \(mode), primary_key: id, cursor: u, null_cursor: skip, \(source)".replacing(
            mode == "append" ? "primary_key: id, " : "none", with: "")
        #expect(try ids(world, job) == [1, 2])
        try insert(3, "200")
        try insert(4, "1000")
        #expect(try ids(world, job) == [3, 4])
        try insert(5, "1000.5")
        try insert(6, "1000")
        #expect(try ids(world, job) == [5, 6])
        try insert(7, "1e300")
        #expect(try ids(world, job) == [7])
        try insert(8, "9e999")
        #expect(try ids(world, job) == [8])
        guard !source.contains("query") else { return }
        // Texts stand behind all numbers.
        try insert(9, "'b'")
        #expect(try ids(world, job) == [9])
        try insert(10, "'b'")
        try insert(11, "'c'")
        try insert(12, "'a'")
        #expect(try ids(world, job) == [10, 11])
        guard mode == "merge" else { return }
        var wish = StreamPlan.Wish()
        wish.since = "1000.25"
        #expect(try world.one(job, wish: wish).integers("id").sorted() == [5, 7, 8, 9, 10, 11, 12])
    }

    @Test func aKeyWithoutATypeIsNoOrder() throws {
        let source = try SourceWorld(.sqlite)
        try source.run(
            "CREATE TABLE e(k, id bigint, PRIMARY KEY (k)) WITHOUT ROWID; INSERT INTO e VALUES (1, 1), (2, 2), (3, 3), ('a', 4), ('b', 5)"
        )
        let job =
            "streams: {e: {mode: replace, chunk: {rows: 1}, retry: {strategy: fixed, delay: 0s, max_attempts: 3}}}"
        source.opener = { InterposedSession.failing($0, after: 2) }
        #expect(try source.one(job).kind == .transient)
        source.opener = nil
        #expect(try ids(source, job) == Array(1...5))
    }

    /// A partition of a column without a type is rows of the number and of the text.
    @Test func partitionsAreNumbersAndTexts() throws {
        let source = try SourceWorld(.sqlite)
        try source.run("CREATE TABLE e(id INTEGER PRIMARY KEY, p); INSERT INTO e VALUES (1, 20), (2, '20'), (3, 21)")
        let found = try source.extract("streams: {e: {mode: append, partitions: {p: [20]}}}", partitions: [["p": "20"]])
        #expect(found.first?.integers("id") == [1, 2])
    }

    @Test func sqliteThroughItsDriver() throws {
        let source = try SourceWorld(odbc: .sqlite)
        try source.run(
            "CREATE TABLE e(id INTEGER PRIMARY KEY, u, n ANY, d DATETIME, r REAL, x BLOB, s varchar(20)); CREATE VIEW v AS SELECT id, d + 0 AS u FROM e; "
                + "INSERT INTO e VALUES (1, 1, 1, 100, 0.1, x'00', 'a'), (2, 2, 2, 200, 1700000000.1234567, x'01', 'b')"
        )
        for job in [
            "source: {connection: db, table: e}, cursor: u", "source: {connection: db, table: e}, cursor: n",
            "source: {connection: db, table: e}, cursor: x", "source: {connection: db, table: v}, cursor: u",
            #"query: "SELECT id, d + 0 AS u FROM e", cursor: u"#,
        ] {
            #expect(refusal(source, "mode: merge, primary_key: id, \(job)").contains("cannot be the cursor"), "\(job)")
        }
        try source.run("CREATE TABLE w(id INTEGER PRIMARY KEY, i INTEGER); INSERT INTO w VALUES (1, 5), (2, 'word')")
        let words = try source.one("source: {connection: db, table: w}, mode: merge, cursor: i")
        #expect(
            words.kind == .configuration && words.error?.contains("its cursor i holds values") == true,
            "\(words.error ?? "\(words.rows)")")
        // Numbers in a column of dates, which the driver gives as NULL, and floats of which it keeps 15 digits.
        for column in ["d", "r", "s"] {
            #expect(
                try ids(
                    source,
                    "table: e_\(column), source: {connection: db, table: e}, mode: append, cursor: \(column), null_cursor: skip"
                )
                    == [1, 2], "\(column)")
        }
        try source.run(
            "INSERT INTO e VALUES (3, 3, 3, 200, 1700000000.1234567, NULL, 'b'), (4, 3, 3, 1000, 1700000000.1234569, NULL, 'c'), "
                + "(5, 3, 3, '2026-01-01 10:00:00.123456', 1700000000.2, NULL, 'd')")
        for column in ["d", "r", "s"] {
            #expect(
                try ids(
                    source,
                    "table: e_\(column), source: {connection: db, table: e}, mode: append, cursor: \(column), null_cursor: skip"
                )
                    == [3, 4, 5], "\(column)")
        }
    }
}
