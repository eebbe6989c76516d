import ArgumentParser
import Upstream

/// The mock upstream as a program: options in, a server until a signal ends it.
@main
struct Command: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bobbin-upstream",
        abstract: "Serves generated fault records, or the files of a folder, as a paged JSON API that can misbehave.",
        discussion: """
            Paths, with domain=D&date=YYYY-MM-DD for all but the files:
              /faults?lastRank=N&limit=L    by rank; also POST the same as JSON
              /pages?page=K&per_page=L      by page number, with totals
              /linked?limit=L               by Link header
              /cursor?after=TOKEN&limit=L   by cursor in /meta/next_cursor
              /nexturl?limit=L              by URL in the body; relative=1
              /changes?since=T&limit=L      by time of change; strict=1
              /files, /files/NAME?after=N   the folder given by --serve
              /domains /health /stats /control

            Any data request may ask for a fault with inject=NAME: 400 to 599,
            timeout, cut, html, slow, badjson or reset.
            """)

    @Option(help: "Address to listen on; IPv4, or IPv6 with its colons.")
    var host = "127.0.0.1"

    @Option(help: "Port to listen on; 0 takes a free one, which the first line of output names.")
    var port: UInt16 = 0

    @Option(help: ArgumentHelp("Write the port to this file as soon as it listens.", valueName: "path"))
    var portFile: String?

    @Option(help: ArgumentHelp("How many domains there are, or their names separated by commas.", valueName: "n|names"))
    var domains = "20"

    @Option(help: "Records of each domain and date.")
    var rows = 20_000

    @Option(
        name: .customLong("rows-for"),
        help: ArgumentHelp(
            "Other numbers of records: domain=NAME:N or domain=NAME,date=YYYY-MM-DD:N.", valueName: "rule"))
    var rowsFor: [String] = []

    @Option(help: "Seed of all content.")
    var seed: UInt64 = 1

    @Flag(help: "Let records arrive late: a date has 75 % of its rows on its day, all of them five days later.")
    var late = false

    @Option(help: ArgumentHelp("The day that --late counts from, instead of the clock's.", valueName: "date"))
    var today: String?

    @Option(help: "State of the data; each step changes a tenth of the records.")
    var epoch = 0

    @Option(help: "Share of data requests that fail, 0 to 1.")
    var errorRate = 0.0

    @Option(help: ArgumentHelp("Faults to choose from, separated by commas.", valueName: "names"))
    var errors = "500"

    @Option(help: ArgumentHelp("A domain that always fails with status 500; may be repeated.", valueName: "name"))
    var failDomain: [String] = []

    @Option(help: "Milliseconds to wait before each data reply.")
    var latencyMs = 0

    @Option(help: "Milliseconds that a 'slow' reply takes.")
    var slowMs = 2000

    @Option(help: "Milliseconds that a 'timeout' stays silent before it resets the connection.")
    var timeoutMs = 60_000

    @Option(help: "Seconds in the Retry-After header of injected 429 and 503.")
    var retryAfter = 1

    @Option(help: ArgumentHelp("Demand this bearer token.", valueName: "token"))
    var token: String?

    @Option(help: ArgumentHelp("Demand basic authentication.", valueName: "user:password"))
    var basic: String?

    @Option(help: ArgumentHelp("Issue bearer tokens to this client at POST /oauth/token.", valueName: "id:secret"))
    var oauth: String?

    @Option(help: ArgumentHelp("Seconds until an issued token expires.", valueName: "seconds"))
    var tokenTtl = 3600

    @Option(
        help: ArgumentHelp("Serve the .csv, .tsv, .ndjson and .jsonl files, also .gz, of a folder.", valueName: "dir"))
    var serve: String?

    @Option(help: ArgumentHelp("Key of the number that each record of a file gets.", valueName: "name"))
    var ordinal = "_line"

    @Flag(help: "End when the process that started this one ends.")
    var exitWithParent = false

    @Flag(help: "Write no line for each request.")
    var quiet = false

    func validate() throws {
        do {
            _ = try makeService()
            if let serve, try Folder(path: serve, ordinal: ordinal).isEmpty {
                throw ValidationError(
                    "--serve \(serve): no .csv, .tsv, .ndjson or .jsonl file (or .gz of one) lies directly in it; folders below are not served."
                )
            }
        } catch let error as UpstreamError {
            throw ValidationError(error.message)
        }
    }

    func run() throws {
        let server = Server(service: try makeService(), host: host, port: port, portFile: portFile, quiet: quiet)
        Lifetime.run(server, exitWithParent: exitWithParent)
    }

    private func makeService() throws -> Service {
        var settings = Settings()
        settings.seed = seed
        if let count = Int(domains) {
            try require(count, in: 1...10_000, "--domains")
            settings.domains = Settings.domainNames(count)
        } else {
            settings.domains = domains.split(separator: ",").map(String.init)
        }
        try require(rows, in: 0...Partition.maxRows, "--rows")
        try require(epoch, in: 0...Partition.maxEpoch, "--epoch")
        try require(latencyMs, in: 0...Settings.maxLatency, "--latency-ms")
        try require(slowMs, in: 0...3_600_000, "--slow-ms")
        try require(timeoutMs, in: 0...3_600_000, "--timeout-ms")
        try require(retryAfter, in: 0...86_400, "--retry-after")
        try require(tokenTtl, in: 0...31_536_000, "--token-ttl")
        guard (0...1).contains(errorRate) else {
            throw UpstreamError(.badRequest, "--error-rate must be from 0 to 1, not \(errorRate).")
        }
        for (name, value) in [("--basic", basic), ("--oauth", oauth)] where value?.contains(":") == false {
            throw UpstreamError(.badRequest, "\(name) needs two parts separated by a colon.")
        }
        var day: Day?
        if let today {
            guard let parsed = Day(today) else {
                throw UpstreamError(.badRequest, "--today must be a day YYYY-MM-DD, not '\(today)'.")
            }
            day = parsed
        }
        settings.rows = rows
        for rule in rowsFor { try settings.addRows(rule) }
        settings.late = late
        settings.epoch = epoch
        settings.errorRate = errorRate
        settings.errors = try Settings.faults(errors.split(separator: ",").map(String.init))
        settings.failDomains = Set(failDomain)
        settings.latencyMilliseconds = latencyMs
        settings.slowMilliseconds = slowMs
        settings.timeoutMilliseconds = timeoutMs
        settings.retryAfter = retryAfter
        var rules = Access.Rules()
        rules.token = token
        rules.basic = basic
        rules.client = oauth
        rules.tokenLifetime = tokenTtl
        return Service(
            settings, access: Access(rules, seed: seed),
            folder: try serve.map { try Folder(path: $0, ordinal: ordinal) },
            today: { [day] in day ?? Day.today })
    }

    private func require(_ value: Int, in range: ClosedRange<Int>, _ name: String) throws {
        guard range.contains(value) else {
            throw UpstreamError(
                .badRequest, "\(name) must be from \(range.lowerBound) to \(range.upperBound), not \(value).")
        }
    }
}
