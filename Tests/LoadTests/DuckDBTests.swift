import Databases
import Load
import Manifest
import Synchronization
import TestKit
import Testing

/// What only DuckDB needs: it undoes a transaction for one row that it refuses, and knows no savepoints.
@Suite struct DuckDBTests {
    private func stops(_ outcome: LoadOutcome) -> [String] { KeyTests.stops(outcome) }

    /// A constraint of somebody's own refuses single rows, in each mode, and also those that known keys meet.
    @Test(arguments: [WriteMode.merge, .insertOnly, .append]) func constraintsRefuseSingleRows(_ mode: WriteMode) throws
    {
        let world = try World(.duckdb)
        _ = try world.query("CREATE TABLE kinds(kind VARCHAR PRIMARY KEY)")
        _ = try world.query("INSERT INTO kinds VALUES ('a'), ('b'), ('bad')")
        _ = try world.query(
            "CREATE TABLE rows(id BIGINT, v VARCHAR NOT NULL REFERENCES kinds(kind), n SMALLINT, CHECK (v <> 'bad'))")
        func lines(_ ids: Range<Int>, _ value: String) -> [String] {
            ids.map { id in
                switch id % 40 {
                case 7: "{\"id\":\(id),\"v\":\"bad\",\"n\":1}"
                case 8: "{\"id\":\(id),\"v\":\"unknown\",\"n\":1}"
                case 9: "{\"id\":\(id),\"n\":1}"
                case 10: "{\"id\":\(id),\"v\":\"\(value)\",\"n\":40000}"
                default: "{\"id\":\(id),\"v\":\"\(value)\",\"n\":2}"
                }
            }
        }
        func batch(_ lines: [String]) -> Batch {
            Batch(lines, ["id": .integer, "v": .text, "n": .integer], mode: mode, key: mode == .append ? [] : ["id"])
                .with {
                    $0.guards.maximumRejectShare = 1
                }
        }
        try world.load(batch(lines(0..<7, "a")))
        let outcome = try world.load(batch(lines(3..<203, "b")))
        let isGood = { (id: Int) in !(7...10).contains(id % 40) }
        #expect(outcome.summary.rejects == (3..<203).filter { !isGood($0) }.count, "\(outcome.events)")
        let rejects = try world.rejects()
        for word in ["CHECK", "NOT NULL", "FOREIGN KEY", "SMALLINT"] {
            #expect(rejects.filter { $0.contains(word) }.count == 5, "\(word): \(rejects)")
        }
        let expected: [String] =
            switch mode {
            case .merge: (0..<203).filter(isGood).map { "\($0)|\($0 < 3 ? "a" : "b")" }
            case .insertOnly: (0..<203).filter(isGood).map { "\($0)|\($0 < 7 ? "a" : "b")" }
            default: (0..<7).map { "\($0)|a" } + (3..<203).filter(isGood).map { "\($0)|b" }
            }
        #expect(try world.rows(["id", "v"]) == expected.sorted())
    }

    /// Moments of which a column of somebody else's has no place for the last digits of a second, or for the zone.
    @Test(arguments: [LogicalType.text, .datetime, .timestamp]) func momentsAreNotCut(_ type: LogicalType) throws {
        let world = try World(.duckdb)
        _ = try world.query(
            "CREATE TABLE rows(id INTEGER, s TIMESTAMP_S, m TIMESTAMP_MS, u TIMESTAMP, n TIMESTAMP_NS, t TIME)")
        let day = "2026-01-02T03:04:05"
        let good = [
            "\"s\":\"\(day)\"", "\"s\":\"\(day).000Z\"", "\"m\":\"\(day).120\"", "\"m\":\"\(day).1230000+00:00\"",
            "\"u\":\"\(day).123456\"", "\"u\":\"\(day)Z\"", "\"n\":\"\(day).123456\"",
        ]
        let bad = [
            "\"s\":\"\(day).6\"", "\"s\":\"\(day).004\"", "\"s\":\"\(day)+02:00\"", "\"m\":\"\(day).1239\"",
            "\"m\":\"\(day).123-01:30\"", "\"u\":\"\(day)+00:30\"", "\"u\":\"\(day).5-10\"", "\"u\":\"\(day).1234567\"",
        ]
        let lines = (good + bad).enumerated().map { "{\"id\":\($0),\($1)}" }
        let outcome = try world.load(
            Batch(
                lines + [#"{"id":99,"t":"03:04:05.1234567"}"#],
                ["id": .integer, "s": type, "m": type, "u": type, "n": type, "t": .text]
            )
            .with { $0.guards.maximumRejectShare = 1 })
        #expect(outcome.summary.rejects == bad.count + 1 && outcome.summary.blocked == 0, "\(outcome.events)")
        let found = try world.query(
            "SELECT id, coalesce(CAST(s AS VARCHAR), CAST(m AS VARCHAR), CAST(u AS VARCHAR), CAST(n AS VARCHAR)) FROM rows ORDER BY id"
        )
        let plain = "2026-01-02 03:04:05"
        #expect(
            found == [
                "0|\(plain)", "1|\(plain)", "2|\(plain).12", "3|\(plain).123", "4|\(plain).123456", "5|\(plain)",
                "6|\(plain).123456",
            ])
    }

    /// What a column of somebody else's would round, cut or overflow is refused.
    @Test func foreignTypesBendNothing() throws {
        let world = try World(.duckdb)
        _ = try world.query("CREATE TABLE rows(id INTEGER, f FLOAT, d DECIMAL(5,2), u INTERVAL, e VARCHAR)")
        let lines = [
            #"{"id":1,"f":0.5,"d":1.25,"u":"3 days","e":"x"}"#,
            #"{"id":2,"f":0.1,"d":1,"e":"x"}"#, #"{"id":3,"d":1.255}"#, #"{"id":4,"d":12345}"#, #"{"id":3000000000}"#,
            #"{"id":6,"u":"no interval"}"#, #"{"id":7,"d":"-999.99"}"#,
        ]
        let outcome = try world.load(
            Batch(lines, ["id": .integer, "f": .double, "d": .decimal, "u": .text, "e": .text]).with {
                $0.guards.maximumRejectShare = 1
            })
        #expect(outcome.summary.rejects == 5, "\(outcome.events)")
        #expect(try world.rows(["id", "d"]) == ["1|1.25", "7|-999.99"])
        // Where another type would be needed the job stops, and the table stays as it is.
        let reasons = stops(try world.load(Batch(["{\"id\":\"word\"}"], ["id": .text])))
        #expect(
            reasons.count == 1 && reasons[0].contains("was not made by Bobbin, and its column \"id\""), "\(reasons)")
        #expect(try world.query("SELECT data_type FROM duckdb_columns() WHERE column_name = 'f'") == ["FLOAT"])
    }

    @Test func appendedRowsWithAKnownKeyAreRefused() throws {
        let world = try World(.duckdb)
        func batch(_ ids: [Int], _ value: String) -> Batch {
            Batch(ids.map { ModeTests.line($0, value) }, ModeTests.columns, mode: .append, key: ["id"]).with {
                $0.guards.maximumRejectShare = 1
            }
        }
        try world.load(batch([1, 2, 3], "a"))
        let outcome = try world.load(batch([3, 4, 4, 5, 1], "b"))
        #expect(outcome.summary.rejects == 3)
        #expect(try world.rows(["id", "v"]) == ["1|a", "2|a", "3|a", "4|b", "5|b"])
    }

    /// Chunks of which one has too many bad rows fall out of their transaction alone.
    @Test func badChunksFallOutByHalves() throws {
        let world = try World(.duckdb)
        var batch = Batch([], ModeTests.columns, mode: .append, key: [])
        batch.guards.maximumRejectRows = 2
        batch.guards.maximumRejectShare = 0
        batch.chunks = (0..<24).map { chunk in (0..<5).map { ModeTests.line(chunk * 5 + $0, "x") } }
        for place in [0, 7, 8, 23] { batch.chunks[place] = (0..<5).map { "{\"id\":\"no number \($0)\"}" } }
        batch.chunks[5][1] = "{\"id\":\"one is no reason\"}"
        var options = LoadOptions()
        options.transactionChunks = 1000
        let outcome = try world.load(batch, options)
        #expect(outcome.summary.dead == 4)
        #expect(try world.rows(["id"]).count == 20 * 5 - 1)
        #expect(try world.query("SELECT count(*), sum(row_count), sum(rejects) FROM _bobbin_ledger") == ["20|99|1"])
    }

    @Test func keysChangeAndIndexesWithThem() throws {
        let world = try World(.duckdb)
        let batch = Batch(
            [ModeTests.line(1, "a"), ModeTests.line(2, "b")], ModeTests.columns, mode: .merge, key: ["id"])
        try world.load(batch)
        try world.load(
            batch.with { batch in
                batch.key = ["v"]
                batch.chunks = [[ModeTests.line(3, "a")]]
            })
        #expect(try world.rows(["id", "v"]) == ["2|b", "3|a"])
        try world.load(
            batch.with { batch in
                batch.mode = .append
                batch.key = []
                batch.chunks = [[ModeTests.line(3, "a")]]
            })
        #expect(try world.rows(["id", "v"]) == ["2|b", "3|a", "3|a"])
        let reasons = stops(try world.load(batch.with { $0.key = ["v"] }))
        #expect(
            reasons.count == 1 && reasons[0].contains("an index on (v) cannot be made, its rows are not unique"),
            "\(reasons)")
    }

    @Test func namesThatDifferInCaseOnlyAreRefused() throws {
        let world = try World(.duckdb)
        let columns = stops(try world.load(Batch(["{\"a\":1,\"A\":2}"], ["a": .integer, "A": .integer])))
        #expect(columns.count == 1 && columns[0].contains("\"a\" and \"A\" differ only in case"), "\(columns)")
        _ = try world.query("CREATE TABLE Rows(a BIGINT)")
        let tables = stops(try world.load(Batch(["{\"a\":1}"], ["a": .integer])))
        #expect(tables.contains { $0.contains("a table Rows, whose name differs only in case") }, "\(tables)")
    }

    /// Digits up to 20 before and 18 behind the point; beyond them the row is refused.
    @Test func decimalsAreExactOrRefused() throws {
        let world = try World(.duckdb)
        let good = [
            "0", "-0", "1.50", "99999999999999999999.999999999999999999", "1e19", "12E-18", "-0.000000000000000001",
            "1.000000000000000000000000000000",
        ]
        let bad = ["1e20", "1e-19", "0.0000000000000000001", "123456789012345678901", "1e999999999999999999999"]
        let lines = (good + bad).enumerated().map { "{\"id\":\($0),\"n\":\($1)}" }
        try world.load(
            Batch(lines, ["id": .integer, "n": .decimal]).with { $0.guards.maximumRejectShare = 1 })
        let expected = [
            "0.0", "0.0", "1.5", "99999999999999999999.999999999999999999", "10000000000000000000.0",
            "0.000000000000000012",
            "-0.000000000000000001", "1.0",
        ]
        let found = try world.query("SELECT n FROM rows ORDER BY id").map { text in
            let short = String(text.reversed().drop { $0 == "0" }.reversed())
            return short.hasSuffix(".") ? short + "0" : short
        }
        #expect(found == expected)
        #expect(try world.rejects().count == bad.count)
    }

    @Test func doublesAndTextsKeepTheirBits() throws {
        var random = SeededRandom(11)
        let values = (0..<2000).map { _ in Double(bitPattern: random.next()) }.filter { $0.isFinite } + [-0.0]
        let world = try World(.duckdb)
        try world.load(Batch(values.map { "{\"x\":\($0),\"s\":\"a\\u0000b\"}" }, ["x": .double, "s": .text]))
        let connection = try DuckDBConnection(world.duckDBSettings)
        var stored: [UInt64] = []
        try connection.stream("SELECT x FROM rows") { chunk in
            for row in 0..<chunk.count { stored.append(chunk[0].value(row, as: UInt64.self)) }
        }
        #expect(stored == values.map(\.bitPattern))
        #expect(try connection.query("SELECT DISTINCT hex(s) FROM rows") == [["610062"]])
    }

    /// Nested values keep their text. One with half of a surrogate pair would make each query that looks into the column fail.
    @Test func nestedValuesKeepTheirText() throws {
        let world = try World(.duckdb)
        let texts = [#"{"a":"\ud83d\ude00","b":[1, 2.50]}"#, "[]", "{\"a\":1,\"a\":2}"]
        let halves = [#"{"a":"\ud800"}"#, #"{"b":[{"\udc00":1}]}"#]
        let outcome = try world.load(
            Batch((texts + halves).map { "{\"j\":\($0)}" }, ["j": .json]).with { $0.guards.maximumRejectShare = 1 })
        #expect(outcome.summary.rejects == 2)
        #expect(try world.rejects().allSatisfy { $0.contains("half of a surrogate pair") })
        let connection = try DuckDBConnection(world.duckDBSettings)
        #expect(try connection.query("SELECT CAST(j AS VARCHAR) FROM rows").map { $0[0] } == texts)
        #expect(try connection.query("SELECT j->>'a' FROM rows").map { $0[0] } == ["😀", nil, "1"])
        #expect(try connection.query("SELECT data_type FROM duckdb_columns() WHERE table_name = 'rows'") == [["JSON"]])
        try world.load(Batch(["{\"j\":\"word\"}"], ["j": .text]))
        #expect(try connection.query("SELECT j FROM rows").map { $0[0] } == texts + ["word"])
    }

    /// A partition's value that is none of its column's type refuses its rows, and makes no day of its own.
    @Test func partitionValuesAreLookedAt() throws {
        let world = try World(.duckdb)
        for (value, rejects) in [("2024-02-29", 0), ("2024-02-30", 1), ("soon", 2), ("infinity", 2)] {
            try world.load(
                Batch(["{\"id\":1}"], ["day": .date, "id": .integer], mode: .append).with { batch in
                    batch.partition = [("day", value)]
                    batch.guards.maximumRejectShare = 1
                })
            #expect(try world.rejects().count == rejects, "\(value)")
        }
        #expect(try world.query("SELECT day FROM rows ORDER BY day") == ["2024-02-29", "infinity"])
        // Infinite days become texts as well.
        try world.load(Batch(["{\"id\":2,\"day\":\"word\"}"], ["day": .text, "id": .integer]))
        #expect(try world.query("SELECT day FROM rows ORDER BY day") == ["2024-02-29", "infinity", "word"])
    }

    private static let replaces: [WriteMode] = [.replace, .replacePartition]

    /// Of rows that are replaced some keys stay, some go and some are new, with memory for updates and without; the
    /// partition beside them stays.
    @Test(arguments: replaces, [500_000_000, 48_000_000]) func keysThatStayAreUpdated(_ mode: WriteMode, _ memory: Int)
        throws
    {
        let world = try World(.duckdb)
        world.duckDBMemory.withLock { $0 = memory }
        let text = String(repeating: "long enough that updates of all rows take more than there is ", count: 20)
        func batch(_ day: String, _ ids: Range<Int>, _ value: String) -> Batch {
            Batch(
                ids.map { "{\"day\":\"\(day)\",\"id\":\($0),\"v\":\"\(value)\",\"w\":\"\(text)\"}" },
                ["day": .date, "id": .integer, "v": .text, "w": .text], mode: mode, key: ["day", "id"]
            ).with { if mode == .replacePartition { $0.partition = [("day", day)] } }
        }
        var expected: [String] = []
        if mode == .replacePartition {
            try world.load(batch("2026-01-01", 0..<50, "beside"))
            expected = (0..<50).map { "2026-01-01|\($0)|beside" }
        }
        for (ids, value) in [(0..<9_000, "first"), (1_000..<10_000, "second"), (10_000..<10_010, "other")] {
            let outcome = try world.load(batch("2026-01-02", ids, value))
            #expect(outcome.summary.rejects == 0 && outcome.summary.runsClosed == 1, "\(outcome.events)")
            let rows = try world.rows(["day", "id", "v"])
            #expect(rows == (expected + ids.map { "2026-01-02|\($0)|\(value)" }).sorted())
        }
        // No rows in place of some.
        try world.load(
            batch("2026-01-02", 0..<0, "none").with { batch in
                batch.guards.allowEmpty = true
                batch.chunks = []
            })
        #expect(try world.rows(["day", "id", "v"]) == expected.sorted())
    }

    /// Of two rows with one key the second is refused, also in place of rows that had it.
    @Test(arguments: replaces) func twinsInAReplacementAreRefused(_ mode: WriteMode) throws {
        let world = try World(.duckdb)
        func batch(_ ids: [Int], _ value: String) -> Batch {
            Batch(ids.map { ModeTests.line($0, value) }, ModeTests.columns, mode: mode, key: ["id"]).with {
                $0.guards.maximumRejectShare = 1
            }
        }
        try world.load(batch([1, 2, 3], "a"))
        let outcome = try world.load(batch([3, 4, 4, 5, 3], "b"))
        #expect(outcome.summary.rejects == 2, "\(outcome.events)")
        #expect(try world.rows(["id", "v"]) == ["3|b", "4|b", "5|b"])
    }

    /// An index of somebody else's turns updates into deletes and inserts inside of DuckDB.
    @Test(arguments: [WriteMode.merge, .replace]) func tablesWithAnIndexOfSomebodyElse(_ mode: WriteMode) throws {
        let world = try World(.duckdb)
        func batch(_ ids: Range<Int>, _ value: String) -> Batch {
            Batch(ids.map { ModeTests.line($0, "\(value)\($0 % 7)") }, ModeTests.columns, mode: mode, key: ["id"])
        }
        try world.load(batch(0..<300, "a"))
        _ = try world.query("CREATE INDEX theirs ON rows(v)")
        for value in ["b", "c"] {
            let outcome = try world.load(batch(100..<400, value))
            #expect(outcome.summary.rejects == 0 && outcome.summary.runsClosed == 1, "\(outcome.events)")
        }
        let old = mode == .merge ? (0..<100).map { "\($0)|a\($0 % 7)" } : []
        #expect(try world.rows(["id", "v"]) == (old + (100..<400).map { "\($0)|c\($0 % 7)" }).sorted())
    }

    @Test func keysOnlyAreReplaced() throws {
        let world = try World(.duckdb)
        func batch(_ ids: Range<Int>) -> Batch {
            Batch(ids.map { "{\"id\":\($0)}" }, ["id": .integer], mode: .replace, key: ["id"])
        }
        try world.load(batch(0..<10))
        try world.load(batch(5..<15))
        #expect(try world.rows(["id"]) == (5..<15).map { "\($0)" }.sorted())
    }
}
