import Databases
import Extract
import Foundation
import JSON
import Manifest
import Synchronization
import TestKit
import Testing

/// What databases promise as sources, through their ODBC drivers.
@Suite struct ODBCSourceTests {
    @Test(arguments: ODBCDatabase.allCases) func aPatternIsAllTables(_ database: ODBCDatabase) throws {
        let source = try SourceWorld(odbc: database)
        try source.run(
            source.numbered("b", rows: 2) + source.numbered("a", rows: 3) + source.numbered("secret", rows: 1)
                + source.numbered("_bobbin_head", rows: 1) + source.numbered("empty", rows: 0)
                + "CREATE VIEW w AS SELECT * FROM a;\n")
        let p = source.prefix
        let all = try source.extract(
            #"streams: {"\#(p)*": {mode: replace, table: "t_{table}"}, \#(p)secret: {disabled: true}}"#)
        #expect(all.map(\.name) == ["\(p)a", "\(p)b", "\(p)empty"])
        try #require(all.count == 3)
        #expect(all.allSatisfy { $0.error == nil })
        #expect(all.map { $0.manifest?.table } == ["t_a", "t_b", "t_empty"])
        #expect(all.map { $0.manifest?.key } == [["id"], ["id"], ["id"]])
        #expect(all[0].rows == [#"{"id":1,"v":"v1"}"#, #"{"id":2,"v":"v2"}"#, #"{"id":3,"v":"v3"}"#])
        #expect(all[2].rows == [] && all[2].types == ["id bigint", "v text"])
        let view = try source.one("streams: {\(p)w: {mode: replace}}")
        #expect(view.rows.sorted() == all[0].rows && view.manifest?.key == [])
        // Tables of the system are none of the user's.
        let relations = try source.open().relations().map(\.fullName)
        #expect(relations.contains("\(p)a") && relations.contains("\(p)w"))
        #expect(
            !relations.contains { $0.hasPrefix("pg_") || $0.hasPrefix("information_schema") || $0.hasPrefix("sqlite_") }
        )
        #expect(throws: (any Error).self) { try source.plans("streams: {no_such_table: {mode: replace}}") }
    }

    /// SQLite's own tables are none of the user's, whatever its driver calls them.
    @Test(arguments: [ODBCDatabase.sqlite, nil]) func aPatternLeavesOutTablesOfSQLite(_ odbc: ODBCDatabase?) throws {
        let source = try SourceWorld(.sqlite, odbc: odbc)
        try source.run(
            "CREATE TABLE a(id integer PRIMARY KEY AUTOINCREMENT, v text UNIQUE);\nINSERT INTO a(v) VALUES ('x');\nANALYZE;\n"
        )
        #expect(try source.open().relations().map(\.name) == ["a"])
        #expect(try source.extract(#"streams: {"*": {mode: replace}}"#).map(\.name) == ["a"])
        // Those that keep what is in a virtual table.
        try source.run("CREATE VIRTUAL TABLE words USING rtree(id, low, high);\nINSERT INTO words VALUES (1, 0, 1);\n")
        #expect(try source.open().relations().map(\.name) == ["a", "words"])
    }

    /// The precision of a decimal is the catalogue's, as by the engine's own client; none is made up.
    @Test(arguments: ODBCDatabase.allCases) func decimalsKeepTheirPrecision(_ database: ODBCDatabase) throws {
        let source = try SourceWorld(odbc: database)
        try source.run(
            "CREATE TABLE d(id integer PRIMARY KEY, a numeric(10,2), b numeric(30,25), c numeric(5), d decimal(30,30)"
                + (database == .mariaDB ? ", e decimal(12,3) unsigned" : "")
                + (database == .postgres ? ", f numeric, g numeric(28,6), h numeric(3,-2), i numeric(3,5)" : "")
                + ");\n")
        let relation = SQLRelation(
            schema: database == .postgres ? source.world.schema : nil, name: "d", kind: .table, rows: nil)
        let session = try source.open()
        let found = try #require(try session.relations().first { $0.fullName == relation.fullName })
        let columns = try session.shape(of: found).columns.dropFirst()
        let expected: [Precision?] = [
            Precision(digits: 10, scale: 2), Precision(digits: 30, scale: 25), Precision(digits: 5, scale: 0),
            Precision(digits: 30, scale: 30),
        ]
        switch database {
        case .sqlite: #expect(columns.allSatisfy { $0.precision == nil }, "\(columns)")
        case .mariaDB:
            #expect(columns.map(\.precision) == expected + [Precision(digits: 12, scale: 3)])
            #expect(columns.map(\.native).first == "DECIMAL(10,2)")
            let own = try MySQLSession(source.world.mariaDBSettings())
            let same = try own.shape(of: SQLRelation(schema: nil, name: "d", kind: .table, rows: nil))
            #expect(same.columns.dropFirst().map(\.precision) == columns.map(\.precision))
        case .postgres:
            // Of a number without limits the driver says (28, 6), so that this says nothing.
            #expect(columns.map(\.precision) == expected + [nil, nil, nil, Precision(digits: 5, scale: 5)])
            #expect(columns.map(\.native).first == "numeric(10,2)")
        }
    }

    /// `*` leaves INVISIBLE columns out, which a replication must not; those of a versioned table's times are none of its values.
    @Test(arguments: [ODBCDatabase.mariaDB, nil]) func invisibleColumnsAreRead(_ odbc: ODBCDatabase?) throws {
        let source = try SourceWorld(.mariadb, odbc: odbc)
        try source.run(
            """
            CREATE TABLE i(v bigint INVISIBLE DEFAULT 5, id bigint PRIMARY KEY, g bigint AS (v + 1) INVISIBLE);
            INSERT INTO i(id, v) VALUES (1, 7);
            CREATE TABLE s(id bigint PRIMARY KEY, v bigint INVISIBLE, b timestamp(6) GENERATED ALWAYS AS ROW START INVISIBLE,
                e timestamp(6) GENERATED ALWAYS AS ROW END INVISIBLE, PERIOD FOR SYSTEM_TIME(b, e)) WITH SYSTEM VERSIONING;
            INSERT INTO s(id, v) VALUES (1, 2);
            CREATE TABLE t(id bigint PRIMARY KEY, v bigint) WITH SYSTEM VERSIONING;
            INSERT INTO t VALUES (1, 3);
            """ + "\n")
        let found = ["i", "s", "t"].map { name in
            Result { try source.one("streams: {\(source.prefix)\(name): {mode: replace}}") }
        }
        #expect(
            try found.map { try $0.get().rows } == [
                [#"{"v":7,"id":1,"g":8}"#], [#"{"id":1,"v":2}"#], [#"{"id":1,"v":3}"#],
            ])
    }

    @Test(arguments: ODBCDatabase.allCases) func aQueryIsATable(_ database: ODBCDatabase) throws {
        let source = try SourceWorld(odbc: database)
        try source.run(source.numbered("a", rows: 3))
        let found = try source.one(
            #"mode: merge, primary_key: n, query: "SELECT id AS n, v, NULL AS none FROM \#(source.prefix)a WHERE id > 1 ORDER BY id -- the last ones""#
        )
        #expect(
            found.rows == [#"{"n":2,"v":"v2","none":null}"#, #"{"n":3,"v":"v3","none":null}"#], "\(found.error ?? "")")
        do {
            _ = try source.plans(#"query: "SELECT nonsense FROM \#(source.prefix)a""#)
            Issue.record("a query without meaning was taken")
        } catch { #expect(ExtractError(error).kind == .configuration, "\(error)") }
    }

    @Test(arguments: ODBCDatabase.allCases, ["append", "merge"]) func incrementsAreWhatIsNew(
        _ database: ODBCDatabase, _ mode: String
    ) throws {
        let source = try SourceWorld(odbc: database)
        try source.run(
            "CREATE TABLE e(id bigint PRIMARY KEY, seen bigint);\nINSERT INTO e VALUES (1, 10), (2, 20), (3, 20);\n")
        let job = "streams: {\(source.prefix)e: {mode: \(mode), cursor: seen}}"
        let first = try source.one(job)
        #expect(first.integers("id").sorted() == [1, 2, 3] && first.manifest?.cursorTo["since"]?.text == "20")
        guard case .unchanged = try source.one(job).result.end else {
            Issue.record("a run without rows was published")
            return
        }
        try source.run("INSERT INTO e VALUES (4, 20), (5, 30), (6, 15);\n")
        #expect(try source.one(job).integers("id").sorted() == [4, 5])
        try source.run("INSERT INTO e VALUES (7, 20), (8, 30);\n")
        #expect(try source.one(job).integers("id") == [8])
        // A row without a cursor: refused or read, as the mode has it.
        try source.run("INSERT INTO e VALUES (9, NULL);\n")
        let last = try source.one(job)
        #expect(mode == "append" ? last.kind == .data : last.integers("id") == [9], "\(last.error ?? "")")
    }

    /// Cursors of dates, times, texts and decimals.
    @Test(arguments: ODBCDatabase.allCases) func cursorsAreOfManyTypes(_ database: ODBCDatabase) throws {
        let source = try SourceWorld(odbc: database)
        let moment = database == .mariaDB ? "datetime(6)" : "timestamp"
        try source.run(
            "CREATE TABLE e(id bigint PRIMARY KEY, t \(moment), d date, s varchar(20), n numeric(30, 5));\n"
                + "INSERT INTO e VALUES (1, '2026-01-01 10:00:00.123', '2026-01-01', 'aa', 12345678901234567890.12345),\n"
                + "(2, '2026-01-01 12:00:00', '2026-01-02', 'ab''\\', 12345678901234567890.12346);\n"
                .replacing("\\", with: database == .mariaDB ? "\\\\" : "\\"))
        for column in ["t", "d", "s"] + (database == .sqlite ? [] : ["n"]) {
            let job =
                "table: e_\(column), source: {connection: db, table: \(source.prefix)e}, mode: merge, cursor: \(column)"
            let first = try source.one(job)
            #expect(first.rows.count == 2, "\(column): \(first.error ?? "")")
            guard case .unchanged = try source.one(job).result.end else {
                Issue.record("\(column): a run without rows was published")
                continue
            }
        }
    }

    /// What PostgreSQL writes by itself is ordered and compared as what it is, whatever the session's zone: as cursor, and as key of a
    /// read that is taken up again.
    @Test(arguments: ["date", "timestamp", "timestamptz"]) func daysAndMomentsAreInTheirOrder(_ type: String) throws {
        let source = try SourceWorld(odbc: .postgres)
        source.statement = "SET TimeZone TO 'Europe/Berlin'"
        // In the order of texts they would stand otherwise; two are of one hour of the clock, in summer time and behind it.
        let hours =
            type == "timestamptz"
            ? ["2026-10-25 00:30:00+00", "2026-10-25 01:30:00+00"] : ["2026-10-25", "2026-10-26"]
        let values =
            ["-infinity", "0100-01-01 BC", "0044-03-15 BC", "0044-03-15"] + hours + [
                "9999-12-31", "10000-01-01", "infinity",
            ]
        try source.run(
            "CREATE TABLE e(k \(type) PRIMARY KEY, v bigint);\nINSERT INTO e VALUES "
                + values.enumerated().map { "('\($1)', \($0))" }.shuffled().joined(separator: ", ") + ";\n")
        let name = "\(source.prefix)e"
        source.opener = { InterposedSession.failing($0, after: 5) }
        let full = try source.one(
            "streams: {\(name): {mode: replace, chunk: {rows: 1}, retry: {strategy: fixed, delay: 0s, max_attempts: 5}}}"
        )
        #expect(full.integers("v") == Array(values.indices), "\(full.error ?? "") \(full.rows)")
        source.opener = nil
        try source.run("DELETE FROM e WHERE k = 'infinity'")
        let job = "table: c, source: {connection: db, table: \(name)}, mode: append, cursor: k"
        let first = try source.one(job)
        #expect(first.integers("v") == Array(0..<8), "\(first.error ?? "") \(first.rows)")
        guard case .unchanged = try source.one(job).result.end else {
            Issue.record("a run without rows was published")
            return
        }
        try source.run("INSERT INTO e VALUES ('9998-01-01', 100), ('10000-01-02', 101), ('infinity', 102)")
        let next = try source.one(job)
        #expect(next.integers("v") == [101, 102], "\(next.error ?? "") \(next.rows)")
    }

    @Test(arguments: ODBCDatabase.allCases) func partitionsAreRowsOfAValue(_ database: ODBCDatabase) throws {
        let source = try SourceWorld(odbc: database)
        try source.run(
            "CREATE TABLE e(id bigint PRIMARY KEY, p varchar(20), n bigint);\nINSERT INTO e VALUES (1, 'it''s', 1), (2, 'b', 2), (3, 'b', 3);\n"
        )
        let p = source.prefix
        let all = try source.extract(
            #"streams: {\#(p)e: {mode: replace-partition, partitions: {p: ["it's", b, none]}}}"#,
            partitions: [["p": "it's"], ["p": "b"], ["p": "none"]])
        #expect(all.map(\.rows.count) == [1, 2, 0] && all.allSatisfy { $0.error == nil })
        let numbers = try source.extract(
            "streams: {\(p)e: {mode: append, partitions: {n: [2, 3]}}}", partitions: [["n": "2"], ["n": "3"]])
        #expect(numbers.map(\.rows) == [[#"{"id":2,"p":"b","n":2}"#], [#"{"id":3,"p":"b","n":3}"#]])
    }

    @Test(arguments: ODBCDatabase.allCases) func hostileNamesAreNames(_ database: ODBCDatabase) throws {
        let source = try SourceWorld(odbc: database)
        let table = #"my "table"; -- a.b"#
        let columns = ["select", "a\"b", "x'); DROP TABLE e; --", "ü", "$1", "?", "a.b", "%s", "{\\}"]
        func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }
        try source.run(
            "CREATE TABLE \(quoted(table))(\(columns.map { quoted($0) + " bigint" }.joined(separator: ", ")), PRIMARY KEY (\(quoted(columns[1]))));\n"
                + "INSERT INTO \(quoted(table)) VALUES (\(columns.indices.map { "\($0)" }.joined(separator: ", ")));\n")
        let all = try source.extract(#"streams: {"\#(source.prefix)*": {mode: replace}}"#)
        #expect(all.map(\.name) == [source.prefix + table] && all.first?.manifest?.table == table)
        #expect(all.first?.manifest?.key == ["a\"b"], "\(all.first?.error ?? "") \(all.first?.rows ?? [])")
        #expect(all.first?.error == nil)
        for (index, name) in columns.enumerated() {
            #expect(all.first?.integers(name) == [index], "\(name): \(all.first?.rows ?? []) \(all.first?.types ?? [])")
        }
    }

    @Test(arguments: ODBCDatabase.allCases) func valuesComeWhole(_ database: ODBCDatabase) throws {
        let source = try SourceWorld(odbc: database)
        let bytes = database == .postgres ? "bytea" : "blob"
        let zeros = database == .postgres ? "'\\x00ff0001'" : "x'00ff0001'"
        let text = database == .mariaDB ? "longtext" : "text"
        let moment = database == .mariaDB ? "datetime(6)" : "timestamp"
        let isExact = database != .sqlite
        try source.run(
            "CREATE TABLE v(id integer PRIMARY KEY, l \(text), e varchar(10), n varchar(10), b \(bytes), "
                + "d \(isExact ? "numeric(38,10)" : "bigint"), f double precision, t \(moment), y date);\n"
                + "INSERT INTO v SELECT 1, \(database == .sqlite ? "printf('%.*c', 5242880, 'x')" : "repeat('x', 5242880)"), '', NULL, "
                + "\(zeros), \(isExact ? "1234567890123456789012345678.0123456789" : "9223372036854775807"), 0.5, "
                + "'2026-02-28 23:59:58.25', '1999-12-31';\n")
        let found = try source.one("streams: {\(source.prefix)v: {mode: replace}}")
        let row = try #require(found.rows.first, "\(found.error ?? "no row")")
        let value = try JSONValue(parsing: row)
        #expect(value["l"]?.text == String(repeating: "x", count: 5_242_880))
        #expect(value["e"]?.text == "" && value["n"]?.isNull == true)
        #expect(value["b"]?.text == "AP8AAQ==")
        #expect(row.contains(isExact ? #""d":1234567890123456789012345678.0123456789,"# : #""d":9223372036854775807,"#))
        #expect(row.hasSuffix(#""f":0.5,"t":"2026-02-28T23:59:58.25","y":"1999-12-31"}"#))
        #expect(
            found.types == [
                "id integer", "l text", "e text", "n text", "b bytes", isExact ? "d decimal" : "d bigint", "f double",
                "t datetime", "y date",
            ])
    }

    /// Types that only one of the databases has.
    @Test func typesOfPostgreSQLAndMariaDB() throws {
        let postgres = try SourceWorld(odbc: .postgres)
        try postgres.run(
            "CREATE TABLE v(u uuid, o boolean, c time, s smallint);\nINSERT INTO v VALUES ('a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf', true, '10:00:00.5', -1);\n"
        )
        let first = try postgres.one("streams: {\(postgres.prefix)v: {mode: replace}}")
        #expect(first.rows == [#"{"u":"a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf","o":true,"c":"10:00:00.5","s":-1}"#])
        #expect(first.types == ["u uuid", "o boolean", "c time", "s integer"])
        let mariaDB = try SourceWorld(odbc: .mariaDB)
        try mariaDB.run(
            "CREATE TABLE v(u bigint unsigned, o bit(1));\nINSERT INTO v VALUES (18446744073709551615, 1);\n")
        let second = try mariaDB.one("streams: {v: {mode: replace}}")
        #expect(second.rows == [#"{"u":18446744073709551615,"o":true}"#])
        #expect(second.types == ["u decimal", "o boolean"])
    }

    /// A run that failed is taken up by the next one: what is in its chunks is not read again.
    @Test(arguments: ODBCDatabase.allCases) func anotherRunGoesOn(_ database: ODBCDatabase) throws {
        let source = try SourceWorld(odbc: database)
        try source.run(source.numbered("e", rows: 100))
        let job = "streams: {\(source.prefix)e: {mode: replace, chunk: {rows: 10}}}"
        source.opener = { InterposedSession.failing($0, after: 35) }
        #expect(try source.one(job).kind == .transient)
        source.opener = nil
        let second = try source.one(job)
        #expect(second.rows.count == 100 && Set(second.rows).count == 100)
        #expect(second.result.adopted == 3)
    }

    /// Whatever the key's type is, a read goes on behind the last row that was taken; a key of another type is none to go on by.
    @Test(arguments: ODBCDatabase.allCases, 0..<5) func lostConnectionsCostNoRow(
        _ database: ODBCDatabase, _ number: Int
    ) throws {
        let back = database == .mariaDB ? "'back\\\\slash'" : "'back\\slash'"
        let keys: [(columns: String, names: String, values: [String])] = [
            ("k bigint NOT NULL", "k", ["-9223372036854775808", "-1", "0", "7", "9007199254740993"]),
            ("k varchar(50) NOT NULL", "k", ["''", "'a'", "'a''b'", back, "'é'", "'😀'", "'zz'"]),
            (
                "a varchar(10) NOT NULL, b bigint NOT NULL, c bigint NOT NULL", "a, b, c",
                ["'x', 1, 2", "'x', 1, 3", "'x', 2, 0", "'y', -1, 9", "'y', 0, 9"]
            ),
            (
                "k \(database == .mariaDB ? "datetime(6)" : "timestamp") NOT NULL", "k",
                ["'1999-12-31 23:59:59.999999'", "'2000-01-01 00:00:00'", "'2026-06-01 10:00:00.5'"]
            ),
            ("k double precision NOT NULL", "k", ["0.1", "0.2", "0.3"]),
        ]
        let key = keys[number]
        let isOrderable = number < 3 || (number == 3 && database != .sqlite)
        let source = try SourceWorld(odbc: database)
        try source.run(
            "CREATE TABLE e(\(key.columns), v bigint, PRIMARY KEY (\(key.names)));\n"
                + "INSERT INTO e VALUES " + key.values.enumerated().map { "(\($1), \($0))" }.joined(separator: ", ")
                + ";\n")
        let seen = Mutex<[String]>([])
        source.opener = { InterposedSession.failing($0, after: 2) { sql in seen.withLock { $0.append(sql) } } }
        let found = try source.one(
            "streams: {\(source.prefix)e: {mode: replace, chunk: {rows: 1}, retry: {strategy: fixed, delay: 0s, max_attempts: 3}}}"
        )
        guard isOrderable else {
            #expect(found.kind == .transient)
            return
        }
        #expect(
            found.integers("v").sorted() == Array(key.values.indices), "\(found.error ?? "") \(seen.withLock { $0 })")
    }

    @Test(arguments: [ODBCDatabase.postgres, .mariaDB]) func aKilledConnectionIsTransient(_ database: ODBCDatabase)
        throws
    {
        let source = try SourceWorld(odbc: database)
        try source.run(source.numbered("e", rows: 3))
        let session = try source.open()
        let id = try #require(
            try session.value(database == .postgres ? "SELECT pg_backend_pid()" : "SELECT CONNECTION_ID()"))
        try source.run(database == .postgres ? "SELECT pg_terminate_backend(\(id))" : "KILL \(id)")
        #expect {
            _ = try session.shape(of: "SELECT * FROM \(source.prefix)e")
        } throws: { ExtractError($0).kind == .transient }
    }

    @Test func aMissingDriverNamesItsPackage() {
        let settings = ODBCSettings(connectionString: "Driver=No Such Driver;Server=x;PWD=hunter2")
        #expect {
            _ = try ODBCSession(settings)
        } throws: { error in
            let failure = ExtractError(error)
            return failure.kind == .configuration && failure.message.contains("odbc-postgresql")
                && !failure.message.contains("hunter2")
        }
    }
}
