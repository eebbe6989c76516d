import Databases
import Foundation
import TestKit
import Testing

@Suite struct MySQLStreamTests {
    private struct Stop: Error {}

    @Test func aLongStreamNeedsNoMemory() throws {
        let connection = try Servers.plain.connect()
        var sum = 0
        var atStart = 0
        var most = 0
        let rows = try connection.stream("SELECT seq, REPEAT('x', 1000) FROM seq_1_to_100000") { row in
            sum += row.text(0).flatMap { Int($0) } ?? 0
            if sum == 1 { atStart = residentBytes() }
            if sum % 64 == 0 { most = max(most, residentBytes()) }
            #expect(row[1]?.count == 1000)
        }
        #expect(rows == 100_000)
        #expect(sum == 5_000_050_000)
        // 100 MB passed; other tests run beside this one.
        print("stream of 100,000 rows of 1,000 bytes: memory grew by \((most - atStart) / 1024) KB")
        #expect(most - atStart < 48 << 20)
    }

    @Test(arguments: [100, 50_000]) func aCancelledStreamLeavesTheConnectionUsable(after: Int) throws {
        let connection = try Servers.plain.connect()
        let began = ContinuousClock.now
        // 20 GB: reading it away would take far too long.
        for _ in 0..<3 {
            var rows = 0
            #expect(throws: Stop.self) {
                try connection.stream("SELECT seq, REPEAT('x', 1000) FROM seq_1_to_20000000") { _ in
                    rows += 1
                    if rows == after { throw Stop() }
                }
            }
            #expect(!connection.isBroken)
            #expect(try connection.value("SELECT 'next'") == "next")
        }
        #expect(ContinuousClock.now - began < .seconds(20))
        // A short rest is read away.
        #expect(throws: Stop.self) { try connection.stream("SELECT 1 UNION SELECT 2") { _ in throw Stop() } }
        #expect(throws: Stop.self) { try connection.stream("SELECT 1", begin: { _ in throw Stop() }) { _ in } }
        #expect(try connection.value("SELECT 'next'") == "next")
    }

    @Test func whereTheKillFailsTheConnectionIsBrokenAtOnce() throws {
        let server = try MariaDBServer.start(.init(arguments: ["--max-connections=10"]))
        let root = try server.connect()
        try root.execute("CREATE USER one@'%' IDENTIFIED BY 'o' WITH MAX_USER_CONNECTIONS 1")
        try root.execute("GRANT SELECT ON *.* TO one@'%'")
        let connection = try MySQLConnection(server.settings(user: "one", password: "o"))
        let began = ContinuousClock.now
        #expect(throws: Stop.self) {
            try connection.stream("SELECT seq, REPEAT('x', 1000) FROM seq_1_to_20000000") { _ in throw Stop() }
        }
        #expect(connection.isBroken)
        #expect(ContinuousClock.now - began < .seconds(10))
        #expect(mysqlFailure { try connection.execute("DO 1") }?.kind == .transient)
    }

    @Test func anErrorInTheMiddleIsThrown() throws {
        let connection = try Servers.plain.connect()
        let killer = try Servers.plain.connect()
        var rows = 0
        let error = mysqlFailure {
            try connection.stream("SELECT seq, REPEAT('x', 1000) FROM seq_1_to_20000000") { _ in
                rows += 1
                if rows == 10 { try killer.execute("KILL QUERY \(connection.id)") }
            }
        }
        #expect(error?.number == 1317)
        #expect(error?.kind == .transient)
        #expect(!connection.isBroken)
        #expect(try connection.value("SELECT 1") == "1")
    }

    @Test func statementsWithoutRowsCanBeStreamed() throws {
        let connection = try Servers.plain.connect()
        #expect(try connection.stream("DO 1") { _ in } == 0)
        #expect(mysqlFailure { try connection.stream("SELECT nothing") { _ in } }?.number == 1054)
    }

    @Test func everyTypeIsDescribed() throws {
        let connection = try Servers.plain.connect()
        let table = try connection.table(
            """
            ti TINYINT, bo BOOLEAN, us SMALLINT UNSIGNED, mi MEDIUMINT, it INT ZEROFILL, ub BIGINT UNSIGNED PRIMARY KEY,
            de DECIMAL(30,10), fl FLOAT, db DOUBLE, bi BIT(9), da DATE, tm TIME(3), dt DATETIME(6), ts TIMESTAMP NULL,
            ye YEAR, ch CHAR(3), vc VARCHAR(9) CHARACTER SET latin1, bn BINARY(3), vb VARBINARY(9), tx LONGTEXT,
            bl BLOB, en ENUM('a','b'), st SET('a','b'), js JSON, ge POINT
            """)
        try connection.execute(
            """
            INSERT INTO \(table) VALUES (-128, true, 65535, -8388608, 42, 18446744073709551615,
            -12345678901234567890.0123456789, 1.1, 0.1, b'100000001', '0000-00-00', '-838:59:59.000',
            '2024-02-29 23:59:59.999999', '1970-01-01 00:00:01', 1901, 'ab', 'ä', 'a', x'00FF', 'text', x'00', 'b',
            'a,b', '{"a": 1}', ST_GeomFromText('POINT(1 2)'))
            """)
        typealias Kind = MySQLColumn.Kind
        let kinds: [Kind] = [
            .tiny, .tiny, .short, .int24, .long, .longLong, .decimal, .float, .double, .bit, .date, .time, .dateTime,
            .timestamp, .year, .string, .varString, .string, .varString, .blob, .blob, .string, .string, .blob,
            .geometry,
        ]
        let values: [String] = [
            "-128", "1", "65535", "-8388608", "0000000042", "18446744073709551615", "-12345678901234567890.0123456789",
            "1.1", "0.1", "\u{1}\u{1}", "0000-00-00", "-838:59:59.000", "2024-02-29 23:59:59.999999",
            "1970-01-01 00:00:01", "1901", "ab", "ä", "a\0\0", "", "text", "\0", "b", "a,b", "{\"a\": 1}",
        ]
        let prepared = try connection.query("SELECT * FROM \(table) WHERE ub = ?", [.unsigned(.max)])
        for result in [try connection.query("SELECT * FROM \(table)"), prepared] {
            #expect(result.columns.map(\.kind) == kinds)
            for (index, value) in values.enumerated() where index != 18 {
                // The library writes binary integers without zero-fill's zeros only in the prepared form.
                let text = result.text(0, index)
                #expect(text == value || (index == 4 && text == "42"), "\(result.columns[index].name)")
            }
            #expect(result.rows[0][18] == [0, 0xFF])
            let named = Dictionary(uniqueKeysWithValues: result.columns.map { ($0.name, $0) })
            #expect(named["ub"]?.flags.isSuperset(of: [.unsigned, .primaryKey, .notNull]) == true)
            #expect(named["it"]?.flags.isSuperset(of: [.unsigned, .zerofill]) == true)
            #expect(named["ti"]?.flags.contains(.unsigned) == false)
            #expect(named["en"]?.flags.contains(.isEnum) == true)
            #expect(named["st"]?.flags.contains(.isSet) == true)
            #expect(named["de"]?.decimals == 10)
            #expect(named["dt"]?.decimals == 6)
            #expect(named["bi"]?.length == 9)
            #expect(named["vc"]?.length == 36)
            #expect(result.columns.filter(\.isBytes).map(\.name) == ["bi", "bn", "vb", "bl", "ge"])
            #expect(result.columns.allSatisfy { $0.originalTable == table && $0.database == "test" })
        }
        let expression = try connection.query("SELECT ub + 1 AS x, t.ub AS y FROM \(table) AS t WHERE false")
        #expect(expression.columns.map(\.originalTable) == ["", table])
        #expect(expression.columns.map(\.originalName) == ["", "ub"])
        #expect(expression.rows.isEmpty)
    }

    @Test func nullIsNotEmpty() throws {
        let connection = try Servers.plain.connect()
        try connection.stream("SELECT NULL, ''") { row in
            #expect(row.count == 2)
            #expect(row[0] == nil)
            #expect(row[1]?.count == 0)
        }
    }
}
