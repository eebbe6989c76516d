import Foundation
import Testing

/// Input that no table could take: set aside where it is read, without a trace in the table.
@Suite struct RefusedInputTests {
    private func configure(_ site: Site, _ job: String, upstream: Int = 1) throws {
        try site.write(
            "bobbin.yaml",
            """
            connections:
              files: {type: files, path: in}
              upstream: {type: http, base_url: "http://127.0.0.1:\(upstream)"}
              warehouse: {type: sqlite, path: warehouse.db}
            defaults:
              target: warehouse
              retry: {strategy: fixed, delay: 10ms, max_attempts: 2, jitter: false}
            jobs:
            \(job)
            """)
    }

    private func shell(_ site: Site, _ command: String) throws -> Ended {
        try Running("/usr/bin/env", ["bash", "-c", command], in: site.directory).wait()
    }

    /// The rejected input, as `line reason row`.
    private func rejects(_ site: Site) throws -> [String] {
        let text = try shell(site, "find spool/dead -name 'input.rejects*' | sort | xargs -r -n1 zstd -dcq").output
        return try text.split(separator: "\n").map { line in
            let reject = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            return "\(reject["line"] ?? "") \(reject["reason"] ?? "") | \(reject["row"] ?? "")"
        }
    }

    @Test func whiteSpaceAroundARecordIsNoPartOfIt() throws {
        let site = try Site()
        try configure(site, "  t: {source: {connection: files, path: \"*.ndjson\"}, mode: append}")
        try site.write(
            "in/a.ndjson",
            "{\"id\":1} \n\t {\"id\":2}\t \r\n{\"id\": 3 }\r\n \t\r\n{\"id\":4}\u{b}\n{\"id\":5}\0\n\u{c}{\"id\":6}\n{\"id\":7}  "
        )
        #expect(try site.bobbin("extract").status == 1)
        #expect(
            try shell(site, "zstd -dcq spool/ready/warehouse/*/0.*.zst").output
                == "{\"id\":1}\n{\"id\":2}\n{\"id\": 3 }\n{\"id\":7}\n")
        #expect(
            try rejects(site).map { $0.prefix(30) } == [
                "5 text after the record at byt", "6 text after the record at byt", "7 expected a JSON object at by",
            ])
        #expect(try site.bobbin("load").status == 1, "the refused lines are told again")
        #expect(try site.query("select id from t order by 1").map { "\($0)" } == ["[1]", "[2]", "[3]", "[7]"])
    }

    @Test func refusedLinesDoNotShapeTheTable() throws {
        let site = try Site()
        try configure(site, "  t: {source: {connection: files, path: \"*.ndjson\"}, mode: append}")
        try site.write(
            "in/a.ndjson",
            #"""
            {"id":1,"id":"x","z":1}
            {"id":2,"y":"\ud800"}
            {"id":3,"a\u0000b":1,"x":2}
            {"id":4,"ab":5}
            {"id":5,"x":"

            """#)
        #expect(try site.bobbin("run").status == 1)
        #expect(try site.query("select *, typeof(id) from t").map { "\($0)" } == [#"[4, 5, "integer"]"#])
        #expect(
            try rejects(site) == [
                #"1 the key stands twice in the record | {"id":1,"id":"x","z":1}"#,
                #"2 half of a surrogate pair in the value | {"id":2,"y":"\ud800"}"#,
                #"3 a key holds U+0000, which no column's name can | {"id":3,"a\u0000b":1,"x":2}"#,
                #"5 the JSON ends too early, at byte 13 | {"id":5,"x":""#,
            ])
    }

    /// Serves each page of `pages` at `/<its place>`, and notes what was asked for.
    private func serve(_ site: Site, _ pages: [String]) throws -> (server: Running, port: Int) {
        for (index, page) in pages.enumerated() { try site.write("pages/\(index)", page) }
        try site.write(
            "serve.py",
            """
            import http.server, os, sys
            os.chdir("pages")
            server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
            open("../port.new", "w").write(str(server.server_port))
            os.rename("../port.new", "../port")
            server.serve_forever()
            """)
        let server = try Running("/usr/bin/env", ["python3", "serve.py"], in: site.directory)
        let file = site.directory.appendingPathComponent("port")
        #expect(try site.until("the server has a port") { FileManager.default.fileExists(atPath: file.path) })
        return (server, try #require(Int(try String(contentsOf: file, encoding: .utf8))))
    }

    @Test func badElementsOfAPageAreSetAside() throws {
        let site = try Site()
        let (server, port) = try serve(
            site,
            [
                #"{"data":[{"id":1},null,{"id":2,"id":"x","z":1}],"next":"1"}"#,
                #"{"data":[{"id":3,"s":"\ud800"},[{"id":4}],{"id":5,"a\u0000":1},{"id":6}],"next":"2"}"#,
                #"{"data":["x"],"next":null}"#,
            ])
        defer { server.kill(SIGKILL) }
        try configure(
            site,
            """
              t:
                source: {connection: upstream, path: /0, records: /data, pagination: {type: next_url, pointer: /next}}
                mode: replace
            """, upstream: port)
        let ended = try site.bobbin("run")
        #expect(ended.status == 1, "\(ended.errors)")
        #expect(try site.query("select * from t order by 1").map { "\($0)" } == ["[1]", "[6]"])
        #expect(
            try rejects(site) == [
                "2 the element is null, not an object (element 2 of page 1) | null",
                #"3 the key stands twice in the record (element 3 of page 1) | {"id":2,"id":"x","z":1}"#,
                #"1 half of a surrogate pair in the value (element 1 of page 2) | {"id":3,"s":"\ud800"}"#,
                #"2 the element is an array, not an object (element 2 of page 2) | [{"id":4}]"#,
                #"3 a key holds U+0000, which no column's name can (element 3 of page 2) | {"id":5,"a\u0000":1}"#,
                "1 the element is a string, not an object (element 1 of page 3) | \"x\"",
            ])
        #expect(try site.bobbin("fsck").status == 0)
    }

    @Test func aPageIsNotShortBecauseOfWhatWasRefused() throws {
        let site = try Site()
        let (server, port) = try serve(site, [#"[{"id":1},{"id":2},null]"#])
        defer { server.kill(SIGKILL) }
        func job(_ size: Int) -> String {
            """
              t:
                source:
                  connection: upstream
                  path: /0
                  query: {after: "{cursor}"}
                  page_size: \(size)
                  pagination: {type: cursor, field: id, start: 0}
                mode: replace
            """
        }
        // The page is whole, so the next one is asked for; this server gives the same again, which is noticed.
        try configure(site, job(3), upstream: port)
        #expect(try site.bobbin("run").errors.contains("does not honour the cursor"))
        try configure(site, job(4), upstream: port)
        #expect(try site.bobbin("run").status == 1)
        #expect(try site.count("select count(*) from t") == 2)
        try site.write("pages/0", "[null]")
        let bare = try site.bobbin("run")
        #expect(
            bare.status == 1 && bare.errors.contains("HELD"),
            "a page of nothing but rubbish ends the paging: \(bare.errors)")
        try site.write("pages/0", "[{\"id\":1},{")
        let cut = try site.bobbin("run")
        #expect(cut.status == 1 && cut.errors.contains("is no usable page"), "no JSON at all may be a hiccup")
    }

    @Test func aReplacementOfMostlyRubbishIsRefused() throws {
        let site = try Site()
        try configure(
            site,
            """
              t:
                source: {connection: files, path: "*.ndjson"}
                primary_key: id
                mode: replace
                chunk: {rows: 2}
                max_rejects: {rows: 1, share: 0.25}
            """)
        func write(_ good: Int, _ bad: Int) throws {
            let lines = (0..<good).map { "{\"id\":\($0)}" } + (0..<bad).map { "{\"id\":\($0)" }
            try site.write("in/a.ndjson", lines.joined(separator: "\n") + "\n")
        }
        try write(6, 0)
        #expect(try site.bobbin("run").status == 0)
        try write(5, 2)
        let ended = try site.bobbin("run")
        #expect(ended.status == 1)
        #expect(ended.errors.contains("2 of 7 rows were refused, more than max_rejects allows"))
        #expect(ended.errors.contains("a.ndjson line 6: the JSON ends too early"))
        #expect(try site.count("select count(*) from t") == 6)
        #expect(try site.leftovers() == [], "nothing of it waits to be taken over")
        // At one of the limits it is published.
        try write(6, 2)
        #expect(try site.bobbin("run").status == 1)
        #expect(try site.count("select count(*) from t") == 6)
        try write(1, 1)
        #expect(try site.bobbin("run").status == 1)
        #expect(try site.count("select count(*) from t") == 1)
        try write(7, 0)
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.count("select count(*) from t") == 7)
    }

    @Test func aDamagedFileLeavesNothingBehind() throws {
        let site = try Site()
        try configure(
            site,
            "  t: {source: {connection: files, path: \"*.json\"}, mode: append, chunk: {rows: 2}}")
        try site.write("in/a.json", "[{\"id\":1},{\"id\":2},{\"id\":3},{\"id\":4}}")
        #expect(try site.bobbin("run").status == 1)
        try site.write("in/a.json", "[{\"id\":1},{\"id\":2},{\"id\":3},{\"id\":4}]")
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.count("select count(*) from t") == 4, "each row once")
    }

    @Test func namesAreBytes() throws {
        let site = try Site()
        try configure(
            site,
            """
              t:
                source: {connection: files, path: "{d}.ndjson"}
                partitions: {d: path}
                mode: replace-partition
            """)
        for (name, id) in [("\u{e9}", 1), ("e\u{301}", 2)] { try site.write("in/\(name).ndjson", "{\"id\":\(id)}\n") }
        #expect(try shell(site, "ls in | wc -l").output.contains("2"))
        let ended = try site.bobbin("run")
        #expect(ended.output.contains("2 partitions"), "\(ended.errors)")
        let names = "select hex(d) || id from t order by id"
        #expect(try site.query(names).map { "\($0[0])" } == ["C3A91", "65CC812"])
        try site.write("in/e\u{301}.ndjson", "{\"id\":3}\n")
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.query(names).map { "\($0[0])" } == ["C3A91", "65CC813"])
        let one = try site.bobbin("plan", "--json", "--set", "d=\u{e9}")
        #expect(one.output.utf8.count < (try site.bobbin("plan", "--json")).output.utf8.count)
    }

    @Test func filesWhoseNamesAreNoTextAreNotSkipped() throws {
        let site = try Site()
        try configure(site, "  t: {source: {connection: files, path: \"*.ndjson\"}, mode: append}")
        try site.write("in/a.ndjson", "{\"id\":1}\n")
        _ = try shell(site, "echo '{\"id\":2}' > in/$'caf\\xe9.txt'")
        #expect(try site.bobbin("run").status == 0, "what the pattern does not match is no concern")
        _ = try shell(site, "echo '{\"id\":2}' > in/$'caf\\xe9.ndjson'")
        for command in ["plan", "run"] {
            let ended = try site.bobbin(command)
            #expect(ended.status != 0)
            #expect(ended.errors.contains("in/caf\\xE9.ndjson: the name is no UTF-8: rename it"))
        }
    }

    @Test func aKeyThatNoRecordHasIsNamedBeforehand() throws {
        let site = try Site()
        try configure(
            site, "  t: {source: {connection: files, path: \"*.ndjson\"}, primary_key: [id, idd], mode: merge}")
        try site.write("in/a.ndjson", "{\"id\":1}\n{\"id\":2,\"id\":3}\n{\"id\":4}\n")
        let preview = try site.bobbin("preview", "t")
        #expect(preview.status == 0)
        #expect(preview.output.contains("the first 2 rows"), "\(preview.output)")
        #expect(preview.errors.contains("primary_key column idd:") && !preview.errors.contains("column id:"))
        #expect(preview.errors.contains("1 records are refused"))
        #expect(try site.bobbin("plan").errors == "")
        #expect(try site.bobbin("extract").status == 1)
        #expect(try site.bobbin("plan").errors.contains("primary_key column idd:"))
        #expect(try site.bobbin("plan", "--json").output.contains("primary_key column idd:"))
    }

    @Test func whatStoppedAJobSaysWhatToDo() throws {
        let site = try Site()
        try configure(site, "  t: {source: {connection: files, path: \"*.ndjson\"}, mode: append}")
        try site.write("in/a.ndjson", "{\"id\":1,\"ID\":2}\n")
        let ended = try site.bobbin("run")
        #expect(ended.status == 1)
        #expect(ended.errors.contains("Next: mend the target, then bobbin load t"), "\(ended.errors)")
        #expect(ended.output.contains("stopped: "))
        // The source is mended; the run that waits keeps what it was extracted with, until somebody gives it up.
        try site.write("in/a.ndjson", "{\"id\":1,\"other\":2}\n")
        #expect(try site.bobbin("run").status == 1)
        let id = try #require(ended.errors.firstMatch(of: /dead discard (\S+) gives/)?.1)
        let refused = try site.bobbin("dead", "discard", String(id))
        #expect(refused.status == 64 && refused.errors.contains("lost   1 rows"), "\(refused.errors)")
        let given = try site.bobbin("dead", "discard", String(id), "--yes")
        #expect(given.status == 0 && given.errors.contains("bobbin rewind t --to start"), "\(given.errors)")
        #expect(try site.bobbin("load").status == 0)
        #expect(try site.query("select id, other from t").count == 1)
        #expect(try site.bobbin("dead", "discard", String(id), "--yes").errors.contains("nothing waits under"))
        #expect(try site.bobbin("fsck").status == 0)
    }
}
