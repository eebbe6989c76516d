import Databases
import Foundation
import Testing

/// Deletions and versions from the configuration to the table, by the program.
@Suite struct HistoryTests {
    private func configure(_ site: Site, _ keys: String) throws {
        try site.write(
            "bobbin.yaml",
            """
            connections:
              shop: {type: sqlite, path: shop.db}
              files: {type: files, path: in}
              warehouse: {type: sqlite, path: warehouse.db}
            defaults: {target: warehouse}
            jobs:
            \(keys)
            """)
    }

    private func rows(_ site: Site, _ sql: String) throws -> [String] {
        try site.query(sql).map { row in row.map { "\($0)" }.joined(separator: "|") }
    }

    private func shop(_ site: Site, _ sql: String) throws {
        let path = site.directory.appendingPathComponent("shop.db").path
        try SQLiteConnection(path: path, access: .readWriteCreate, busySeconds: 5).execute(sql)
    }

    /// A replacement in the log that was for other targets passes over nothing for one that came later: it hung.
    @Test(.timeLimit(.minutes(1))) func anAddedTargetBehindAFullRefresh() throws {
        let site = try Site()
        func targets(_ names: String) throws {
            try site.write(
                "bobbin.yaml",
                """
                connections:
                  shop: {type: sqlite, path: shop.db}
                  warehouse: {type: sqlite, path: warehouse.db}
                  other: {type: sqlite, path: other.db}
                jobs:
                  orders: {source: {connection: shop}, target: \(names), mode: merge, cursor: id, primary_key: id}
                """)
        }
        try targets("warehouse")
        try shop(site, "CREATE TABLE orders(id INTEGER PRIMARY KEY, v TEXT)")
        try shop(site, "INSERT INTO orders VALUES (1, 'a'), (2, 'a')")
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.bobbin("run", "--full-refresh").status == 0)
        try targets("[warehouse, other]")
        try shop(site, "INSERT INTO orders VALUES (3, 'a')")
        #expect(try site.bobbin("run").status == 64)
        let run = try site.bobbin("run", "--since", "2")
        #expect(run.status == 0, "\(run.errors)")
        let other = try SQLiteConnection(
            path: site.directory.appendingPathComponent("other.db").path, access: .readOnly, busySeconds: 5)
        let query = try other.prepare("SELECT count(*) FROM orders")
        #expect(try query.step() && query.integer(0) == 2)
        #expect(try rows(site, "select count(*) from orders") == ["3"])
    }

    /// A table that is read by a cursor, with rows that vanish: only a full read notices.
    @Test func missingRowsGoWithAFullRead() throws {
        let site = try Site()
        try configure(
            site,
            "  orders: {source: {connection: shop}, mode: merge, cursor: at, primary_key: id, delete_missing: true, soft_delete: true}"
        )
        try shop(site, "CREATE TABLE orders(id INTEGER PRIMARY KEY, v TEXT, at INTEGER)")
        try shop(site, "INSERT INTO orders VALUES (1, 'a', 1), (2, 'a', 1), (3, 'a', 2)")
        #expect(try site.bobbin("run").status == 0)
        let plan = try site.bobbin("plan")
        #expect(
            plan.output.contains("deletes: rows that a run which reads everything does not hold: _deleted_at is set"),
            "\(plan.output)")
        try shop(site, "DELETE FROM orders WHERE id = 1")
        try shop(site, "UPDATE orders SET v = 'b', at = 3 WHERE id = 2")
        #expect(try site.bobbin("run").status == 0)
        let query = "select id, v, _deleted_at is null from orders order by id"
        #expect(try rows(site, query) == ["1|a|1", "2|b|1", "3|a|1"])
        let run = try site.bobbin("run", "--full-refresh")
        #expect(run.status == 0, "\(run.errors)")
        #expect(try rows(site, query) == ["1|a|0", "2|b|1", "3|a|1"])
        // A part of the source is not all of it, and takes the place of nothing.
        let part = try site.bobbin("run", "--full-refresh", "--since", "3")
        #expect(part.status == 64 && part.errors.contains("--full-refresh with --since 3"), "\(part.errors)")
        #expect(try rows(site, query) == ["1|a|0", "2|b|1", "3|a|1"])
        try shop(site, "DELETE FROM orders WHERE id = 3")
        #expect(try site.bobbin("run", "--since", "3").status == 0)
        #expect(try rows(site, query) == ["1|a|0", "2|b|1", "3|a|1"])
    }

    @Test func historyOfAFile() throws {
        let site = try Site()
        try configure(
            site,
            """
              people:
                source: {connection: files, path: "*.csv"}
                mode: scd2
                primary_key: id
                delete_missing: true
                shape: {loaded_at: _loaded_at}
            """)
        try site.write("in/a.csv", "id,name\n1,ann\n2,bob\n")
        #expect(try site.bobbin("run").status == 0)
        try site.write("in/a.csv", "id,name\n1,Ann\n")
        let run = try site.bobbin("run")
        #expect(run.status == 0, "\(run.errors)")
        let query = "select id, name, _valid_to is null from people order by id, _valid_from"
        #expect(try rows(site, query) == ["1|ann|0", "1|Ann|1", "2|bob|0"])
        // A refused row might be the one that is missing.
        try site.write("in/a.csv", "id,name\n2,bob\n3\n")
        let refused = try site.bobbin("run")
        #expect(
            refused.output.contains("were kept, as 1 of its rows were refused"), "\(refused.output)\(refused.errors)")
        #expect(try rows(site, query) == ["1|ann|0", "1|Ann|1", "2|bob|0", "2|bob|1"])
        // A full refresh reads files again that have not changed.
        let again = try site.bobbin("run", "--full-refresh")
        #expect(
            again.status == 1 && again.output.contains("were kept, as 1 of its rows were refused"), "\(again.errors)")
        #expect(try rows(site, "select count(*) from people") == ["4"])
    }

    @Test func sinceLeavesRowsOut() throws {
        let site = try Site()
        try configure(
            site,
            "  orders: {source: {connection: shop}, mode: merge, cursor: at, since: 1, null_cursor: skip, delete_missing: true}"
        )
        let plan = try site.bobbin("plan")
        #expect(plan.status == 64 && plan.errors.contains("since \"1\" leaves rows out"), "\(plan.errors)")
        #expect(plan.errors.contains("null_cursor: skip leaves rows out"))
    }
}
