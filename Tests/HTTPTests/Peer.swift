import Glibc
import Synchronization
import Testing

@testable import HTTP

/// The Python servers, started once for the whole test run; they end with it because their standard input does.
struct Peer: Sendable {
    static let shared = Peer()

    let main: String
    let other: String
    let tls: String
    let mutual: String
    let proxy: String
    let directory: String

    private init() {
        let script = #filePath.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/peer.py"
        var toChild: [Int32] = [0, 0]
        var fromChild: [Int32] = [0, 0]
        pipe(&toChild)
        pipe(&fromChild)
        for end in toChild + fromChild { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        let words = ["python3", script]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var child: pid_t = 0
        let code = posix_spawnp(&child, "python3", &actions, nil, &arguments, environ)
        precondition(code == 0, "python3 is needed for these tests")
        close(fromChild[1])
        close(toChild[0])
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(fromChild[0], &byte, 1) == 1, byte != 10 { line.append(byte) }
        var values: [String: String] = [:]
        for pair in String(decoding: line, as: UTF8.self).split(separator: " ") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            values[String(parts[0])] = String(parts[1])
        }
        func url(_ scheme: String, _ name: String) -> String { "\(scheme)://127.0.0.1:\(values[name] ?? "missing")" }
        precondition(values["dir"] != nil, "the test servers did not start: python3 and openssl are needed")
        main = url("http", "main")
        other = url("http", "other")
        tls = url("https", "tls")
        mutual = url("https", "mutual")
        proxy = url("http", "proxy")
        directory = values["dir"] ?? ""
    }

    /// Options for the main server that no environment changes.
    static func options(_ change: (inout HTTPClientOptions) -> Void = { _ in }) -> HTTPClientOptions {
        var options = HTTPClientOptions(baseURL: shared.main)
        options.proxy = Proxy(url: "")
        options.connectTimeout = 10
        options.requestTimeout = 30
        change(&options)
        return options
    }
}

/// One client with one connection and one buffer.
struct Session {
    let client: HTTPClient
    let connection: HTTPConnection
    let body = BodyBuffer()

    init(
        _ options: HTTPClientOptions = Peer.options(), clock: HTTPClock = .system,
        isCancelled: @escaping () -> Bool = { false }
    ) throws(HTTPError) {
        client = try HTTPClient(options, clock: clock)
        connection = try HTTPConnection(client, isCancelled: isCancelled)
    }

    func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        try connection.perform(request, into: body)
    }

    /// GET of a path on the main server, or of an absolute URL.
    func get(_ path: String, headers: [(name: String, value: String)] = []) throws(HTTPError) -> HTTPResponse {
        try send(HTTPRequest(.get, path.hasPrefix("http") ? path : Peer.shared.main + path, headers: headers))
    }

    /// The body of a GET.
    func text(_ path: String) throws(HTTPError) -> String {
        _ = try get(path)
        return body.text
    }
}

/// The error that `action` throws.
func failure(_ action: () throws(HTTPError) -> Void, _ location: SourceLocation = #_sourceLocation) -> HTTPError {
    do throws(HTTPError) {
        try action()
        Issue.record("nothing was thrown", sourceLocation: location)
        return HTTPError(.configuration, .transfer, "nothing was thrown")
    } catch { return error }
}

/// A clock whose time passes only by sleeping and by `advance`.
final class ManualClock: Sendable {
    private let time = Mutex(0.0)
    private let naps = Mutex<[Double]>([])

    var slept: Double { naps.withLock { $0.reduce(0, +) } }
    var longestNap: Double { naps.withLock { $0.max() ?? 0 } }

    func advance(_ seconds: Double) { time.withLock { $0 += seconds } }

    var clock: HTTPClock {
        HTTPClock(
            now: { self.time.withLock { $0 } }, wall: { self.time.withLock { $0 } + 784_111_777 },
            sleep: { seconds in
                self.naps.withLock { $0.append(seconds) }
                self.advance(seconds)
            })
    }
}
