import Databases
import Foundation
import TestKit
import Testing

/// The program loads through ODBC drivers.
@Suite(.serialized) struct ODBCTargetTests {
    /// Loaders that are killed at any instant, again and again: every row is there once, in each mode.
    @Test(arguments: [ODBCDatabase.postgres, .mariaDB], 0..<3) func killedAtAnyInstant(
        _ database: ODBCDatabase, round: Int
    )
        throws
    {
        let warehouse = try Warehouse(
            .odbc(database), domains: ["a", "b"], days: 2, rows: 4_000)
        #expect(try warehouse.site.bobbin("extract").status == 0)
        var random = SeededRandom(UInt64(round) &+ 77)
        for _ in 0..<12 {
            let loader = try warehouse.site.start("load")
            // The moment is the disturbance: it must not depend on anything that the program does.
            usleep(UInt32(random.below(400_000)))
            loader.kill(SIGKILL)
            _ = try loader.wait()
        }
        try warehouse.check(rows: 16_000)
    }

    /// From PostgreSQL through its driver into SQLite through its own, and what the commands say of the connections.
    @Test func fromDriverToDriver() throws {
        let server = try PostgresServer.start()
        let connection = try PostgresConnection(PostgresSettings(parameters: server.superuserParameters))
        try connection.execute(
            """
            CREATE TABLE items(id bigint PRIMARY KEY, name text, price numeric, at timestamp);
            INSERT INTO items SELECT g, 'item \u{1F600} ' || g, g / 8.0, timestamp '2026-01-01' + g * interval '1 minute'
                FROM generate_series(1, 3000) AS g
            """)
        let site = try Site()
        try site.write("password", server.password)
        let lake = site.directory.appendingPathComponent("warehouse.db").path
        try site.write(
            "bobbin.yaml",
            """
            spool: spool
            connections:
              erp:
                type: odbc
                connection_string: "Driver=\(ODBCDatabase.postgres.driver);Servername=127.0.0.1;Port=\(server.port);Database=postgres"
                user: postgres
                password: "file:password"
              lake: {type: odbc, connection_string: "Driver=\(ODBCDatabase.sqlite.driver);Database=\(lake)"}
            jobs:
              items: {source: {connection: erp, table: items}, target: lake, mode: merge}
            """)
        let tried = try site.bobbin("connections", "test")
        #expect(tried.status == 0 && tried.output.contains("target lake"), "\(tried.output)\(tried.errors)")
        for _ in 0..<2 {
            let ended = try site.bobbin("run")
            #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
        }
        #expect(try site.count("SELECT count(*) FROM items") == 3000)
        #expect(try site.count("SELECT count(*) FROM items WHERE name = 'item \u{1F600} ' || id") == 3000)
    }

    /// A driver that only pretends to have transactions is no target.
    @Test func withoutTransactionsNothingIsLoaded() throws {
        let site = try Site()
        try site.write("in/a.ndjson", "{\"id\":1}\n")
        let lake = site.directory.appendingPathComponent("warehouse.db").path
        try site.write(
            "bobbin.yaml",
            """
            connections:
              f: {type: files, path: in}
              w: {type: odbc, connection_string: "Driver=\(ODBCDatabase.sqlite.driver);Database=\(lake);NoTXN=1"}
            jobs: {t: {source: {connection: f, path: "*.ndjson"}, target: w, mode: append}}
            """)
        let ended = try site.bobbin("run")
        #expect(
            ended.status == 1 && ended.errors.contains("its transaction was undone"), "\(ended.status) \(ended.errors)"
        )
        #expect(try site.query("SELECT name FROM sqlite_schema WHERE name = 't'").isEmpty)
    }

    /// Servers that take no writing are named before anything is loaded.
    @Test func readOnlyServersAreSaid() throws {
        let postgres = try PostgresServer.start()
        let mariaDB = try MariaDBServer.start(.init(arguments: ["--read-only=1"]))
        let site = try Site()
        try site.write("postgres", postgres.password)
        try site.write("mariadb", MariaDBServer.rootPassword)
        let options =
            "Driver=\(ODBCDatabase.postgres.driver);Servername=127.0.0.1;Port=\(postgres.port);Database=postgres"
        func connection(_ name: String, _ text: String, _ user: String, _ password: String) -> String {
            "  \(name): {type: odbc, connection_string: \"\(text)\", user: \(user), password: \"file:\(password)\"}"
        }
        let maria = "Driver=\(ODBCDatabase.mariaDB.driver);Server=127.0.0.1;Port=\(mariaDB.port);Database=test"
        try site.write(
            "bobbin.yaml",
            """
            connections:
              f: {type: files, path: in}
            \(connection("open", options, "postgres", "postgres"))
            \(connection("server", options + ";ConnSettings=SET default_transaction_read_only TO on", "postgres", "postgres"))
            \(connection("driver", options + ";ReadOnly=1", "postgres", "postgres"))
            \(connection("maria", maria, "root", "mariadb"))
            jobs: {t: {source: {connection: f, path: "*.ndjson"}, target: [open, server, driver, maria], mode: append}}
            """)
        let tested = try site.bobbin("connections", "test")
        #expect(tested.status == 1, "\(tested.output)")
        let problems = tested.output.split(separator: "\n").filter { $0.contains("read-only") }
        #expect(problems.count == 3, "\(tested.output)")
        for name in ["server", "driver", "maria"] {
            #expect(problems.contains { $0.contains("target \(name) writing") }, "\(tested.output)")
        }
    }
}
