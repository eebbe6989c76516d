import Databases
import JSON
import Load
import Manifest
import Spool
import TestKit
import Testing

/// What every engine promises beyond the modes: values as they are, names as they are, tables that change, loads that cross.
@Suite struct EngineTests {
    private func column(_ world: World, _ name: String, table: String = "rows") throws -> [String] {
        try world.query("SELECT \"\(name)\" FROM \"\(table)\" ORDER BY \"id\"")
    }

    /// Types and what comes back of them as text.
    @Test(arguments: TestTarget.allCases) func valuesAreKeptAsTheyAre(_ target: TestTarget) throws {
        let engine = target.engine
        let world = try World(target)
        let lines = [
            #"{"id":1,"i":-9223372036854775808,"d":0.1,"s":"","b":true,"j":{"a":[1, 2.50]},"n":"1.50","day":"2024-02-29"}"#,
            #"{"id":2,"i":9223372036854775807,"d":-1.7976931348623157e308,"s":"a\tb\nc\\N\r\u00e9😀 '\"`$1","b":false,"j":[],"n":-12345678901234567890.123456789,"day":"0001-01-01"}"#,
            #"{"id":3,"i":0,"d":5e-324,"s":"\\N","b":null,"j":"x","n":1e3,"day":"9999-12-31"}"#,
            #"{"id":4}"#,
        ]
        let outcome = try world.load(
            Batch(
                lines,
                [
                    "id": .integer, "i": .bigint, "d": .double, "s": .text, "b": .boolean, "j": .json, "n": .decimal,
                    "day": .date,
                ]))
        let rejects = try world.rejects()
        #expect(outcome.summary.rows == 4 && rejects.isEmpty, "\(rejects)")
        #expect(try column(world, "i") == ["-9223372036854775808", "9223372036854775807", "0", "NULL"])
        // SQLite writes 15 digits where it is asked for a text; `ConversionTests` looks at its bits.
        #expect(
            try engine == .sqlite
                || column(world, "d").map { Double($0) } == [
                    0.1, -1.7976931348623157e308, Double.leastNonzeroMagnitude, nil,
                ])
        #expect(try column(world, "s") == ["", "a\tb\nc\\N\r\u{e9}😀 '\"`$1", "\\N", "NULL"])
        let words = engine == .postgres ? ["t", "f"] : ["1", "0"]
        #expect(try column(world, "b") == words + ["NULL", "NULL"])
        #expect(try column(world, "j") == [#"{"a":[1, 2.50]}"#, "[]", #""x""#, "NULL"])
        let decimals = try column(world, "n").map { text in
            text.contains(".") ? String(text.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed()) : text
        }
        #expect(
            decimals == ["1.5", "-12345678901234567890.123456789", engine == .sqlite ? "1e3" : "1000", "NULL"])
        #expect(try column(world, "day") == ["2024-02-29", "0001-01-01", "9999-12-31", "NULL"])
    }

    /// Zeros have a sign, where the engine keeps it (`docs/types.md`).
    @Test(arguments: TestTarget.allCases, [WriteMode.append, .merge])
    func zerosHaveASign(_ target: TestTarget, _ mode: WriteMode) throws {
        let world = try World(target)
        let batch = Batch(
            [#"{"id":1,"d":-0.0}"#], ["id": .integer, "d": .double], mode: mode, key: mode == .merge ? ["id"] : [])
        for _ in 0..<(mode == .merge ? 2 : 1) { try world.load(batch) }
        // MariaDB writes no sign of a zero; the angle has it. SQLite need not have functions.
        let sign = target.engine == .sqlite ? "\"d\"" : "atan2(\"d\", -1)"
        let signs = try world.query("SELECT \(sign) FROM \"rows\"").map { $0.hasPrefix("-") }
        #expect(signs == [target.engine != .sqlite && target.engine != .mariadb])
    }

    /// Instants stay instants, whatever zone they are told in; what an engine would round or roll over is refused.
    @Test(arguments: TestTarget.allCases) func momentsAreKeptOrRefused(_ target: TestTarget) throws {
        let engine = target.engine
        let world = try World(target)
        let times = [
            "2024-02-29T23:59:59.123456Z", "2024-03-01T00:30:00+01:00", "2024-12-31 22:00:00-0230", "2024-06-01T12:00",
            "2024-06-01T12:00:00.1234567Z", "2016-12-31T23:59:60Z",
        ]
        let lines = times.enumerated().map { "{\"id\":\($0),\"t\":\"\($1)\"}" }
        let outcome = try world.load(Batch(lines, ["id": .integer, "t": .timestamp]))
        guard engine != .sqlite else {
            #expect(try column(world, "t") == times)
            return
        }
        #expect(outcome.summary.rejects == 2)
        let expected = [
            "2024-02-29 23:59:59.123456", "2024-02-29 23:30:00", "2025-01-01 00:30:00", "2024-06-01 12:00:00",
        ]
        let found = try column(world, "t").map { text in
            text.replacing("+00", with: "").replacing(".000000", with: "")
        }
        #expect(found == expected)
    }

    /// What only databases bring: bytes, UUIDs, clocks without zones; in the straight way, and once keys are known.
    @Test(arguments: TestTarget.allCases, [WriteMode.append, .merge])
    func typesOfDatabasesAreKept(_ target: TestTarget, _ mode: WriteMode) throws {
        let engine = target.engine
        let world = try World(target)
        let every = Base64.encoded((0...255).map { UInt8($0) })
        let lines = [
            #"{"id":1,"b":"\#(every)","u":"123e4567-e89b-12d3-a456-426614174000","c":"23:59:59.123456","w":"1999-12-31T23:59:59.5"}"#,
            #"{"id":2,"b":"","u":null,"c":"00:00","w":"2024-02-29 00:00"}"#, #"{"id":3}"#,
        ]
        let types: KeyValuePairs<String, LogicalType> = [
            "id": .integer, "b": .bytes, "u": .uuid, "c": .time, "w": .datetime,
        ]
        let batch = Batch(lines, types, mode: mode, key: mode == .merge ? ["id"] : [])
        for _ in 0..<(mode == .merge ? 2 : 1) {
            let outcome = try world.load(batch)
            let rejects = try world.rejects()
            #expect(outcome.summary.rows == 3 && rejects.isEmpty, "\(rejects)")
        }
        let hexadecimal =
            engine == .postgres ? "upper(encode(\"b\", 'hex'))" : "CASE WHEN \"b\" IS NOT NULL THEN hex(\"b\") END"
        let digits = (0...255).map { String($0 / 16, radix: 16) + String($0 % 16, radix: 16) }.joined().uppercased()
        #expect(try world.query("SELECT \(hexadecimal) FROM \"rows\" ORDER BY \"id\"") == [digits, "", "NULL"])
        #expect(try column(world, "u") == ["123e4567-e89b-12d3-a456-426614174000", "NULL", "NULL"])
        let clocks = try column(world, "c").map { $0.replacing(":00.000000", with: ":00") }
        #expect(clocks == ["23:59:59.123456", engine == .sqlite ? "00:00" : "00:00:00", "NULL"])
        let moments = try column(world, "w").map {
            $0.replacing("T", with: " ").replacing(".000000", with: "").replacing(".500000", with: ".5")
        }
        #expect(
            moments == [
                "1999-12-31 23:59:59.5", engine == .sqlite ? "2024-02-29 00:00" : "2024-02-29 00:00:00", "NULL",
            ])
        // No text is made of bytes that are there.
        let other = try world.load(
            Batch([#"{"id":9,"b":7}"#], ["id": .integer, "b": .integer], mode: mode, key: batch.key))
        #expect(other.summary.blocked == 1 && "\(other.events)".contains("column b holds bytes"), "\(other.events)")
    }

    /// A column has the digits that its source declares, and grows with them; what does not fit is refused.
    @Test(arguments: TestTarget.allCases) func decimalsHaveTheirPrecision(_ target: TestTarget) throws {
        let world = try World(target)
        func batch(_ id: Int, _ value: String, _ digits: Int, _ scale: Int) -> Batch {
            var batch = Batch(
                ["{\"id\":\(id),\"n\":\(value)}"], ["id": .integer, "n": .decimal], mode: .merge, key: ["id"])
            batch.schema[1].precision = Precision(digits: digits, scale: scale)
            return batch
        }
        let long = "1234567890123456789012345"
        try world.load(batch(1, "\(long).12345", 30, 5))
        let word: (Int, Int) -> String? = { digits, scale in
            switch target.engine {
            case .duckdb: "DECIMAL(\(digits),\(scale))"
            case .mariadb: "decimal(\(digits),\(scale))"
            default: nil
            }
        }
        func type() throws -> String? {
            switch target.engine {
            case .duckdb: try world.query("SELECT data_type FROM duckdb_columns() WHERE column_name = 'n'").first
            case .mariadb:
                try world.query(
                    "SELECT column_type FROM information_schema.columns WHERE table_schema = DATABASE() AND column_name = 'n'"
                ).first
            default: nil
            }
        }
        #expect(try type() == word(30, 5))
        try world.load(batch(2, "-0.00000001", 8, 8))
        #expect(try type() == word(33, 8))
        // Whole numbers of 64 bits fit, too.
        var whole = batch(3, "\(Int64.max)", 1, 0)
        whole.schema[1] = Column(name: "n", type: .bigint)
        try world.load(whole)
        #expect(try type() == word(33, 8))
        let rows = try world.query(#"SELECT "id", "n" FROM "rows" ORDER BY "id""#).map { row in
            row.contains(".") ? String(row.reversed().drop { $0 == "0" }.reversed()) : row
        }
        #expect(rows == ["1|\(long).12345", "2|-0.00000001", "3|\(Int64.max)."] || rows.last == "3|\(Int64.max)")
        #expect(rows.prefix(2) == ["1|\(long).12345", "2|-0.00000001"])
        // A source that breaks its word, where the column keeps no more.
        let outcome = try world.load(batch(4, "\(long)1", 30, 5))
        let rejects = try world.rejects()
        let isKept = target.engine == .sqlite || target.engine == .postgres
        #expect(outcome.summary.rejects == (isKept ? 0 : 1), "\(rejects)")
        // What nobody declares gets what the engine has as its own, as far as the column loses nothing.
        try world.load(
            Batch([#"{"id":5,"n":0.5}"#], ["id": .integer, "n": .decimal], mode: .merge, key: ["id"]))
        #expect(try type() == (target.engine == .duckdb ? word(38, 13) : word(65, 30)))
    }

    /// What is beyond numbers and the calendar is kept where the engine has it, and refused with its row where not.
    @Test(arguments: TestTarget.allCases) func whatIsBeyondIsKeptOrRefused(_ target: TestTarget) throws {
        let engine = target.engine
        let world = try World(target)
        let lines = [
            #"{"id":1,"d":"NaN"}"#, #"{"id":2,"d":"-Infinity"}"#, #"{"id":3,"n":"NaN"}"#, #"{"id":4,"t":"infinity"}"#,
            #"{"id":5,"t":"0044-03-15 10:00:00+00 BC"}"#, #"{"id":6,"day":"-infinity"}"#,
            #"{"id":7,"day":"12026-01-01"}"#,
            #"{"id":8,"w":"0001-12-31 23:59:59 BC"}"#, #"{"id":9}"#,
        ]
        try world.load(
            Batch(
                lines, ["id": .integer, "d": .double, "n": .decimal, "t": .timestamp, "day": .date, "w": .datetime]))
        let kept = try column(world, "id").joined(separator: " ")
        switch engine {
        case .sqlite: #expect(kept == "2 3 4 5 6 7 8 9")
        case .postgres:
            #expect(kept == "1 2 3 4 5 6 7 8 9")
            let rows = try world.query("SELECT * FROM rows ORDER BY id").dropLast()
            let values = rows.map { $0.split(separator: "|").filter { $0 != "NULL" }.dropFirst().joined() }
            #expect(
                values == [
                    "NaN", "-Infinity", "NaN", "infinity", "0044-03-15 10:00:00+00 BC", "-infinity", "12026-01-01",
                    "0001-12-31 23:59:59 BC",
                ])
        case .mariadb: #expect(kept == "9")
        case .duckdb, .parquet: #expect(kept == "1 2 4 6 9")
        }
    }

    @Test(arguments: TestTarget.allCases) func typesWiden(_ target: TestTarget) throws {
        let world = try World(target)
        let types: [(LogicalType, [String])] = [
            (.boolean, ["true", "false"]), (.text, ["\"word\""]), (.integer, ["12"]),
        ]
        var id = 0
        for (type, values) in types {
            let lines = values.map { value in
                id += 1
                return "{\"id\":\(id),\"x\":\(value),\"y\":\(id)}"
            }
            try world.load(Batch(lines, ["id": .integer, "x": type, "y": .integer]))
        }
        #expect(try column(world, "x") == ["true", "false", "word", "12"])
        try world.load(
            Batch(["{\"id\":5,\"y\":0.5}", "{\"id\":6,\"new\":1}"], ["id": .integer, "y": .double, "new": .integer]))
        #expect(try column(world, "y").map { Double($0) } == [1, 2, 3, 4, 0.5, nil])
        try world.load(Batch(["{\"id\":7,\"y\":\"z\"}"], ["id": .integer, "y": .text]))
        #expect(try column(world, "y").map { Double($0) ?? -1 } == [1, 2, 3, 4, 0.5, -1, -1])
        #expect(try column(world, "new") == ["NULL", "NULL", "NULL", "NULL", "NULL", "1", "NULL"])
    }

    @Test(arguments: TestTarget.allCases) func hostileNamesAreNames(_ target: TestTarget) throws {
        let engine = target.engine
        let world = try World(target)
        let columns = ["select", "a\"b", "a`b", "x'); DROP TABLE rows; --", "ü 😀", "$1", "?", "a.b", "%s"].filter {
            // Names of MariaDB hold no character beyond U+FFFF.
            engine != .mariadb || !$0.contains("😀")
        }
        let table = "my \"table\"; --"
        let fields = columns.enumerated().map { index, name in
            "\"\(name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\":\(index)"
        }
        let batch = Batch(["{\"id\":1,\(fields.joined(separator: ","))}"], ["id": .integer], mode: .merge, key: ["id"])
            .with { batch in
                batch.schema += columns.map { Column(name: $0, type: .integer) }
                batch.table = table
            }
        for _ in 0..<2 {
            let outcome = try world.load(batch)
            #expect(outcome.summary.blocked == 0 && outcome.summary.rejects == 0, "\(outcome.events)")
        }
        let quoted = table.replacing("\"", with: "\"\"")
        #expect(try world.query("SELECT count(*) FROM \"\(quoted)\"") == ["1"])
        for (index, name) in columns.enumerated() {
            let column = name.replacing("\"", with: "\"\"")
            #expect(try world.query("SELECT \"\(column)\" FROM \"\(quoted)\"") == ["\(index)"], "\(name)")
        }
    }

    /// Keys are compared by their bytes: blanks, case, accents and letters that are equal elsewhere are different here.
    @Test(arguments: TestTarget.allCases, [WriteMode.merge, .insertOnly])
    func keysAreBytes(_ target: TestTarget, _ mode: WriteMode) throws {
        let world = try World(target)
        let keys = ["a", "A", "a ", "á", "a\u{301}", "ß", "ss", "", "\u{1F600}", "\\", "'"]
        let lines = keys.enumerated().map { index, key in
            "{\"id\":\(index),\"k\":\"\(key.replacing("\\", with: "\\\\"))\"}"
        }
        try world.load(Batch(lines + lines.reversed(), ["id": .integer, "k": .text], mode: mode, key: ["k"]))
        #expect(try column(world, "k") == keys)
    }

    /// A partition's replacement takes its own rows and no others.
    @Test(arguments: TestTarget.allCases) func partitionsAreReplacedAlone(_ target: TestTarget) throws {
        let world = try World(target)
        func batch(_ partition: String, _ values: [Int]) -> Batch {
            Batch(
                values.map { "{\"id\":\($0)}" }, ["id": .integer], mode: .replacePartition, key: ["p", "id"]
            ).with { $0.partition = [("p", partition)] }
        }
        for partition in ["a", "A", "a ", "b'--", "%"] { try world.load(batch(partition, [1, 2, 3])) }
        try world.load(batch("a", [7]))
        #expect(try world.query("SELECT count(*) FROM \"rows\"") == ["13"])
        #expect(try world.query("SELECT id FROM \"rows\" WHERE id > 3") == ["7"])
        let empty = batch("a", []).with { $0.guards.allowEmpty = true }
        try world.load(empty)
        #expect(try world.query("SELECT count(*) FROM \"rows\"") == ["12"])
    }

    /// A chunk that comes again, also edited by nobody, changes nothing; a run that is cancelled leaves nothing.
    @Test(arguments: TestTarget.allCases) func theLedgerDecides(_ target: TestTarget) throws {
        let world = try World(target)
        let batch = Batch(["{\"id\":1}", "{\"id\":2}"], ["id": .integer])
        try world.load(batch)
        let spool = try world.process().spool()
        let target = try world.target(spool: spool.id)
        let log = LogKey(job: "job", stream: "stream", partition: Partition())
        let head = try target.head(log)
        #expect(head.number == 1 && head.rows == 2)
        #expect(try target.heads { _ in 7 } == [7: 1])
        let run = try #require(RunID(head.run))
        let closed = try #require(try target.closed(run))
        #expect(closed.outcome == .loaded && closed.rows == 2 && closed.chunks.map(\.sequence) == [0])
        #expect(try target.loaded(run).isEmpty)
        // Put into the queue again by hand, it is closed by the head alone.
        let manifest = try #require(try spool.manifest(log, 1))
        try spool.putUp(manifest, number: 1, target: "t")
        #expect(try world.drain().summary.chunksLoaded == 0)
        #expect(try world.query("SELECT count(*) FROM \"rows\"") == ["2"])
    }

    @Test(arguments: TestTarget.allCases) func aTableHasOneOwner(_ target: TestTarget) throws {
        let world = try World(target)
        try world.load(Batch(["{\"id\":1}"], ["id": .integer]))
        let outcome = try world.load(Batch(["{\"id\":2}"], ["id": .integer], mode: .replace).with { $0.job = "other" })
        #expect(outcome.summary.blocked == 1)
        #expect(try column(world, "id") == ["1"])
    }

    /// What somebody else's table has besides the columns that rows bring is none of their business: it stays in rows that are there,
    /// and new rows get its default.
    @Test(
        arguments: TestTarget.allCases.filter { $0.engine != .parquet }, [WriteMode.merge, .insertOnly, .updateOnly])
    func columnsOfSomebodyElseAreLeftAlone(_ target: TestTarget, _ mode: WriteMode) throws {
        let world = try World(target)
        // So that there is a schema.
        try world.load(Batch([#"{"id":0}"#], ["id": .integer]))
        _ = try world.query(
            #"CREATE TABLE "own"("id" bigint NOT NULL, "v" varchar(100), "note" varchar(100), "made" integer DEFAULT 7 NOT NULL)"#
        )
        _ = try world.query(#"INSERT INTO "own" VALUES (1, 'a', 'mine', 3)"#)
        func load(_ value: String, _ ids: ClosedRange<Int>) throws {
            let lines = ids.map { "{\"id\":\($0),\"v\":\"\(value)\"}" }
            var batch = Batch(lines, ["id": .integer, "v": .text], mode: mode, key: ["id"])
            batch.table = "own"
            batch.stream = "own"
            let outcome = try world.load(batch)
            #expect(outcome.summary.rejects == 0 && outcome.summary.blocked == 0, "\(outcome.events)")
        }
        func rows() throws -> [String] { try world.rows(["id", "v", "note", "made"], table: "own") }
        try load("b", 1...2)
        switch mode {
        case .merge: #expect(try rows() == ["1|b|mine|3", "2|b|NULL|7"])
        case .insertOnly: #expect(try rows() == ["1|a|mine|3", "2|b|NULL|7"])
        default: #expect(try rows() == ["1|b|mine|3"])
        }
        // It is noted now, and nothing changes by that; once keys are known, nothing either.
        for value in ["c", "d"] { try load(value, 1...3) }
        switch mode {
        case .merge: #expect(try rows() == ["1|d|mine|3", "2|d|NULL|7", "3|d|NULL|7"])
        case .insertOnly: #expect(try rows() == ["1|a|mine|3", "2|b|NULL|7", "3|c|NULL|7"])
        default: #expect(try rows() == ["1|d|mine|3"])
        }
    }

    /// Nobody's table gets other types of columns because a record brings a value of another one.
    @Test(arguments: TestTarget.allCases) func columnsOfSomebodyElseKeepTheirTypes(_ target: TestTarget) throws {
        let world = try World(target)
        try world.load(Batch([#"{"id":0}"#], ["id": .integer]))
        _ = try world.query(#"CREATE TABLE "own"("id" bigint, "n" integer)"#)
        func load(_ value: String, _ type: LogicalType) throws -> LoadOutcome {
            var batch = Batch(["{\"id\":1,\"n\":\(value)}"], ["id": .integer, "n": type])
            batch.table = "own"
            batch.stream = "own"
            return try world.load(batch)
        }
        #expect(try load("5", .integer).summary.rows == 1)
        let outcome = try load(#""word""#, .text)
        #expect(outcome.summary.blocked == 1)
        let reasons = KeyTests.stops(outcome)
        #expect(reasons.contains { $0.contains("was not made by Bobbin, and its column \"n\"") }, "\(outcome.events)")
        #expect(try world.rows(["id", "n"], table: "own") == ["1|5"])
    }

    /// Two spellings of one value are one key where the engine says so: then, too, the last one wins.
    @Test(arguments: TestTarget.servers) func theLastSpellingOfAKeyWins(_ target: TestTarget) throws {
        let world = try World(target)
        let lines = ["1.50", "1.5", "2", "1.500", "2.0", "1.5"].enumerated().map { "{\"k\":\($1),\"id\":\($0)}" }
        try world.load(Batch(lines, ["k": .decimal, "id": .integer], mode: .merge, key: ["k"]))
        #expect(try column(world, "id") == ["4", "5"])
        let moments = ["2024-01-01T01:00:00+01:00", "2024-01-01T00:00:00Z", "2023-12-31T23:00:00-01:00"]
        let other = moments.enumerated().map { "{\"k\":\"\($1)\",\"id\":\($0)}" }
        try world.load(
            Batch(other, ["k": .timestamp, "id": .integer], mode: .merge, key: ["k"]).with { batch in
                batch.table = "moments"
                batch.stream = "moments"
            })
        #expect(try column(world, "id", table: "moments") == ["2"])
    }

    /// A constraint of somebody's own refuses single rows, also on the way round that known keys take.
    @Test(arguments: TestTarget.servers, [WriteMode.merge, .insertOnly, .append])
    func constraintsRefuseSingleRows(_ target: TestTarget, _ mode: WriteMode) throws {
        let engine = target.engine
        let world = try World(target)
        let columns: KeyValuePairs<String, LogicalType> = ["id": .integer, "v": .text]
        func lines(_ ids: Range<Int>, _ value: String) -> [String] {
            ids.map { "{\"id\":\($0),\"v\":\"\($0 % 40 == 7 ? "bad" : value)\"}" }
        }
        func batch(_ lines: [String]) -> Batch {
            Batch(lines, columns, mode: mode, key: mode == .append ? [] : ["id"]).with {
                $0.guards.maximumRejectShare = 1
            }
        }
        try world.load(batch(lines(0..<7, "a")))
        let quoted = engine == .mariadb ? "`rows`" : "rows"
        _ = try world.query("ALTER TABLE \(quoted) ADD CONSTRAINT good CHECK (v <> 'bad')")
        let outcome = try world.load(batch(lines(3..<203, "b")))
        let refused = (3..<203).filter { $0 % 40 == 7 }.count
        #expect(outcome.summary.rejects == refused && refused == 5)
        let rejects = try world.rejects()
        #expect(rejects.count == refused && rejects.allSatisfy { $0.contains("bad") })
        let expected: [String] =
            switch mode {
            case .merge: (0..<203).filter { $0 % 40 != 7 }.map { "\($0)|\($0 < 3 ? "a" : "b")" }
            case .insertOnly: (0..<203).filter { $0 % 40 != 7 }.map { "\($0)|\($0 < 7 ? "a" : "b")" }
            default: (0..<7).map { "\($0)|a" } + (3..<203).filter { $0 % 40 != 7 }.map { "\($0)|b" }
            }
        #expect(try world.rows(["id", "v"]) == expected.sorted())
    }

    /// So does a trigger of somebody's own that raises for a row.
    @Test(arguments: TestTarget.servers + [.sharing(.postgres), .sharing(.mariadb)], [WriteMode.merge, .append])
    func triggersRefuseSingleRows(_ target: TestTarget, _ mode: WriteMode) throws {
        let world = try World(target)
        let columns: KeyValuePairs<String, LogicalType> = ["id": .integer, "v": .text]
        func batch(_ ids: Range<Int>) -> Batch {
            let lines = ids.map { "{\"id\":\($0),\"v\":\"\($0 % 40 == 7 ? "bad" : "good")\"}" }
            return Batch(lines, columns, mode: mode, key: mode == .append ? [] : ["id"]).with {
                $0.guards.maximumRejectShare = 1
            }
        }
        try world.load(batch(0..<7))
        if target.engine == .mariadb {
            for event in ["INSERT", "UPDATE"] {
                _ = try world.query(
                    """
                    CREATE TRIGGER refuse_\(event) BEFORE \(event) ON `rows` FOR EACH ROW
                    IF NEW.v = 'bad' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'none of these'; END IF
                    """)
            }
        } else {
            _ = try world.query(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN IF NEW.v = 'bad' THEN RAISE EXCEPTION 'none of these'; END IF; RETURN NEW; END $$
                """)
            _ = try world.query(
                "CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON rows FOR EACH ROW EXECUTE FUNCTION refuse()")
        }
        let outcome = try world.load(batch(7..<207))
        #expect(outcome.summary.rejects == 5 && outcome.summary.blocked == 0)
        let rejects = try world.rejects()
        #expect(rejects.count == 5 && rejects.allSatisfy { $0.contains("none of these") }, "\(rejects)")
        #expect(
            try world.rows(["id", "v"]) == (0..<207).filter { $0 % 40 != 7 }.map { "\($0)|good" }.sorted())
    }
}
