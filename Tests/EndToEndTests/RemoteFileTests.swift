import Foundation
import TestKit
import Testing

/// Files over HTTPS, SFTP and S3, from real servers.
@Suite struct RemoteFileTests {
    private func configure(_ site: Site, _ connection: String, _ job: String, extra: String = "") throws {
        try site.write(
            "bobbin.yaml",
            """
            connections:
              far: {\(connection)}
              warehouse: {type: sqlite, path: warehouse.db}
            defaults:
              target: warehouse
              retry: {strategy: fixed, delay: 10ms, max_attempts: 3}
            \(extra)
            jobs:
            \(job)
            """)
    }

    /// Records with ids from `first` on, one a line.
    private func records(_ count: Int, from first: Int = 0, padding: Int = 0) -> [UInt8] {
        let pad = String(repeating: "x", count: padding)
        return (first..<(first + count)).flatMap { Array("{\"id\":\($0),\"pad\":\"\(pad)\"}\n".utf8) }
    }

    /// Nothing that was written or said holds a secret.
    private func checkSecrets(_ site: Site, _ ended: [Ended], _ secrets: [String]) throws {
        for ended in ended {
            for secret in secrets { #expect(!(ended.output + ended.errors).contains(secret)) }
        }
        let spool = site.directory.appendingPathComponent("spool").path
        for path in FileManager.default.subpaths(atPath: spool) ?? [] {
            guard let bytes = FileManager.default.contents(atPath: "\(spool)/\(path)") else { continue }
            let text = String(decoding: bytes, as: UTF8.self)
            for secret in secrets { #expect(!text.contains(secret), "\(path)") }
        }
    }

    // MARK: S3

    private func s3(_ server: FileServer, bucket: String = "lake", extra: String = "") throws -> String {
        "type: s3, bucket: \(bucket), endpoint: \"http://127.0.0.1:\(server.port)\", access_key: \(FileServer.accessKey), "
            + "secret_key: \"file:secret\"\(extra)"
    }

    @Test func objectsAreFoundByGlobsReadOnceAndAgainWhenTheyChange() throws {
        let server = try FileServer.s3()
        let site = try Site()
        try site.write("secret", FileServer.secretKey + "\n")
        try configure(
            site, try s3(server, extra: ", prefix: in"),
            """
              t:
                source: {connection: far, path: "day=*/part-*.ndjson"}
                partitions: {day: path}
                mode: append
            """)
        // Characters that a signature has to encode as the service does.
        try server.write("lake/in/day=a%2Fb+c/part-é &=?#%25 1.ndjson", records(2))
        try server.write("lake/in/day=2/part-1.ndjson", records(3, from: 10))
        try server.write("lake/in/day=2/other.ndjson", records(3, from: 20))
        try server.write("lake/in/.hidden/part-1.ndjson", records(3, from: 30))
        try server.write("lake/elsewhere/day=2/part-1.ndjson", records(3, from: 40))
        let first = try site.bobbin("run")
        #expect(first.status == 0, "\(first.errors)")
        let rows = try site.query("select day || ' ' || id from t order by 1").compactMap { $0[0] as? String }
        #expect(rows == ["2 10", "2 11", "2 12", "a/b+c 0", "a/b+c 1"])
        #expect(try site.bobbin("run").output.contains("Nothing to do"))
        try server.write("lake/in/day=2/part-2.ndjson", records(1, from: 50))
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.count("select count(*) from t") == 6)
        try server.write("lake/in/day=2/part-2.ndjson", records(2, from: 60))
        #expect(try site.bobbin("plan").output.contains("source: 3 files of s3://lake/in"))
        let last = try site.bobbin("run")
        #expect(try site.count("select count(*) from t") == 8, "a changed object is read again as a whole")
        try checkSecrets(site, [first, last], [FileServer.secretKey])
    }

    @Test func listingsHaveMoreThanOnePage() throws {
        let server = try FileServer.s3()
        let site = try Site()
        try site.write("secret", FileServer.secretKey)
        for number in 0..<1_105 { try server.write("lake/many/\(number).ndjson", records(1, from: number)) }
        try configure(
            site, try s3(server), "  t: {source: {connection: far, path: \"many/*\"}, mode: replace}")
        let ended = try site.bobbin("run")
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(try site.count("select count(distinct id) from t") == 1_105)
        #expect(server.log.contains("truncated=true"))
    }

    @Test func bucketsBeforeTheHostAndForEverybody() throws {
        let server = try FileServer.s3(isOpen: true, isPathStyle: false)
        let site = try Site()
        try server.write("lake/a/b/1.csv", Array("id\n1\n".utf8))
        try configure(
            site, "type: s3, bucket: lake, endpoint: \"http://localhost:\(server.port)\", path_style: false",
            "  t: {source: {connection: far, path: \"**/*.csv\"}, mode: append}")
        let ended = try site.bobbin("run")
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(try site.count("select id from t") == 1)
    }

    @Test func wrongCredentialsAreSaidAndNeverShown() throws {
        let server = try FileServer.s3()
        let site = try Site()
        try server.write("lake/1.csv", Array("id\n1\n".utf8))
        try site.write("secret", "a wrong secret")
        let job = "  t: {source: {connection: far, path: \"*.csv\"}, mode: append}"
        try configure(site, try s3(server), job)
        let ended = try site.bobbin("run")
        #expect(ended.status == 1)
        #expect(
            ended.output.contains(
                "s3://lake/ answered 403 SignatureDoesNotMatch. secret_key is not the one of access_key."))
        let test = try site.bobbin("connections", "test", "far")
        #expect(test.status == 1)
        #expect(test.output.contains("SignatureDoesNotMatch"))
        try checkSecrets(site, [ended, test], ["a wrong secret"])
        try site.write("secret", FileServer.secretKey)
        try configure(site, try s3(server, bucket: "lagoon"), job)
        #expect(try site.bobbin("plan").errors.contains("404 NoSuchBucket. Check bucket, endpoint and path_style."))
    }

    // MARK: SFTP

    private func sftp(_ server: FileServer, _ rest: String = "") -> String {
        "type: sftp, host: 127.0.0.1, port: \(server.port), user: \(NSUserName()), key_file: \(server.key), "
            + "known_hosts: \(server.knownHosts), path: \(server.files)\(rest)"
    }

    @Test func directoriesOfOpenSSHAreListedAndRead() throws {
        let server = try FileServer.sftp()
        let site = try Site()
        try configure(
            site, sftp(server),
            """
              t:
                source: {connection: far, path: "{day}/*.csv"}
                partitions: {day: path}
                primary_key: [day, id]
                mode: replace-partition
            """)
        try server.write("1/a b.csv", Array("id,note\n1,x\n".utf8))
        try server.write("1/ é%20\\ ü?#;.csv", Array("id,note\n2,y\n".utf8))
        try server.write("2/-rw-r--r-- 1 a.csv", Array("id,note\n3,\"z\nz\"\n".utf8))
        try server.write("2/part.txt", Array("id,note\n4,no\n".utf8))
        try FileManager.default.createSymbolicLink(
            atPath: "\(server.files)/2/link.csv", withDestinationPath: "part.txt")
        let first = try site.bobbin("run")
        #expect(first.status == 0, "\(first.errors)")
        let rows = try site.query("select day || id || note from t order by 1").compactMap { $0[0] as? String }
        #expect(rows == ["11x", "12y", "23z\nz"])
        #expect(try site.bobbin("run").output.contains("Nothing to do"))
        try server.write("2/-rw-r--r-- 1 a.csv", Array("id,note\n30,changed\n".utf8))
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.query("select id from t where day = '2'").map { "\($0)" } == ["[30]"])
        let found = try site.bobbin("connections", "discover", "far", "--json", "2/*")
        #expect(found.output.contains("\"path\":\"2/part.txt\""), "\(found.output)")
        #expect(!found.output.contains("link.csv"))
        let preview = try site.bobbin("preview", "t")
        #expect(preview.status == 0, "\(preview.errors)")
        #expect(preview.output.contains("note"))
    }

    @Test func unknownAndChangedHostsAreRefused() throws {
        let server = try FileServer.sftp()
        let site = try Site()
        try server.write("a.csv", Array("id\n1\n".utf8))
        let job = "  t: {source: {connection: far, path: \"*.csv\"}, mode: append}"
        let known = try String(contentsOfFile: server.knownHosts, encoding: .utf8)
        try configure(site, sftp(server), job)
        try "".write(toFile: server.knownHosts, atomically: false, encoding: .utf8)
        let unknown = try site.bobbin("run")
        #expect(unknown.status == 64, "\(unknown.errors)")
        #expect(
            unknown.errors.contains(
                "The host [127.0.0.1]:\(server.port) is unknown in \(server.knownHosts): its key is ssh-ed25519 SHA256:"
            ))
        #expect(try String(contentsOfFile: server.knownHosts, encoding: .utf8).isEmpty, "nothing is added by itself")
        let other = try String(contentsOfFile: "\(server.directory)/other-key.pub", encoding: .utf8)
            .split(separator: " ")
        try "[127.0.0.1]:\(server.port) \(other[0]) \(other[1])\n".write(
            toFile: server.knownHosts, atomically: false, encoding: .utf8)
        let changed = try site.bobbin("run")
        #expect(changed.errors.contains("is not the one that is known"), "\(changed.errors)")
        try known.write(toFile: server.knownHosts, atomically: false, encoding: .utf8)
        #expect(try site.bobbin("run").status == 0)
        // The server lets another key in only if it is told to.
        try configure(site, sftp(server).replacing("user-key", with: "other-key"), job)
        let refused = try site.bobbin("connections", "test", "far")
        #expect(refused.status == 1)
        #expect(refused.output.contains("Check user, password and key_file"), "\(refused.output)")
    }

    /// A host whose key is not known fails its stream, and no other.
    @Test func anUnknownHostFailsItsStreamOnly() throws {
        let server = try FileServer.sftp()
        let site = try Site()
        try site.write("in/1.csv", "id\n1\n")
        try configure(
            site, sftp(server),
            "  t: {source: {connection: far, path: \"*.csv\"}, mode: append}\n"
                + "  near: {source: {connection: near, path: \"in/*.csv\"}, mode: append}\n")
        let text = try String(contentsOf: site.directory.appendingPathComponent("bobbin.yaml"), encoding: .utf8)
        try site.write(
            "bobbin.yaml", text.replacing("  warehouse:", with: "  near: {type: files, path: .}\n  warehouse:"))
        try "".write(toFile: server.knownHosts, atomically: false, encoding: .utf8)
        let ended = try site.bobbin("run")
        #expect(ended.status == 1, "\(ended.output)\(ended.errors)")
        #expect(ended.errors.contains("FAILED t: connection far: ") && ended.errors.contains("is unknown in"))
        #expect(try site.count("select count(*) from near") == 1)
    }

    @Test func passwordsAndAnotherServersListings() throws {
        let server = try FileServer.sftpByPassword()
        let site = try Site()
        try site.write("secret", FileServer.password)
        try server.write("in/deep/1.ndjson", records(3))
        try server.write("in/2.ndjson", records(2, from: 10))
        let connection =
            "type: sftp, host: 127.0.0.1, port: \(server.port), user: \(FileServer.user), password: \"file:secret\", "
            + "known_hosts: \(server.knownHosts), path: /in"
        try configure(site, connection, "  t: {source: {connection: far, path: \"**/*.ndjson\"}, mode: append}")
        let ended = try site.bobbin("run")
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(try site.count("select count(*) from t") == 5)
        try checkSecrets(site, [ended], [FileServer.password])
        try site.write("secret", "wrong")
        #expect(try site.bobbin("connections", "test", "far").status == 1)
    }

    // MARK: Without a configuration

    @Test func filesOfOtherHostsWithoutAConfiguration() throws {
        let server = try FileServer.s3()
        let site = try Site()
        try server.write("lake/in/1.csv", Array("id\n1\n2\n".utf8))
        let variables = [
            "AWS_ACCESS_KEY_ID=\(FileServer.accessKey)", "AWS_SECRET_ACCESS_KEY=\(FileServer.secretKey)",
            "AWS_ENDPOINT_URL=http://127.0.0.1:\(server.port)",
        ]
        let ended = try Running(
            "/usr/bin/env",
            variables + [Programs.bobbin, "run", "--from", "s3://lake/in/*.csv", "--to", "sqlite:warehouse.db#t"],
            in: site.directory
        ).wait()
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(try site.count("select count(*) from t") == 2)
        for (from, part) in [
            ("sftp://u:secret@h/x.csv", "a password"), ("https://u:secret@h/x.csv", "credentials"),
            ("s3://bucket", "name a host or bucket"), ("sftp://h/x.csv", "name the user, too"),
        ] {
            let refused = try site.bobbin("run", "--from", from, "--to", "sqlite:warehouse.db#t")
            #expect(refused.status == 64)
            #expect(refused.errors.contains(part), "\(refused.errors)")
            #expect(!refused.errors.contains("secret"))
        }
        let plan = try site.bobbin(
            "run", "--from", "https://127.0.0.1:1/a/b{1}.csv?x=1", "--to", "sqlite:warehouse.db#t", "--dry-run")
        #expect(plan.status == 0, "\(plan.errors)")
    }

    /// The SSH agent is asked where neither key nor password is named; hosts' names may be hashed.
    @Test func theAgentIsAskedAndHashedHostsAreKnown() throws {
        let server = try FileServer.sftp()
        let site = try Site()
        try server.write("a b.csv", Array("id\n1\n".utf8))
        let script = """
            set -e
            chmod 600 \(server.key)
            ssh-keygen -q -H -f \(server.knownHosts)
            mkdir -p home/.ssh && cp \(server.knownHosts) home/.ssh/known_hosts
            export HOME=$PWD/home
            eval "$(ssh-agent -s)" >/dev/null
            trap 'kill $SSH_AGENT_PID' EXIT
            ssh-add -q \(server.key)
            \(Programs.bobbin) run --from 'sftp://\(NSUserName())@127.0.0.1:\(server.port)\(server.files)/*.csv' --to sqlite:warehouse.db#t
            """
        let ended = try Running("/bin/sh", ["-c", script], in: site.directory).wait()
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(try site.count("select count(*) from t") == 1)
        #expect(try String(contentsOfFile: server.knownHosts, encoding: .utf8).hasPrefix("|1|"))
    }

    /// A host that is away fails its stream, and no other.
    @Test func aHostThatIsAwayFailsItsStreamOnly() throws {
        let server = try FileServer.s3()
        let site = try Site()
        try site.write("secret", FileServer.secretKey)
        try site.write("in/1.csv", "id\n1\n")
        try server.write("lake/a/1.csv", Array("id\n1\n".utf8))
        func job(_ name: String, _ connection: String) -> String {
            "  \(name): {source: {connection: \(connection), path: \"{day}/*.csv\"}, partitions: {day: path}, mode: append}\n"
        }
        try configure(site, try s3(server), job("far_away", "far") + job("near", "near"))
        let text = try String(contentsOf: site.directory.appendingPathComponent("bobbin.yaml"), encoding: .utf8)
        try site.write(
            "bobbin.yaml", text.replacing("  warehouse:", with: "  near: {type: files, path: .}\n  warehouse:"))
        server.stop()
        let away = try site.bobbin("run")
        #expect(away.status == 1, "\(away.output)\(away.errors)")
        #expect(away.output.contains("(given up after 3 attempts)"), "\(away.output)")
        #expect(try site.count("select count(*) from near") == 1)
        let plan = try site.bobbin("plan")
        #expect(plan.output.contains("cannot be asked"))
    }

    // MARK: HTTPS

    private func https(_ server: FileServer, _ first: String = "files", extra: String = "") -> String {
        "type: http, base_url: \"https://127.0.0.1:\(server.port)/\(first)\", ca_file: \(server.authority)\(extra)"
    }

    @Test func filesByNameForEachPartition() throws {
        let server = try FileServer.https()
        let site = try Site()
        let job = """
              t:
                source: {connection: far, files: ["{day}/a b.csv", "{day}/c.ndjson.gz"]}
                partitions: {day: ["1", "2"]}
                primary_key: [day, id]
                mode: replace-partition
            """
        try configure(site, https(server), job)
        for day in 1...2 {
            try server.write("\(day)/a b.csv", Array("id\n1\n2\n".utf8))
            try server.write("\(day)/c.ndjson", Array("{\"id\":3}\n".utf8))
            let gzip = try Running("/usr/bin/env", ["gzip", "\(server.files)/\(day)/c.ndjson"], in: site.directory)
            #expect(try gzip.wait().status == 0)
        }
        let first = try site.bobbin("run")
        #expect(first.status == 0, "\(first.errors)")
        #expect(try site.count("select count(*) from t") == 6)
        #expect(try site.bobbin("run").output.contains("Nothing to do"))
        try server.write("1/a b.csv", Array("id\n7\n".utf8))
        #expect(try site.bobbin("run").status == 0)
        #expect(
            try site.query("select id from t where day = '1' order by id").map { "\($0)" } == ["[3]", "[7]"])
        #expect(try site.count("select count(*) from t where day = '2'") == 3)
        // One partition's missing file is that partition's failure.
        try server.remove("2/a b.csv")
        try server.write("1/a b.csv", Array("id\n8\n".utf8))
        let last = try site.bobbin("run")
        #expect(last.status == 1)
        #expect(last.output.contains("answered 404"), "\(last.output)")
        #expect(try site.count("select count(*) from t where id = 8") == 1)
        #expect(try site.bobbin("plan").status == 0)
        try configure(site, https(server).replacing("ca.pem", with: "key.pem"), job)
        #expect(try site.bobbin("run").status == 64, "a server that nobody vouches for is refused")
    }

    /// A body that breaks off again and again goes on where it was, by parts, as the same file.
    @Test func cutBodiesGoOnWhereTheyBrokeOff() throws {
        let server = try FileServer.https()
        let site = try Site()
        try server.write("big.ndjson", records(9_000, padding: 40))
        try configure(
            site, https(server, "cut"), "  t: {source: {connection: far, files: big.ndjson}, mode: append}")
        let ended = try site.bobbin("run", "--json")
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(try site.count("select count(distinct id) from t") == 9_000)
        #expect(try site.count("select count(*) from t") == 9_000)
        let parts = server.log.split(separator: "\n").filter { $0.contains("bytes=") }
        #expect(parts.count == 5, "\(parts)")
        #expect(parts.last?.contains("bytes=500000-") == true)
    }

    @Test(arguments: ["busy", "get", "moved", "bare"])
    func serversOfManyKinds(kind: String) throws {
        let server = try FileServer.https()
        let site = try Site()
        try server.write("a.csv", Array("id\n1\n2\n".utf8))
        try configure(site, https(server, kind), "  t: {source: {connection: far, files: a.csv}, mode: replace}")
        let first = try site.bobbin("run")
        #expect(first.status == 0, "\(first.errors)")
        #expect(try site.count("select count(*) from t") == 2)
        let second = try site.bobbin("run")
        #expect(second.status == 0, "\(second.errors)")
        // Only a server that tells nothing of its files is asked for them again.
        #expect(second.output.contains("Nothing to do") == (kind != "bare"))
        #expect(try site.count("select count(*) from t") == 2)
    }

    @Test func credentialsAreThoseOfTheConnection() throws {
        let server = try FileServer.https()
        let site = try Site()
        try server.write("a.csv", Array("id\n1\n".utf8))
        let job = "  t: {source: {connection: far, files: a.csv}, mode: append}"
        try configure(site, https(server, "private"), job)
        #expect(try site.bobbin("run").output.contains("answered 401"))
        try site.write("secret", FileServer.password)
        try configure(
            site,
            https(server, "private", extra: ", auth: {basic: {user: \(FileServer.user), password: \"file:secret\"}}"),
            job)
        let ended = try site.bobbin("run")
        #expect(ended.status == 0, "\(ended.errors)")
        try checkSecrets(site, [ended], [FileServer.password])
    }

    @Test func aFileThatChangesWhileItIsReadFailsTheRun() throws {
        let server = try FileServer.https()
        let site = try Site()
        try server.write("a.ndjson", records(5))
        try configure(site, https(server, "grow"), "  t: {source: {connection: far, files: a.ndjson}, mode: append}")
        let ended = try site.bobbin("run")
        #expect(ended.status == 1)
        #expect(ended.output.contains("a.ndjson changed while it was read"), "\(ended.output)")
        try configure(site, https(server), "  t: {source: {connection: far, files: a.ndjson}, mode: append}")
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.count("select count(*) from t") == 6)
    }

    /// Memory does not follow the size of a file.
    @Test func memoryIsFlat() throws {
        let server = try FileServer.https()
        let site = try Site()
        try server.write("small.ndjson", records(1_000, padding: 180))
        try server.write("large.ndjson", records(400_000, padding: 180))
        var peaks: [Int] = []
        for name in ["small", "large"] {
            try configure(
                site, https(server), "  \(name): {source: {connection: far, files: \(name).ndjson}, mode: append}")
            let script = """
                import resource, subprocess, sys
                code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
                print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
                """
            let ended = try Running(
                "/usr/bin/env", ["python3", "-c", script, Programs.bobbin, "extract"], in: site.directory
            ).wait()
            let numbers = ended.output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
            #expect(numbers.first == 0, "\(ended.errors)")
            peaks.append(numbers.last ?? 0)
        }
        // Kilobytes; the large file has 80 MB more.
        #expect(peaks[1] - peaks[0] < 30_000, "\(peaks)")
    }

    /// A server that falls silent in the middle of a file holds no program that is to end.
    @Test func anInterruptEndsAReadThatHangs() throws {
        let server = try FileServer.https()
        let site = try Site()
        try server.write("a.csv", Array("id\n\(String(repeating: "1\n", count: 1_000))".utf8))
        try configure(site, https(server, "hang"), "  t: {source: {connection: far, files: a.csv}, mode: append}")
        let running = try site.start("run")
        #expect(try site.until("the file is asked for") { server.log.contains("GET /hang/a.csv") })
        let began = ContinuousClock.now
        running.kill(SIGINT)
        #expect(try running.wait().status == 4)
        #expect(ContinuousClock.now - began < .seconds(10))
    }

    /// Killed in the middle of files, the next run goes on, and no row comes twice.
    @Test(arguments: 0..<4) func killedInTheMiddleOfFiles(round: Int) throws {
        let server = try FileServer.https()
        let site = try Site()
        for number in 0..<4 {
            try server.write("\(number).ndjson", records(4_000, from: number * 4_000, padding: 100))
        }
        try configure(
            site, https(server),
            """
              t:
                source: {connection: far, files: [0.ndjson, 1.ndjson, 2.ndjson, 3.ndjson]}
                mode: append
                chunk: {rows: 500}
            """, extra: "load: {lease: 1s}")
        var random = SeededRandom(UInt64(round) &+ 77)
        for _ in 0..<3 {
            let running = try site.start("run")
            // The moment is the disturbance: it must not depend on anything that the program does.
            usleep(UInt32(random.below(300_000)))
            running.kill(SIGKILL)
            _ = try running.wait()
        }
        let last = try site.bobbin("run")
        #expect(last.status == 0, "\(last.errors)")
        #expect(try site.count("select count(distinct id) from t") == 16_000)
        #expect(try site.count("select count(*) from t") == 16_000)
        #expect(try site.leftovers() == [])
    }
}
