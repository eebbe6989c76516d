import Synchronization

/// What all threads of a source share: options, the OAuth2 token, the rate limit, and the clock.
package final class HTTPClient: Sendable {
    package let options: HTTPClientOptions
    package let clock: HTTPClock
    let tokens = TokenCache()
    private let bucket: Mutex<TokenBucket?>
    private let trusted: Set<ResolvedURL.Origin>
    private let secrets: [String]

    /// Checks the options; throws a configuration error that names the wrong one.
    package init(_ options: HTTPClientOptions, clock: HTTPClock = .system) throws(HTTPError) {
        self.options = options
        self.clock = clock
        var trusted: Set<ResolvedURL.Origin> = []
        for url in options.trustedOrigins { trusted.insert(try ResolvedURL(url).origin) }
        if let base = options.baseURL { trusted.insert(try ResolvedURL(base).origin) }
        self.trusted = trusted
        for (name, value) in options.headers { try HeaderField.check(name, value) }
        try HeaderField.check("User-Agent", options.userAgent)
        if let rate = options.requestsPerSecond {
            guard rate.isFinite, rate > 0 else {
                throw HTTPError(.configuration, .invalidOptions, "The rate limit must be a number above 0.")
            }
            bucket = Mutex(TokenBucket(rate: rate, burst: options.burst))
        } else {
            bucket = Mutex(nil)
        }
        secrets = options.secrets
    }

    /// Throws for an answer that is an error: its class by status, what the server says in `body` (up to 200
    /// characters), and how long it asks to wait.
    package func check(_ response: HTTPResponse, body: BodyBuffer? = nil) throws(HTTPError) {
        guard let category = HTTPError.category(ofStatus: response.status) else { return }
        let advice =
            switch category {
            case .transient, .cancelled: "It may pass: try again later."
            case .permission: "Check the connection's credentials and what they may read."
            case .configuration: "Check base_url, path and parameters."
            }
        let says = body.map(excerpt) ?? ""
        throw HTTPError(
            category, .status,
            "\(response.method.rawValue) \(Redaction.url(response.effectiveURL)) answered \(response.status)"
                + "\(says.isEmpty ? "" : ": \"\(says)\"") — \(advice)",
            retryAfter: response.retryAfter(now: clock.wall()), status: response.status)
    }

    /// `text` without this client's secrets and tokens.
    package func redact(_ text: String) -> String { Redaction.scrub(text, of: secrets + tokens.secrets) }

    func trusts(_ origin: ResolvedURL.Origin, startedAt first: ResolvedURL.Origin) -> Bool {
        trusted.contains(origin) || (options.baseURL == nil && origin == first)
    }

    /// Waits for the rate limit in short naps, so that cancelling is prompt.
    func waitForTurn(isCancelled: () -> Bool) throws(HTTPError) {
        guard options.requestsPerSecond != nil else { return }
        let start = clock.now()
        let due = start + bucket.withLock { $0?.take(now: start) ?? 0 }
        while true {
            if isCancelled() { throw HTTPError(.cancelled, .cancelled, "Cancelled while waiting for the rate limit.") }
            let left = due - clock.now()
            guard left > 0 else { return }
            clock.sleep(min(left, 0.25))
        }
    }

    private func excerpt(_ body: BodyBuffer) -> String {
        // Far more is scrubbed than shown, so that no secret is cut in two and shown in half.
        let text = redact(String(decoding: body.bytes.prefix(4_096), as: UTF8.self))
        let printable = text.unicodeScalars.lazy.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }
        return String(String.UnicodeScalarView(printable.prefix(200)))
    }
}

/// Header fields (RFC 9110 section 5).
enum HeaderField {
    /// Throws unless `name` is a token and `value` cannot start another header. The value is not repeated.
    static func check(_ name: String, _ value: String) throws(HTTPError) {
        let isToken =
            !name.isEmpty
            && name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        guard isToken, !value.utf8.contains(where: { $0 == 0 || $0 == 10 || $0 == 13 }) else {
            let shown = isToken ? name : "(a wrong name)"
            throw HTTPError(
                .configuration, .invalidHeader,
                "The header \(shown) has a name that is no token or a value with a line break; correct it.")
        }
    }

    /// Whether a header says nothing about who asks, so that an origin that is not trusted may see it.
    static func isHarmless(_ name: String) -> Bool {
        let lower = name.lowercased()
        return lower.hasPrefix("accept") || lower.hasPrefix("if-")
            || ["content-type", "content-encoding", "range", "user-agent", "cache-control"].contains(lower)
    }
}
