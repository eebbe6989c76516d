import Extract
import Manifest
import TestKit
import Testing

/// Where an incremental read goes on belongs to what it was read from: of something else, rows below it would be lost in silence.
@Suite struct CursorOriginTests {
    private func made(_ engine: TestEngine) throws -> SourceWorld {
        let source = try SourceWorld(engine)
        try source.run(
            "CREATE TABLE a(id bigint PRIMARY KEY, n bigint, v varchar(9));\n"
                + "CREATE TABLE b(id bigint PRIMARY KEY, n bigint, v varchar(9));\n"
                + "INSERT INTO a VALUES (1001, 1, 'x'), (1002, 2, 'y');\nINSERT INTO b VALUES (1, 7, 'z');\n")
        return source
    }

    private func refusal(_ source: SourceWorld, _ job: String) throws -> String {
        let found = try source.one(job)
        #expect(found.kind == .configuration && found.rows.isEmpty, "\(job)")
        return found.error ?? ""
    }

    @Test(arguments: TestEngine.databases) func anotherColumnTableOrQueryIsNoPlaceToGoOn(_ engine: TestEngine) throws {
        let source = try made(engine)
        let first = "streams: {a: {mode: merge, primary_key: id, cursor: id}}"
        let other = "streams: {a: {mode: merge, primary_key: id, cursor: n}}"
        #expect(try source.one(first).integers("id") == [1001, 1002])
        let message = try refusal(source, other)
        for part in ["job/a", "1002", "--full-refresh", "--since"] { #expect(message.contains(part), "\(message)") }
        #expect(
            try refusal(
                source, "streams: {a: {source: {connection: db, table: b}, mode: merge, primary_key: id, cursor: id}}"
            )
            .contains("--full-refresh"))
        // What was there goes on, and somebody may say where to begin.
        try source.run("INSERT INTO a VALUES (2000, 3, 'new')")
        #expect(try source.one(first).integers("id") == [2000])
        var wish = StreamPlan.Wish()
        wish.since = "2"
        #expect(try source.one(other, wish: wish).integers("id").sorted() == [1002, 2000])
        try source.run("INSERT INTO a VALUES (5, 4, 'low')")
        #expect(try source.one(other).integers("id") == [5])
        #expect(try refusal(source, first).contains("ended at 4 "))
        // What somebody says counts for the runs to come, also when nothing is there yet.
        wish.since = "9000"
        #expect(try source.one(first, wish: wish).rows.isEmpty)
        try source.run("INSERT INTO a VALUES (9001, 4, 'late')")
        #expect(try source.one(first).integers("id") == [9001])
        // Of a stream that was not stopped it is for the one run, and a run that finds nothing moves nothing.
        wish.since = "90000"
        #expect(try source.one(first, wish: wish).rows.isEmpty)
        try source.run("INSERT INTO a VALUES (9002, 4, 'later')")
        #expect(try source.one(first).integers("id") == [9002])
        // Rows without a cursor, which come with every run, are no finding.
        let nulls = "streams: {b: {mode: merge, primary_key: id, cursor: n}}"
        try source.run("INSERT INTO b VALUES (2, NULL, 'null')")
        #expect(try source.one(nulls).integers("id").sorted() == [1, 2])
        #expect(try source.one(nulls, wish: wish).integers("id") == [2])
        try source.run("INSERT INTO b VALUES (3, 8, 'new')")
        #expect(try source.one(nulls).integers("id").sorted() == [2, 3])
        wish.since = nil
        wish.isFullRefresh = true
        #expect(try source.one(first, wish: wish).integers("id").sorted() == [5, 1001, 1002, 2000, 9001, 9002])
    }

    /// A server that passes over a part of what somebody wrote would begin elsewhere.
    @Test func anOffsetIsNotPassedOver() throws {
        let source = try SourceWorld(.mariadb)
        try source.run(
            "CREATE TABLE e(id bigint PRIMARY KEY, at timestamp(0) NOT NULL);\n"
                + "INSERT INTO e VALUES (1, '2026-11-01 00:30:00'), (2, '2026-11-01 03:00:00');\n")
        let job = "streams: {e: {mode: merge, cursor: at}}"
        var wish = StreamPlan.Wish()
        for since in ["2026-11-01 02:00:00+02:00", "2026-11-01T02:00:00-0200"] {
            wish.since = since
            let found = try source.one(job, wish: wish)
            #expect(found.kind == .configuration && found.error?.contains("no offset") == true, "\(found.error ?? "")")
        }
        wish.since = "2026-11-01T01:00:00Z"
        #expect(try source.one(job, wish: wish).integers("id") == [2])
        wish.since = "2026-11-01"
        #expect(try source.one(job, wish: wish).integers("id").sorted() == [1, 2])
    }

    /// Under `append` rows of the boundary must not come twice because a query was edited.
    @Test func toGoOnAsIfNothingHadChangedDoublesNothing() throws {
        let source = try made(.postgres)
        let job = { (query: String) in #"mode: append, cursor: n, query: "\#(query)""# }
        try source.run("INSERT INTO a VALUES (1003, 2, 'tie')")
        #expect(try source.one(job("SELECT id, n, v FROM a")).integers("id").sorted() == [1001, 1002, 1003])
        try source.run("INSERT INTO a VALUES (1004, 2, 'late'), (1005, 3, 'new')")
        let edited = job("SELECT id, n, v FROM a WHERE true")
        let message = try refusal(source, edited)
        #expect(message.contains("--since '2'"))
        var wish = StreamPlan.Wish()
        wish.since = "2"
        #expect(try source.one(edited, wish: wish).integers("id").sorted() == [1004, 1005])
        try source.run("INSERT INTO a VALUES (1006, 4, 'newer')")
        #expect(try source.one(edited).integers("id") == [1006])
        // Said once more without a row in between, it is the same.
        wish.since = "4"
        #expect(try source.one(edited, wish: wish).rows.isEmpty)
        // Of another column no value is where the rows end that are there.
        let other = #"mode: append, cursor: id, query: "SELECT id, n, v FROM a WHERE true""#
        for wish in [StreamPlan.Wish(), wish] {
            let found = try source.one(other, wish: wish)
            #expect(found.kind == .configuration && found.error?.contains("another cursor than id") == true)
        }
    }

    /// A replacement would delete what was written to the source in between.
    @Test(arguments: [TestEngine.sqlite, .postgres, .mariadb]) func aTableIsNotLoadedIntoItself(_ engine: TestEngine)
        throws
    {
        let source = try made(engine)
        do {
            _ = try source.plans("streams: {a: {target: db, mode: replace}}")
            Issue.record("it was taken")
        } catch {
            let failure = ExtractError(error)
            #expect(failure.kind == .configuration)
            #expect(failure.message.contains("give the stream another `table`"), "\(failure.message)")
        }
        #expect(try source.plans("streams: {a: {target: db, mode: replace, table: copy}}").count == 1)
        #expect(throws: ExtractError.self) { try source.plans("streams: {a: {target: same, mode: replace}}") }
    }

    /// A target that is new to a stream must not get only the end of it.
    @Test func anAddedTargetIsNotLeftBehind() throws {
        let source = try made(.sqlite)
        let job = { (target: String, rest: String) in "streams: {a: {target: \(target), primary_key: id, \(rest)}}" }
        #expect(try source.one(job("out", "mode: merge, cursor: id")).rows.count == 2)
        let message = try refusal(source, job("[out, db]", "table: copy, mode: merge, cursor: id"))
        #expect(message.contains("target db") && message.contains("--full-refresh"), "\(message)")
        var wish = StreamPlan.Wish()
        wish.isFullRefresh = true
        let all = try source.one(job("[out, db]", "table: copy, mode: merge, cursor: id"), wish: wish)
        #expect(Set(all.integers("id")) == [1001, 1002] && all.manifest?.targets == ["out", "db"])
        try source.run("INSERT INTO a VALUES (9000, 3, 'new')")
        let more = try source.one(job("[out, db]", "table: copy, mode: merge, cursor: id"))
        #expect(Set(more.integers("id")) == [9000])
        // One less is nobody's loss, and what reads everything brings everything.
        #expect(try source.one(job("db", "table: copy, mode: replace")).rows.count == 3)
    }
}
