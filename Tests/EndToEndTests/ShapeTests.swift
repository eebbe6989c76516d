import Foundation
import Testing

/// Shape and contracts from the configuration to the table.
@Suite struct ShapeTests {
    private func configure(_ site: Site, _ keys: String) throws {
        try site.write(
            "bobbin.yaml",
            """
            connections:
              files: {type: files, path: in}
              old: {type: sqlite, path: old.db}
              warehouse: {type: sqlite, path: warehouse.db}
            defaults: {target: warehouse}
            jobs:
              people:
            \(keys)
            """)
    }

    private func rows(_ site: Site, _ sql: String) throws -> [String] {
        try site.query(sql).map { row in row.map { "\($0)" }.joined(separator: "|") }
    }

    private static let shape = """
            shape:
              flatten: 1
              drop: [internal]
              rename: {id: nr, address__zip: zip}
              hash: [email]
              constant: {source: crm, version: 2}
              loaded_at: _loaded_at
            columns: {zip: text}
        """

    @Test func filesAreShapedOnTheirWay() throws {
        let site = try Site()
        try configure(
            site,
            "    source: {connection: files, path: \"*.csv\"}\n    primary_key: nr\n    mode: merge\n" + Self.csvShape)
        try site.write("in/a.csv", "id,email,zip_code,internal\n1,a,007,x\n2,,1.50,y\n")
        let plan = try site.bobbin("plan")
        #expect(plan.output.contains("shape: drop internal; rename id to nr, zip_code to zip; hash email"))
        let preview = try site.bobbin("preview", "people")
        #expect(preview.output.contains("zip") && !preview.output.contains("internal"), "\(preview.output)")
        #expect(preview.output.contains(#""email":"ca978112"#))
        let run = try site.bobbin("run")
        #expect(run.status == 0, "\(run.errors)")
        // The declared type counts by the new name where the file is read: neither zero nor digit is lost.
        #expect(
            try rows(site, "select nr, coalesce(substr(email, 1, 8), 'NULL'), zip from people order by nr")
                == ["1|ca978112|007", "2|NULL|1.50"])
    }

    private static let csvShape =
        "    shape: {drop: internal, rename: {id: nr, zip_code: zip}, hash: email}\n    columns: {zip: text}"

    @Test func recordsAreShapedOnTheirWay() throws {
        let site = try Site()
        try configure(
            site,
            "    source: {connection: files, path: \"*.ndjson\"}\n    primary_key: nr\n    mode: merge\n" + Self.shape)
        try site.write(
            "in/a.ndjson",
            """
            {"id":1,"email":"a","address":{"zip":7,"lines":["x"]},"internal":1}
            {"id":2,"address":null}
            {"id":3,"source":"mine"}
            {"id":4,"nr":4}

            """)
        let run = try site.bobbin("run")
        #expect(run.status == 1, "two rows are refused")
        #expect(
            try rows(
                site,
                "select nr, coalesce(substr(email, 1, 8), 'NULL'), coalesce(zip, 'NULL'), coalesce(address__lines, 'NULL'), source, version from people order by nr"
            ) == ["1|ca978112|7|[\"x\"]|crm|2", "2|NULL|NULL|NULL|crm|2"])
        #expect(
            try rows(
                site, "select count(distinct _loaded_at), min(_loaded_at) like '20__-__-__T__:__:__%Z' from people")
                == ["1|1"])
        let dead = try site.bobbin("dead", "list")
        #expect(dead.output.contains("the record has this column, which `shape` adds"), "\(dead.output)")
        // What was refused is what the file holds; given back, it is shaped.
        let id = try #require(dead.output.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("warehouse/") })
        let replay = try site.bobbin("dead", "replay", String(id))
        #expect(replay.status == 1 && replay.errors.contains("which `shape` adds"), "\(replay.errors)")
    }

    @Test func aDatabaseIsShapedOnItsWay() throws {
        let site = try Site()
        try configure(
            site,
            "    source: {connection: old}\n    mode: replace\n    shape: {select: [id, mail], rename: {id: nr}, hash: mail, constant: {source: old}}"
        )
        let script = """
            import sqlite3
            c = sqlite3.connect("old.db")
            c.execute("create table people(id integer primary key, mail text, secret text)")
            c.execute("insert into people values (1, 'a', 's'), (2, null, 's')")
            c.commit()
            """
        let made = try Running("/usr/bin/env", ["python3", "-c", script], in: site.directory).wait()
        #expect(made.status == 0, "\(made.errors)")
        let plan = try site.bobbin("plan")
        #expect(plan.output.contains("key: nr;") && plan.output.contains("columns: nr, mail, source"), "\(plan.output)")
        let run = try site.bobbin("run")
        #expect(run.status == 0, "\(run.errors)")
        #expect(
            try rows(site, "select nr, coalesce(substr(mail, 1, 8), 'NULL'), source from people order by nr")
                == ["1|ca978112|old", "2|NULL|old"])
        #expect(try rows(site, "select group_concat(name) from pragma_table_info('people')") == ["nr,mail,source"])
    }

    /// Paging and the greatest value are of the records as they come, though the field is dropped.
    @Test func anAPIIsShapedOnItsWay() throws {
        let site = try Site()
        try site.startUpstream(["--domains", "a", "--rows", "300"])
        try site.write(
            "bobbin.yaml",
            """
            connections:
              upstream: {type: http, base_url: "http://127.0.0.1:\(site.port)"}
              warehouse: {type: sqlite, path: warehouse.db}
            jobs:
              faults:
                source:
                  connection: upstream
                  path: /faults
                  query: {domain: "{domain}", date: "2026-03-01", lastRank: "{cursor}", limit: "{page_size}", from: "{since}"}
                  records: /data
                  page_size: 70
                  pagination: {type: cursor, field: rank, start: 0}
                  incremental: {cursor: rank, since: "0", format: integer}
                partitions: {domain: [a, b]}
                shape: {select: [fault_detail], rename: {fault_detail: text}, constant: {n: 1}}
                target: warehouse
                mode: append
            """)
        let run = try site.bobbin("run", "--set", "domain=a")
        #expect(run.status == 0, "\(run.errors)")
        #expect(try site.count("select count(*) from faults where n = 1 and text is not null and domain = 'a'") == 300)
        #expect(try rows(site, "select group_concat(name) from pragma_table_info('faults')") == ["domain,text,n"])
        #expect(try site.bobbin("plan").output.contains("domain=a  n=1  cursor="))
    }

    @Test func contractsLeaveOutAndCount() throws {
        let site = try Site()
        let job = "    source: {connection: files, path: \"*.ndjson\"}\n    mode: append\n"
        try configure(site, job + "    contract: {columns: discard_value, types: discard_row}")
        try site.write("in/a.ndjson", "{\"id\":1}\n")
        #expect(try site.bobbin("run").status == 0)
        try site.write("in/b.ndjson", "{\"id\":2,\"x\":1}\n{\"id\":\"three\"}\n")
        let run = try site.bobbin("run")
        #expect(
            run.status == 0 && run.output.contains("warehouse: 1 row and 1 value left out by contract"), "\(run.output)"
        )
        #expect(try rows(site, "select * from people order by id") == ["1", "2"])
        try configure(site, job + "    table: others\n    contract: {tables: freeze}")
        let frozen = try site.bobbin("run")
        #expect(
            frozen.status == 1 && (frozen.output + frozen.errors).contains("table others is not there"),
            "\(frozen.output)")
    }
}
