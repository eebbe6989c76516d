import Databases
import Foundation
import TestKit
import Testing

/// A server of a test's own, which may be killed.
enum WarehouseServer {
    case postgres(PostgresServer)
    case mariadb(MariaDBServer)

    static func start(_ engine: TestEngine) throws -> WarehouseServer {
        switch engine {
        case .mariadb: .mariadb(try MariaDBServer.start(.init(arguments: ["--innodb-flush-log-at-trx-commit=2"])))
        default: .postgres(try PostgresServer.start())
        }
    }

    var password: String {
        switch self {
        case .postgres(let server): server.password
        case .mariadb: MariaDBServer.rootPassword
        }
    }

    /// The connection of the configuration, without its password.
    ///
    /// - Parameter odbc: the driver through which it goes, if it does.
    func connection(_ name: String, odbc: ODBCDatabase? = nil) throws -> String {
        switch self {
        case .postgres(let server):
            if let odbc {
                let connection = try PostgresConnection(PostgresSettings(parameters: server.superuserParameters))
                try connection.execute("CREATE SCHEMA \(name)")
                return """
                    type: odbc, user: postgres, connection_string: "Driver=\(odbc.driver);Servername=127.0.0.1;Port=\(server.port);\
                    Database=postgres;ConnSettings=SET search_path TO \(name)"
                    """
            }
            return
                "type: postgres, host: 127.0.0.1, port: \(server.port), user: postgres, database: postgres, schema: \(name)"
        case .mariadb(let server):
            try server.connect().execute("CREATE DATABASE \(name) CHARACTER SET utf8mb4")
            if let odbc {
                return """
                    type: odbc, user: root, connection_string: "Driver=\(odbc.driver);Server=127.0.0.1;Port=\(server.port);\
                    Database=\(name)"
                    """
            }
            return "type: mysql, host: 127.0.0.1, port: \(server.port), user: root, database: \(name)"
        }
    }

    func query(_ sql: String, in name: String) throws -> [String] {
        switch self {
        case .postgres(let server):
            let connection = try PostgresConnection(PostgresSettings(parameters: server.superuserParameters))
            try connection.execute("SET search_path TO \(name)")
            let result = try connection.query(sql)
            return (0..<result.rows).map { row in
                (0..<result.columns).map { result.text(row, $0) ?? "NULL" }.joined(separator: "|")
            }
        case .mariadb(let server):
            let result = try server.connect { $0.database = name }.query(sql)
            return result.rows.indices.map { row in
                result.columns.indices.map { result.text(row, $0) ?? "NULL" }.joined(separator: "|")
            }
        }
    }

    func kill9() throws {
        switch self {
        case .postgres(let server): try server.kill9()
        case .mariadb(let server): server.kill9()
        }
    }

    func stop() throws {
        switch self {
        case .postgres(let server): try server.terminate()
        case .mariadb(let server): server.stop()
        }
    }

    func restart() throws {
        switch self {
        case .postgres(let server): try server.restart()
        case .mariadb(let server): try server.restart()
        }
    }

    /// Ends the connections of all loaders.
    func endConnections() throws {
        switch self {
        case .postgres:
            _ = try query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
                in: "public")
        case .mariadb(let server):
            let own = try server.connect()
            let found = try own.query("SELECT id FROM information_schema.processlist WHERE command <> 'Daemon'")
            for row in found.rows.indices {
                if let id = found.integer(row, 0), id != own.id { try? own.execute("KILL CONNECTION \(id)") }
            }
        }
    }

    func setReadOnly(_ isReadOnly: Bool) throws {
        switch self {
        case .postgres(let server):
            let connection = try PostgresConnection(PostgresSettings(parameters: server.superuserParameters))
            try connection.execute("SET default_transaction_read_only = off")
            try connection.execute(
                "ALTER SYSTEM \(isReadOnly ? "SET default_transaction_read_only = on" : "RESET default_transaction_read_only")"
            )
            try connection.execute("SELECT pg_reload_conf()")
        case .mariadb(let server):
            // Root may write to a server that is read-only: the loader's user may not.
            try server.connect().execute("SET GLOBAL read_only = \(isReadOnly ? 1 : 0)")
        }
    }
}

/// A site whose jobs load into a schema or database of its own.
final class Warehouse {
    let site: Site
    let server: WarehouseServer
    let name: String

    /// - Parameter target: where loaders share runs, a job has few and long ones.
    init(_ target: TestTarget, on server: WarehouseServer? = nil, domains: [String], days: Int, rows: Int) throws {
        let total = domains.count * days * rows
        let (domains, days, rows) = target.isSharing ? (["a"], 1, total) : (domains, days, rows)
        let server = try server ?? .start(target.engine)
        let odbc = target.odbc
        site = try Site()
        self.server = server
        name = "s" + UUID().uuidString.prefix(8).lowercased()
        try site.startUpstream(["--domains", domains.joined(separator: ","), "--rows", "\(rows)"])
        func job(_ name: String, _ mode: String, _ key: String) -> String {
            """
              \(name):
                source:
                  connection: upstream
                  path: /faults
                  query: {domain: "{domain}", date: "{data_date}", lastRank: "{cursor}", limit: "{page_size}"}
                  records: /data
                  page_size: 500
                  pagination: {type: cursor, field: rank, start: 0, stop: short_page}
                partitions:
                  domain: [\(domains.joined(separator: ", "))]
                  data_date: {from: 2026-03-01, to: 2026-03-0\(days)}
                chunk: {rows: 500}
                table: \(name)
                \(key)
                mode: \(mode)
            """
        }
        let key = "primary_key: [domain, data_date, rank]"
        try site.write(
            "bobbin.yaml",
            """
            spool: spool
            load: {share_from: \(target.isSharing ? "1KB" : "256MB")}
            connections:
              upstream: {type: http, base_url: "http://127.0.0.1:\(site.port)"}
              warehouse: {\(try server.connection(name, odbc: odbc)), password: "file:password", lock_timeout: 3s}
            defaults: {target: warehouse}
            jobs:
            \(job("replaced", "replace-partition", key))
            \(job("appended", "append", ""))
            \(job("merged", "merge", key))
            """)
        try site.write("password", server.password + "\n")
    }

    func query(_ sql: String) throws -> [String] { try server.query(sql, in: name) }

    /// Rows, and distinct ones by their key, of each table.
    func counts() throws -> [String] {
        try ["replaced", "appended", "merged"].flatMap {
            try query(
                "SELECT count(*), count(DISTINCT concat(domain, '/', data_date, '/', \"rank\")) FROM \($0)"
                    .replacing("\"", with: isMariaDB ? "`" : "\""))
        }
    }

    private var isMariaDB: Bool { if case .mariadb = server { true } else { false } }

    /// Whether the table has some of its rows.
    func isUnderWay() throws -> Bool {
        ((try? query("SELECT count(*) FROM appended").first).flatMap { Int($0) } ?? 0) > 0
    }

    /// Everything is there once, nothing is dead, and the spool is as its format says.
    func check(rows: Int) throws {
        let ended = try site.bobbin("load")
        #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
        #expect(try counts() == Array(repeating: "\(rows)|\(rows)", count: 3))
        #expect(try site.leftovers().isEmpty)
        let stages = "SELECT count(*) FROM information_schema.tables WHERE table_name LIKE '%bobbin~_stage%' ESCAPE '~'"
        #expect(try query(stages) == ["0"])
        let found = try site.bobbin("fsck", "--deep")
        #expect(found.status == 0, "\(found.output)\(found.errors)")
    }
}

/// Many loaders of one server, killed, cut off and refused.
@Suite(.serialized) struct ServerTargetTests {
    static let targets = TestTarget.servers

    @Test(arguments: targets) func eightLoadersOfWhichThreeAreKilled(_ target: TestTarget) throws {
        let warehouse = try Warehouse(
            target, domains: ["a", "b", "c", "d"], days: 2, rows: 4_000)
        #expect(try warehouse.site.bobbin("extract").status == 0)
        let loaders = try (0..<8).map { _ in try warehouse.site.start("load") }
        _ = try warehouse.site.until("rows arrive") { try warehouse.isUnderWay() }
        for loader in loaders.prefix(3) { loader.kill(SIGKILL) }
        for (index, loader) in loaders.enumerated() {
            let ended = try loader.wait()
            if index >= 3 { #expect(ended.status == 0, "\(ended.output)\(ended.errors)") }
        }
        try warehouse.check(rows: 32_000)
        // A second run replaces and merges the same rows.
        #expect(try warehouse.site.bobbin("run", "replaced", "merged").status == 0)
        try warehouse.check(rows: 32_000)
    }

    @Test(arguments: targets) func theServerIsKilledAndConnectionsAreEnded(_ target: TestTarget) throws {
        let warehouse = try Warehouse(
            target, domains: ["a", "b", "c", "d"], days: 2, rows: 4_000)
        #expect(try warehouse.site.bobbin("extract").status == 0)
        let loaders = try (0..<3).map { _ in try warehouse.site.start("load", "--watch") }
        _ = try warehouse.site.until("rows arrive") { try warehouse.isUnderWay() }
        for _ in 0..<3 { try warehouse.server.endConnections() }
        try warehouse.server.kill9()
        try warehouse.server.restart()
        _ = try warehouse.site.until("everything is loaded") {
            (try? warehouse.counts()) == Array(repeating: "32000|32000", count: 3)
        }
        for loader in loaders { loader.kill(SIGTERM) }
        for loader in loaders { #expect(try loader.wait().status == 0) }
        try warehouse.check(rows: 32_000)
    }

    /// Nothing is charged to a chunk for what its server refuses to everybody, and no password is told.
    @Test(arguments: targets) func aServerThatRefusesFillsNoDead(_ target: TestTarget) throws {
        let warehouse = try Warehouse(
            target, domains: ["a"], days: 1, rows: 1_000)
        let site = warehouse.site
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.bobbin("extract").status == 0)
        if target.engine == .postgres {
            try warehouse.server.setReadOnly(true)
            let refused = try site.bobbin("load")
            #expect(refused.status == 75, "\(refused.output)\(refused.errors)")
            #expect(try site.leftovers().allSatisfy { !$0.hasPrefix("dead/") })
            try warehouse.server.setReadOnly(false)
        }
        try warehouse.server.stop()
        let away = try site.bobbin("load")
        #expect(away.status == 75 && !away.errors.contains(warehouse.server.password), "\(away.errors)")
        try warehouse.server.restart()
        try site.write("password", "wrong\n")
        let wrong = try site.bobbin("load")
        #expect(wrong.status == 64 && !wrong.errors.contains("wrong\n"), "\(wrong.errors)")
        #expect(wrong.errors.lowercased().contains("password") || wrong.errors.contains("Access denied"))
        try site.write("password", warehouse.server.password + "\n")
        #expect(try site.bobbin("load").status == 0)
        #expect(try warehouse.counts() == ["1000|1000", "2000|1000", "1000|1000"])
        #expect(try site.bobbin("doctor").output.contains("answers"))
    }

    /// Two targets are down and a third one cannot be used at all: the fourth is loaded, and each reason is one line, said once.
    @Test func targetsThatCannotBeHadStopNoOther() throws {
        let site = try Site()
        try site.write("in/a.ndjson", "{\"id\":1}\n")
        func configure(_ targets: String) throws {
            try site.write(
                "bobbin.yaml",
                """
                connections:
                  f: {type: files, path: in}
                  one: {type: postgres, host: 127.0.0.1, port: 1, user: nobody, database: none, lock_timeout: 2s}
                  two: {type: postgres, host: 127.0.0.1, port: 2, user: nobody, database: none, lock_timeout: 2s}
                  broken: {type: duckdb, path: lake.duckdb, library: ./nosuch.so}
                  worse: {type: duckdb, path: other.duckdb, library: ./neither.so}
                  warehouse: {type: sqlite, path: warehouse.db}
                jobs: {t: {source: {connection: f, path: "*.ndjson"}, target: [\(targets)], mode: replace}}
                """)
        }
        try configure("one, two, warehouse")
        let away = try site.bobbin("run")
        #expect(away.status == 75, "\(away.output)\(away.errors)")
        #expect(try site.count("select count(*) from t") == 1)
        let waits = away.errors.split(separator: "\n").filter { $0.contains(", and so on") }
        #expect(waits.count == 2, "\(away.errors)")
        for (name, port) in [("one", 1), ("two", 2)] {
            let start =
                "\(name): cannot connect to PostgreSQL: connection to server at \"127.0.0.1\", port \(port) failed: "
            let end =
                "Connection refused; Is the server running on that host and accepting TCP/IP connections?; again in"
            #expect(waits.contains { $0.hasPrefix(start + end) }, "\(waits)")
        }
        try configure("broken, worse, warehouse")
        try site.write("in/a.ndjson", "{\"id\":1}\n{\"id\":2}\n")
        let broken = try site.bobbin("run")
        #expect(broken.status == 64, "\(broken.output)\(broken.errors)")
        #expect(try site.count("select count(*) from t") == 2)
        #expect(
            broken.errors.contains("target broken: ") && broken.errors.contains("target worse: "), "\(broken.errors)")
    }

    /// Passwords and certificates as a configuration names them, or leaves to the client library.
    @Test func loginsOfPostgres() throws {
        let server = try PostgresServer.start(PostgresServer.Options(hasTLS: true))
        let site = try Site()
        try site.write("in/a.ndjson", "{\"id\":1}\n")
        func run(_ connection: String, _ environment: [String] = []) throws -> Ended {
            try site.write(
                "bobbin.yaml",
                """
                connections: {f: {type: files, path: in}, w: {type: postgres, \(connection)}}
                jobs: {t: {source: {connection: f, path: "*.ndjson"}, target: w, mode: replace}}
                """)
            return try Running(
                "/usr/bin/env", environment + [Programs.bobbin, "load"], in: site.directory
            ).wait()
        }
        let url = "url: \"postgres://postgres@localhost:\(server.port)/postgres\""
        let verified = "\(url), sslmode: verify-full, sslrootcert: \(server.authority)"
        try site.write("pgpass", "localhost:\(server.port):*:postgres:\(server.password)\n")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600], ofItemAtPath: site.directory.appendingPathComponent("pgpass").path)
        #expect(try run(verified, ["PGPASSFILE=pgpass"]).status == 0)
        #expect(try run(verified, ["PGPASSWORD=\(server.password)"]).status == 0)
        #expect(try run("\(verified), password: \"${SECRET}\"", ["SECRET=\(server.password)"]).status == 0)
        let wrong = try run(
            "\(url), sslmode: verify-full, sslrootcert: \(server.wrongAuthority)", ["PGPASSWORD=\(server.password)"])
        #expect(wrong.status != 0 && wrong.errors.contains("certificate"), "\(wrong.errors)")
        #expect(!wrong.errors.contains(server.password))
    }

    @Test func loginsOfMariaDB() throws {
        let server = try MariaDBServer.start(.init(tls: true))
        let site = try Site()
        try site.write("in/a.ndjson", "{\"id\":1}\n")
        try site.write("my.cnf", "[client]\nuser=root\npassword=\"\(MariaDBServer.rootPassword)\"\n")
        func run(_ connection: String) throws -> Ended {
            try site.write(
                "bobbin.yaml",
                """
                connections: {f: {type: files, path: in}, w: {type: mysql, host: 127.0.0.1, port: \(server.port), database: test, \(connection)}}
                jobs: {t: {source: {connection: f, path: "*.ndjson"}, target: w, mode: replace}}
                """)
            return try site.bobbin("load")
        }
        let verified = try run("defaults_file: my.cnf, tls: verified, sslrootcert: \(server.authority)")
        #expect(verified.status == 0, "\(verified.errors)")
        let wrong = try run("defaults_file: my.cnf, tls: verified, sslrootcert: \(server.otherAuthority)")
        #expect(wrong.status != 0 && !wrong.errors.contains(MariaDBServer.rootPassword), "\(wrong.errors)")
        // A port is TCP's, for localhost, too; the file of one's home is found as a shell finds it, and by the command line alone.
        try site.write("home/.my.cnf", "[client]\nuser=root\npassword=\"\(MariaDBServer.rootPassword)\"\n")
        func atHome(_ arguments: String...) throws -> Ended {
            try Running(
                "/usr/bin/env", ["HOME=\(site.directory.path)/home", Programs.bobbin] + arguments, in: site.directory
            ).wait()
        }
        try site.write(
            "bobbin.yaml",
            "connections: {w: {type: mysql, host: localhost, port: \(server.port), database: test, defaults_file: ~/.my.cnf}}\njobs: {}\n"
        )
        let tested = try atHome("connections", "test")
        #expect(tested.status == 0, "\(tested.output)\(tested.errors)")
        try site.write("in/x.csv", "id\n1\n")
        let line = try atHome("run", "--from", "in/x.csv", "--to", "mysql://localhost:\(server.port)/test#one")
        #expect(line.status == 0, "\(line.output)\(line.errors)")
        #expect(try server.connect().query("SELECT id FROM one").integer(0, 0) == 1)
    }
}
