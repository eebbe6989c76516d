import Databases
import TestKit
import Testing

@Suite struct ODBCValueTests {
    @Test(arguments: ODBCDatabase.allCases) func integersKeepTheirEnds(_ database: ODBCDatabase) throws {
        let connection = try database.connect()
        let table = try connection.table("id integer PRIMARY KEY, b bigint, s smallint")
        for (row, value) in [Int64.max, .min, 0, -1].enumerated() {
            try connection.execute("INSERT INTO \(table) VALUES (\(row), \(value), \(row - 2))")
        }
        var values: [Int64] = []
        var small: [Int64] = []
        try connection.each(
            "SELECT id, b, s FROM \(table) ORDER BY id",
            begin: { #expect($0.map(\.form) == [.integer, .integer, .integer]) },
            { row in
                values.append(row.integer(1))
                small.append(row.integer(2))
            })
        #expect(values == [.max, .min, 0, -1])
        #expect(small == [-2, -1, 0, 1])
    }

    @Test func unsignedIntegersOfMariaDBKeepTheirEnd() throws {
        let connection = try ODBCDatabase.mariaDB.connect()
        let table = try connection.table("u bigint unsigned, v int unsigned")
        try connection.execute("INSERT INTO \(table) VALUES (18446744073709551615, 4294967295), (0, 0)")
        let rows = try connection.query("SELECT u, v FROM \(table) ORDER BY u DESC")
        #expect(rows.columns.map(\.form) == [.unsigned, .integer])
        #expect(rows.rows == [["18446744073709551615", "4294967295"], ["0", "0"]])
    }

    @Test(arguments: [ODBCDatabase.postgres, .mariaDB]) func doublesKeepEveryBit(_ database: ODBCDatabase) throws {
        let connection = try database.connect()
        let table = try connection.table("id integer PRIMARY KEY, d double precision")
        let values = [
            0.1, -1.0 / 3, Double.greatestFiniteMagnitude, .leastNormalMagnitude, 123_456_789.123_456_78, 1e22, 0,
            .leastNonzeroMagnitude,
        ]
        for (row, value) in values.enumerated() {
            try connection.execute("INSERT INTO \(table) VALUES (\(row), \(value))")
        }
        var seen: [Double] = []
        try connection.each("SELECT id, d FROM \(table) ORDER BY id") { seen.append($0.double(1)) }
        #expect(seen == values)
    }

    @Test(arguments: [ODBCDatabase.postgres, .mariaDB]) func decimalsKeepEveryDigit(_ database: ODBCDatabase) throws {
        let connection = try database.connect()
        let table = try connection.table("id integer PRIMARY KEY, n numeric(38,0), d numeric(38,20), s numeric(10,2)")
        let rows = [
            ["12345678901234567890123456789012345678", "123456789012345678.12345678901234567890", "1.10"],
            ["-99999999999999999999999999999999999999", "-0.00000000000000000001", "-0.01"],
            ["0", "0.00000000000000000000", "12345678.90"],
        ]
        for (row, values) in rows.enumerated() {
            try connection.execute("INSERT INTO \(table) VALUES (\(row), \(values.joined(separator: ", ")))")
        }
        let back = try connection.query("SELECT n, d, s FROM \(table) ORDER BY id")
        #expect(back.columns.map(\.form) == [.decimal, .decimal, .decimal])
        #expect(back.rows == rows)
    }

    /// PostgreSQL's numeric may have more digits than any driver announces.
    @Test func aDecimalOfThousandDigitsComesWhole() throws {
        let digits = String(repeating: "1234567890", count: 100)
        #expect(try ODBCDatabase.postgres.connect().value("SELECT \(digits)::numeric") == digits)
    }

    @Test(arguments: ODBCDatabase.allCases) func bytesKeepZeros(_ database: ODBCDatabase) throws {
        let connection = try database.connect()
        let table = try connection.table("id integer PRIMARY KEY, b \(database.bytes)")
        let values: [[UInt8]?] = [
            [0], [0, 255, 0, 1, 0], [], nil, (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) },
        ]
        for (row, value) in values.enumerated() {
            try connection.execute("INSERT INTO \(table) VALUES (\(row), \(database.literal(bytes: value)))")
        }
        var seen: [[UInt8]?] = []
        try connection.each(
            "SELECT id, b FROM \(table) ORDER BY id", begin: { #expect($0.last?.form == .binary) },
            { row in seen.append(row.isNull(1) ? nil : Array(row.bytes(1))) })
        #expect(seen == values)
        #expect(try connection.value("SELECT b FROM \(table) WHERE id = 1") == "00ff000100")
    }

    @Test(arguments: ODBCDatabase.allCases) func datesAndTimesAreISO8601(_ database: ODBCDatabase) throws {
        let connection = try database.connect()
        let kind = database == .mariaDB ? "datetime(6)" : "timestamp"
        let time = database == .sqlite ? "varchar(20)" : "time(6)"
        let table = try connection.table("id integer PRIMARY KEY, d date, t \(kind), c \(time)")
        // sqliteodbc keeps thousandths.
        let fraction = database == .sqlite ? ".123" : ".123456"
        let rows = [
            ["2024-02-29", "2024-02-29 23:59:58\(fraction)", "12:34:56.789012"],
            ["1000-01-01", "1000-01-01 00:00:00", "00:00:00.000001"],
            ["9999-12-31", "9999-12-31 23:59:59.5", "23:59:59.999999"],
        ]
        for (row, values) in rows.enumerated() {
            let literals = values.map { "'\($0)'" }.joined(separator: ", ")
            try connection.execute("INSERT INTO \(table) VALUES (\(row), \(literals))")
        }
        let back = try connection.query("SELECT d, t, c FROM \(table) ORDER BY id")
        #expect(back.rows == rows)
        #expect(back.columns.prefix(2).map(\.form) == [.date, .timestamp])
    }

    @Test(arguments: ODBCDatabase.allCases) func bitsAreZeroAndOne(_ database: ODBCDatabase) throws {
        let connection = try database.connect()
        let kind = database == .mariaDB ? "bit(1)" : "boolean"
        let table = try connection.table("id integer PRIMARY KEY, b \(kind)")
        let (no, yes) = database == .postgres ? ("false", "true") : ("0", "1")
        try connection.execute("INSERT INTO \(table) VALUES (0, \(no)), (1, \(yes)), (2, NULL)")
        let rows = try connection.query("SELECT b FROM \(table) ORDER BY id")
        #expect(rows.columns.first?.form == .bit)
        #expect(rows.rows == [["0"], ["1"], [nil]])
    }

    @Test func guidsAreWrittenAsTheDatabaseDoes() throws {
        let text = "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf"
        let rows = try ODBCDatabase.postgres.connect().query("SELECT '\(text)'::uuid, '\(text)'::uuid::text")
        #expect(rows.rows == [[text, text]])
        #expect(rows.columns.first?.form == .guid)
    }
}
