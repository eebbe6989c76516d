import Foundation
import Testing

/// A part of the records, after which no row is lost and none comes twice.
@Suite struct LimitTests {
    private func configure(_ site: Site, _ connections: String, _ job: String) throws {
        try site.write(
            "bobbin.yaml",
            """
            connections:
            \(connections)
              warehouse: {type: sqlite, path: warehouse.db}
            defaults: {target: warehouse}
            jobs:
            \(job)
            """)
    }

    private func ids(_ site: Site) throws -> [Int] {
        try site.query("select id from t order by id").compactMap { $0[0] as? Int }
    }

    @Test func filesGoOnBehindThePlaceWhereTheLimitWas() throws {
        let site = try Site()
        try configure(
            site, "  files: {type: files, path: in}",
            "  t: {source: {connection: files, path: \"*.ndjson\"}, mode: append, chunk: {rows: 3}}")
        for (name, first) in [("b", 0), ("c", 10)] {
            try site.write(
                "in/\(name).ndjson", (first..<(first + 10)).map { "{\"id\":\($0)}\n" }.joined())
        }
        let limited = try site.bobbin("run", "--limit", "4")
        #expect(limited.status == 0, "\(limited.errors)")
        #expect(limited.errors.contains("at most 4 records of each partition"))
        #expect(try ids(site) == [0, 1, 2, 3])
        #expect(try site.bobbin("extract", "--limit", "8").status == 0)
        // A file before the one that was begun must not make it forgotten.
        try site.write("in/a.ndjson", "{\"id\":99}\n")
        #expect(try site.bobbin("run").status == 0)
        #expect(try ids(site) == Array(0..<20) + [99])
        #expect(try site.bobbin("run").output.contains("Nothing to do"))
        // Exactly the records there are.
        try site.write("in/d.ndjson", "{\"id\":100}\n{\"id\":101}\n")
        #expect(try site.bobbin("run", "--limit", "2").status == 0)
        #expect(try site.bobbin("run").status == 0)
        #expect(try ids(site) == Array(0..<20) + [99, 100, 101])
    }

    @Test func aPartIsReplacedByTheWholeAndNeverTheOtherWayRound() throws {
        let site = try Site()
        try site.startUpstream(["--domains", "a", "--rows", "1500"])
        try site.configure(domains: ["a"])
        #expect(try site.bobbin("run", "--limit", "7").status == 0)
        #expect(try site.count("select count(*) from fault_record") == 3 * 7)
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.count("select count(*) from fault_record") == 3 * 1500)
        let refused = try site.bobbin("run", "--limit", "7")
        #expect(refused.status == 64, "\(refused.output)")
        #expect(refused.output.contains("--limit would put a part in the place of all rows"))
        #expect(try site.count("select count(*) from fault_record") == 3 * 1500)
        let refresh = try site.bobbin("run", "--limit", "7", "--full-refresh")
        #expect(refresh.output.contains("--limit would put a part"))
        #expect(try site.bobbin("run", "--limit", "0").status == 64)
        // Another spool has no log that would tell; the table does.
        let other = try site.bobbin("run", "--limit", "7", "--spool", "other")
        #expect(other.status != 0)
        #expect(
            other.output.contains("a run with --limit would put a part in the place"), "\(other.output)\(other.errors)")
        #expect(try site.count("select count(*) from fault_record") == 3 * 1500)
    }

    @Test func cursorsOfDatabasesStayWhereTheyWere() throws {
        let site = try Site()
        func sql(_ text: String) throws {
            let script = "import sqlite3,sys; c=sqlite3.connect('source.db'); c.executescript(sys.argv[1]); c.commit()"
            #expect(
                try Running("/usr/bin/env", ["python3", "-c", script, text], in: site.directory).wait().status == 0)
        }
        try sql(
            "create table t(id integer primary key, at integer not null); with recursive n(i) as (select 0 union all select i + 1 from n where "
                + "i < 99) insert into t select i, 1000 - i from n")
        func job(_ mode: String) -> String {
            "  j: {source: {connection: db}, streams: {t: {mode: \(mode), primary_key: [id], cursor: at}}}"
        }
        try configure(site, "  db: {type: sqlite, path: source.db}", job("merge"))
        let limited = try site.bobbin("run", "--limit", "30")
        #expect(limited.status == 0, "\(limited.errors)")
        #expect(try site.count("select count(*) from t") == 30)
        #expect(try site.bobbin("run").status == 0)
        #expect(try ids(site) == Array(0..<100))
        // From here on the cursor stands at the greatest value, which a limited run does not take back.
        try sql("insert into t values (100, 2000), (101, 2001)")
        #expect(try site.bobbin("run", "--limit", "1").status == 0)
        #expect(try site.bobbin("run").status == 0)
        #expect(try ids(site) == Array(0..<102))
        try configure(
            site, "  db: {type: sqlite, path: source.db}", job("append").replacing("primary_key: [id], ", with: ""))
        let refused = try site.bobbin("run", "--limit", "1")
        #expect(refused.status == 64)
        #expect(refused.output.contains("--limit would double the rows that it reads"), "\(refused.output)")
    }
}
