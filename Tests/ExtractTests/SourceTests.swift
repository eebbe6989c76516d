import Chunk
import Databases
import Extract
import Foundation
import JSON
import Manifest
import Synchronization
import TestKit
import Testing

/// What every database promises as a source; a new engine is one more case of `TestEngine`.
@Suite struct SourceTests {
    @Test(arguments: TestEngine.databases) func aPatternIsAllTables(_ engine: TestEngine) throws {
        let source = try SourceWorld(engine)
        try source.run(
            source.numbered("b", rows: 2) + source.numbered("a", rows: 3) + source.numbered("secret", rows: 1)
                + source.numbered("_bobbin_head", rows: 1) + source.numbered("own", rows: 1)
                + source.numbered("empty", rows: 0)
                + "CREATE VIEW w AS SELECT * FROM a;\n")
        let p = source.prefix
        let job =
            #"streams: {"\#(p)*": {mode: replace, table: "t_{table}"}, \#(p)secret: {disabled: true}, "\#(p)own": {mode: append, columns: {v: json}}}"#
        let all = try source.extract(job)
        #expect(all.map(\.name) == ["\(p)a", "\(p)b", "\(p)empty", "\(p)own"])
        #expect(all.allSatisfy { $0.error == nil })
        #expect(all.map { $0.manifest?.table } == ["t_a", "t_b", "t_empty", "own"])
        #expect(all.map { $0.manifest?.key } == [["id"], ["id"], ["id"], []])
        #expect(all.map { $0.manifest?.mode } == [.replace, .replace, .replace, .append])
        #expect(all[0].rows == [#"{"id":1,"v":"v1"}"#, #"{"id":2,"v":"v2"}"#, #"{"id":3,"v":"v3"}"#])
        #expect(all[2].rows == [])
        // An empty table has columns, too; what is declared goes before the catalogue.
        #expect(all[2].types == (engine == .sqlite ? ["id integer", "v text"] : ["id bigint", "v text"]))
        #expect(all[3].types.last == "v json")
        // Tables of the default schema need no schema before their name, and a view is read by its own.
        let view = try source.one("streams: {w: {mode: replace}}")
        #expect(view.rows.sorted() == all[0].rows && view.manifest?.table == "w" && view.manifest?.key == [])
    }

    @Test(arguments: TestEngine.databases) func aQueryIsATable(_ engine: TestEngine) throws {
        let source = try SourceWorld(engine)
        try source.run(source.numbered("a", rows: 3))
        let found = try source.one(
            #"mode: merge, primary_key: n, query: "SELECT id * 10 AS n, v, NULL AS none FROM a WHERE id > 1 ORDER BY id -- the last ones""#
        )
        #expect(found.rows == [#"{"n":20,"v":"v2","none":null}"#, #"{"n":30,"v":"v3","none":null}"#])
        #expect(found.manifest?.table == "job" && found.manifest?.key == ["n"])
        // Others give the second one another name.
        if engine == .postgres || engine == .mariadb {
            #expect(throws: (any Error).self) { try source.plans(#"query: "SELECT id, id FROM a""#) }
        }
        do { _ = try source.plans(#"query: "SELECT nonsense FROM a""#) } catch {
            #expect(ExtractError(error).kind == .configuration, "\(error)")
        }
    }

    @Test(arguments: TestEngine.databases) func whatIsNotThereIsSaid(_ engine: TestEngine) throws {
        let source = try SourceWorld(engine)
        try source.run(source.numbered("Orders", rows: 1) + "CREATE TABLE nokey(x bigint);\n")
        func message(_ job: String) -> String {
            do {
                _ = try source.plans(job)
                return "no error"
            } catch { return ExtractError(error).message }
        }
        #expect(message("streams: {orders: {}}").contains("no table or view orders"))
        #expect(message("streams: {orders: {}}").contains("(there is \(source.prefix)Orders)"))
        #expect(message("streams: {nokey: {mode: merge}}").contains("has no primary key"))
        #expect(
            message("streams: {Orders: {mode: merge, cursor: seen}}").contains(
                "cursor seen is no column of it; it has id, v"))
        #expect(message("streams: {Orders: {mode: merge, primary_key: [nr]}}").contains("primary_key nr is no column"))
        let all = source.prefix + "*"
        #expect(message(#"streams: {"nothing*": {}}"#).contains("has no table that matches nothing*"))
        #expect(
            message(#"streams: {"nothing*": {}}"#).contains("(there is \(source.prefix)Orders, \(source.prefix)nokey)"))
        // What is disabled or named is a match.
        #expect(
            try source.plans(
                #"streams: {"\#(all)": {}, \#(source.prefix)Orders: {disabled: true}, \#(source.prefix)nokey: {}}"#
            )
            .count == 1)
        // All tables without a key are told at once.
        if engine != .parquet {
            try source.run("CREATE TABLE nokey2(x bigint);\n")
            let keyless = message(#"streams: {"\#(all)": {mode: merge}}"#)
            #expect(
                keyless.contains("\(source.prefix)nokey, \(source.prefix)nokey2: mode merge needs a key"), "\(keyless)")
        }
    }

    /// A cursor's rows come once: those at the boundary are neither lost nor doubled, late ones are found by the lag.
    @Test(arguments: TestEngine.databases, [WriteMode.append, .merge])
    func incrementsAreWhatIsNew(_ engine: TestEngine, _ mode: WriteMode) throws {
        let source = try SourceWorld(engine)
        try source.run(
            "CREATE TABLE e(id bigint PRIMARY KEY, seen bigint NOT NULL);\nINSERT INTO e VALUES (1, 10), (2, 20), (3, 20);\n"
        )
        let job = "streams: {e: {mode: \(mode.rawValue), cursor: seen}}"
        func ids(_ extract: SourceWorld.Extract) -> [Int] { extract.integers("id") }
        let first = try source.one(job)
        #expect(ids(first).sorted() == [1, 2, 3] && first.manifest?.cursorTo["since"]?.text == "20")
        // Nothing new is no run at all.
        guard case .unchanged = try source.one(job).result.end else {
            Issue.record("a run without rows was published")
            return
        }
        try source.run("INSERT INTO e VALUES (4, 20), (5, 30), (6, 15);\n")
        let second = try source.one(job)
        #expect(ids(second).sorted() == [4, 5])
        try source.run("INSERT INTO e VALUES (7, 20);\nINSERT INTO e VALUES (8, 30);\n")
        #expect(try ids(source.one(job)) == [8])
        // A tie that comes after all others were read, twice the same.
        try source.run("INSERT INTO e VALUES (9, 30);\n")
        #expect(try ids(source.one(job)) == [9])
        var wish = StreamPlan.Wish()
        wish.since = "15"
        let early = try source.one(job, wish: wish)
        if mode == .merge {
            #expect(ids(early).sorted() == [2, 3, 4, 5, 6, 7, 8, 9])
        } else {
            // They would come twice.
            #expect(early.kind == .configuration && early.error?.contains("--full-refresh") == true)
        }
        wish.since = "x"
        let nowhere = try source.one(job, wish: wish)
        #expect(nowhere.kind == .configuration, "\(nowhere.error ?? "")")
        if mode == .merge { #expect(nowhere.error?.contains("seen holds whole numbers") == true) }
        wish.since = nil
        wish.isFullRefresh = true
        let fresh = try source.one(job, wish: wish)
        #expect(ids(fresh).sorted() == Array(1...9) && fresh.manifest?.mode == .replace)
        // What was read anew is not read again.
        guard case .unchanged = try source.one(job).result.end else {
            Issue.record("the refreshed rows were read again")
            return
        }
        guard mode == .merge else { return }
        let lagged = "streams: {e: {mode: merge, cursor: seen, lag: 15}}"
        #expect(try ids(source.one(lagged)).sorted() == Array(2...9))
        try source.run("INSERT INTO e VALUES (10, 16);\n")
        #expect(try ids(source.one(lagged)).sorted() == [2, 3, 4, 5, 6, 7, 8, 9, 10])
    }

    /// Cursors of every kind, and a lag in time.
    @Test(arguments: TestEngine.databases) func cursorsAreOfManyTypes(_ engine: TestEngine) throws {
        let source = try SourceWorld(engine)
        let moment = engine == .mariadb ? "datetime(6)" : engine == .sqlite ? "text" : "timestamp with time zone"
        try source.run(
            "CREATE TABLE e(id bigint PRIMARY KEY, t \(moment), d date, s varchar(20), n numeric(30, 5));\n"
                + "INSERT INTO e VALUES (1, '2026-01-01 10:00:00.123456', '2026-01-01', 'aa', 12345678901234567890.12345),\n"
                + "(2, '2026-01-01 12:00:00', '2026-01-02', 'ab''', 12345678901234567890.12346);\n")
        for column in ["t", "d", "s"] + (engine == .sqlite ? [] : ["n"]) {
            let job = "table: e_\(column), source: {connection: db, table: e}, mode: merge, cursor: \(column)"
            let first = try source.one(job)
            #expect(first.rows.count == 2, "\(column): \(first.error ?? "")")
            guard case .unchanged = try source.one(job).result.end else {
                Issue.record("\(column): a run without rows was published")
                continue
            }
        }
        let lagged = try source.one("table: e_t, source: {connection: db, table: e}, mode: merge, cursor: t, lag: 2h")
        #expect(lagged.rows.count == 2 || lagged.rows.count == 1)
        #expect(
            try source.one("table: e_t, source: {connection: db, table: e}, mode: merge, cursor: t, lag: 1h").rows.count
                == 1)
        #expect(
            try source.one("table: e_s, source: {connection: db, table: e}, mode: merge, cursor: s, lag: 1h").error?
                .contains(
                    "no lag can be taken") == true)
        let since = try source.one(
            "table: e_since, source: {connection: db, table: e}, mode: merge, cursor: d, since: 2026-01-02")
        #expect(since.rows.count == 1)
    }

    @Test(arguments: TestEngine.databases) func rowsWithoutACursorFollowThePolicy(_ engine: TestEngine) throws {
        let source = try SourceWorld(engine)
        try source.run(
            "CREATE TABLE e(id bigint PRIMARY KEY, seen bigint);\nINSERT INTO e VALUES (1, 10), (2, NULL), (3, 20);\n")
        #expect(
            try source.one("table: a, source: {connection: db, table: e}, mode: append, cursor: seen").error?.contains(
                "null_cursor")
                == true)
        #expect(
            try source.one(
                "table: b, source: {connection: db, table: e}, mode: append, cursor: seen, null_cursor: skip"
            )
            .rows.count == 2)
        let job = "table: c, source: {connection: db, table: e}, mode: merge, cursor: seen"
        #expect(try source.one(job).rows.count == 3)
        #expect(try source.one(job).rows == [#"{"id":2,"seen":null}"#])
        #expect(
            try source.one("table: d, source: {connection: db, table: e}, mode: merge, cursor: seen, null_cursor: fail")
                .kind == .data)
    }

    @Test(arguments: TestEngine.databases) func partitionsAreRowsOfAValue(_ engine: TestEngine) throws {
        let source = try SourceWorld(engine)
        try source.run(
            "CREATE TABLE e(id bigint PRIMARY KEY, p varchar(20), n bigint);\nINSERT INTO e VALUES (1, 'it''s', 1), (2, 'b', 2), (3, 'b', 3);\n"
        )
        let all = try source.extract(
            #"streams: {e: {mode: replace-partition, partitions: {p: ["it's", b, none]}}}"#,
            partitions: [["p": "it's"], ["p": "b"], ["p": "none"]])
        #expect(all.map(\.rows.count) == [1, 2, 0] && all.allSatisfy { $0.error == nil })
        let numbers = try source.extract(
            "streams: {e: {mode: append, partitions: {n: [2, 3]}}}", partitions: [["n": "2"], ["n": "3"]])
        #expect(numbers.map(\.rows) == [[#"{"id":2,"p":"b","n":2}"#], [#"{"id":3,"p":"b","n":3}"#]])
    }

    /// Whatever the key's type is: a read whose connection is lost after each page goes on behind the last row that was taken.
    @Test(arguments: TestEngine.databases, 0..<5) func lostConnectionsCostNoRow(_ engine: TestEngine, _ number: Int)
        throws
    {
        let bytes = engine == .postgres ? "bytea" : engine == .duckdb ? "blob" : "varbinary(20)"
        func literal(_ hexadecimal: String) -> String {
            engine == .postgres
                ? "'\\x\(hexadecimal)'" : engine == .duckdb ? "unhex('\(hexadecimal)')" : "x'\(hexadecimal)'"
        }
        let keys: [(columns: String, names: String, values: [String])] = [
            ("k bigint", "k", ["-9223372036854775808", "-1", "0", "7", "9007199254740993", "9223372036854775807"]),
            ("k varchar(50)", "k", ["''", "'a'", "'a''b'", "'back\\slash'", "'é'", "'😀'", "'zz'"]),
            (
                "a varchar(10), b bigint, c bigint", "a, b, c",
                ["'x', 1, 2", "'x', 1, 3", "'x', 2, 0", "'y', -1, 9", "'y', 0, 9"]
            ),
            (
                "k \(engine == .mariadb ? "datetime(6)" : "timestamp")", "k",
                ["'1999-12-31 23:59:59.999999'", "'2000-01-01 00:00:00'", "'2026-06-01 10:00:00.5'"]
            ),
            ("k \(bytes)", "k", [literal("00"), literal("0061"), literal("ff"), literal("ff00")]),
        ]
        let key = keys[number]
        let source = try SourceWorld(engine)
        try source.run(
            "CREATE TABLE e(\(key.columns), v bigint, PRIMARY KEY (\(key.names)))\(engine == .sqlite ? " WITHOUT ROWID" : "");\n"
                + "INSERT INTO e VALUES " + key.values.enumerated().map { "(\($1), \($0))" }.joined(separator: ", ")
                + ";\n")
        let seen = Mutex<[String]>([])
        source.opener = { InterposedSession.failing($0, after: 2) { sql in seen.withLock { $0.append(sql) } } }
        let found = try source.one(
            "streams: {e: {mode: replace, chunk: {rows: 1}, retry: {strategy: fixed, delay: 0s, max_attempts: 3}}}")
        let values = found.integers("v")
        #expect(values.sorted() == Array(key.values.indices), "\(found.error ?? "") \(seen.withLock { $0 })")
        #expect(seen.withLock { $0.count } > key.values.count / 2)
    }

    /// A run that failed is taken up by the next one: what is in its chunks is not read again.
    @Test(arguments: TestEngine.databases) func anotherRunGoesOn(_ engine: TestEngine) throws {
        let source = try SourceWorld(engine)
        try source.run(source.numbered("e", rows: 100))
        let job = "streams: {e: {mode: replace, chunk: {rows: 10}}}"
        source.opener = { InterposedSession.failing($0, after: 35) }
        #expect(try source.one(job).kind == .transient)
        source.opener = nil
        let second = try source.one(job)
        #expect(second.rows.count == 100 && Set(second.rows).count == 100)
        #expect(second.result.adopted == 3)
        // So does an incremental one, by its cursor, with a tie on the boundary of every chunk.
        try source.run("CREATE TABLE c(id bigint PRIMARY KEY, seen bigint);\nINSERT INTO c SELECT id, id / 3 FROM e;\n")
        for mode in ["append", "merge"] {
            let job =
                "table: c_\(mode), source: {connection: db, table: c}, mode: \(mode), cursor: seen, chunk: {rows: 10}, null_cursor: skip"
            source.opener = { InterposedSession.failing($0, after: 35) }
            #expect(try source.one(job).kind == .transient)
            source.opener = nil
            let found = try source.one(job)
            #expect(found.rows.count == 100 && Set(found.rows).count == 100 && found.result.adopted == 3, "\(mode)")
        }
    }

    /// One state is read, whatever is written meanwhile, and the writers do not wait.
    @Test(arguments: TestEngine.databases) func writersAreNotInTheWay(_ engine: TestEngine) throws {
        let source = try SourceWorld(engine)
        try source.run(source.numbered("e", rows: 50))
        let done = Mutex(false)
        nonisolated(unsafe) let world = source
        source.opener = { inner in
            InterposedSession(inner) { row in
                // Once one row was read, and only once.
                let isDue = done.withLock { isDone in
                    defer { isDone = isDone || row == 1 }
                    return row == 1 && !isDone
                }
                guard isDue else { return }
                try world.run(
                    "INSERT INTO e VALUES (51, 'new');\nDELETE FROM e WHERE id = 40;\nUPDATE e SET v = 'changed' WHERE id = 45;\n"
                )
            }
        }
        let found = try source.one("streams: {e: {mode: replace, chunk: {rows: 5}}}")
        #expect(found.rows.count == 50, "\(found.error ?? "")")
        #expect(found.rows.contains(#"{"id":45,"v":"v45"}"#) && !found.rows.contains { $0.contains("new") })
        #expect(done.withLock { $0 })
        source.opener = nil
        #expect(try source.one("streams: {e: {mode: replace}}").rows.count == 50)
    }

    @Test(arguments: TestEngine.databases) func hostileNamesAreNames(_ engine: TestEngine) throws {
        let source = try SourceWorld(engine)
        let table = #"my "table"; -- a.b"#
        let columns = ["select", "a\"b", "x'); DROP TABLE e; --", "ü", "$1", "?", "a.b", "%s", "{\\}"]
        func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }
        try source.run(
            "CREATE TABLE \(quoted(table))(\(columns.map { quoted($0) + " bigint" }.joined(separator: ", ")), PRIMARY KEY (\(quoted(columns[1]))));\n"
                + "INSERT INTO \(quoted(table)) VALUES (\(columns.indices.map { "\($0)" }.joined(separator: ", ")));\n")
        let all = try source.extract(#"streams: {"*": {mode: replace}}"#)
        #expect(all.map(\.name) == [source.prefix + table] && all.first?.manifest?.table == table)
        #expect(all.first?.manifest?.key == ["a\"b"])
        for (index, name) in columns.enumerated() { #expect(all.first?.integers(name) == [index], "\(name)") }
        let some = try source.one(
            "table: t, source: {connection: db, table: '\(table.replacing("'", with: "''"))'}, mode: merge, cursor: \"x'); DROP TABLE e; --\""
        )
        #expect(some.rows.count == 1, "\(some.error ?? "")")
    }
}
