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

    @Test func bracesAreAlternativesNamesOrThemselves() throws {
        let site = try Site()
        try configure(
            site,
            """
              t:
                source: {connection: files, path: "{day}/{{x}}.{ndjson,jsonl}"}
                partitions: {day: path}
                mode: append
            """)
        for name in ["1/{x}.ndjson", "2/{x}.jsonl", "3/x.ndjson", "4/{x}.csv"] {
            try site.write("in/\(name)", "{\"id\":1}\n")
        }
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.query("select day from t order by 1").compactMap { $0[0] as? String } == ["1", "2"])
    }

    @Test func whatNoFileHasIsSaid() throws {
        let site = try Site()
        try configure(
            site,
            """
              t:
                source: {connection: files, path: "{day}.ndjson"}
                partitions: {day: path}
                mode: append
            """)
        let absent = try site.bobbin("run")
        #expect(absent.status == 64 && absent.errors.contains("cannot list in: no such file"), "\(absent.errors)")
        try site.write("in/other.txt", "")
        let empty = try site.bobbin("run")
        #expect(empty.status == 0 && empty.errors.contains("t: no file matches in/{day}.ndjson"), "\(empty)")
        try site.write("in/1.ndjson", "{\"id\":1}\n")
        #expect(try site.bobbin("run", "--set", "day=2").status == 64)
        #expect(try site.bobbin("run", "--days", "2").status == 64)
        #expect(try site.bobbin("run", "--set", "day=1").status == 0)
    }

    @Test func aPreviewOfSeveralStreamsIsOneDocument() throws {
        let site = try Site()
        try configure(
            site,
            """
              t:
                streams:
                  a: {source: {connection: files, path: "a.ndjson"}, table: a}
                  b: {source: {connection: files, path: "b.ndjson"}, table: b}
                mode: append
            """)
        for name in ["a", "b"] { try site.write("in/\(name).ndjson", "{\"id\":1}\n") }
        let ended = try site.bobbin("preview", "t", "--json")
        #expect(ended.status == 0, "\(ended.errors)")
        let document = try JSONSerialization.jsonObject(with: Data(ended.output.utf8)) as? [String: Any]
        let streams = document?["streams"] as? [[String: Any]]
        #expect(streams?.map { $0["stream"] as? String } == ["a", "b"])
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
