import Manifest
import Testing

@testable import Configuration

@Suite struct ExampleTests {
    @Test func exampleReads() throws {
        let settings = try settings(example)
        #expect(settings.spool == "spool")
        #expect(settings.timezone == "UTC")
        #expect(settings.load.maxAttempts == 3)
        #expect(settings.load.maxCrashes == 20)
        #expect(settings.load.lease == .seconds(30))
        #expect(settings.load.retention == .seconds(7 * 86_400))
        guard case .http(let http) = settings.connections["upstream"] else { throw NoSuchFile() }
        #expect(http.baseURL == "http://127.0.0.1:8083")
        #expect(http.verifyTLS)
        #expect(http.timeouts.connect == .seconds(10))
        guard case .sqlite(let sqlite) = settings.connections["warehouse"] else { throw NoSuchFile() }
        #expect(sqlite.path == "warehouse.db")
        #expect(sqlite.walAutocheckpoint == nil)

        let job = try #require(settings.jobs.first)
        let stream = try #require(job.streams.first)
        #expect(settings.jobs.count == 1 && job.name == "faults" && job.streams.count == 1)
        #expect(stream.name == "fault_record" && stream.table == "fault_record" && stream.job == "faults")
        #expect(stream.targets == ["warehouse"])
        #expect(stream.primaryKey == ["domain", "data_date", "rank"])
        #expect(stream.mode == .replacePartition)
        #expect(stream.parallelism == 20 && stream.priority == 50)
        #expect(stream.chunk == ChunkLimits(rows: 50_000, bytes: 16_000_000))
        #expect(stream.maxRejects == RejectLimits(rows: 1000, share: 0.01))
        #expect(stream.contract == Contract(columns: .evolve, types: .evolve, freezesTables: false))
        let exponential = RetryPolicy.Strategy.exponential(initial: .seconds(1), multiplier: 2, maximum: .seconds(30))
        #expect(stream.retry == RetryPolicy(strategy: exponential, maxAttempts: 4, jitter: true))
        #expect(
            stream.partitions == [
                Partition(name: "domain", values: .list(["domain_a", "domain/b ü"])),
                Partition(name: "data_date", values: .lastDays(5)),
            ])
        guard case .http(let source) = stream.source else { throw NoSuchFile() }
        #expect(source.method == .get && source.records == "/data" && source.pageSize == 5000)
        #expect(source.query.map(\.name) == ["domain", "date", "lastRank", "limit"])
        #expect(source.query[2].template.rendered { $0 == "cursor" ? "7" : "?" } == "7")
        #expect(source.pagination == .cursor(field: "rank", start: "0", stop: .shortPage, parameter: nil))
    }

    @Test(arguments: StarterKind.allCases) func starterReads(kind: StarterKind) throws {
        #expect(try settings(starter(kind)).jobs.map(\.name) == ["events"])
    }

    @Test func everyConnectionKeyReads() throws {
        let yaml = """
            connections:
              api:
                type: http
                base_url: "https://${HOST}/v1/"
                headers: {X-Api-Key: "${KEY}", Accept: application/json}
                auth:
                  oauth2: {token_url: "https://id.example/token", client_id: me, client_secret: "file:secret",
                           scopes: [a, b], audience: x, style: body}
                method: POST
                client_certificate: {cert: c.pem, key: k.pem, key_password: "${KEY}"}
                ca_file: ca.pem
                verify_tls: false
                timeouts: {connect: 1s, request: 2m, idle: 500ms}
                rate_limit: 600/m
                proxy: "http://proxy:3128"
                user_agent: test
              two: {type: http, base_url: "http://x", auth: {basic: {user: u, password: "a${KEY}b"}}, rate_limit: 10}
              db: {type: sqlite, path: w.db, cache_size: 1MiB, wal_autocheckpoint: 0, busy_timeout: 1s}
            jobs: {}
            """
        let settings = try settings(
            yaml, variables: ["HOST": "example.org", "KEY": "k3y"], files: ["secret": "s3cret\n"])
        guard case .http(let http) = settings.connections["api"], case .http(let two) = settings.connections["two"],
            case .oauth2(let oauth2) = http.authorization, case .basic(let user, let password) = two.authorization
        else { throw NoSuchFile() }
        #expect(http.baseURL == "https://example.org/v1")
        #expect(http.headers.map(\.name) == ["X-Api-Key", "Accept"])
        #expect(http.headers.map { $0.value.reveal() } == ["k3y", "application/json"])
        #expect(oauth2.clientSecret.reveal() == "s3cret" && oauth2.scopes == ["a", "b"] && oauth2.style == .body)
        #expect(http.method == .post && !http.verifyTLS && http.userAgent == "test")
        #expect(http.clientCertificate?.keyPassword?.reveal() == "k3y")
        #expect(http.timeouts.idle == .milliseconds(500))
        #expect(http.rateLimit?.requests == 600 && http.rateLimit?.interval == .seconds(60))
        #expect(two.rateLimit?.requests == 10 && two.rateLimit?.interval == .seconds(1))
        #expect(http.proxy?.reveal() == "http://proxy:3128")
        #expect(user == "u" && password.reveal() == "ak3yb")
        guard case .sqlite(let sqlite) = settings.connections["db"] else { throw NoSuchFile() }
        #expect(sqlite.cacheSize == 1_048_576 && sqlite.walAutocheckpoint == 0 && sqlite.busyTimeout == .seconds(1))
    }

    @Test func fileSourceReads() throws {
        let yaml = """
            connections: {disk: {type: files, path: in}, db: {type: sqlite, path: w.db}}
            jobs:
              j:
                target: [db]
                source: {connection: disk, path: "{d}/**/x*.csv", format: csv, header: false, columns: [a, b],
                         delimiter: ";", null: "\\\\N", compression: gzip}
                partitions: {d: path}
                columns: {a: integer, b: decimal}
                contract: {columns: freeze}
            """
        let stream = try #require(try settings(yaml).jobs.first?.streams.first)
        guard case .files(let source) = stream.source else { throw NoSuchFile() }
        #expect(source.format == .csv && !source.hasHeader && source.columns == ["a", "b"])
        #expect(source.delimiter == 0x3B && source.null == "\\N" && source.compression == .gzip)
        #expect(stream.columns == ["a": .integer, "b": .decimal])
        #expect(stream.contract == Contract(columns: .freeze, types: .evolve, freezesTables: false))
        #expect(stream.name == "j" && stream.table == "j" && stream.mode == .append)
    }

    @Test func bodyBecomesJSON() throws {
        let stream = try #require(
            try settings(
                file(
                    source: """
                              method: POST
                              body: {from: "{cursor}", limit: "{page_size}", n: 1.50, s: "1", t: yes, e: ~, b: true,
                                     l: ["x{{y}}", -0, 01]}
                              pagination: {type: next_cursor, pointer: /next}
                        """
                )
            ).jobs.first?.streams.first)
        guard case .http(let source) = stream.source else { throw NoSuchFile() }
        let text = source.body?.rendered { name in
            name == "cursor" ? .init(text: "a\"b", isNumber: false) : .init(text: "100", isNumber: true)
        }
        #expect(
            text == #"{"from":"a\"b","limit":100,"n":1.50,"s":"1","t":"yes","e":null,"b":true,"l":["x{y}",-0,"01"]}"#)
    }

    static let paginations: [(String, Pagination)] = [
        ("{type: none}", .none),
        ("{type: link}", .link),
        ("{type: next_url, pointer: /links/next}", .nextURL(pointer: "/links/next")),
        ("{type: next_cursor, pointer: /c, parameter: after}", .nextCursor(pointer: "/c", parameter: "after")),
        (
            "{type: page, parameter: p, start: 0, total_pages: /pages, stop: empty_page}",
            .page(parameter: "p", start: 0, totalPages: "/pages", stop: .emptyPage)
        ),
        (
            "{type: cursor, field: id, parameter: after}",
            .cursor(field: "id", start: "0", stop: .shortPage, parameter: "after")
        ),
    ]

    @Test(arguments: paginations) func paginationReads(text: String, pagination: Pagination) throws {
        let stream = try settings(file(source: "      pagination: \(text)")).jobs.first?.streams.first
        guard case .http(let source) = stream?.source else { throw NoSuchFile() }
        #expect(source.pagination == pagination)
    }

    static let retries: [(String, RetryPolicy)] = [
        ("{delay: 5s, strategy: fixed}", RetryPolicy(strategy: .fixed(.seconds(5)), maxAttempts: 4, jitter: true)),
        (
            "{strategy: list, delays: [1m, 5m, 15m, 1h], jitter: false}",
            RetryPolicy(
                strategy: .list([.seconds(60), .seconds(300), .seconds(900), .seconds(3600)]), maxAttempts: 5,
                jitter: false)
        ),
        (
            "{strategy: linear, initial_delay: 1s, increment: 2s, max_delay: 9s, max_attempts: 1}",
            RetryPolicy(
                strategy: .linear(initial: .seconds(1), increment: .seconds(2), maximum: .seconds(9)), maxAttempts: 1,
                jitter: true)
        ),
    ]

    @Test(arguments: retries) func retryReads(text: String, policy: RetryPolicy) throws {
        #expect(try settings(file(job: "    retry: \(text)")).jobs.first?.streams.first?.retry == policy)
    }

    @Test func incrementalReads() throws {
        let yaml = file(
            job: "    mode: merge\n    primary_key: [p, id]",
            source: """
                      query: {since: "{since}"}
                      incremental: {cursor: updated_at, since: "2026-01-01T00:00:00Z", lookback: 1h30m}
                """)
        guard case .http(let source) = try settings(yaml).jobs.first?.streams.first?.source else { throw NoSuchFile() }
        #expect(
            source.incremental
                == Incremental(
                    cursor: "updated_at", since: "2026-01-01T00:00:00Z", lookback: .seconds(5400), format: .timestamp))
    }
}
