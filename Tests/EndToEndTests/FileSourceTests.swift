import Foundation
import Testing

/// Files as sources: formats, partitions from the path, files seen before.
@Suite struct FileSourceTests {
    private func configure(_ site: Site, _ job: String) throws {
        try site.write(
            "bobbin.yaml",
            """
            connections:
              files: {type: files, path: in}
              warehouse: {type: sqlite, path: warehouse.db}
            defaults: {target: warehouse}
            jobs:
            \(job)
            """)
    }

    @Test func filesAreTakenOnceAndAgainWhenTheyChange() throws {
        let site = try Site()
        try configure(site, "  t: {source: {connection: files, path: \"**/*.ndjson\"}, mode: append}")
        try site.write("in/a/1.ndjson", "{\"id\":1}\n{\"id\":2}\n")
        try site.write("in/2.ndjson", "{\"id\":3,\"x\":\"é\"}\n")
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.count("select count(*) from t") == 3)
        let again = try site.bobbin("run")
        #expect(again.status == 0)
        #expect(again.output.contains("Nothing to do"))
        #expect(try site.count("select count(*) from t") == 3)
        try site.write("in/3.ndjson", "{\"id\":4}\n")
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.count("select count(*) from t") == 4)
        try site.write("in/3.ndjson", "{\"id\":4}\n{\"id\":5}\n")
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.count("select count(*) from t") == 6, "a changed file is taken again as a whole")
    }

    @Test func partitionsComeFromThePath() throws {
        let site = try Site()
        try configure(
            site,
            """
              t:
                source: {connection: files, path: "{domain}/faults-{data_date}.csv"}
                partitions: {domain: path, data_date: path}
                primary_key: [domain, data_date, rank]
                mode: replace-partition
            """)
        try site.write("in/a/faults-2026-03-01.csv", "rank,note\n1,x\n2,\"y, \"\"z\"\"\"\n")
        try site.write("in/b/faults-2026-03-01.csv", "rank,note\n1,\n2,\"\"\n")
        #expect(try site.bobbin("run").status == 0)
        let rows = try site.query(
            "select domain || ' ' || data_date || ' ' || rank || ' ' || coalesce(note, 'NULL') from t order by 1"
        ).compactMap { $0[0] as? String }
        #expect(
            rows == [
                "a 2026-03-01 1 x", "a 2026-03-01 2 y, \"z\"", "b 2026-03-01 1 NULL", "b 2026-03-01 2 ",
            ])
        try site.write("in/a/faults-2026-03-01.csv", "rank,note\n7,x\n")
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.query("select rank from t where domain = 'a'").map { "\($0)" } == ["[7]"])
        #expect(try site.count("select count(*) from t where domain = 'b'") == 2)
    }

    @Test func badLinesAreSetAsideWithFileAndLine() throws {
        let site = try Site()
        try configure(site, "  t: {source: {connection: files, path: \"*.ndjson\"}, mode: append}")
        try site.write("in/a.ndjson", "{\"id\":1}\n{\"id\":\n[1]\n{\"id\":2} x\n{\"id\":3}\n")
        let ended = try site.bobbin("run")
        #expect(ended.status == 1, "rejected rows are told by the exit code")
        #expect(try site.query("select id from t order by 1").map { "\($0)" } == ["[1]", "[3]"])
        let listed = try site.leftovers()
        #expect(listed.count == 1 && listed[0].hasSuffix("input.rejects.ndjson.zst"))
        let text = try Running(
            "/usr/bin/env", ["sh", "-c", "zstd -dcq spool/\(listed[0])"], in: site.directory
        ).wait().output
        #expect(text.contains("\"line\":2") && text.contains("\"line\":3") && text.contains("\"line\":4"))
        #expect(text.contains("a.ndjson"))
    }
}
