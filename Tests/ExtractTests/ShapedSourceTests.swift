import Chunk
import Extract
import JSON
import Manifest
import Spool
import TestKit
import Testing

/// Tables and queries whose rows are shaped on the way.
@Suite struct ShapedSourceTests {
    private static let people = """
        CREATE TABLE people(id bigint PRIMARY KEY, email varchar(100), age bigint, secret varchar(100));
        INSERT INTO people VALUES (1, 'a', 20, 'x'), (2, NULL, NULL, 'y'), (3, 'a', 22, NULL);

        """
    private static let a = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"

    private func names(_ columns: [Column]) -> [String] { columns.map { "\($0.name) \($0.type.rawValue)" } }

    @Test(arguments: TestEngine.databases) func rowsAndColumnsOfATable(_ engine: TestEngine) throws {
        let source = try SourceWorld(engine)
        try source.run(Self.people)
        let job =
            "table: people, mode: replace, shape: {drop: secret, rename: {id: nr, email: mail}, hash: mail, constant: {origin: erp}, loaded_at: _at}"
        let extract = try source.one(job)
        let integer = engine == .sqlite ? "integer" : "bigint"
        let manifest = try #require(extract.manifest, "\(extract.error ?? "")")
        #expect(
            names(manifest.schema) == ["nr \(integer)", "mail text", "age \(integer)", "origin text", "_at timestamp"])
        // The catalogue's key under its new name.
        #expect(manifest.key == ["nr"] && manifest.isShaped)
        #expect(
            extract.rows == [
                "{\"nr\":1,\"mail\":\"\(Self.a)\",\"age\":20,\"origin\":\"erp\",\"_at\":\"\(manifest.started)\"}",
                "{\"nr\":2,\"mail\":null,\"age\":null,\"origin\":\"erp\",\"_at\":\"\(manifest.started)\"}",
                "{\"nr\":3,\"mail\":\"\(Self.a)\",\"age\":22,\"origin\":\"erp\",\"_at\":\"\(manifest.started)\"}",
            ])
        let plan = try #require(try source.plans(job).first?.table)
        #expect(plan.columns.map(\.name) == ["nr", "mail", "age", "origin", "_at"])
    }

    /// A table without rows has its shaped columns all the same.
    @Test(arguments: TestEngine.databases) func anEmptyTableHasItsColumns(_ engine: TestEngine) throws {
        let source = try SourceWorld(engine)
        try source.run("CREATE TABLE t(id bigint PRIMARY KEY, a bigint, b varchar(9));\n")
        let extract = try source.one("table: t, mode: replace, shape: {rename: {a: c}, select: [id, a], hash: c}")
        #expect(extract.types == ["id \(engine == .sqlite ? "integer" : "bigint")", "c text"])
    }

    /// What the source reads for itself, it reads before: the cursor by its old name, the types by the new.
    @Test(arguments: TestEngine.databases) func cursorsAreOfTheSource(_ engine: TestEngine) throws {
        let source = try SourceWorld(engine)
        try source.run(source.numbered("t", rows: 3))
        let job = "table: t, mode: append, cursor: id, shape: {drop: id, rename: {v: w}}, columns: {w: json}"
        let first = try source.one(job)
        #expect(first.rows == [#"{"w":"v1"}"#, #"{"w":"v2"}"#, #"{"w":"v3"}"#])
        #expect(first.types == ["w json"])
        try source.run("INSERT INTO \"t\" VALUES (4, 'v4');\n")
        #expect(try source.one(job).rows == [#"{"w":"v4"}"#])
    }

    @Test(arguments: TestEngine.databases) func objectsInColumnsAreFlattened(_ engine: TestEngine) throws {
        let source = try SourceWorld(engine)
        let type = engine == .sqlite ? "text" : "json"
        try source.run(
            """
            CREATE TABLE t(id bigint PRIMARY KEY, doc \(type));
            INSERT INTO t VALUES (1, '{"a":1,"b":{"c":"x"}}'), (2, '[1]'), (3, NULL);

            """)
        let extract = try source.one(
            "table: t, mode: replace, columns: {doc: json}, shape: {flatten: 1, drop: doc__a}")
        #expect(extract.rows.count == 3, "\(extract.error ?? "")")
        // SQLite has no JSON: what is in a text stays one.
        if engine != .sqlite {
            #expect(
                extract.rows.map { $0.replacing(" ", with: "") } == [
                    #"{"id":1,"doc__b":{"c":"x"}}"#, #"{"id":2,"doc":[1]}"#, #"{"id":3,"doc":null}"#,
                ])
            #expect(Set(extract.types) == ["id bigint", "doc__b json", "doc json"])
        }
    }

    @Test(arguments: [
        ("mode: merge, shape: {drop: id}", "of which `shape` leaves a column out"),
        ("mode: merge, primary_key: nr", "primary_key nr is no column of it; it has id, email"),
        ("mode: merge, primary_key: id, shape: {rename: {x: id, id: nr}}", "primary_key id is no column of it"),
        ("mode: append, shape: {rename: {email: age}}", "would make two columns age"),
        ("mode: append, shape: {constant: {age: 1}}", "would make two columns age"),
    ])
    func whatTheCatalogueTellsIsChecked(_ job: String, _ words: String) throws {
        let source = try SourceWorld(.sqlite)
        try source.run(Self.people)
        do {
            _ = try source.plans("table: people, \(job)")
            Issue.record("nothing was refused")
        } catch let error as ExtractError {
            #expect(error.kind == .configuration && error.message.contains(words), "\(error.message)")
        }
    }

    /// A key of which a part is gone is none.
    @Test func aKeyThatIsDroppedIsNone() throws {
        let source = try SourceWorld(.sqlite)
        try source.run(Self.people)
        #expect(try source.one("table: people, mode: replace, shape: {drop: id}").manifest?.key == [])
    }

    /// A run of one shape is taken up, and what was finished keeps its time; a run of another is begun again.
    @Test(arguments: TestEngine.databases) func anotherRunOfOneShapeGoesOn(_ engine: TestEngine) throws {
        let source = try SourceWorld(engine)
        try source.run(source.numbered("e", rows: 100))
        func job(_ shape: String) -> String { "streams: {e: {mode: replace, chunk: {rows: 10}, shape: {\(shape)}}}" }
        func fail() throws {
            source.opener = { InterposedSession.failing($0, after: 35) }
            #expect(try source.one(job("rename: {id: nr}, loaded_at: at")).kind == .transient)
            source.opener = nil
            source.world.clock.advance(seconds: 5)
        }
        try fail()
        let same = try source.one(job("rename: {id: nr}, loaded_at: at"))
        #expect(same.result.adopted == 3 && same.integers("nr") == Array(1...100))
        let started = try #require(same.manifest?.started)
        #expect(same.rows.filter { $0.contains("\"at\":\"\(started)\"") }.count == 70)
        #expect(same.types.suffix(1) == ["at timestamp"])
        try fail()
        let other = try source.one(job("rename: {id: number}, loaded_at: at"))
        #expect(other.result.adopted == 0 && other.integers("number") == Array(1...100))
    }

    /// A row that cannot be shaped is set aside, and the others go on.
    @Test func rowsThatCannotBeShapedAreSetAside() throws {
        let source = try SourceWorld(.postgres)
        let query = #"SELECT 1 AS id, '{\"x\":1}'::json AS doc, 2 AS doc__x UNION ALL SELECT 2, NULL, 3"#
        let extract = try source.one("query: \"\(query)\", mode: append, shape: {flatten: 1}")
        #expect(extract.rows == [#"{"id":2,"doc":null,"doc__x":3}"#], "\(extract.error ?? "")")
        #expect(extract.result.rejected == 1)
        let rejects = try source.rejects()
        #expect(rejects.count == 1 && rejects[0].contains("two values of the record would be this column"))
    }

    /// Refused input is what the source sent: given back, it is shaped first, and never without.
    @Test func refusedInputIsShapedWhenItIsReplayed() throws {
        let shape = try ShaperTests.shape("hash: mail, constant: {k: 1}")
        let world = try World()
        let process = world.process()
        defer { process.end() }
        let spool = try process.spool()
        let run = spool.newRun()
        var manifest = RunManifest(
            spool: spool.id, run: run, job: "job", stream: "job", targets: ["t"], partition: Partition([]),
            mode: .append,
            key: [], table: "rows", priority: 50, generation: run, base: 0, isFinal: true, fingerprint: "")
        manifest.isShaped = true
        manifest.started = "2026-03-01T00:00:00.000Z"
        let writer = try RunWriter(spool, manifest, heart: process.heart, deadline: 600)
        try writer.rejects.add(Reject(line: 1, reason: "", column: nil, row: #"{"mail":"a"}"#))
        writer.manifest.rejected = 1
        guard case .committed(let number) = try writer.commit() else { throw SourceWorld.NotOne(count: 0) }
        try writer.publish(number)
        var items: [DeadItem] = []
        var letters = DeadLetters(spool)
        try letters.visit { items.append($0) }
        let item = try #require(items.first)
        #expect(item.content == .input && item.manifest?.isShaped == true)
        do {
            _ = try RejectReplay.publish(item, spool: spool, heart: process.heart)
            Issue.record("unshaped rows were given back")
        } catch let error as SpoolError { #expect(error.message.contains("before `shape`")) }
        let replay = try RejectReplay.publish(item, spool: spool, heart: process.heart, shape: shape)
        #expect(replay.rows == 1)
        let chunk = try #require(world.files("ready").first { $0.contains("-\(replay.run)/") && $0.hasSuffix(".zst") })
        #expect(try world.lines("\(world.root)/ready/\(chunk)") == ["{\"mail\":\"\(Self.a)\",\"k\":1}"])
    }
}
