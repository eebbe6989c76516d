import Databases
import TestKit
import Testing

@Suite struct PostgresCopyTests {
    private static let hostile = [
        "\\N", "\\.", ".", "", "tab\there", "line\nfeed", "carriage\r\nreturn\r", "\\", "\\\\", "ends with \\", "\\t",
        "\u{1}\u{8}\u{B}\u{C}\u{7F}", "ä€", "😀", "\u{10FFFF}", "'\"`$1", " spaces ", "NULL", "\\x41\\101",
    ]

    @Test func hostileValuesComeBack() throws {
        let connection = try Shared.connect()
        try connection.execute("CREATE TEMP TABLE h (n int, a text, b text)")
        var rows = Self.hostile.enumerated().map { row in
            [Array("\(row.offset)".utf8), Array(row.element.utf8), Optional(Array("x\(row.element)".utf8))]
        }
        rows.append([Array("100".utf8), nil, []])
        rows.append([Array("101".utf8), [], nil])
        rows.append([Array("102".utf8), Array(String(repeating: "😀\t\\", count: 180_000).utf8), nil])
        #expect(try connection.copy(rows, into: "COPY h FROM STDIN") == rows.count)
        let back = try connection.copy(from: "COPY (SELECT * FROM h ORDER BY n) TO STDOUT")
        #expect(back == rows)
        for (row, text) in Self.hostile.enumerated() {
            #expect(try connection.value("SELECT a FROM h WHERE n = $1", [.integer(Int64(row))]) == text)
        }
        #expect(try connection.value("SELECT a IS NULL AND b = '' FROM h WHERE n = 100") == "t")
        #expect(try connection.value("SELECT octet_length(a) FROM h WHERE n = 102") == "1080000")
    }

    /// `\.` alone in a line of one column would end the data.
    @Test func theEndMarkIsAValue() throws {
        let connection = try Shared.connect()
        try connection.execute("CREATE TEMP TABLE e (a text)")
        let rows: [[[UInt8]?]] = ["\\.", "", "\\N", "b"].map { [Array($0.utf8)] } + [[nil]]
        #expect(try connection.copy(rows, into: "COPY e FROM STDIN") == 5)
        #expect(try connection.copy(from: "COPY e TO STDOUT") == rows)
    }

    @Test(arguments: UInt64(1)...4) func randomTextsComeBack(_ seed: UInt64) throws {
        var random = SeededRandom(seed)
        let connection = try Shared.connect()
        try connection.execute("CREATE TEMP TABLE r (n serial, a text, b text, c text)")
        let rows = (0..<300).map { _ in
            (0..<3).map { _ -> [UInt8]? in
                if random.below(5) == 0 { return nil }
                var text = String.UnicodeScalarView()
                for _ in 0..<random.below(30) {
                    let value = random.below(2) == 0 ? 1 + random.below(100) : 1 + random.below(0x10FFFE)
                    if let scalar = Unicode.Scalar(UInt32(value)) { text.append(scalar) }
                }
                return Array(String(text).utf8)
            }
        }
        #expect(try connection.copy(rows, into: "COPY r (a, b, c) FROM STDIN") == 300)
        #expect(try connection.copy(from: "COPY (SELECT a, b, c FROM r ORDER BY n) TO STDOUT") == rows)
    }

    @Test func dataMayBeCutAnywhere() throws {
        let connection = try Shared.connect()
        try connection.execute("CREATE TEMP TABLE p (a text, b int)")
        let data = Array("ä\\ta\t1\n\\N\t2\n".utf8)
        var copy = try connection.copyIn("COPY p FROM STDIN")
        for byte in data { try withUnsafeBytes(of: byte) { try copy.put($0) } }
        try copy.put(UnsafeRawBufferPointer(start: nil, count: 0))
        #expect(try copy.finish() == 2)
        #expect(try connection.value("SELECT a FROM p WHERE b = 1") == "ä\ta")
    }

    @Test func aBadLineIsReported() throws {
        let connection = try Shared.connect()
        try connection.execute("CREATE TEMP TABLE b (id int, d date)")
        let rows = (1...5000).map {
            [Array("\($0)".utf8), Optional(Array(($0 == 3210 ? "not a day" : "2026-05-01").utf8))]
        }
        let error = try failure { _ = try connection.copy(rows, into: "COPY b FROM STDIN") }
        #expect(error.sqlState == "22007")
        #expect(error.kind == .data)
        #expect(error.line == 3210)
        #expect(error.column == "d")
        #expect(error.context?.contains("not a day") == true)
        #expect(error.description.hasSuffix("(SQLSTATE 22007, column d, line 3210)"))
        #expect(try connection.value("SELECT count(*) FROM b") == "0")
    }

    @Test func aDuplicateIsReportedWithItsLine() throws {
        let connection = try Shared.connect()
        try connection.execute("CREATE TEMP TABLE k (id int PRIMARY KEY)")
        let rows = [1, 2, 3, 2].map { [Optional(Array("\($0)".utf8))] }
        let error = try failure { _ = try connection.copy(rows, into: "COPY k FROM STDIN") }
        #expect(error.sqlState == "23505")
        #expect(error.constraint == "k_pkey")
        #expect(error.line == 4)
    }

    @Test func tooManyFieldsAndBadTextAreData() throws {
        let connection = try Shared.connect()
        try connection.execute("CREATE TEMP TABLE m (a text)")
        for row in [[Array("a".utf8), Array("b".utf8)], [[0xFF, 0xFE]]] as [[[UInt8]?]] {
            let error = try failure { _ = try connection.copy([row], into: "COPY m FROM STDIN") }
            #expect(error.kind == .data)
            #expect(error.line == 1)
        }
    }

    @Test func anAbortedCopyLeavesNothing() throws {
        let connection = try Shared.connect()
        try connection.execute("CREATE TEMP TABLE a (a text); BEGIN; SAVEPOINT s")
        var copy = try connection.copyIn("COPY a FROM STDIN")
        #expect(connection.transactionStatus == .active)
        try Array("x\n".utf8).withUnsafeBytes { try copy.put($0) }
        let error = copy.abort(because: "the chunk is bad")
        #expect(error == nil)
        #expect(connection.transactionStatus == .failed)
        try connection.execute("ROLLBACK TO s; COMMIT")
        #expect(try connection.value("SELECT count(*) FROM a") == "0")
    }

    @Test func anAbortTellsWhatWasWrongBefore() throws {
        let connection = try Shared.connect()
        try connection.execute("CREATE TEMP TABLE w (a int)")
        var copy = try connection.copyIn("COPY w FROM STDIN")
        // Enough for the server to have read the first line when the end comes.
        let data = Array(("x\n" + String(repeating: "1\n", count: 2_000_000)).utf8)
        try data.withUnsafeBytes { try copy.put($0) }
        #expect(copy.abort(because: "stop")?.sqlState == "22P02")
        #expect(try connection.value("SELECT 1") == "1")
    }

    @Test func aDroppedCopyIsAborted() throws {
        let connection = try Shared.connect()
        try connection.execute("CREATE TEMP TABLE a (a text)")
        do {
            var copy = try connection.copyIn("COPY a FROM STDIN")
            try Array("x\n".utf8).withUnsafeBytes { try copy.put($0) }
        }
        #expect(try connection.value("SELECT count(*) FROM a") == "0")
    }

    @Test(arguments: ["SELECT 1", "COPY (SELECT 1) TO STDOUT", "COPY not_there FROM STDIN", "", "SELECT 1; SELECT 2"])
    func onlyCopyFromTheClientIsCopyIn(_ sql: String) throws {
        let connection = try Shared.connect()
        let error = try failure { _ = try connection.copyIn(sql) }
        #expect(error.kind == .configuration)
        #expect(try connection.value("SELECT 1") == "1")
    }

    @Test func rowsComeOneByOne() throws {
        let connection = try Shared.connect()
        var count = 0
        let rows = try connection.copyOut("COPY (SELECT generate_series(1, 100000)) TO STDOUT") { _ in count += 1 }
        #expect(rows == 100_000)
        #expect(count == 100_000)
        #expect(try connection.copyOut("COPY (SELECT 1 WHERE false) TO STDOUT") { _ in } == 0)
    }

    @Test func aBodyThatThrowsCancelsTheCopy() throws {
        struct Enough: Error {}
        let connection = try Shared.connect()
        var count = 0
        #expect(throws: Enough.self) {
            // As many rows as would take hours.
            try connection.copyOut("COPY (SELECT generate_series(1, 1000000000000)) TO STDOUT") { _ in
                count += 1
                if count == 10 { throw Enough() }
            }
        }
        #expect(count == 10)
        #expect(try connection.value("SELECT 1") == "1")
    }

    @Test func anErrorInTheMiddleOfCopyOutIsThrown() throws {
        let connection = try Shared.connect()
        var count = 0
        let error = try failure {
            try connection.copyOut("COPY (SELECT 1 / (1000 - n) FROM generate_series(1, 2000) n) TO STDOUT") { _ in
                count += 1
            }
        }
        #expect(error.sqlState == "22012")
        #expect(count == 999)
        #expect(try connection.value("SELECT 1") == "1")
    }
}
