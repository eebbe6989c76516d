import Databases
import Foundation
import TestKit
import Testing

/// Long runs that several loaders bring together, the last step kept from them by a lock (`docs/targets.md`, "Long runs are shared").
@Suite(.serialized) struct SharedLoadTests {
    private static let chunks = 48
    private static let rows = 20 * chunks
    private static let loaders = 4

    /// A row for each number, or for two of them, of which the second one stays.
    private static func lines(_ tag: String, _ keys: Int) -> String {
        (0..<rows).map { "{\"id\":\($0 % keys),\"v\":\"\(tag) \($0)\"}\n" }.joined()
    }

    /// What comes of it.
    private static func table(_ tag: String, _ keys: Int) -> [Int: String] {
        Dictionary((0..<rows).map { ($0 % keys, "\(tag) \($0)") }) { $1 }
    }

    /// All loaders begin at once, as they wait for one lock, and all chunks are in the stage before another lock lets the table be
    /// changed: no time decides.
    @Test(arguments: TestTarget.sharing, ["merge", "replace"])
    func aRunIsStagedByManyAndSeenOnlyAsAWhole(_ target: TestTarget, _ mode: String) throws {
        let server = try WarehouseServer.start(target.engine)
        let site = try Site()
        let name = "shared"
        try site.write("password", server.password + "\n")
        try site.write(
            "bobbin.yaml",
            """
            spool: spool
            load: {share_from: 1KB}
            connections:
              f: {type: files, path: in}
              w: {\(try server.connection(name)), password: "file:password", lock_timeout: 60s}
            jobs:
              t: {source: {connection: f, path: "*.ndjson"}, target: w, mode: replace, primary_key: [id], chunk: {rows: 20}}
            """)
        let old = Self.rows
        try site.write("in/a.ndjson", Self.lines("old", old))
        #expect(try site.bobbin("run").status == 0)
        // Keys of a replacement are unique.
        let new = mode == "replace" ? old : old / 2
        var configuration = try String(
            contentsOf: site.directory.appendingPathComponent("bobbin.yaml"), encoding: .utf8)
        configuration = configuration.replacing("mode: replace", with: "mode: \(mode)")
        try site.write("bobbin.yaml", configuration)
        try site.write("in/a.ndjson", Self.lines("new", new))
        let before = Self.table("old", old)
        let after = mode == "replace" ? Self.table("new", new) : before.merging(Self.table("new", new)) { $1 }
        func seen() throws -> [Int: String] {
            let rows = try server.query("SELECT id, v FROM t", in: name).map { $0.split(separator: "|") }
            return Dictionary(uniqueKeysWithValues: rows.map { (Int($0[0]) ?? -1, String($0[1])) })
        }
        func count(_ sql: String) throws -> Int { try server.query(sql, in: name).first.flatMap { Int($0) } ?? -1 }
        let stages = "SELECT count(*) FROM information_schema.tables WHERE table_name LIKE '%bobbin~_stage%' ESCAPE '~'"

        let loaders = try (0..<Self.loaders).map { _ in try site.start("load", "--watch") }
        defer { for loader in loaders where loader.process.isRunning { loader.kill(SIGKILL) } }
        _ = try site.until("all loaders stand at the spool") { try site.names("spool/claimed").count == Self.loaders }
        let table = try server.hold(server.tableLock("t"), in: name)
        let head = try server.hold("SELECT n FROM _bobbin_head FOR UPDATE", in: name)
        #expect(try site.bobbin("extract").status == 0)
        _ = try site.until("all loaders want to share the run") { try count(server.waiting) == Self.loaders }
        try head()
        _ = try site.until("all chunks are in the stage") {
            try count("SELECT count(*) FROM _bobbin_ledger WHERE manifest = 2 AND seq IS NOT NULL") == Self.chunks
        }
        #expect(
            try count("SELECT count(DISTINCT loader) FROM _bobbin_ledger WHERE manifest = 2 AND seq IS NOT NULL") > 1)
        #expect(try count(stages) == 1)
        #expect(try seen() == before)
        try table()
        _ = try site.until("the run is in the table") { try count("SELECT max(n) FROM _bobbin_head") == 2 }
        #expect(try seen() == after)
        _ = try site.until("the stage is gone") { try count(stages) == 0 }
        _ = try site.until("the spool says so") {
            try site.names("spool/manifests/t/t").contains("2.w.outcome.json")
        }
        for loader in loaders { loader.kill(SIGTERM) }
        for loader in loaders {
            let ended = try loader.wait()
            #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
        }
        #expect(try seen() == after)
        #expect(try site.leftovers().isEmpty)
        #expect(try site.bobbin("fsck", "--deep").status == 0)
    }
}

extension WarehouseServer {
    /// Runs a statement on a connection of its own, and keeps what it locks until the result is called.
    fileprivate func hold(_ statement: String, in name: String) throws -> () throws -> Void {
        switch self {
        case .postgres(let server):
            let connection = try PostgresConnection(PostgresSettings(parameters: server.superuserParameters))
            try connection.execute("SET search_path TO \(name); BEGIN; \(statement)")
            return { try connection.execute("ROLLBACK") }
        case .mariadb(let server):
            let connection = try server.connect { $0.database = name }
            try connection.execute("START TRANSACTION")
            _ = try connection.query(statement)
            return {
                try connection.execute("ROLLBACK")
                try connection.execute("UNLOCK TABLES")
            }
        }
    }

    /// Keeps others from changing a table, which they may read.
    fileprivate func tableLock(_ table: String) -> String {
        switch self {
        case .postgres: "LOCK TABLE \(table) IN EXCLUSIVE MODE"
        case .mariadb: "LOCK TABLES \(table) READ"
        }
    }

    /// How many sessions want the row of a head that is to move.
    fileprivate var waiting: String {
        switch self {
        case .postgres:
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%_bobbin_head%'"
        case .mariadb:
            """
            SELECT count(*) FROM information_schema.processlist WHERE info LIKE '%_bobbin_head%FOR UPDATE' AND id <> connection_id()
            """
        }
    }
}
