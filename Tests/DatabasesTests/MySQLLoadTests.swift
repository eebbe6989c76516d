import Foundation
import TestKit
import Testing

@testable import Databases

@Suite struct MySQLLoadTests {
    private struct Stop: Error, Equatable {}

    /// Values that a careless escaper gets wrong.
    static let hostile: [String] = [
        "", "\\N", "N", "\\", "\\\\", "a\\", "\\a", "\t", "\n", "\r", "\r\n", "a\tb\nc", "\0", "a\0b\0", "\\0", "\\t",
        "\u{1F9F5}\u{1F600}", "ä\\", "'", "\"", "NULL", "\u{1A}", " x ", "\u{FEFF}", "\u{2028}", "0", "\n\n\t\\\0",
        "1234567\\", "12345678\\", "\u{7F}\u{80}",
    ]

    @Test func hostileValuesComeBack() throws {
        let connection = try Servers.plain.connect()
        let table = try connection.table(
            "id INT PRIMARY KEY, a LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, b LONGTEXT")
        var rows: [[[UInt8]?]] = Self.hostile.enumerated().map { [Array("\($0)".utf8), Array($1.utf8), nil] }
        rows.append([Array("9000".utf8), nil, []])
        rows.append([Array("9001".utf8), [UInt8](repeating: 0x09, count: 1 << 20), Array("end".utf8)])
        let result = try connection.load(table, rows)
        #expect(result == MySQLLoadResult(records: rows.count))
        let read = try connection.query("SELECT id, a, b FROM \(table) ORDER BY id")
        #expect(read.rows == rows)
        #expect(try connection.warnings().isEmpty)
    }

    @Test func aSingleEmptyFieldIsARow() throws {
        let connection = try Servers.plain.connect()
        let table = try connection.table("a VARCHAR(10)")
        #expect(try connection.load(table, [[[]], [nil], [[]]]).records == 3)
        #expect(try connection.query("SELECT a FROM \(table) ORDER BY a").rows == [[nil], [[]], [[]]])
    }

    @Test(arguments: [1 as UInt64, 2, 3]) func randomBytesComeBack(seed: UInt64) throws {
        let connection = try Servers.plain.connect()
        let table = try connection.table("id INT PRIMARY KEY, a LONGBLOB, b LONGBLOB")
        var random = Seeded(seed)
        let special: [UInt8] = [0x5C, 0x09, 0x0A, 0x0D, 0, 0x4E, 0x27, 0xC3, 0xF0, 0xFF]
        func value() -> [UInt8]? {
            if random.below(10) == 0 { return nil }
            let length = random.below(random.below(20) == 0 ? 5000 : 24)
            return (0..<length).map { _ in
                random.below(3) == 0 ? special[random.below(special.count)] : UInt8(random.below(256))
            }
        }
        let rows = (0..<2000).map { [Array("\($0)".utf8), value(), value()] }
        #expect(try connection.load(table, rows, charset: "binary") == MySQLLoadResult(records: rows.count))
        #expect(try connection.query("SELECT id, a, b FROM \(table) ORDER BY id").rows == rows, "seed \(seed)")
    }

    @Test func whatLocalHidesIsCounted() throws {
        let connection = try Servers.plain.connect()
        let table = try connection.table("id INT PRIMARY KEY, a VARCHAR(3)")
        let rows = ["1 a", "1 b", "2 long", "x c"].map { $0.split(separator: " ").map { Array($0.utf8) as [UInt8]? } }
        let result = try connection.load(table, rows)
        #expect(result == MySQLLoadResult(records: 4, skipped: 1, warnings: 3))
        #expect(connection.affectedRows == 3)
        let warnings = try connection.warnings()
        #expect(warnings.map(\.number) == [1062, 1265, 1366])
        #expect(warnings.map(\.row) == [nil, 3, 4])
    }

    @Test func aThrowingFeedEndsTheLoad() throws {
        let connection = try Servers.plain.connect()
        let table = try connection.table("a VARCHAR(100)")
        try connection.execute("BEGIN")
        var calls = 0
        #expect(throws: Stop()) {
            _ = try connection.loadData(MySQLConnection.loadStatement(table)) { buffer in
                calls += 1
                if calls == 4 { throw Stop() }
                buffer.copyBytes(from: Array("row\n".utf8))
                return 4
            }
        }
        #expect(!connection.isBroken)
        #expect(connection.isInTransaction)
        try connection.execute("ROLLBACK")
        #expect(try connection.value("SELECT COUNT(*) FROM \(table)") == "0")
        #expect(try connection.load(table, [[Array("x".utf8)]]).records == 1)
        #expect(throws: Stop()) {
            _ = try connection.loadData(MySQLConnection.loadStatement(table)) { _ in throw Stop() }
        }
        #expect(try connection.value("SELECT COUNT(*) FROM \(table)") == "1")
    }

    @Test func filesAreNeverGiven() throws {
        let connection = try Servers.plain.connect()
        let table = try connection.table("a TEXT")
        let sql = "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE \(table)"
        // Outside of a load nothing is given at all.
        #expect(mysqlFailure { try connection.execute(sql) } != nil)
        #expect(!connection.isBroken)
        #expect(try connection.value("SELECT COUNT(*) FROM \(table)") == "0")
        // Inside, only what the feed has; and only for a name that the statement holds as it is.
        #expect(try connection.loadData(sql) { _ in 0 }.records == 0)
        let other = mysqlFailure {
            _ = try connection.loadData("LOAD DATA LOCAL INFILE 'a''b' INTO TABLE \(table)") { _ in 0 }
        }
        #expect(other?.message.contains("another local file") == true)
        #expect(
            mysqlFailure { _ = try connection.loadData("DO 1") { _ in 0 } }?.message.contains("no LOAD DATA") == true)
        #expect(try connection.value("SELECT 1") == "1")
    }

    @Test func theConnectionIsBusyMeanwhile() throws {
        let connection = try Servers.plain.connect()
        let table = try connection.table("a TEXT")
        #expect(throws: MySQLError.self) {
            _ = try connection.loadData(MySQLConnection.loadStatement(table)) { _ in
                try connection.execute("DO 1")
                return 0
            }
        }
        try connection.stream("SELECT 1") { _ in
            #expect(mysqlFailure { try connection.execute("DO 1") }?.number == 2014)
        }
        #expect(try connection.value("SELECT 1") == "1")
    }

    @Test func aServerThatForbidsLoadsIsToldApart() throws {
        let server = try MariaDBServer.start(.init(arguments: ["--local-infile=0"]))
        let connection = try server.connect()
        let table = try connection.table("a TEXT")
        let error = mysqlFailure { try connection.load(table, [[Array("x".utf8)]]) }
        #expect(error?.isLocalLoadForbidden == true)
        #expect(error?.kind == .configuration)
        #expect(!connection.isBroken)
        try connection.execute("INSERT INTO \(table) VALUES ('x')")
        let missing = mysqlFailure { try connection.load("no_such_table", [[nil]]) }
        #expect(missing != nil)
    }

    @Test func anOptionFileThatForbidsLoadsIsToldApart() throws {
        let server = try Servers.plain
        let file = "\(server.directory)/forbids.cnf"
        try "[client]\nlocal-infile=0\n".write(toFile: file, atomically: false, encoding: .utf8)
        let connection = try server.connect { $0.defaultsFile = file }
        let table = try connection.table("a TEXT")
        let error = mysqlFailure { try connection.load(table, [[Array("x".utf8)]]) }
        #expect(error?.isLocalLoadForbidden == true, "\(String(describing: error))")
        #expect(try connection.value("SELECT 1") == "1")
    }

    @Test func otherErrorsAreNotTakenForForbiddenLoads() throws {
        let connection = try Servers.plain.connect()
        let error = mysqlFailure { try connection.load("no_such_table", [[nil]]) }
        #expect(error?.number == 1146)
        #expect(error?.isLocalLoadForbidden == false)
        #expect(try connection.value("SELECT 1") == "1")
    }

    /// With TLS too: OpenSSL writes in a way that a closed peer answers with SIGPIPE.
    @Test(arguments: [false, true]) func aServerThatDiesDuringALoadIsTransient(tls: Bool) throws {
        let server = try MariaDBServer.start(.init(tls: tls))
        let connection = try server.connect { $0.tls = MySQLTLS(tls ? .required : .off) }
        let table = try connection.table("a VARCHAR(100)")
        try connection.execute("BEGIN")
        var calls = 0
        let error = mysqlFailure {
            _ = try connection.loadData(MySQLConnection.loadStatement(table)) { buffer in
                calls += 1
                if calls == 50 { server.kill9() }
                buffer.copyBytes(from: [UInt8](repeating: 0x0A, count: buffer.count))
                return calls < 100_000 ? buffer.count : 0
            }
        }
        #expect(error?.kind == .transient)
        #expect([2006, 2013, 2055].contains(error?.number))
        #expect(connection.isBroken)
        try server.restart()
        #expect(try server.connect().value("SELECT COUNT(*) FROM \(table)") == "0")
    }

    @Test func aKilledLoadIsTransient() throws {
        let connection = try Servers.plain.connect()
        let killer = try Servers.plain.connect()
        let table = try connection.table("a VARCHAR(100)")
        var calls = 0
        let error = mysqlFailure {
            _ = try connection.loadData(MySQLConnection.loadStatement(table)) { buffer in
                calls += 1
                if calls == 50 { try killer.execute("KILL CONNECTION \(connection.id)") }
                buffer.copyBytes(from: [UInt8](repeating: 0x0A, count: buffer.count))
                return calls < 5000 ? buffer.count : 0
            }
        }
        #expect(error?.kind == .transient)
        #expect(connection.isBroken)
    }
}
