import Synchronization

/// The mock upstream without its transport: takes a request, gives the reply and how to deliver it. Safe to use from any
/// number of threads.
package final class Service: Sendable {
    /// The most records of one page; a client that asks for more gets this many.
    package static let maxPage = 5000

    private let settings: Mutex<Settings>
    private let stats = Mutex(Stats())
    private let requests = Atomic(0)
    private let access: Access
    private let folder: Folder?
    private let today: @Sendable () -> Day

    /// A service; `today` decides which dates are old when records arrive late.
    package init(
        _ settings: Settings = Settings(), access: Access = Access(Access.Rules()), folder: Folder? = nil,
        today: @escaping @Sendable () -> Day = { Day.today }
    ) {
        self.settings = Mutex(settings)
        self.access = access
        self.folder = folder
        self.today = today
    }

    /// The settings in force.
    package var currentSettings: Settings { settings.withLock { $0 } }

    /// Requests answered and records in them since the start.
    package var totals: (requests: Int, rows: Int) { stats.withLock { ($0.total.requests, $0.total.rows) } }

    /// Answers a request; every mistake becomes a reply.
    package func answer(_ request: Request) -> Reply {
        let (route, reply) = dispatch(request)
        stats.withLock { $0.count(reply, on: route) }
        return reply
    }

    private func dispatch(_ request: Request) -> (route: String, reply: Reply) {
        let segments = request.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let route = "/" + (segments.first ?? "")
        switch (route, segments.count) {
        case ("/health", 1), ("/stats", 1), ("/control", 1), ("/oauth", 2):
            let name = route == "/oauth" ? "/oauth/token" : route
            return (name, reply { try administer(name, request) })
        case ("/domains", 1), ("/faults", 1), ("/pages", 1), ("/linked", 1), ("/cursor", 1), ("/nexturl", 1),
            ("/changes", 1):
            return (route, data(request) { try self.records(route, request, $0) })
        case ("/files", 1...2):
            return (route, data(request) { _ in try self.files(request, name: segments.dropFirst().first) })
        default:
            return ("other", UpstreamError(.notFound, "There is nothing at '\(request.path.prefix(100))'.").reply)
        }
    }

    private func reply(_ body: () throws -> Reply) -> Reply {
        do {
            return try body()
        } catch let error as UpstreamError {
            return error.reply
        } catch {
            return UpstreamError(.internalError, "\(error)").reply
        }
    }

    /// A data request: credentials first, then faults, then the data.
    private func data(_ request: Request, _ body: (Settings) throws -> Reply) -> Reply {
        let settings = currentSettings
        let number = requests.add(1, ordering: .relaxed).newValue
        var reply = reply {
            if let refusal = access.refusal(of: request) { return refusal }
            var fault = settings.fault(forRequest: number)
            if let name = try Parameters(query: request.query)["inject"] {
                fault = try Settings.faults([name]).first
            }
            if let replacement = fault?.replacement(settings) { return replacement }
            var reply = try body(settings)
            fault?.spoil(&reply, settings)
            return reply
        }
        reply.latency = settings.latencyMilliseconds
        return reply
    }

    private func administer(_ name: String, _ request: Request) throws -> Reply {
        switch (name, request.method) {
        case ("/health", "GET"), ("/health", "HEAD"): return Reply(["status": .string("ok")])
        case ("/stats", "GET"): return stats.withLock { $0.reply }
        case ("/stats", "DELETE"):
            stats.withLock { $0 = Stats() }
            return Reply(["status": .string("ok")])
        case ("/control", "GET"): return currentSettings.json
        case ("/control", "POST"):
            return try settings.withLock {
                try $0.apply(request.body)
                return $0.json
            }
        case ("/oauth/token", "POST") where request.path == "/oauth/token": return try access.issueToken(request)
        default: throw UpstreamError(.methodNotAllowed, "\(request.method) is not possible on \(name).")
        }
    }

    private func records(_ route: String, _ request: Request, _ settings: Settings) throws -> Reply {
        var parameters = try Parameters(query: request.query)
        switch request.method {
        case "GET", "HEAD": break
        case "POST": try parameters.merge(json: request.body)
        default: throw UpstreamError(.methodNotAllowed, "\(request.method) is not possible on \(route).")
        }
        if route == "/domains" { return Reply(["domains": .list(settings.domains.map { .string($0) })]) }
        let domain = try parameters.required("domain"), dateText = try parameters.required("date")
        guard let date = Day(dateText) else {
            throw UpstreamError(.badRequest, "'date' must be a day YYYY-MM-DD, not '\(dateText.prefix(40))'.")
        }
        guard domain.utf8.count <= 1024 else {
            throw UpstreamError(.badRequest, "'domain' is longer than 1,024 bytes.")
        }
        if settings.failDomains.contains(domain) {
            var reply = UpstreamError(.injected, "This domain is set to fail.").reply
            reply.injected = "fail_domain"
            return reply
        }
        let partition = Partition(
            seed: settings.seed, domain: domain, date: date, rows: settings.rows(of: domain, on: date, today: today()),
            epoch: settings.epoch)
        let pager = Pager(partition: partition, parameters: parameters, origin: request.origin)
        switch route {
        case "/faults": return try pager.byRank()
        case "/pages": return try pager.byNumber()
        case "/linked": return try pager.byLink()
        case "/cursor": return try pager.byCursor()
        case "/nexturl": return try pager.byURL()
        default: return try pager.changes()
        }
    }

    private func files(_ request: Request, name: Substring?) throws -> Reply {
        guard let folder else { throw UpstreamError(.notFound, "The mock was started without --serve DIR.") }
        guard request.method == "GET" || request.method == "HEAD" else {
            throw UpstreamError(.methodNotAllowed, "\(request.method) is not possible on /files.")
        }
        guard let name, !name.isEmpty else { return try folder.list() }
        guard let decoded = Percent.decode(name) else {
            throw UpstreamError(.badRequest, "The file name is not percent-encoded UTF-8.")
        }
        return try folder.page(of: decoded, Parameters(query: request.query))
    }
}
