import Foundation
import Testing

/// The real programs, from the API to the table.
@Suite struct PipelineTests {
    /// What waits for a person is not waited for, though a loader that watches has the target.
    @Test func aLoaderDoesNotWaitForOneThatHasNothingInHand() throws {
        let site = try Site()
        try site.write("in/a.ndjson", "{\"id\":1}\n")
        try site.write(
            "bobbin.yaml",
            """
            spool: spool
            load: {lease: 1s}
            connections: {f: {type: files, path: in}, out: {type: sqlite, path: out.db}}
            jobs: {t: {source: {connection: f, path: "*.ndjson"}, target: out, mode: replace}}
            """)
        #expect(try site.bobbin("run").status == 0)
        try site.write("in/a.ndjson", "")
        #expect(try site.bobbin("extract").status == 0)
        let watcher = try site.start("load", "--watch")
        _ = try site.until("the guard holds the run") {
            try site.bobbin("status").output.contains("the new generation is empty")
        }
        let ended = try site.bobbin("load")
        #expect(
            ended.status == 75 && ended.errors.contains("has the target and nothing in hand"),
            "\(ended.status) \(ended.output)\(ended.errors)")
        watcher.kill(SIGTERM)
        // It says what waits.
        let watched = try watcher.wait()
        #expect(watched.status == 1, "\(watched.status) \(watched.output)\(watched.errors)")
    }

    @Test func firstRunSecondRunAndOneChangedPartition() throws {
        let site = try Site()
        try site.startUpstream(["--domains", "domain_a,domain/b ü", "--rows", "2600"])
        try site.configure(domains: ["domain_a", "domain/b ü"])
        let first = try site.bobbin("run")
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.output.contains("6 partitions: 6 succeeded, 0 failed"))
        #expect(try site.count("select count(*) from fault_record") == 15_600)
        #expect(try site.count("select count(distinct domain || data_date || rank) from fault_record") == 15_600)
        let left = try site.leftovers()
        #expect(left == [])
        let sums =
            "select domain, data_date, count(*), sum(rank), sum(length(fault_detail)) from fault_record group by 1, 2"
        let before = try site.query(sums).map { "\($0)" }
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.query(sums).map { "\($0)" } == before)
        try site.startUpstream([
            "--domains", "domain_a,domain/b ü", "--rows", "2600", "--rows-for", "domain=domain_a,date=2026-03-02:1100",
        ])
        let third = try site.bobbin("run", "faults", "--set", "domain=domain_a", "--set", "data_date=2026-03-02")
        #expect(third.status == 0, "\(third.errors)")
        let after = try site.query(sums).map { "\($0)" }
        #expect(zip(before, after).filter { $0 != $1 }.count == 1)
        #expect(try site.count("select count(*) from fault_record") == 14_100)
    }

    @Test func aFailedPartitionIsNamedAndRepairedByTheNextRun() throws {
        let site = try Site()
        try site.startUpstream(["--domains", "a,b", "--rows", "700", "--fail-domain", "b"])
        try site.configure(domains: ["a", "b"])
        let first = try site.bobbin("run")
        #expect(first.status == 1)
        #expect(first.output.contains("3 succeeded, 3 failed"))
        #expect(first.errors.contains("domain=b data_date=2026-03-01"))
        #expect(first.errors.contains("Next: bobbin run"))
        #expect(try site.count("select count(*) from fault_record where domain = 'a'") == 2100)
        try site.startUpstream(["--domains", "a,b", "--rows", "700"])
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.count("select count(*) from fault_record") == 4200)
        let left = try site.leftovers()
        #expect(left == [])
    }

    @Test func injectedErrorsAreRetriedAndNothingHalfPulledIsPublished() throws {
        let site = try Site()
        try site.startUpstream([
            "--domains", "a,b", "--rows", "2300", "--error-rate", "0.15", "--errors", "500,429,cut,html,badjson,reset",
            "--retry-after", "0",
        ])
        try site.configure(domains: ["a", "b"])
        var status: Int32 = 1
        for _ in 0..<6 where status != 0 { status = try site.bobbin("run").status }
        #expect(status == 0)
        #expect(try site.count("select count(*) from fault_record") == 13_800)
        let left = try site.leftovers()
        #expect(left == [])
    }

    @Test(arguments: [
        "domain..d", "../x", "a/b", "🚀", "%2e%2e", " ", "CON", String(repeating: "é", count: 127) + "x", "A", "a",
        ".hidden", "~",
        "line\\nbreak", "q'uo\"te",
    ])
    func hostileNamesLoadExactly(name: String) throws {
        let site = try Site()
        try site.startUpstream(["--rows", "30"])
        try site.configure(domains: [name, "other"], days: "[2026-03-01]")
        let ended = try site.bobbin("run")
        #expect(ended.status == 0, "\(ended.errors)")
        let rows = try site.query("select domain, count(*) from fault_record group by 1 order by domain <> 'other'")
        #expect(rows.count == 2)
        #expect(rows.contains { ($0[0] as? String) == name && ($0[1] as? Int) == 30 })
        let left = try site.leftovers()
        #expect(left == [])
        let names = try FileManager.default.contentsOfDirectory(atPath: site.directory.path)
        #expect(!names.contains("x"))
    }

    @Test func everyPaginationGivesEachRowOnce() throws {
        let site = try Site()
        try site.startUpstream(["--domains", "a", "--rows", "1234"])
        let variants: [(String, String, String)] = [
            (
                "pages", "/pages",
                "records: /items, page_size: 100, query: {domain: a, date: 2026-03-01, page: \"{page}\", per_page: \"{page_size}\"}, pagination: {type: page, start: 1, total_pages: /pages}"
            ),
            (
                "pages_short", "/pages",
                "records: /items, page_size: 100, query: {domain: a, date: 2026-03-01, page: \"{page}\", per_page: \"{page_size}\"}, pagination: {type: page, start: 1, stop: short_page}"
            ),
            (
                "linked", "/linked",
                "records: \"\", page_size: 100, query: {domain: a, date: 2026-03-01, limit: \"{page_size}\"}, pagination: {type: link}"
            ),
            (
                "cursor", "/cursor",
                "records: /data, page_size: 100, query: {domain: a, date: 2026-03-01, after: \"{cursor}\", limit: \"{page_size}\"}, pagination: {type: next_cursor, pointer: /meta/next_cursor}"
            ),
            (
                "nexturl", "/nexturl",
                "records: /data, page_size: 100, query: {domain: a, date: 2026-03-01, limit: \"{page_size}\", relative: \"1\"}, pagination: {type: next_url, pointer: /next}"
            ),
        ]
        var jobs = ""
        for (name, path, rest) in variants {
            jobs +=
                "  \(name):\n    source: {connection: upstream, path: \(path), \(rest)}\n    primary_key: [rank]\n    mode: replace\n"
        }
        try site.write(
            "bobbin.yaml",
            """
            connections:
              upstream: {type: http, base_url: "http://127.0.0.1:\(site.port)"}
              warehouse: {type: sqlite, path: warehouse.db}
            defaults: {target: warehouse}
            jobs:
            \(jobs)
            """)
        let ended = try site.bobbin("run")
        #expect(ended.status == 0, "\(ended.errors)")
        for (name, _, _) in variants {
            #expect(try site.count("select count(*) from \(name)") == 1234, "\(name)")
            #expect(try site.count("select count(distinct rank) from \(name)") == 1234, "\(name)")
        }
    }

    @Test func exitCodesSpeakOfTheInvocation() throws {
        let site = try Site()
        #expect(try site.bobbin("run").status == 64)
        try site.write("bobbin.yaml", "jobs: {x: {sorce: 1}}\n")
        let wrong = try site.bobbin("run")
        #expect(wrong.status == 64)
        #expect(wrong.errors.contains("bobbin.yaml:1"))
        #expect(wrong.errors.contains("source"))
        try site.startUpstream(["--rows", "10"])
        try site.configure(domains: ["a"])
        #expect(try site.bobbin("run", "nosuch").status == 64)
        #expect(try site.bobbin("run", "--set", "domain=zzz").status == 64)
        let early = try site.bobbin("load")
        #expect(early.status == 0 && early.output.contains("Nothing to do"), "the spool is made when absent")
        #expect(try site.bobbin("run").status == 0)
        let idle = try site.bobbin("load")
        #expect(idle.status == 0)
        #expect(idle.output.contains("Nothing to do"))
        try site.startUpstream(["--rows", "10", "--token", "secret-token-value"])
        let refused = try site.bobbin("run")
        #expect(refused.status == 1)
        #expect(!refused.errors.contains("secret-token-value"))
    }
}
