import Databases
import Foundation
import TestKit
import Testing

@Suite struct PostgresStatementTests {
    @Test func valuesGoBothWays() throws {
        let connection = try Shared.connect()
        let result = try connection.query(
            "SELECT $1::text AS a, $2::bigint AS b, $3::float8, $4::bool, $5::bytea, $6::text, $7::text",
            ["it's \\ ä€😀", .integer(.min), .float(0.1), .boolean(true), .bytes([0, 255, 92]), nil, ""])
        #expect(result.rows == 1)
        #expect(result.columns == 7)
        #expect(result.names == ["a", "b", "float8", "bool", "bytea", "text", "text"])
        #expect((0..<7).map { result.typeOID($0) } == [25, 20, 701, 16, 17, 25, 25])
        let texts = (0..<7).map { result.text(0, $0) }
        #expect(texts == ["it's \\ ä€😀", "-9223372036854775808", "0.1", "t", "\\x00ff5c", nil, ""])
        #expect(result.bytes(0, 1).map { $0.count } == 20)
        #expect(result.isNull(0, 5) && !result.isNull(0, 6))
        for (value, text) in [
            (Double.infinity, "Infinity"), (-.infinity, "-Infinity"), (.nan, "NaN"), (.leastNonzeroMagnitude, "5e-324"),
        ] {
            #expect(try connection.value("SELECT $1::float8", [.float(value)]) == text)
        }
    }

    @Test func affectedRowsAreCounted() throws {
        let connection = try Shared.connect()
        #expect(try connection.execute("CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1), (2), (3)") == 3)
        #expect(try connection.query("DELETE FROM t WHERE a > $1", [1]).affectedRows == 2)
        #expect(try connection.execute("") == 0)
    }

    @Test func transactionsHaveAState() throws {
        let connection = try Shared.connect()
        #expect(connection.transactionStatus == .idle)
        try connection.execute("BEGIN")
        #expect(connection.transactionStatus == .open)
        #expect(throws: PostgresError.self) { try connection.execute("nonsense") }
        #expect(connection.transactionStatus == .failed)
        try connection.execute("ROLLBACK")
        #expect(connection.transactionStatus == .idle)
    }

    @Test func noticesAreCollected() throws {
        let connection = try Shared.connect()
        try connection.execute("DO $$ BEGIN FOR i IN 1..300 LOOP RAISE NOTICE 'note %', i; END LOOP; END $$")
        let notices = connection.takeNotices()
        #expect(notices.count == 100)
        #expect(notices.first == "note 1")
        #expect(connection.takeNotices().isEmpty)
    }

    /// PostgreSQL 15 warns of another collation version while it lets a client in, before any statement.
    @Test func noticesOfConnectingAreCollected() throws {
        try Shared.connect().execute("DROP DATABASE IF EXISTS collated")
        try Shared.connect().execute(
            "CREATE DATABASE collated TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
        try Shared.connect().execute("UPDATE pg_database SET datcollversion = '1' WHERE datname = 'collated'")
        let connection = try Shared.connect { $0.parameters["dbname"] = "collated" }
        #expect(connection.takeNotices().first?.contains("collation version mismatch") == true)
    }

    @Test(arguments: [String(repeating: "n", count: 63), "a\"b", "a\\b", "drop table x; --", "äöü€😀", " ", "select"])
    func hostileNamesAreNames(_ name: String) throws {
        let connection = try Shared.connect()
        let quoted = try PostgresConnection.quote(identifier: name)
        try connection.execute("CREATE TEMP TABLE \(quoted) (\(quoted) text)")
        let literal = try PostgresConnection.quote(literal: name)
        #expect(
            try connection.value(
                "SELECT attname FROM pg_attribute WHERE attname = \(literal) AND attrelid = \(literal + "::text")::regclass"
                    .replacingOccurrences(of: literal + "::text", with: try PostgresConnection.quote(literal: quoted)))
                == name)
    }

    @Test(arguments: ["it's", "\\", "\\'", "a\nb\tc", "E'x'", "$$", "😀", ""]) func literalsAreTexts(_ text: String)
        throws
    {
        let connection = try Shared.connect()
        let literal = try PostgresConnection.quote(literal: text)
        #expect(try connection.value("SELECT \(literal)") == text)
        try connection.execute("SET standard_conforming_strings = off")
        #expect(try connection.value("SELECT \(literal)") == text)
    }

    @Test func nulIsRefused() throws {
        let connection = try Shared.connect()
        #expect(throws: PostgresError.self) { try connection.execute("SELECT 1\0; DROP TABLE x") }
        #expect(throws: PostgresError.self) { try connection.query("SELECT $1", ["a\0b"]) }
        #expect(try connection.value("SELECT 1") == "1")
    }

    @Test func copyNeedsItsOwnCall() throws {
        let connection = try Shared.connect()
        for sql in [
            "COPY (SELECT generate_series(1, 1000)) TO STDOUT", "CREATE TEMP TABLE c (a int); COPY c FROM STDIN",
        ] {
            let error = try failure { try connection.execute(sql) }
            #expect(error.kind == .configuration)
            #expect(try connection.value("SELECT 1") == "1")
        }
    }

    @Test func anotherThreadCancels() throws {
        let connection = try Shared.connect()
        let canceller = connection.canceller
        let process = try connection.value("SELECT pg_backend_pid()")
        Thread.detachNewThread {
            let waiting = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'"
            guard let other = try? Shared.connect() else { return }
            while (try? other.value(waiting, [.text(process ?? "")])) == "0" {}
            #expect(canceller.cancel())
        }
        let error = try failure { try connection.execute("SELECT pg_sleep(60)") }
        #expect(error.sqlState == "57014")
        #expect(try connection.value("SELECT 1") == "1")
    }

    @Test func aCancellerOutlivesItsConnection() throws {
        let canceller = try Shared.connect().canceller
        canceller.cancel()
    }
}
