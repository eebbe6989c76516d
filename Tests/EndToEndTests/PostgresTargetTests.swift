import Databases
import Foundation
import TestKit
import Testing

/// Many loaders of one PostgreSQL target, killed, cut off and refused.
@Suite(.serialized) struct PostgresTargetTests {
    /// A site whose jobs load into a schema of its own.
    private final class Warehouse {
        let site: Site
        let server: PostgresServer
        let schema: String

        init(_ server: PostgresServer, domains: [String], days: Int, rows: Int) throws {
            site = try Site()
            self.server = server
            schema = "s" + UUID().uuidString.prefix(8).lowercased()
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
                connections:
                  upstream: {type: http, base_url: "http://127.0.0.1:\(site.port)"}
                  warehouse:
                    type: postgres
                    host: 127.0.0.1
                    port: \(server.port)
                    user: \(PostgresServer.superuser)
                    password: "file:password"
                    database: postgres
                    schema: \(schema)
                    lock_timeout: 3s
                defaults: {target: warehouse}
                jobs:
                \(job("replaced", "replace-partition", key))
                \(job("appended", "append", ""))
                \(job("merged", "merge", key))
                """)
            try site.write("password", server.password + "\n")
        }

        func connect() throws -> PostgresConnection {
            try PostgresConnection(PostgresSettings(parameters: server.superuserParameters))
        }

        func query(_ sql: String) throws -> [String] {
            let connection = try connect()
            try connection.execute("SET search_path TO \(schema)")
            let result = try connection.query(sql)
            return (0..<result.rows).map { row in
                (0..<result.columns).map { result.text(row, $0) ?? "NULL" }.joined(separator: "|")
            }
        }

        /// Rows, and distinct ones by their key, of each table.
        func counts() throws -> [String] {
            try ["replaced", "appended", "merged"].flatMap {
                try query("SELECT count(*), count(DISTINCT (domain, data_date, rank)) FROM \($0)")
            }
        }

        /// Everything is there once, nothing is dead, and the spool is as its format says.
        func check(rows: Int) throws {
            let ended = try site.bobbin("load")
            #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
            #expect(try counts() == Array(repeating: "\(rows)|\(rows)", count: 3))
            #expect(try site.leftovers().isEmpty)
            #expect(try site.bobbin("fsck", "--deep").status == 0)
        }
    }

    private func start() throws -> PostgresServer { try PostgresServer.start() }

    /// Whether the table has some of its rows, and not all.
    private func isUnderWay(_ warehouse: Warehouse, _ all: Int) throws -> Bool {
        let rows = (try? warehouse.query("SELECT count(*) FROM appended").first).flatMap { Int($0) } ?? 0
        return rows > 0 && rows < all
    }

    @Test func eightLoadersOfWhichThreeAreKilled() throws {
        let server = try start()
        let warehouse = try Warehouse(server, domains: ["a", "b", "c", "d"], days: 2, rows: 4_000)
        #expect(try warehouse.site.bobbin("extract").status == 0)
        let loaders = try (0..<8).map { _ in try warehouse.site.start("load") }
        _ = try warehouse.site.until("rows arrive") { try isUnderWay(warehouse, .max) }
        for loader in loaders.prefix(3) { loader.kill(SIGKILL) }
        for (index, loader) in loaders.enumerated() {
            let ended = try loader.wait()
            if index >= 3 { #expect(ended.status == 0, "\(ended.output)\(ended.errors)") }
        }
        try warehouse.check(rows: 32_000)
        // A second run replaces and merges the same rows; only what is appended comes again.
        #expect(try warehouse.site.bobbin("run", "replaced", "merged").status == 0)
        try warehouse.check(rows: 32_000)
    }

    @Test func theServerIsKilledAndConnectionsAreEnded() throws {
        let server = try start()
        let warehouse = try Warehouse(server, domains: ["a", "b", "c", "d"], days: 2, rows: 4_000)
        #expect(try warehouse.site.bobbin("extract").status == 0)
        let loaders = try (0..<3).map { _ in try warehouse.site.start("load", "--watch") }
        _ = try warehouse.site.until("rows arrive") { try isUnderWay(warehouse, .max) }
        for _ in 0..<3 {
            _ = try? warehouse.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bobbin' AND pid <> pg_backend_pid()"
            )
        }
        try server.kill9()
        try server.restart()
        _ = try warehouse.site.until("everything is loaded") {
            (try? warehouse.counts()) == Array(repeating: "32000|32000", count: 3)
        }
        for loader in loaders { loader.kill(SIGTERM) }
        for loader in loaders { #expect(try loader.wait().status == 0) }
        try warehouse.check(rows: 32_000)
    }

    /// Nothing is charged to a chunk for what its server refuses to everybody, and no password is told.
    @Test func aServerThatRefusesFillsNoDead() throws {
        let server = try start()
        let warehouse = try Warehouse(server, domains: ["a"], days: 1, rows: 1_000)
        #expect(try warehouse.site.bobbin("run").status == 0)
        let reader = try warehouse.connect()
        try reader.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        try reader.execute("SELECT pg_reload_conf()")
        #expect(try warehouse.site.bobbin("extract").status == 0)
        let config = try String(
            contentsOf: warehouse.site.directory.appendingPathComponent("bobbin.yaml"), encoding: .utf8)
        let refused = try warehouse.site.bobbin("load")
        #expect(refused.status == 75, "\(refused.output)\(refused.errors)")
        #expect(try warehouse.site.leftovers().allSatisfy { !$0.hasPrefix("dead/") })
        try server.terminate()
        let away = try warehouse.site.bobbin("load")
        #expect(away.status == 75 && !away.errors.contains(server.password), "\(away.errors)")
        #expect(!config.contains(server.password))
        try server.restart()
        let writer = try warehouse.connect()
        try writer.execute("SET default_transaction_read_only = off")
        try writer.execute("ALTER SYSTEM RESET default_transaction_read_only")
        try writer.execute("SELECT pg_reload_conf()")
        try warehouse.site.write("password", "wrong\n")
        let wrong = try warehouse.site.bobbin("load")
        #expect(wrong.status == 64 && wrong.errors.contains("password authentication failed"), "\(wrong.errors)")
        try warehouse.site.write("password", server.password + "\n")
        #expect(try warehouse.site.bobbin("load").status == 0)
        #expect(try warehouse.counts() == ["1000|1000", "2000|1000", "1000|1000"])
    }
}
