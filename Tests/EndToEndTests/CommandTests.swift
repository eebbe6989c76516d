import Foundation
import Testing

/// What the commands say and with what they end, when not all is well.
@Suite struct CommandTests {
    /// A site with an extracted, not yet loaded partition.
    private func extracted(extra: String = "") throws -> Site {
        let site = try Site()
        try site.startUpstream(["--domains", "a", "--rows", "700"])
        try site.configure(domains: ["a"], days: "[2026-03-01]", extra: extra)
        #expect(try site.bobbin("extract").status == 0)
        return site
    }

    /// Overwrites every waiting chunk, so that it will be dead.
    private func damage(_ site: Site) throws {
        let ready = site.directory.appendingPathComponent("spool/ready")
        for path in try FileManager.default.subpathsOfDirectory(atPath: ready.path) where path.hasSuffix(".zst") {
            try Data([1, 2, 3]).write(to: ready.appendingPathComponent(path))
        }
    }

    private func document(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    // MARK: on_failure

    /// Writes what is posted to `posts`, a JSON text a line, and answers 503 to the first request of all.
    private static let listener = """
        import http.server, json, os
        class Handler(http.server.BaseHTTPRequestHandler):
            count = 0
            def do_POST(self):
                Handler.count += 1
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                with open("posts", "a") as f:
                    f.write(json.dumps([self.path, self.headers["Content-Type"], body]) + "\\n")
                self.send_response(404 if "nowhere" in self.path else 503 if Handler.count == 1 else 204)
                self.end_headers()
            def log_message(self, *arguments): pass
        """

    /// Serves `http.server`'s class `Handler` of a Python script on a free port of a process of its own.
    private func listen(_ site: Site, _ handler: String) throws -> (process: Running, port: String) {
        let folder = site.directory.appendingPathComponent("listener")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let serve = """
            server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
            open("port.new", "w").write(str(server.server_port))
            os.rename("port.new", "listener/port")
            server.serve_forever()
            """
        let process = try Running("/usr/bin/env", ["python3", "-c", "\(handler)\n\(serve)"], in: site.directory)
        let file = folder.appendingPathComponent("port")
        #expect(try site.until("the listener has a port") { FileManager.default.fileExists(atPath: file.path) })
        return (process, try String(contentsOf: file, encoding: .utf8))
    }

    /// Servers that parse a body by its type get what they ask for; a type of one's own stands.
    @Test(arguments: [
        ("", ""), ("", ", headers: {content-type: application/vnd.api+json}"),
        (", headers: {Content-Type: application/vnd.api+json}", ""),
    ])
    func aBodyIsSentAsJSON(_ connectionHeaders: String, _ headers: String) throws {
        let site = try Site()
        let handler = """
            import http.server, json, os
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_POST(self):
                    types = self.headers.get_all("Content-Type") or []
                    body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                    text = json.dumps([{"id": body["page"], "types": ",".join(types)}]).encode()
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text)
                def log_message(self, *arguments): pass
            """
        let (listener, port) = try listen(site, handler)
        defer { listener.kill(SIGKILL) }
        try site.write(
            "bobbin.yaml",
            """
            connections:
              api: {type: http, base_url: "http://127.0.0.1:\(port)", method: POST\(connectionHeaders)}
              warehouse: {type: sqlite, path: warehouse.db}
            jobs:
              t: {source: {connection: api, path: /, body: {page: 7}\(headers)}, target: warehouse, mode: replace}
            """)
        let ended = try site.bobbin("run")
        #expect(ended.status == 0, "\(ended.errors)")
        let type = headers.isEmpty && connectionHeaders.isEmpty ? "application/json" : "application/vnd.api+json"
        #expect(try site.query("select id, types from t").map { "\($0)" } == ["[7, \"\(type)\"]"])
    }

    @Test func failedPartitionsAreToldToTheCommandAndTheWebhook() throws {
        let site = try Site()
        let (listener, port) = try listen(site, Self.listener)
        defer { listener.kill(SIGKILL) }
        try site.startUpstream(["--domains", "a,b", "--rows", "10", "--fail-domain", "b"])
        func hook(_ path: String) -> String {
            """
                on_failure:
                  command: [sh, -c, "while read line; do echo $line; done </proc/$$/status >signals; cat >told"]
                  webhook: "http://127.0.0.1:\(port)/\(path)"
            """
        }
        try site.configure(domains: ["a", "b"], days: "[2026-03-01]", extra: hook("s3cret"))
        let ended = try site.bobbin("run")
        #expect(ended.status == 1 && !ended.errors.contains("on_failure"), "\(ended.errors)")
        let told = try String(contentsOf: site.directory.appendingPathComponent("told"), encoding: .utf8)
        let failed = try #require(try document(told)["failed"] as? [[String: Any]])
        #expect(
            failed.count == 1
                && failed[0]["partition"] as? [String: String] == ["domain": "b", "data_date": "2026-03-01"])
        let posts = try String(contentsOf: site.directory.appendingPathComponent("posts"), encoding: .utf8)
            .split(separator: "\n").map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String] }
        #expect(posts == Array(repeating: ["/s3cret", "application/json", String(told.dropLast())], count: 2))
        // The command starts as from a shell, whatever this program blocks and ignores.
        let signals = try String(contentsOf: site.directory.appendingPathComponent("signals"), encoding: .utf8)
        for line in signals.split(separator: "\n") where line.hasPrefix("SigBlk") || line.hasPrefix("SigIgn") {
            let mask = UInt64(line.split(separator: " ")[1], radix: 16) ?? .max
            #expect(mask & (1 << (SIGPIPE - 1) | 1 << (SIGINT - 1) | 1 << (SIGTERM - 1)) == 0, "\(line)")
        }
        // A hook that fails is one line, without the address, and changes nothing.
        try site.configure(domains: ["a", "b"], days: "[2026-03-01]", extra: hook("nowhere/s3cret"))
        let refused = try site.bobbin("run")
        #expect(refused.status == 1 && !refused.errors.contains("s3cret"))
        #expect(refused.errors.contains("the webhook at http://127.0.0.1:\(port) answered 404"), "\(refused.errors)")
    }

    @Test func whatCannotBeLoadedIsToldByLoad() throws {
        let site = try extracted(extra: "    on_failure: {command: [sh, -c, \"cat >told\"]}")
        try damage(site)
        let ended = try site.bobbin("load")
        #expect(ended.status == 1, "\(ended.errors)")
        let told = try document(String(contentsOf: site.directory.appendingPathComponent("told"), encoding: .utf8))
        #expect(told["job"] as? String == "faults")
        let again = try site.bobbin("load")
        #expect(again.status == 1 && again.output.contains("faults: 1 partition waits for a person"), "\(again.output)")
    }

    // MARK: What waits

    @Test func aPauseIsNoFailure() throws {
        let site = try extracted(extra: "    on_failure: {command: [sh, -c, \"cat >told\"]}")
        let paused = try document(try site.bobbin("pause", "faults", "--json").output)
        #expect(paused["command"] as? String == "pause" && paused["changed"] as? Bool == true)
        let load = try site.bobbin("load")
        #expect(load.status == 2 && load.output.contains("the job is paused"), "\(load)")
        #expect(!load.output.contains("nothing waits"))
        let run = try site.bobbin("run")
        #expect(run.status == 2 && run.output.contains("PENDING") && !run.output.contains("FAILED"), "\(run)")
        #expect(!FileManager.default.fileExists(atPath: site.directory.appendingPathComponent("told").path))
        #expect(try site.bobbin("resume", "faults").status == 0)
        #expect(try site.bobbin("load").status == 0)
        #expect(try site.count("select count(*) from fault_record") == 700)
    }

    @Test func whatAnotherProcessLoadsIsLoaded() throws {
        let site = try extracted()
        let watching = try site.start("load", "--watch")
        defer { watching.kill(SIGKILL) }
        #expect(try site.until("it is loaded") { try site.bobbin("status").output.contains("1 LOADED") })
        let ended = try site.bobbin("run")
        #expect(ended.status == 0 && ended.output.contains("1 succeeded, 0 failed"), "\(ended)")
        #expect(ended.output.contains("700 rows extracted, 700 loaded"), "\(ended)")
    }

    @Test func whatNoJobLoadsIsSaid() throws {
        let site = try extracted()
        let file = site.directory.appendingPathComponent("bobbin.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        try site.write("bobbin.yaml", text.replacingOccurrences(of: "warehouse", with: "other"))
        let load = try site.bobbin("load")
        #expect(load.status == 0 && load.output.contains("no job of this configuration loads into it"), "\(load)")
        #expect(!load.output.contains("nothing waits"))
    }

    @Test func aDirectoryIsNoTarget() throws {
        let site = try extracted()
        let path = site.directory.appendingPathComponent("warehouse.db")
        try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
        let load = try site.bobbin("load")
        #expect(load.status == 64 && load.errors.contains("warehouse.db is a directory"), "\(load)")
        #expect(!load.output.contains("nothing waits"))
    }

    // MARK: Signals and requests

    /// A run in the middle of a slow extraction.
    private func running() throws -> (Site, Running) {
        let site = try Site()
        try site.startUpstream(["--domains", "a", "--rows", "4000", "--latency-ms", "300"])
        try site.configure(domains: ["a"])
        let running = try site.start("run")
        #expect(try site.until("an extraction has begun") { try !site.names("spool/writing").isEmpty })
        return (site, running)
    }

    @Test func aCancelledRunIsInterrupted() throws {
        let (site, running) = try running()
        #expect(try site.bobbin("cancel", "faults").status == 0)
        let ended = try running.wait()
        #expect(ended.status == 4 && ended.output.contains("CANCELLED"), "\(ended)")
    }

    @Test func aSignalThatIsSentTwiceStopsInOrder() throws {
        let (site, running) = try running()
        running.kill(SIGTERM)
        running.kill(SIGINT)
        let ended = try withExtendedLifetime(site) { try running.wait() }
        // Only a stop in order has a summary.
        #expect(ended.status == 4 && ended.output.contains("3 partitions"), "\(ended)")
    }

    @Test func anInterruptedPreviewLeavesNothing() throws {
        let site = try Site()
        try site.startUpstream(["--domains", "a", "--rows", "10", "--latency-ms", "20000"])
        try site.configure(domains: ["a"])
        let scratch = site.directory.appendingPathComponent("scratch")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        let running = try Running(
            "/usr/bin/env", ["TMPDIR=\(scratch.path)", Programs.bobbin, "preview", "faults"], in: site.directory)
        #expect(try site.until("the preview has begun") { try !site.names("scratch").isEmpty })
        running.kill(SIGTERM)
        #expect(try running.wait().status == 4)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == [])
    }

    // MARK: Messages

    @Test func hintsSurviveTheShellAndTheTerminal() throws {
        let site = try Site()
        let names = ["bad'quote", "turned\u{202E}'"]
        try site.startUpstream(["--domains", names.joined(separator: ","), "--rows", "10"])
        for (name, argument) in zip(names, [#"'domain=bad'\''quote'"#, #"$'domain=turned\u202E\''"#]) {
            try site.configure(domains: [name], days: "[2026-03-01]")
            // Without the mock, nothing answers.
            try site.startUpstream(["--domains", "other", "--rows", "10", "--fail-domain", name])
            let ended = try site.bobbin("extract")
            #expect(ended.errors.contains("--set \(argument)") || ended.status == 75, "\(ended)")
            #expect(!(ended.errors + ended.output).unicodeScalars.contains("\u{202E}"))
        }
    }

    @Test func retriesOfAFailedPartitionAreCounted() throws {
        let site = try Site()
        try site.startUpstream(["--domains", "a,b", "--rows", "10", "--fail-domain", "b"])
        try site.configure(domains: ["a", "b"], days: "[2026-03-01]")
        let items = try document(try site.bobbin("extract", "--json").output)["partitions"] as? [[String: Any]]
        #expect(items?.map { $0["state"] as? String } == ["PUBLISHED", "FAILED"])
        #expect(items?.map { $0["retries"] as? Int } == [0, 3])
    }

    /// A failed extraction is there to be seen until one succeeds, and the hint can be typed as it stands.
    @Test func aFailedExtractionIsShownUntilOneSucceeds() throws {
        let site = try Site()
        try site.startUpstream(["--domains", "a,b", "--rows", "10", "--fail-domain", "b"])
        try site.configure(domains: ["a", "b"], days: "[2026-03-01]")
        let empty = try site.bobbin("status")
        #expect(empty.status == 0 && empty.output.contains("2 PENDING"), "\(empty.output)\(empty.errors)")
        try FileManager.default.moveItem(
            at: site.directory.appendingPathComponent("bobbin.yaml"),
            to: site.directory.appendingPathComponent("my jobs.yaml"))
        let failed = try site.bobbin("run", "-c", "my jobs.yaml")
        #expect(failed.status == 1)
        let next = "bobbin run faults --set domain=b --set data_date=2026-03-01 -c 'my jobs.yaml'"
        #expect(failed.errors.contains("Next: \(next)"), "\(failed.errors)")
        let status = try site.bobbin("status", "-c", "my jobs.yaml")
        #expect(status.output.contains("extraction: ") && status.output.contains("1 FAILED"), "\(status.output)")
        let document = try document(try site.bobbin("status", "--json", "-c", "my jobs.yaml").output)
        let items = try #require(document["failed"] as? [[String: Any]])
        #expect(items.map { $0["class"] as? String } == ["transient"])
        #expect((items.first?["partition"] as? [String: String])?["domain"] == "b")
        #expect((items.first?["retries"] as? Int) == 3 && (document["pending"] as? [Any])?.isEmpty == true)
        #expect(try site.bobbin("fsck", "-c", "my jobs.yaml").status == 0)
        try site.startUpstream(["--domains", "a,b", "--rows", "10"])
        let words = ["run", "faults", "--set", "domain=b", "--set", "data_date=2026-03-01", "-c", "my jobs.yaml"]
        #expect(try Running(Programs.bobbin, words, in: site.directory).wait().status == 0)
        let healed = try site.bobbin("status", "-c", "my jobs.yaml")
        #expect(healed.output.contains("2 LOADED") && !healed.output.contains("FAILED"), "\(healed.output)")
    }

    /// A viewer ends with its signal, or when nobody reads it any more; documents are for programs that ask again.
    @Test func statusWatchEnds() throws {
        let site = try Site()
        try site.configure(domains: ["a"], days: "[2026-03-01]")
        let viewer = try site.start("status", "--watch")
        #expect(try site.until("the status is drawn") { try viewer.isOutput { $0.contains("never run") } })
        viewer.kill(SIGINT)
        #expect(try viewer.wait().status == 0)
        let cut = try Running(
            "/bin/sh", ["-c", "'\(Programs.bobbin)' status --watch | head -1"], in: site.directory
        ).wait()
        #expect(cut.status == 0 && cut.output.contains("JOB"))
        #expect(try site.bobbin("status", "--watch", "--json").status == 64)
    }

    @Test func aHostThatIsNotFoundMayBeFoundLater() throws {
        let site = try Site()
        try site.configure(domains: ["a"], days: "[2026-03-01]")
        let file = site.directory.appendingPathComponent("bobbin.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        try site.write("bobbin.yaml", text.replacingOccurrences(of: "127.0.0.1", with: "nosuch.invalid"))
        let ended = try site.bobbin("extract")
        #expect(ended.status == 1 && ended.errors.components(separatedBy: "again in").count == 4, "\(ended.errors)")
    }

    @Test func aDeadProxyOfTheEnvironmentIsSuspected() throws {
        let site = try Site()
        try site.configure(domains: ["a"], days: "[2026-03-01]")
        let file = site.directory.appendingPathComponent("bobbin.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        try site.write("bobbin.yaml", text.replacingOccurrences(of: "127.0.0.1", with: "source.example"))
        let ended = try Running(
            "/usr/bin/env", ["-u", "no_proxy", "http_proxy=http://127.0.0.1:1", Programs.bobbin, "extract"],
            in: site.directory
        ).wait()
        #expect(ended.status == 1 && ended.errors.contains("a proxy of the environment"), "\(ended.errors)")
    }

    @Test func planNamesWhatIsMissing() throws {
        let site = try Site()
        try site.startUpstream(["--rows", "10"])
        try site.configure(domains: ["a"])
        #expect(try site.bobbin("plan").status == 0)
        try site.write("spool", "no directory")
        #expect(try site.bobbin("plan").status != 0)
        #expect(try site.bobbin("doctor").output.contains("problem"))
        let file = site.directory.appendingPathComponent("bobbin.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        try site.write(
            "bobbin.yaml", text.replacingOccurrences(of: "http://127.0.0.1:\(site.port)", with: "${NO_SUCH_VARIABLE}"))
        let unset = try site.bobbin("plan")
        #expect(unset.status == 64 && unset.errors.contains("NO_SUCH_VARIABLE"), "\(unset.errors)")
    }

    @Test func planShowsWhereAnIncrementalOneGoesOn() throws {
        let site = try Site()
        try site.startUpstream(["--domains", "a", "--rows", "10"])
        try site.write(
            "bobbin.yaml",
            """
            connections:
              upstream: {type: http, base_url: "http://127.0.0.1:\(site.port)"}
              warehouse: {type: sqlite, path: warehouse.db}
            jobs:
              t:
                source:
                  connection: upstream
                  path: /faults
                  query: {domain: a, date: "2026-03-01", lastRank: "{since}", limit: "100"}
                  records: /data
                  incremental: {cursor: rank, since: "0", format: integer}
                primary_key: [rank]
                mode: merge
                target: warehouse
            """)
        #expect(try site.bobbin("plan").output.contains("n=0"))
        let ended = try site.bobbin("extract")
        #expect(ended.status == 0, "\(ended.errors)")
        let plan = try site.bobbin("plan").output
        #expect(plan.contains("n=1  cursor=1"), "\(plan)")
    }

    @Test func aSpoolHasADirectoryOfItsOwn() throws {
        let site = try Site()
        try site.startUpstream(["--rows", "10"])
        try site.configure(domains: ["a"])
        let ended = try site.bobbin("extract", "--spool", ".")
        #expect(ended.status == 64 && ended.errors.contains("it holds bobbin.yaml"), "\(ended.errors)")
    }
}
