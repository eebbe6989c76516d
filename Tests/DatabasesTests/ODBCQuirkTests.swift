import Databases
import TestKit
import Testing

/// What drivers make of values that ODBC has no place for. They are written down so that a new version of a driver shows.
@Suite struct ODBCQuirkTests {
    /// psqlodbc drops the sign of a date's year, not of a timestamp's, and gives infinity as a day; as text all is there.
    @Test func psqlodbcBendsYearsBCAndInfinity() throws {
        let connection = try ODBCDatabase.postgres.connect()
        let bent = try connection.query(
            "SELECT date '0044-03-15 BC', timestamp '0044-03-15 12:00:00 BC', timestamp 'infinity'")
        #expect(bent.rows == [["0044-03-15", "-0044-03-15 12:00:00", "9999-12-31 23:59:59"]])
        let kept = try connection.query("SELECT (date '0044-03-15 BC')::text, (timestamp 'infinity')::text")
        #expect(kept.rows == [["0044-03-15 BC", "infinity"]])
    }

    /// MariaDB's zero dates come as NULL, unless only parts are zero or they are cast to text.
    @Test func mariaDBsZeroDates() throws {
        let connection = try ODBCDatabase.mariaDB.connect()
        try connection.execute("SET sql_mode = ''")
        let table = try connection.table("d date, t datetime, z datetime, y date")
        try connection.execute("INSERT INTO \(table) VALUES ('0000-00-00', '2024-00-00', '0000-00-00', '0001-01-01')")
        let rows = try connection.query("SELECT * FROM \(table)").rows
        #expect(rows == [[nil, "2024-00-00 00:00:00", nil, "0001-01-01"]], "\(rows)")
        #expect(try connection.value("SELECT CAST(d AS char(20)) FROM \(table)") == "0000-00-00")
    }

    /// MariaDB's times beyond a day, and below 0, come whole since times are texts.
    @Test func mariaDBsTimesBeyondADay() throws {
        let connection = try ODBCDatabase.mariaDB.connect()
        let rows = try connection.query("SELECT CAST('-838:59:59' AS time), CAST('100:00:00.25' AS time(2))")
        #expect(rows.rows == [["-838:59:59", "100:00:00.25"]])
    }

    /// SQLite keeps any value in any column; the driver reads a text in a column of numbers as NULL.
    @Test func sqliteodbcReadsTextsInNumbersAsNULL() throws {
        let connection = try ODBCDatabase.sqlite.connect()
        try connection.execute("CREATE TABLE odd (a integer, b varchar(3))")
        try connection.execute("INSERT INTO odd VALUES ('text', 'longer than three')")
        let rows = try connection.query("SELECT * FROM odd").rows
        #expect(rows == [[nil, "longer than three"]], "\(rows)")
    }

    /// sqliteodbc reads doubles by way of a text of 15 digits; as a text of 17 they are whole.
    @Test func sqliteodbcRoundsDoubles() throws {
        let connection = try ODBCDatabase.sqlite.connect()
        try connection.execute("CREATE TABLE odd (d double)")
        try connection.execute("INSERT INTO odd VALUES (1.0 / 3)")
        #expect(try connection.query("SELECT d, printf('%!.17g', d) FROM odd").rows.first?.first == "0.333333333333333")
        #expect(try connection.value("SELECT printf('%!.17g', d) FROM odd").flatMap { Double($0) } == 1.0 / 3)
    }
}
