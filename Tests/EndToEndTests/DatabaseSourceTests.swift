import Databases
import Foundation
import TestKit
import Testing

/// Databases as sources, by the built program: from each engine into every engine, killed, refused, away.
@Suite(.serialized) struct DatabaseSourceTests {
    /// A database of some engine that a test fills.
    private final class Shop {
        let site: Site
        let name = "shop" + UUID().uuidString.prefix(8).lowercased()
        let engine: TestEngine

        init(_ engine: TestEngine) throws {
            self.engine = engine
            site = try Site()
            switch engine {
            case .sqlite, .duckdb, .parquet: break
            case .postgres: try postgres().execute("CREATE SCHEMA \(name)")
            case .mariadb: try mariaDB(nil).execute("CREATE DATABASE \(name) CHARACTER SET utf8mb4")
            }
        }

        private func postgres() throws -> PostgresConnection {
            try PostgresConnection(PostgresSettings(parameters: TestEngine.postgresServer.get().superuserParameters))
        }

        private func mariaDB(_ database: String?) throws -> MySQLConnection {
            let connection = try TestEngine.mariaDBServer.get().connect { $0.database = database }
            try connection.execute("SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')")
            return connection
        }

        /// The keys of its connection.
        func connection() throws -> String {
            switch engine {
            case .sqlite: return "type: sqlite, path: \(name).db"
            case .duckdb, .parquet:
                return "type: \(engine), path: \(name).db, library: \"\(DuckDBFiles.library)\""
            case .postgres:
                let server = try TestEngine.postgresServer.get()
                try site.write("pg.password", server.password + "\n")
                return
                    "type: postgres, host: 127.0.0.1, port: \(server.port), user: postgres, database: postgres, schema: \(name), "
                    + "password: \"file:pg.password\""
            case .mariadb:
                let server = try TestEngine.mariaDBServer.get()
                try site.write("my.password", MariaDBServer.rootPassword + "\n")
                return
                    "type: mysql, host: 127.0.0.1, port: \(server.port), user: root, database: \(name), password: \"file:my.password\""
            }
        }

        func run(_ statements: [String]) throws {
            for sql in statements { _ = try query(sql) }
        }

        func query(_ sql: String) throws -> [String] {
            switch engine {
            case .sqlite:
                let path = site.directory.appendingPathComponent("\(name).db").path
                let connection = try SQLiteConnection(path: path, access: .readWriteCreate, busySeconds: 5)
                let statement = try connection.prepare(sql)
                var rows: [String] = []
                while try statement.step() {
                    rows.append(
                        (0..<statement.columnCount).map { statement.isNull($0) ? "NULL" : statement.text($0) }.joined(
                            separator: "|"))
                }
                return rows
            case .duckdb:
                return try DuckDBFiles.query(
                    DuckDBFiles.settings(site.directory.appendingPathComponent("\(name).db").path), sql)
            case .parquet:
                return try DuckDBFiles.queryParquet(site.directory.appendingPathComponent("\(name).db").path, sql)
            case .postgres:
                let connection = try postgres()
                try connection.execute("SET search_path TO \(name)")
                let result = try connection.query(sql)
                return (0..<result.rows).map { row in
                    (0..<result.columns).map { result.text(row, $0) ?? "NULL" }.joined(separator: "|")
                }
            case .mariadb:
                let result = try mariaDB(name).query(sql)
                return result.rows.indices.map { row in
                    result.columns.indices.map { result.text(row, $0) ?? "NULL" }.joined(separator: "|")
                }
            }
        }
    }

    private static let fixture = [
        "CREATE TABLE customer(id integer PRIMARY KEY, name varchar(80) NOT NULL, born date, note text)",
        "INSERT INTO customer VALUES (1, 'Zoë \"Z\" O''Brien', '1969-12-31', ''), (2, '王 小明\t😀', NULL, NULL), (3, '\\N', '2024-02-29', 'a\nb')",
        "CREATE TABLE line(doc integer NOT NULL, nr smallint NOT NULL, price numeric(12, 4), seen timestamp, PRIMARY KEY (doc, nr))",
        "INSERT INTO line VALUES (1, 1, 10.5, '2026-01-01 12:00:00'), (1, 2, -0.0001, '2026-01-02 00:00:01'), (2, 1, NULL, '2026-01-03 10:00:00')",
    ]

    /// What each engine says itself of the rows that came.
    private static let sums = [
        "SELECT count(*), sum(id), count(born), count(note) FROM customer",
        "SELECT name FROM customer ORDER BY id", "SELECT count(*), sum(doc * 100 + nr), count(price) FROM line",
    ]

    @Test(arguments: TestEngine.databases) func intoEveryDatabase(_ engine: TestEngine) throws {
        let source = try Shop(engine)
        try source.run(Self.fixture)
        let targets = try TestEngine.allCases.map { try Shop($0) }
        // All of them live at the source's site.
        let site = source.site
        let connections = try targets.map { target -> String in
            for file in ["pg.password", "my.password"] {
                _ = try target.connection()
                if let text = try? String(
                    contentsOf: target.site.directory.appendingPathComponent(file), encoding: .utf8)
                {
                    try site.write(file, text)
                }
            }
            return "  \(target.engine): {\(try target.connection())}"
        }
        try site.write(
            "bobbin.yaml",
            """
            spool: spool
            connections:
              shop: {\(try source.connection())}
            \(connections.joined(separator: "\n"))
            jobs:
              copy:
                source: {connection: shop}
                target: [\(targets.map { "\($0.engine)" }.joined(separator: ", "))]
                mode: replace
                streams: {"*": {}}
            """)
        let plan = try site.bobbin("plan")
        #expect(
            plan.status == 0 && plan.output.contains("key: doc, nr") && plan.output.contains("name text"),
            "\(plan.output)\(plan.errors)")
        for turn in 0..<2 {
            if turn == 1 {
                try source.run(["DELETE FROM line WHERE doc = 2", "INSERT INTO customer VALUES (4, 'new', NULL, NULL)"])
            }
            let ended = try site.bobbin("run")
            #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
            let expected = try Self.sums.map { try source.query($0) }
            for target in targets {
                // Targets that are files lie at the source's site.
                let path = site.directory.appendingPathComponent("\(target.name).db").path
                let found = try Self.sums.map { sql in
                    switch target.engine {
                    case .sqlite: try Self.sqlite(path, sql)
                    case .duckdb: try DuckDBFiles.query(DuckDBFiles.settings(path), sql)
                    case .parquet: try DuckDBFiles.queryParquet(path, sql)
                    case .postgres, .mariadb: try target.query(sql)
                    }
                }
                #expect(found == expected, "\(engine) to \(target.engine)")
            }
        }
        let tested = try site.bobbin("connections", "test", "shop")
        #expect(tested.status == 0 && tested.output.contains("tables and views"), "\(tested.output)\(tested.errors)")
        let discovered = try site.bobbin("connections", "discover", "shop", "l*", "--json")
        #expect(discovered.output.contains("\"doc\"") && !discovered.output.contains("\"born\""))
    }

    /// A table without rows is made all the same, whatever the mode, and once.
    @Test(arguments: TestEngine.databases) func aTableWithoutRowsIsMade(_ engine: TestEngine) throws {
        let shop = try Shop(engine)
        try shop.run([#"CREATE TABLE "bare"("id" integer NOT NULL PRIMARY KEY, "t" varchar(20))"#])
        let modes = ["append", "insert-only", "merge", "update-only", "scd2", "replace"]
        let jobs = modes.map { mode in
            "  \(mode): {source: {connection: shop}, target: [out, files], mode: \(mode), streams: {bare: {table: \"\(mode)\"}}}"
        }
        try shop.site.write(
            "bobbin.yaml",
            """
            spool: spool
            connections:
              shop: {\(try shop.connection())}
              out: {type: sqlite, path: out.db}
              files: {type: parquet, path: files, library: "\(DuckDBFiles.library)"}
            jobs:
            \(jobs.joined(separator: "\n"))
            """)
        for _ in 0..<2 {
            let ended = try shop.site.bobbin("run")
            #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
        }
        for mode in modes {
            let columns = try Self.sqlite(
                shop.site.directory.appendingPathComponent("out.db").path,
                "SELECT name FROM pragma_table_info('\(mode)') WHERE name IN ('id', 't') ORDER BY name")
            #expect(columns == ["id", "t"], "\(mode)")
        }
        #expect(try shop.site.names("files").filter { $0.hasSuffix(".parquet") }.count == modes.count)
        let logs = try Self.sqlite(
            shop.site.directory.appendingPathComponent("out.db").path,
            "SELECT DISTINCT n FROM _bobbin_head WHERE job <> 'replace'")
        #expect(logs == ["1"])
    }

    private static func sqlite(_ path: String, _ sql: String) throws -> [String] {
        let statement = try SQLiteConnection(path: path, access: .readOnly, busySeconds: 5).prepare(sql)
        var rows: [String] = []
        while try statement.step() {
            rows.append(
                (0..<statement.columnCount).map { statement.isNull($0) ? "NULL" : statement.text($0) }.joined(
                    separator: "|"))
        }
        return rows
    }

    /// Extractors that are killed leave their chunks to the next one; in the end each row is there once.
    @Test(arguments: TestEngine.databases) func killedExtractorsLoseNothing(_ engine: TestEngine) throws {
        let shop = try Shop(engine)
        let numbers =
            switch engine {
            case .sqlite:
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT i, 'row ' || i FROM n"
            case .duckdb, .parquet: "SELECT i, 'row ' || i FROM range(1, 200001) AS n(i)"
            case .postgres: "SELECT i, 'row ' || i FROM generate_series(1, 200000) AS n(i)"
            case .mariadb: "SELECT seq, CONCAT('row ', seq) FROM seq_1_to_200000"
            }
        try shop.run(["CREATE TABLE big(id integer PRIMARY KEY, v varchar(40))", "INSERT INTO big \(numbers)"])
        if engine == .postgres { try shop.run(["ANALYZE big"]) }
        try shop.site.write(
            "bobbin.yaml",
            """
            spool: spool
            connections:
              shop: {\(try shop.connection())}
              warehouse: {type: sqlite, path: warehouse.db}
            jobs:
              copy: {source: {connection: shop}, target: warehouse, table: big, mode: replace, chunk: {rows: 5000}}
            """)
        for _ in 0..<3 {
            let running = try shop.site.start("extract")
            // Not before it has a chunk, so that there is something to take over.
            _ = try shop.site.until("a chunk is finished") {
                try shop.site.names("spool/writing").contains {
                    try shop.site.names("spool/writing/\($0)").contains { $0.hasSuffix(".json") }
                }
                    || !running.process.isRunning
            }
            running.kill(SIGKILL)
            _ = try running.wait()
        }
        let last = try shop.site.bobbin("run", "--json")
        #expect(last.status == 0, "\(last.output)\(last.errors)")
        #expect(try shop.site.count("SELECT count(*) FROM big") == 200_000)
        #expect(try shop.site.count("SELECT count(DISTINCT id || v) FROM big") == 200_000)
        #expect(try shop.site.bobbin("fsck", "--deep").status == 0)
    }

    /// A server that has long to work before it gives a row is told to stop when the program is.
    @Test(arguments: [TestEngine.postgres, .mariadb]) func interruptedWhileTheServerWorks(_ engine: TestEngine) throws {
        let shop = try Shop(engine)
        let sleep = engine == .postgres ? "SELECT 1 AS one, pg_sleep(600)" : "SELECT SLEEP(600) AS one"
        try shop.site.write(
            "bobbin.yaml",
            """
            spool: spool
            connections:
              shop: {\(try shop.connection())}
              warehouse: {type: sqlite, path: warehouse.db}
            jobs:
              slow: {source: {connection: shop}, target: warehouse, query: "\(sleep)", mode: replace}
            """)
        let running = try shop.site.start("run")
        let busy =
            engine == .postgres
            ? "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%pg_sleep(600)%' AND state = 'active'"
            : "SELECT count(*) FROM information_schema.processlist WHERE info LIKE '%SLEEP(600) AS one%' AND info NOT LIKE '%processlist%'"
        _ = try shop.site.until("the server works") { try shop.query(busy) == ["1"] }
        let began = ContinuousClock.now
        running.kill(SIGINT)
        let ended = try running.wait()
        #expect(ended.status == 4, "\(ended.status) \(ended.output)\(ended.errors)")
        // Far from the ten minutes.
        #expect(ContinuousClock.now - began < .seconds(60))
        _ = try shop.site.until("the server has stopped") { try shop.query(busy) == ["0"] }
    }

    /// A file into a table and a table into another database, without a configuration.
    @Test func aJobOnTheCommandLine() throws {
        let site = try Site()
        try site.write("in/x.csv", "id,name\n1,a\n2,\"b \"\"quoted\"\"\"\n")
        for _ in 0..<2 {
            let ended = try site.bobbin("run", "--from", "in/*.csv", "--to", "sqlite:warehouse.db#my \"table\"")
            #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
        }
        #expect(try site.count("SELECT count(*) FROM \"my \"\"table\"\"\"") == 2)
        let keyed = try site.bobbin(
            "run", "--from", "sqlite:warehouse.db#my \"table\"", "--to", "sqlite:other.db#t", "--key", "id")
        #expect(keyed.status == 0, "\(keyed.output)\(keyed.errors)")
        #expect(
            keyed.output.contains("2 loaded") || keyed.errors.contains("2 loaded"), "\(keyed.output)\(keyed.errors)")
        let server = try TestEngine.postgresServer.get()
        let table = "line" + UUID().uuidString.prefix(8).lowercased()
        let socket = server.superuserParameters["host"] ?? ""
        let address = "postgres://postgres@/postgres?host=\(socket)&port=\(server.port)#\(table)"
        for (from, to) in [("in/x.csv", address), (address, "sqlite:back.db#t")] {
            let ended = try site.bobbin("run", "--from", from, "--to", to, "--key", "id")
            #expect(ended.status == 0, "\(from) to \(to): \(ended.output)\(ended.errors)")
        }
        let plan = try site.bobbin("run", "--from", "in/x.csv", "--to", "duckdb:lake.duckdb#t", "--dry-run")
        #expect(plan.status == 0 && plan.output.contains("replace into t"), "\(plan.output)\(plan.errors)")
        let secret = try site.bobbin(
            "run", "--from", "in/x.csv", "--to", "postgres://postgres:hunter2@127.0.0.1:\(server.port)/postgres#t")
        #expect(secret.status == 64 && !"\(secret.output)\(secret.errors)".contains("hunter2"))
        let absent = try site.bobbin("run", "--from", "in/nosuch.csv", "--to", "sqlite:warehouse.db#n")
        #expect(
            absent.status == 64 && absent.errors.contains("--from in/nosuch.csv: there is no such file"),
            "\(absent.errors)")
        let none = try site.bobbin("run", "--from", "in/nosuch*.csv", "--to", "sqlite:warehouse.db#n")
        #expect(none.status == 0 && none.errors.contains("no file matches"), "\(none.errors)")
        for wrong in [
            ["--to", "sqlite:a.db#t"], ["--from", "in/x.csv"], ["--from", "in/x.csv", "--to", "sqlite:a.db"],
        ] {
            let ended = try Running(Programs.bobbin, ["run"] + wrong, in: site.directory).wait()
            #expect(ended.status == 64, "\(wrong): \(ended.output)\(ended.errors)")
        }
    }

    /// Targets and, where rows are added, sources have nothing to do with each other, though they share a spool and a table's name.
    @Test func jobsOnTheCommandLineAreApart() throws {
        let site = try Site()
        try site.write("in/a.csv", "id\n1\n2\n")
        try site.write("in/b.csv", "id\n3\n")
        func run(_ from: String, _ to: String, _ mode: String) throws -> Ended {
            try site.bobbin("run", "--from", "in/\(from).csv", "--to", "sqlite:\(to).db#t", "--mode", mode)
        }
        for (from, to) in [("a", "warehouse"), ("b", "other"), ("a", "warehouse"), ("b", "other"), ("a", "warehouse")] {
            let ended = try run(from, to, "append")
            #expect(ended.status == 0 && !ended.errors.contains("archive"), "\(ended.output)\(ended.errors)")
        }
        #expect(try site.query("select id from t order by id").map { "\($0[0])" } == ["1", "2"])
        let second = try run("b", "warehouse", "append")
        #expect(second.status != 0, "\(second.output)")
        #expect("\(second.output)\(second.errors)".contains("belongs to stream in/a.csv to sqlite:warehouse.db"))
        #expect(try site.count("select count(*) from t") == 2)
        // A replacement takes the place of any other one.
        for (from, count) in [("a", 2), ("b", 1), ("a", 2)] {
            let ended = try run(from, "third", "replace")
            #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
            #expect(ended.output.contains("\(count) loaded"), "\(ended.output)")
        }
    }

    /// One source that is away or refuses does not stop the others, and no password is told.
    @Test func oneSourceThatIsAwayStopsNoOther() throws {
        let shop = try Shop(.sqlite)
        let server = try TestEngine.postgresServer.get()
        try shop.run(Self.fixture)
        try shop.site.write("wrong", "not-the-password\n")
        try shop.site.write(
            "bobbin.yaml",
            """
            spool: spool
            connections:
              shop: {\(try shop.connection())}
              away: {type: postgres, host: 127.0.0.1, port: 1, user: nobody, database: none, connect_timeout: 2s}
              refused: {type: postgres, host: 127.0.0.1, port: \(server.port), user: postgres, database: postgres, password: "file:wrong"}
              warehouse: {type: sqlite, path: warehouse.db}
            defaults: {target: warehouse, mode: replace}
            jobs:
              first: {source: {connection: away}, streams: {"*": {table: "away_{table}"}}}
              second: {source: {connection: refused}, table: refused}
              third: {source: {connection: shop}, streams: {"*": {}}}
            """)
        let ended = try shop.site.bobbin("run")
        #expect(ended.status == 1, "\(ended.output)\(ended.errors)")
        #expect(try shop.site.count("SELECT count(*) FROM customer") == 3)
        #expect(ended.output.contains("FAILED") && !"\(ended.output)\(ended.errors)".contains("not-the-password"))
        let tested = try shop.site.bobbin("connections", "test")
        #expect(tested.status == 1 && tested.output.contains("ok       shop"), "\(tested.output)")
        #expect(!"\(tested.output)\(tested.errors)".contains("not-the-password"))
    }

    /// A table that is gone and a certificate that is not there fail their own jobs, whose names are said.
    @Test func whatOneSourceDoesNotHaveStopsNoOther() throws {
        let shop = try Shop(.sqlite)
        let server = try PostgresServer.start(PostgresServer.Options(hasTLS: true))
        try shop.run(Self.fixture)
        func configure(_ jobs: String) throws {
            try shop.site.write(
                "bobbin.yaml",
                """
                spool: spool
                connections:
                  shop: {\(try shop.connection())}
                  tls: {type: postgres, url: "postgres://nobody@127.0.0.1:\(server.port)/none", sslmode: verify-full, sslrootcert: nowhere.crt}
                  warehouse: {type: sqlite, path: warehouse.db}
                defaults: {target: warehouse, mode: replace}
                jobs:
                \(jobs)
                """)
        }
        let bad = """
              first: {source: {connection: shop}, streams: {gone: {}, stale: {query: SELECT nosuch FROM customer}}}
              second: {source: {connection: tls}, table: other}
            """
        try configure("\(bad)\n  third: {source: {connection: shop}, streams: {\"*\": {}}}")
        let ended = try shop.site.bobbin("run")
        #expect(ended.status == 1, "\(ended.output)\(ended.errors)")
        #expect(try shop.site.count("SELECT count(*) FROM customer") == 3)
        let lines = ended.errors.split(separator: "\n")
        #expect(
            lines.contains { $0.hasPrefix("FAILED first/gone: connection shop has no table or view gone") }, "\(lines)")
        #expect(lines.contains { $0.hasPrefix("FAILED first/stale: connection shop: ") }, "\(lines)")
        #expect(
            lines.contains { $0.hasPrefix("FAILED second/other: connection tls: ") && $0.contains("root certificate") },
            "\(lines)")
        // What can only fail is no plan; nothing else is done either where there is nothing else.
        let plan = try shop.site.bobbin("plan")
        #expect(plan.status == 64 && plan.output.contains("third/customer"), "\(plan.output)\(plan.errors)")
        #expect(plan.errors.contains("bobbin: first/gone: connection shop has no table or view gone"), "\(plan.errors)")
        try configure(bad)
        #expect(try shop.site.bobbin("run").status == 64)
    }
}
