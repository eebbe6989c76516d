import Databases
import Extract
import Manifest
import TestKit
import Testing

/// What becomes of each engine's values: `docs/types.md` as a test.
@Suite struct SourceValueTests {
    /// A column's type, a value as SQL, the logical type, and the value in the record.
    typealias Case = (type: String, value: String, logical: LogicalType, record: String)

    private func check(_ source: SourceWorld, _ cases: [Case]) throws {
        let columns = cases.indices.map { "c\($0) \(cases[$0].type)" }.joined(separator: ", ")
        try source.run(
            "CREATE TABLE t(\(columns));\nINSERT INTO t VALUES (\(cases.map(\.value).joined(separator: ", ")));\n")
        try source.run("INSERT INTO t VALUES (\(cases.map { _ in "NULL" }.joined(separator: ", ")));\n")
        let found = try source.one("source: {connection: db, table: \(source.prefix)t}, mode: replace")
        #expect(found.error == nil)
        let schema = found.manifest?.schema ?? []
        let row = found.rows.first ?? ""
        let expected = "{" + cases.indices.map { "\"c\($0)\":\(cases[$0].record)" }.joined(separator: ",") + "}"
        if row != expected {
            // One by one, so that it is seen which.
            for (index, item) in cases.enumerated() where !row.contains("\"c\(index)\":\(item.record)") {
                Issue.record("\(item.type) \(item.value): expected \(item.record), the row is \(row)")
            }
        }
        #expect(row == expected)
        for (index, item) in cases.enumerated() {
            #expect(schema.first { $0.name == "c\(index)" }?.type == item.logical, "\(item.type)")
        }
        let nulls = "{" + cases.indices.map { "\"c\($0)\":null" }.joined(separator: ",") + "}"
        #expect(found.rows.last == nulls)
    }

    @Test func postgres() throws {
        let source = try SourceWorld(.postgres)
        try source.run(
            "CREATE TYPE mood AS ENUM ('sad', 'it''s \"fine\"'); CREATE TYPE pair AS (a int, b text); CREATE DOMAIN positive AS integer CHECK (VALUE > 0)"
        )
        try check(
            source,
            [
                ("smallint", "-32768", .integer, "-32768"), ("integer", "2147483647", .integer, "2147483647"),
                ("bigint", "-9223372036854775808", .bigint, "-9223372036854775808"),
                ("oid", "4294967295", .integer, "4294967295"),
                ("real", "0.1", .double, "0.1"), ("real", "1e-45", .double, "1e-45"),
                ("double precision", "5e-324", .double, "5e-324"),
                ("double precision", "'-0'", .double, "-0"), ("double precision", "'NaN'", .double, "\"NaN\""),
                ("double precision", "'-Infinity'", .double, "\"-Infinity\""),
                (
                    "numeric", "12345678901234567890123456789012345678901234567890.1234567890", .decimal,
                    "12345678901234567890123456789012345678901234567890.1234567890"
                ),
                ("numeric(10,2)", "1.50", .decimal, "1.50"), ("numeric", "'NaN'", .decimal, "\"NaN\""),
                ("numeric", "'Infinity'", .decimal, "\"Infinity\""),
                ("boolean", "true", .boolean, "true"), ("boolean", "false", .boolean, "false"),
                ("char(5)", "'ab'", .text, "\"ab   \""), ("varchar(9)", "'é\"\\ 😀'", .text, "\"é\\\"\\\\ 😀\""),
                ("text", "''", .text, "\"\""),
                ("text", "E'a\\tb\\nc\\\\N\\r\\u0001'", .text, "\"a\\tb\\nc\\\\N\\r\\u0001\""),
                ("\"char\"", "'x'", .text, "\"x\""), ("name", "'n'", .text, "\"n\""),
                ("bytea", "'\\x00ff10'", .bytes, "\"AP8Q\""), ("bytea", "''", .bytes, "\"\""),
                ("date", "'2024-02-29'", .date, "\"2024-02-29\""), ("date", "'infinity'", .date, "\"infinity\""),
                ("date", "'0044-03-15 BC'", .date, "\"0044-03-15 BC\""),
                ("time", "'23:59:59.123456'", .time, "\"23:59:59.123456\""), ("time", "'24:00'", .time, "\"24:00:00\""),
                ("timetz", "'12:00+02'", .text, "\"12:00:00+02\""),
                ("timestamp", "'1999-12-31 23:59:59.5'", .datetime, "\"1999-12-31T23:59:59.5\""),
                ("timestamptz", "'2026-01-01 12:00:00+02'", .timestamp, "\"2026-01-01T10:00:00Z\""),
                ("timestamptz", "'2026-01-01 12:00:00.000001Z'", .timestamp, "\"2026-01-01T12:00:00.000001Z\""),
                ("timestamptz", "'-infinity'", .timestamp, "\"-infinity\""),
                ("timestamptz", "'0044-03-15 10:00:00Z BC'", .timestamp, "\"0044-03-15 10:00:00+00 BC\""),
                ("interval", "'1 year 2 mons -3 days 04:05:06.5'", .text, "\"P1Y2M-3DT4H5M6.5S\""),
                ("uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", .uuid, "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\""),
                ("json", "E'{\"a\" : [1.50, \"x y\"],\\n \"b\":null}'", .json, "{\"a\":[1.50,\"x y\"],\"b\":null}"),
                ("jsonb", "'{\"b\": 1.0}'", .json, "{\"b\":1.0}"),
                ("json", "'\"text\"'", .json, "\"text\""),
                ("integer[]", "'{1,NULL,3}'", .json, "[1,null,3]"),
                ("text[][]", "'{{a,\"b c\"},{\"\\\"\",d}}'", .json, "[[\"a\",\"b c\"],[\"\\\"\",\"d\"]]"),
                ("int4range", "'[1,5)'", .text, "\"[1,5)\""),
                ("mood", "'it''s \"fine\"'", .text, "\"it's \\\"fine\\\"\""), ("positive", "7", .integer, "7"),
                ("pair", "ROW(1, 'x,y')", .json, "{\"a\":1,\"b\":\"x,y\"}"),
                ("inet", "'192.168.0.1/24'", .text, "\"192.168.0.1/24\""),
                ("cidr", "'10.0.0.0/8'", .text, "\"10.0.0.0/8\""),
                ("macaddr", "'08:00:2b:01:02:03'", .text, "\"08:00:2b:01:02:03\""),
                ("money", "12.5", .text, "\"$12.50\""), ("xml", "'<a b=\"c\"/>'", .text, "\"<a b=\\\"c\\\"/>\""),
                ("bit(3)", "B'101'", .text, "\"101\""), ("point", "'(1,2)'", .text, "\"(1,2)\""),
                ("tsvector", "'a b'", .text, "\"'a' 'b'\""),
                ("pg_lsn", "'16/B374D848'", .text, "\"16/B374D848\""),
            ])
    }

    /// What its ODBC driver would make another value of, money but for its sign as by the engine's own client.
    @Test func postgresThroughODBC() throws {
        let source = try SourceWorld(odbc: .postgres)
        // Whatever the session is set to.
        source.statement = "SET TimeZone TO 'America/New_York'"
        try source.run("CREATE DOMAIN day AS date; CREATE DOMAIN instant AS timestamptz(3)")
        try check(
            source,
            [
                ("date", "'2024-02-29'", .date, "\"2024-02-29\""), ("date", "'infinity'", .date, "\"infinity\""),
                ("date", "'-infinity'", .date, "\"-infinity\""),
                ("date", "'5874897-12-31'", .date, "\"5874897-12-31\""),
                ("day", "'0044-03-15 BC'", .date, "\"0044-03-15 BC\""),
                ("timestamp", "'1999-12-31 23:59:59.5'", .datetime, "\"1999-12-31T23:59:59.5\""),
                ("timestamp(0)", "'infinity'", .datetime, "\"infinity\""),
                ("timestamp", "'12345-01-02 03:04:05'", .datetime, "\"12345-01-02 03:04:05\""),
                ("timestamp", "'0044-03-15 10:00:00 BC'", .datetime, "\"0044-03-15 10:00:00 BC\""),
                ("timestamptz", "'2026-01-01 12:00:00+02'", .timestamp, "\"2026-01-01T10:00:00Z\""),
                ("timestamptz", "'2026-01-01 12:00:00.000001Z'", .timestamp, "\"2026-01-01T12:00:00.000001Z\""),
                ("timestamptz", "'-infinity'", .timestamp, "\"-infinity\""),
                ("timestamptz", "'12345-01-02 03:04:05+00'", .timestamp, "\"12345-01-02 03:04:05+00\""),
                ("instant", "'0044-03-15 10:00:00Z BC'", .timestamp, "\"0044-03-15 10:00:00+00 BC\""),
                ("money", "-92233720368547758.08", .decimal, "-92233720368547758.08"),
                ("money", "12.5", .decimal, "12.50"),
            ])
        // A query's columns are the same.
        let names = (0..<16).map { "c\($0)" }.joined(separator: ", ")
        let table = try source.one("source: {connection: db, table: \(source.prefix)t}, mode: replace").rows.sorted()
        let query = try source.one("query: \"SELECT \(names) FROM \(source.world.schema).t\", mode: replace")
        #expect(query.rows.sorted() == table && table.count == 2, "\(query.error ?? "")")
    }

    @Test func mariadb() throws {
        let source = try SourceWorld(.mariadb)
        try check(
            source,
            [
                ("tinyint", "-128", .integer, "-128"), ("tinyint(1)", "2", .integer, "2"),
                ("boolean", "true", .integer, "1"),
                ("smallint unsigned", "65535", .integer, "65535"), ("mediumint", "-8388608", .integer, "-8388608"),
                ("int unsigned", "4294967295", .integer, "4294967295"),
                ("int(6) zerofill", "42", .integer, "42"),
                ("bigint", "-9223372036854775808", .bigint, "-9223372036854775808"),
                ("bigint unsigned", "18446744073709551615", .decimal, "18446744073709551615"),
                ("year", "1999", .integer, "1999"),
                ("float", "0.1", .double, "0.10000000149011612"),
                ("double", "1.7976931348623157e308", .double, "1.7976931348623157e308"),
                ("double", "0.1", .double, "0.1"), ("double", "5e-324", .double, "5e-324"),
                (
                    "decimal(65,30)", "-12345678901234567890123456789012345.123456789012345678901234567890", .decimal,
                    "-12345678901234567890123456789012345.123456789012345678901234567890"
                ),
                ("decimal(10,2)", "1.5", .decimal, "1.50"), ("bit(1)", "b'1'", .boolean, "true"),
                ("bit(1)", "b'0'", .boolean, "false"), ("bit(10)", "b'1000000001'", .integer, "513"),
                (
                    "bit(64)", "b'1111111111111111111111111111111111111111111111111111111111111111'", .decimal,
                    "18446744073709551615"
                ),
                ("char(5)", "'ab'", .text, "\"ab\""), ("varchar(9)", "'é\"😀 '", .text, "\"é\\\"😀 \""),
                ("varchar(9) character set latin1", "'é'", .text, "\"é\""),
                ("varchar(9) character set utf16", "'é😀'", .text, "\"é😀\""), ("text", "''", .text, "\"\""),
                ("longtext", "'a\\0b\\n'", .text, "\"a\\u0000b\\n\""),
                ("binary(4)", "'ab'", .bytes, "\"YWIAAA==\""), ("varbinary(4)", "x'00ff'", .bytes, "\"AP8=\""),
                ("blob", "x''", .bytes, "\"\""),
                ("date", "'2024-02-29'", .date, "\"2024-02-29\""), ("date", "'0000-00-00'", .date, "\"0000-00-00\""),
                ("time(6)", "'23:59:59.123456'", .time, "\"23:59:59.123456\""),
                ("time", "'-838:59:59'", .time, "\"-838:59:59\""),
                ("datetime(6)", "'1999-12-31 23:59:59.5'", .datetime, "\"1999-12-31T23:59:59.500000\""),
                ("timestamp(3) NULL", "'2026-01-01 12:00:00.5'", .timestamp, "\"2026-01-01T12:00:00.500Z\""),
                ("enum('a','it''s')", "'it''s'", .text, "\"it's\""), ("set('a','b')", "'a,b'", .text, "\"a,b\""),
                ("json", "'{\"a\" : [1.50, \"x y\"]}'", .json, "{\"a\":[1.50,\"x y\"]}"),
                ("point", "ST_GeomFromText('POINT(1 2)')", .text, "\"POINT(1 2)\""),
                ("inet6", "'::1'", .text, "\"::1\""),
                ("uuid", "'123e4567-e89b-12d3-a456-426655440000'", .text, "\"123e4567-e89b-12d3-a456-426655440000\""),
            ])
    }

    @Test func duckdb() throws {
        let source = try SourceWorld(.duckdb)
        try source.run("CREATE TYPE mood AS ENUM ('sad', 'fine')")
        try check(
            source,
            [
                ("tinyint", "-128", .integer, "-128"), ("utinyint", "255", .integer, "255"),
                ("smallint", "-7", .integer, "-7"),
                ("uinteger", "4294967295", .integer, "4294967295"),
                ("bigint", "-9223372036854775808", .bigint, "-9223372036854775808"),
                ("ubigint", "18446744073709551615", .decimal, "18446744073709551615"),
                (
                    "hugeint", "-170141183460469231731687303715884105727", .decimal,
                    "-170141183460469231731687303715884105727"
                ),
                ("float", "0.1", .double, "0.10000000149011612"), ("double", "5e-324", .double, "5e-324"),
                ("double", "'nan'", .double, "\"NaN\""),
                ("double", "'-inf'", .double, "\"-Infinity\""),
                (
                    "decimal(38,18)", "-12345678901234567890.123456789012345678", .decimal,
                    "-12345678901234567890.123456789012345678"
                ),
                ("decimal(4,2)", "0.5", .decimal, "0.50"), ("boolean", "true", .boolean, "true"),
                ("varchar", "'é\"😀'", .text, "\"é\\\"😀\""), ("varchar", "''", .text, "\"\""),
                ("blob", "unhex('00ff10')", .bytes, "\"AP8Q\""), ("date", "'2024-02-29'", .date, "\"2024-02-29\""),
                ("date", "'infinity'", .date, "\"infinity\""),
                ("date", "'0044-03-15 (BC)'", .date, "\"0044-03-15 BC\""),
                ("timestamp", "'12345-03-15 (BC) 10:00:00.5'", .datetime, "\"12345-03-15 10:00:00.5 BC\""),
                ("timestamptz", "'0044-03-15 (BC) 10:00:00+00'", .timestamp, "\"0044-03-15 10:00:00+00 BC\""),
                ("time", "'23:59:59.123456'", .time, "\"23:59:59.123456\""),
                ("timestamp", "'1999-12-31 23:59:59.5'", .datetime, "\"1999-12-31T23:59:59.5\""),
                ("timestamptz", "'2026-01-01 12:00:00+02'", .timestamp, "\"2026-01-01T10:00:00Z\""),
                ("uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", .uuid, "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\""),
                ("integer[]", "[1, NULL, 3]", .json, "[1,null,3]"),
                ("struct(a integer, b varchar)", "{'a': 1, 'b': 'x,y'}", .json, "{\"a\":1,\"b\":\"x,y\"}"),
                ("map(varchar, integer)", "map {'k': 7}", .json, "{\"k\":7}"), ("mood", "'fine'", .text, "\"fine\""),
                ("interval", "INTERVAL 3 DAY", .text, "\"3 days\""), ("bit", "'101'", .text, "\"101\""),
            ])
    }

    @Test func sqlite() throws {
        let source = try SourceWorld(.sqlite)
        try check(
            source,
            [
                ("INTEGER", "-9223372036854775808", .bigint, "-9223372036854775808"), ("INT", "7", .integer, "7"),
                ("REAL", "0.1", .double, "0.1"),
                ("REAL", "9e999", .text, "\"Infinity\""), ("DOUBLE", "3", .double, "3.0"),
                ("TEXT", "'é\"😀'", .text, "\"é\\\"😀\""), ("VARCHAR(3)", "''", .text, "\"\""),
                ("TEXT", "CAST(x'610062' AS TEXT)", .text, "\"a\\u0000b\""), ("BLOB", "x'00ff'", .bytes, "\"AP8=\""),
                ("DATETIME", "'2024-02-29 10:00:00'", .text, "\"2024-02-29 10:00:00\""),
                ("NUMERIC(10,2)", "1.5", .double, "1.5"), ("BOOLEAN", "1", .integer, "1"),
                ("INTEGER", "'word'", .text, "\"word\""), ("", "'x'", .text, "\"x\""), ("", "7", .integer, "7"),
                ("TEXT", "7", .text, "\"7\""),
            ])
    }

    /// What cannot be told from another value is refused with its row, and says what would help.
    @Test func bytesInOtherColumnsAreRefused() throws {
        let source = try SourceWorld(.sqlite)
        try source.run(
            "CREATE TABLE t(a TEXT, b BLOB); INSERT INTO t VALUES (x'00', x'01'), ('x', 'y'), ('x', x'02'), (CAST(x'ff' AS TEXT), NULL)"
        )
        let found = try source.one("source: {connection: db, table: t}, mode: append")
        #expect(found.rows == [#"{"a":"x","b":"Ag=="}"#] && found.result.rejected == 3)
        let reasons = try source.rejects()
        #expect(
            reasons.contains { $0.contains("columns: {a: bytes}") }
                && reasons.contains { $0.contains("columns: {b: text}") })
        #expect(reasons.contains { $0.contains("no UTF-8") })
        let declared = try source.one(
            "table: other, source: {connection: db, table: t}, mode: append, columns: {a: bytes, b: text}")
        #expect(declared.result.rejected == 4)
    }

    /// A database that checks no text gives it as it is; what is no UTF-8 is refused with its row.
    @Test func textsOfSQLASCIIAreChecked() throws {
        let source = try SourceWorld(.postgres)
        let admin = try source.world.postgresSettings()
        let name = "\(source.world.schema)_ascii"
        try PostgresConnection(admin).execute(
            "CREATE DATABASE \(name) TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
        defer { _ = try? PostgresConnection(admin).execute("DROP DATABASE \(name) WITH (FORCE)") }
        var settings = admin
        settings.parameters["dbname"] = name
        try PostgresConnection(settings).execute(
            #"CREATE TABLE t(id int PRIMARY KEY, v text, "é" text); INSERT INTO t VALUES (1, 'é', 'it''s \'), (2, E'\xe9\xff', NULL), (3, '😀', NULL)"#
        )
        let fixed = settings
        source.opener = { inner in (try? PostgresSession(fixed, schema: "public")) ?? inner }
        let found = try source.one("streams: {t: {mode: append}}")
        #expect(found.error == nil)
        #expect(found.rows == [#"{"id":1,"v":"é","é":"it's \\"}"#, #"{"id":3,"v":"😀","é":null}"#])
        #expect(found.result.rejected == 1)
        #expect(try source.rejects().contains { $0.contains("no UTF-8") })
    }

    /// Computed columns are values like others; parts of a table are read with it, and a table without columns is nothing.
    @Test func generatedColumnsAndOddTablesAreRead() throws {
        let source = try SourceWorld(.postgres)
        try source.run(
            "CREATE TABLE g(id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED); INSERT INTO g VALUES (4); "
                + "CREATE TABLE nothing(); INSERT INTO nothing DEFAULT VALUES; "
                + "CREATE TABLE parent(id int, p int) PARTITION BY LIST (p); CREATE TABLE part PARTITION OF parent FOR VALUES IN (1); INSERT INTO parent VALUES (1, 1)"
        )
        #expect(try source.one("source: {connection: db, table: g}, mode: replace").rows == [#"{"id":4,"twice":8}"#])
        #expect(
            try source.one("table: p, source: {connection: db, table: parent}, mode: replace").rows == [
                #"{"id":1,"p":1}"#
            ])
        let names = try source.extract(
            #"streams: {"*": {mode: replace, table: "a_{table}", allow_empty: true}}, source: {connection: db}"#)
        #expect(names.map(\.name) == ["g", "parent"].map { source.prefix + $0 })
    }

    /// Types that SQLite's values tell while they are written are those that a scan of the records finds, also of rows that are set
    /// aside or were read by the run before.
    @Test(arguments: 0..<8) func sortsOfSQLiteValuesAreThoseOfTheRecords(_ seed: UInt64) throws {
        var random = SeededRandom(seed)
        let values = [
            "NULL", "1", "-9007199254740992", "9007199254740993", "2.0", "-0.0", "1e300", "9e999", "'text'", "''",
            "'12'", "x'00ff'",
        ]
        let types = ["", "INTEGER", "TEXT", "REAL", "NUMERIC", "BLOB", "JSON", "BOOLEAN"]
        var statements = [
            "CREATE TABLE t(id INTEGER PRIMARY KEY, at INTEGER, \(types.indices.map { "c\($0) \(types[$0])" }.joined(separator: ", ")))"
        ]
        for id in 0..<40 {
            // Of each column only some sorts come, so that what a lost or a doubled row brings is seen.
            let row = types.indices.map { column in
                random.next() % 12 == 0 ? values[Int(random.next() % 12)] : values[(column + Int(seed)) % 12]
            }
            statements.append("INSERT INTO t VALUES (\(id), \(id / 3), \(row.joined(separator: ", ")))")
        }
        let script = statements.joined(separator: ";\n") + ";\n"
        func found(_ mode: String, _ shape: String) throws -> (rows: Int, types: [String], rejects: [String]) {
            let source = try SourceWorld(.sqlite)
            try source.run(script)
            let job = "source: {connection: db, table: t}, \(mode), \(shape)chunk: {rows: 7}"
            let first = try source.one(job)
            try source.run("INSERT INTO t(id, at, c0) VALUES (100, 13, 'last')")
            let second = try source.one(job)
            return (
                first.rows.count + second.rows.count, (first.types + second.types).filter { $0 != "x text" },
                try source.rejects()
            )
        }
        for mode in ["mode: replace", "mode: append, cursor: at"] {
            let told = try found(mode, "")
            let scanned = try found(mode, "shape: {constant: {x: y}}, ")
            #expect(told.rows == scanned.rows && told.types == scanned.types && told.rows > 0, "\(mode)")
            #expect(told.rejects.count == scanned.rejects.count)
        }
    }
}
