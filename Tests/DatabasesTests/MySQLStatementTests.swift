import Databases
import TestKit
import Testing

@Suite struct MySQLStatementTests {
    @Test func everyValueCanBeBound() throws {
        let connection = try Servers.plain.connect()
        let result = try connection.query(
            "SELECT ?, ?, ?, ?, ?, ?, ?",
            [
                .null, .integer(.min), .unsigned(.max), .double(0.1), .text("a\0'\u{1F9F5}"), .bytes([0, 0xFF]),
                .text(""),
            ])
        #expect(result.rows[0][0] == nil)
        #expect(
            (1...4).map { result.text(0, $0) } == [
                "-9223372036854775808", "18446744073709551615", "0.1", "a\0'\u{1F9F5}",
            ])
        #expect(result.rows[0][5] == [0, 0xFF])
        #expect(result.rows[0][6] == [])
        #expect(mysqlFailure { _ = try connection.query("SELECT ?", [.null, .null]) }?.kind == .configuration)
    }

    /// Rows that a server leaves out of an answer would seem to be gone, and be deleted by a replacement.
    @Test func noLimitOfTheServerLeavesRowsOut() throws {
        let server = try MariaDBServer.start()
        try server.connect().execute("SET GLOBAL sql_select_limit = 2")
        let connection = try server.connect()
        #expect(try connection.query("SELECT seq FROM seq_1_to_5").rows.count == 5)
        var raw = server.settings { _ in }
        raw.database = nil
        let limited = try MySQLConnection(raw)
        try limited.execute("SET SESSION sql_select_limit = DEFAULT")
        #expect(try limited.query("SELECT seq FROM mysql.seq_1_to_5").rows.count == 2)
    }

    @Test func floatsComeBackAsTheyWere() throws {
        let connection = try Servers.plain.connect()
        let table = try connection.table("id INT, d DOUBLE, f FLOAT")
        let numbers: [Double] = [
            0.1, 1 / 3, 1e-300, 1.7976931348623157e308, -0.0, .leastNonzeroMagnitude, 123456789.12345679,
        ]
        let insert = try connection.prepare("INSERT INTO \(table) VALUES (?, ?, ?)")
        for (index, number) in numbers.enumerated() {
            insert.bind(0, Int64(index))
            insert.bind(1, number)
            insert.bindNull(2)
            #expect(try insert.run() == 1)
        }
        let read = try connection.query("SELECT d FROM \(table) WHERE id >= ? ORDER BY id", [.integer(0)])
        #expect(numbers.indices.map { read.text($0, 0).flatMap { Double($0) } } == numbers)
    }

    @Test func longValuesAreWhole() throws {
        let connection = try Servers.plain.connect()
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let result = try connection.query("SELECT ?, 'x' UNION ALL SELECT NULL, REPEAT('y', 300)", [.bytes(bytes)])
        #expect(result.rows[0][0] == bytes)
        #expect(result.rows[1][0] == nil)
        #expect(result.text(1, 1)?.count == 300)
    }

    @Test func aStatementIsUsedManyTimes() throws {
        let connection = try Servers.plain.connect()
        let table = try connection.table("id INT PRIMARY KEY, a TEXT")
        let rows = 50
        let insert = try connection.prepare(
            "INSERT INTO \(table) VALUES " + repeatElement("(?, ?)", count: rows).joined(separator: ", "))
        #expect(insert.parameterCount == 2 * rows)
        let text = Array("tab\tand\\null\0".utf8)
        for batch in 0..<20 {
            try text.withUnsafeBufferPointer { bytes in
                guard let start = bytes.baseAddress else { return }
                for row in 0..<rows {
                    insert.bind(2 * row, Int64(batch * rows + row))
                    // NULL and text change places from batch to batch, so types change too.
                    if (batch + row) % 3 == 0 {
                        insert.bindNull(2 * row + 1)
                    } else {
                        insert.bindStatic(2 * row + 1, start, bytes.count)
                    }
                }
                let changed = try insert.run()
                #expect(changed == rows)
            }
        }
        let nulls = try connection.query("SELECT COUNT(*), COUNT(a), COUNT(DISTINCT a), MAX(a) FROM \(table)")
        #expect((0..<3).map { nulls.integer(0, $0) } == [1000, 667, 1])
        #expect(nulls.rows[0][3] == text)
        insert.bind(0, Int64(0))
        let error = mysqlFailure { try insert.run() }
        #expect(error?.number == 1062)
        #expect(error?.kind == .data)
        #expect(error?.message.contains("entry '...' for key") == true)
        #expect(mysqlFailure { _ = try connection.prepare("SELECT nothing") }?.number == 1054)
        #expect(try connection.value("SELECT 1") == "1")
    }
}
