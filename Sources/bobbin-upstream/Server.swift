import FlyingFox
import FlyingSocks
import Foundation
import Upstream

/// Carries requests from the HTTP library to the service and its replies back.
struct Server: Sendable {
    private let service: Service
    private let host: String
    private let portFile: String?
    private let quiet: Bool
    private let http: HTTPServer

    init(service: Service, host: String, port: UInt16, portFile: String?, quiet: Bool) {
        self.service = service
        self.host = host
        self.portFile = portFile
        self.quiet = quiet
        // The library keeps a timer of this length for each request even after it was answered, so it must be short; it
        // is longer than any latency, and a silent reply waits apart.
        let limit: TimeInterval = 30
        if host.contains(":"), let address = try? sockaddr_in6.inet6(ip6: host, port: port) {
            http = HTTPServer(address: address, timeout: limit, logger: .disabled)
        } else if let address = try? sockaddr_in.inet(ip4: host, port: port) {
            http = HTTPServer(address: address, timeout: limit, logger: .disabled)
        } else {
            Lifetime.end(64, "'\(host)' is not an IP address to listen on.")
        }
    }

    /// Listens and serves until `stop`.
    func run() async throws {
        await http.appendRoute("*") { request in try await self.handle(request) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await http.run() }
            group.addTask {
                try await http.waitUntilListening(timeout: 30)
                try await announce()
            }
            // Not waitForAll: the first failure, such as a port in use, must end the waiting at once.
            for try await _ in group {}
        }
    }

    /// Stops listening, gives what is under way a second, and says what was served.
    func stop() async {
        // The library waits out its time even when it is idle.
        await http.stop(timeout: InFlight.count > 0 ? 1 : 0)
        if !quiet {
            let totals = service.totals
            Lifetime.note("stopped after \(totals.requests) requests and \(totals.rows) rows")
        }
    }

    private func announce() async throws {
        Connection.sendWithoutDelay()
        let port: UInt16
        switch await http.listeningAddress {
        case .ip4(_, let number), .ip6(_, let number): port = number
        case .unix, nil: return
        }
        if let portFile {
            do {
                try Data("\(port)\n".utf8).write(to: URL(fileURLWithPath: portFile), options: .atomic)
            } catch {
                Lifetime.end(64, "The port file '\(portFile)' cannot be written: \(error.localizedDescription)")
            }
        }
        let name = host.contains(":") ? "[\(host)]" : host
        FileHandle.standardOutput.write(Data("listening on http://\(name):\(port)\n".utf8))
    }

    private func handle(_ request: HTTPRequest) async throws -> HTTPResponse {
        let inFlight = InFlight()
        let size = request.bodySequence.count ?? 0
        guard size <= Request.maxBody else {
            return HTTPResponse(statusCode: .payloadTooLarge, headers: HTTPHeaders([.connection: "close"]))
        }
        let reply = service.answer(
            Request(
                method: request.method.rawValue, path: request.target.path(), query: request.target.query(),
                authorization: request.headers[.authorization], body: Array(try await request.bodyData),
                origin: "http://" + (request.headers[.host] ?? host)))
        if !quiet { log(request, reply) }
        if reply.latency > 0 { try await Task.sleep(for: .milliseconds(reply.latency)) }
        return try await deliver(reply, to: request, inFlight)
    }

    private func deliver(_ reply: Reply, to request: HTTPRequest, _ inFlight: InFlight) async throws -> HTTPResponse {
        var headers = HTTPHeaders()
        for header in reply.headers { headers[HTTPHeader(header.name)] = header.value }
        var stream = BodyStream(bytes: reply.body, inFlight: inFlight)
        switch reply.delivery {
        case .whole: break
        case .cut(let count): stream.limit = count
        case .dripped(let milliseconds):
            let pieces = 20
            stream.piece = max(1, (reply.body.count + pieces - 1) / pieces)
            stream.pause = .milliseconds(milliseconds / pieces)
        case .silent(let milliseconds):
            await Task { try? await Task.sleep(for: .milliseconds(milliseconds)) }.value
            Connection.reset(from: request.remoteAddress)
            stream.limit = 0
        case .reset:
            Connection.reset(from: request.remoteAddress)
            stream.limit = 0
        }
        if request.method == .HEAD {
            headers[.contentLength] = String(reply.body.count)
            stream = BodyStream(bytes: [], inFlight: inFlight)
        }
        let body = HTTPBodySequence(
            from: stream, count: reply.body.count, suggestedBufferSize: max(1, reply.body.count))
        let status = HTTPStatusCode(reply.status, phrase: Self.phrases[reply.status] ?? "Status")
        return HTTPResponse(statusCode: status, headers: headers, body: body)
    }

    private static let phrases = [
        200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
        405: "Method Not Allowed",
        422: "Unprocessable Content", 429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway",
        503: "Service Unavailable", 504: "Gateway Timeout",
    ]

    private func log(_ request: HTTPRequest, _ reply: Reply) {
        let target = String(
            decoding: request.target.rawValue.utf8.map { $0 < 0x20 || $0 > 0x7E ? 0x3F : $0 }, as: UTF8.self)
        let fault = reply.injected.map { " injected \($0)" } ?? ""
        Lifetime.note(
            "\(request.method.rawValue) \(target.prefix(300)) \(reply.status) \(reply.rows) rows \(reply.body.count) bytes"
                + fault)
    }
}
