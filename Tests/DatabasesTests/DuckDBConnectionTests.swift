import Databases
import Foundation
import TestKit
import Testing

/// A file of a test's own.
final class DuckFile {
    let directory: TemporaryDirectory
    let settings: DuckDBSettings

    init() throws {
        directory = try TemporaryDirectory()
        settings = DuckDBFiles.settings("\(directory.path)/lake.duckdb")
    }

    func connect() throws -> DuckDBConnection { try DuckDBConnection(settings) }
}

@Suite struct DuckDBConnectionTests {
    /// Stays until the test is done.
    private let file: DuckFile

    init() throws { file = try DuckFile() }

    @Test func aMissingLibraryIsOneSentence() throws {
        var settings = DuckDBSettings(path: "/nonexistent/lake.duckdb")
        settings.library = "libnosuchduckdb.so"
        do {
            _ = try DuckDBConnection(settings)
            Issue.record("a library that is not there was loaded")
        } catch {
            #expect(error.kind == .configuration)
            #expect(error.message.contains("libnosuchduckdb.so") && error.message.contains("install libduckdb"))
        }
    }

    @Test func parametersAndResults() throws {
        let connection = try file.connect()
        try connection.execute("CREATE TABLE t(a BIGINT, b DOUBLE, c VARCHAR, d BOOLEAN)")
        let changed = try connection.change(
            "INSERT INTO t VALUES (?, ?, ?, ?), (NULL, NULL, NULL, NULL)",
            [.integer(.min), .double(-0.0), .text("a\0b'\"é😀"), .boolean(true)])
        #expect(changed == 2)
        let rows = try connection.query("SELECT *, CAST(1 AS HUGEINT) << 100 FROM t ORDER BY a NULLS LAST")
        #expect(rows[0] == ["-9223372036854775808", "-0.0", "a\0b'\"é😀", "true", "1267650600228229401496703205376"])
        #expect(rows[1].dropLast() == [nil, nil, nil, nil])
    }

    @Test func errorsHaveTheirClassAndNoValues() throws {
        let connection = try file.connect()
        try connection.execute("CREATE TABLE t(a VARCHAR PRIMARY KEY); INSERT INTO t VALUES ('secret one')")
        func error(_ sql: String) -> DuckDBError? {
            do {
                try connection.execute(sql)
                return nil
            } catch { return error }
        }
        let twice = try #require(error("INSERT INTO t VALUES ('secret one')"))
        #expect(twice.kind == .data && twice.code == "Constraint" && !twice.message.contains("secret"))
        let cast = try #require(error("SELECT CAST(a AS INTEGER) FROM t"))
        #expect(cast.kind == .data && !cast.message.contains("secret"), "\(cast)")
        #expect(error("SELEC")?.kind == .configuration)
        #expect(error("SELECT nosuch")?.kind == .configuration)
        #expect(error("CREATE TABLE t(a INT)")?.kind == .configuration)
    }

    /// Memory is the surroundings' affair, and what to do about it is said.
    @Test func tooLittleMemoryIsSaid() throws {
        var small = file.settings
        small.memoryLimit = 20 << 20
        let connection = try DuckDBConnection(small)
        do {
            try connection.execute("SELECT list(repeat('x', 100) || i) FROM range(1000000) AS rows(i)")
            Issue.record("it sufficed")
        } catch {
            #expect(
                error.kind == .environment && error.isOutOfMemory && error.message.contains("memory_limit"), "\(error)")
        }
    }

    /// DuckDB answers the COMMIT of a transaction that it has undone with success.
    @Test func aFailedTransactionIsNotCommitted() throws {
        let connection = try file.connect()
        try connection.execute("CREATE TABLE t(a BIGINT PRIMARY KEY)")
        try connection.begin()
        try connection.execute("INSERT INTO t VALUES (1)")
        #expect(throws: DuckDBError.self) { try connection.execute("INSERT INTO t VALUES (1)") }
        do {
            try connection.commit()
            Issue.record("a commit that was none")
        } catch { #expect(error.kind == .transient) }
        try connection.rollback()
        #expect(try connection.query("SELECT count(*) FROM t") == [["0"]])
    }

    @Test func connectionsOfAProcessShareTheFile() throws {
        let first = try file.connect()
        try first.execute("CREATE TABLE t(a BIGINT)")
        let link = "\(file.directory.path)/link.duckdb"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file.settings.path)
        let second = try DuckDBConnection(DuckDBFiles.settings(link))
        try first.execute("INSERT INTO t VALUES (1)")
        #expect(try second.query("SELECT a FROM t") == [["1"]])
    }

    @Test func pathsThatCannotBeOpened() throws {
        let directory = try TemporaryDirectory()
        try Data(repeating: 120, count: 20_000).write(to: URL(fileURLWithPath: "\(directory.path)/junk"))
        for name in ["", "/nosuch/lake.duckdb", "/junk"] {
            do {
                _ = try DuckDBConnection(DuckDBFiles.settings(directory.path + name))
                Issue.record("\(name) was opened")
            } catch { #expect(error.kind == .configuration, "\(error)") }
        }
    }

    @Test func hostileNamesAreQuoted() throws {
        let connection = try file.connect()
        let name = "a\"b; DROP TABLE t; --"
        let quoted = try DuckDBConnection.quote(identifier: name)
        try connection.execute("CREATE TABLE \(quoted)(\(quoted) BIGINT)")
        #expect(try connection.describe("SELECT * FROM \(quoted)").map(\.name) == [name])
        #expect(throws: DuckDBError.self) { try DuckDBConnection.quote(identifier: "") }
        #expect(throws: DuckDBError.self) { try DuckDBConnection.quote(identifier: "a\0") }
    }
}

@Suite struct DuckDBStreamTests {
    /// Stays until the test is done.
    private let file: DuckFile

    init() throws { file = try DuckFile() }

    @Test func chunksGiveValuesWhereTheyLie() throws {
        let connection = try file.connect()
        var rows = 0
        var sum: Int64 = 0
        var texts = 0
        let count = try connection.stream(
            "SELECT i, CASE WHEN i % 3 = 0 THEN NULL ELSE 'value number ' || i END, DATE '1970-01-01' + CAST(i AS INTEGER) "
                + "FROM range(100000) AS r(i)",
            begin: { columns in
                #expect(columns.map(\.type) == [.bigInt, .varchar, .date])
            }
        ) { chunk in
            let (numbers, words, days) = (chunk[0], chunk[1], chunk[2])
            for row in 0..<chunk.count {
                let number = numbers.value(row, as: Int64.self)
                sum += number
                if words.isValid(row) {
                    texts += 1
                    if number % 1000 == 1 {
                        #expect(String(decoding: words.bytes(row), as: UTF8.self) == "value number \(number)")
                    }
                }
                if number % 5000 == 0 { #expect(days.value(row, as: Int32.self) == Int32(number)) }
            }
            rows += chunk.count
        }
        #expect(count == 100_000 && rows == 100_000 && sum == 4_999_950_000 && texts == 66_666)
    }

    @Test func textsOfAnyLength() throws {
        let connection = try file.connect()
        var found: [String] = []
        try connection.stream("SELECT repeat('é', CAST(i AS BIGINT)) FROM range(20) AS r(i)") { chunk in
            for row in 0..<chunk.count { found.append(String(decoding: chunk[0].bytes(row), as: UTF8.self)) }
        }
        #expect(found == (0..<20).map { String(repeating: "é", count: $0) })
    }

    /// Every type that DuckDB has comes at least as a text.
    @Test func readableCoversAllTypes() throws {
        let connection = try file.connect()
        let sql = "SELECT * FROM test_all_types()"
        let before = try connection.describe(sql)
        #expect(before.contains { !$0.isPlain })
        let readable = try connection.readable(sql)
        let after = try connection.describe(readable)
        #expect(after.allSatisfy(\.isPlain) && after.map(\.name) == before.map(\.name))
        #expect(try connection.stream(readable) { _ in } == 3)
        #expect(throws: DuckDBError.self) { try connection.stream("SELECT [1, 2] AS list") { _ in } }
        // Two columns of one name, and a comment at the end.
        #expect(
            try connection.query(try connection.readable("SELECT [1] AS a, {'b': 2} AS a -- end")).first == [
                "[1]", "{'b': 2}",
            ])
    }

    @Test func decimalsAndBigIntegersKeepTheirDigits() throws {
        let connection = try file.connect()
        var found: [Int128] = []
        try connection.stream(
            "SELECT CAST(-12345678901234567890.123456789 AS DECIMAL(38,9)), CAST('170141183460469231731687303715884105727' AS HUGEINT)",
            begin: { columns in #expect(columns[0].scale == 9 && columns[0].storage == .hugeInt) }
        ) { chunk in found += [chunk[0].huge(0), chunk[1].huge(0)] }
        #expect(found == [-12345678901234567890123456789, Int128.max])
    }

    @Test func anErrorInTheMiddleIsAnError() throws {
        let connection = try file.connect()
        #expect(throws: DuckDBError.self) {
            try connection.stream(
                "SELECT CAST(CASE WHEN i = 90000 THEN 'x' ELSE '1' END AS INTEGER) FROM range(100000) AS r(i)"
            ) {
                _ in
            }
        }
        struct Enough: Error {}
        #expect(throws: Enough.self) { try connection.stream("SELECT * FROM range(1000000)") { _ in throw Enough() } }
        #expect(try connection.query("SELECT 1") == [["1"]])
    }
}
