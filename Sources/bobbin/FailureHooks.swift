internal import Configuration
internal import Extract
internal import Glibc
internal import HTTP
internal import JSON
internal import Manifest

/// `on_failure` of the jobs whose partitions failed: a command or a webhook gets one JSON document. What becomes of
/// them changes no exit code.
enum FailureHooks {
    static func run(_ failures: [(key: LogKey, error: String)], _ streams: [Configuration.Stream]) {
        let named = Set(streams.map { LogKey(job: $0.job, stream: $0.name, partition: Manifest.Partition([])) })
        for stream in streams {
            // A loader knows tables of a pattern by their names only.
            let own = failures.filter { failure in
                guard failure.key.job == stream.job else { return false }
                if failure.key.stream == stream.name { return true }
                let name = LogKey(job: stream.job, stream: failure.key.stream, partition: Manifest.Partition([]))
                return stream.isPattern && !named.contains(name) && SQLCatalog.matches(stream.name, failure.key.stream)
            }
            guard !own.isEmpty else { continue }
            let failed: [JSONValue] = own.map { failure in
                .record([
                    ("stream", .string(failure.key.stream)),
                    ("partition", Document.partition(failure.key.partition)), ("error", .string(failure.error)),
                ])
            }
            let document = JSONValue.record([
                ("format", 1), ("job", .string(stream.job)), ("stream", .string(stream.name)),
                ("failed", .array(failed)),
            ]).serialized()
            if !stream.onFailure.command.isEmpty { start(stream.onFailure.command, document + [10], stream.job) }
            if let webhook = stream.onFailure.webhook { post(webhook.reveal(), document, stream.job) }
        }
    }

    private static func start(_ command: [String], _ input: [UInt8], _ job: String) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { return }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        posix_spawn_file_actions_addclose(&actions, ends[1])
        // This process blocks and ignores signals, which a child would inherit, and its own children too.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var defaults = sigset_t()
        sigemptyset(&defaults)
        sigaddset(&defaults, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var arguments = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child = pid_t()
        let code = posix_spawnp(&child, command[0], &actions, &attributes, &arguments, environ)
        posix_spawn_file_actions_destroy(&actions)
        posix_spawnattr_destroy(&attributes)
        close(ends[0])
        guard code == 0 else {
            close(ends[1])
            Console.error(
                "bobbin: on_failure of \(job): cannot start \(command[0]): \(String(cString: strerror(code)))")
            return
        }
        var rest = input[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(ends[1], $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            rest = rest.dropFirst(count)
        }
        close(ends[1])
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        if status != 0 {
            Console.error(
                "bobbin: on_failure of \(job): \(command[0]) "
                    + (signal != 0 ? "was killed by signal \(signal)" : "ended with status \(status >> 8 & 0xFF)"))
        }
    }

    /// Sends the document, once more when that may help. The address may be a secret in any of its parts but the host.
    private static func post(_ url: String, _ body: [UInt8], _ job: String) {
        var options = HTTPClientOptions()
        options.userAgent = "bobbin/\(Version.text)"
        options.connectTimeout = 5
        options.requestTimeout = 10
        options.maximumBodyBytes = 1 << 20
        var request = HTTPRequest(.post, url, headers: [("Content-Type", "application/json")], body: body)
        // Most redirects would turn it into a GET without its document.
        request.maximumRedirects = 0
        var failure: HTTPError?
        do throws(HTTPError) {
            let client = try HTTPClient(options)
            let connection = try HTTPConnection(client)
            for _ in 0..<2 {
                do throws(HTTPError) {
                    return try client.check(try connection.perform(request, into: BodyBuffer()))
                } catch {
                    failure = error
                    if error.category != .transient { break }
                }
            }
        } catch { failure = error }
        let why =
            failure.map { error in
                error.status.map { "answered \($0)" } ?? "failed (\(error.code.rawValue))"
            } ?? ""
        Console.error("bobbin: on_failure of \(job): the webhook at \(Redaction.origin(url)) \(why)")
    }
}
