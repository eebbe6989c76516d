import CCurl

/// A blocking HTTP connection of one thread: requests one after the other over connections that are kept alive.
///
/// Redirects are followed hop by hop here, not inside libcurl: libcurl withholds only Authorization and Cookie from
/// another host, but API keys travel in headers of any name, and client certificates in TLS.
package final class HTTPConnection {
    let client: HTTPClient
    let easy: CurlEasy
    let isCancelled: () -> Bool
    private var multi: CurlMulti?

    /// Connects nothing yet. `isCancelled` is asked at least once a second while a call blocks; once it says true the
    /// call throws `cancelled`.
    package init(_ client: HTTPClient, isCancelled: @escaping () -> Bool = { false }) throws(HTTPError) {
        self.client = client
        self.isCancelled = isCancelled
        easy = try CurlEasy(isCancelled: isCancelled)
    }

    /// Sends `request` and waits for the whole answer, whatever its status; its decoded body replaces what `body`
    /// holds.
    ///
    /// Waits for the client's rate limit first. A 401 drops a cached OAuth2 token and is tried once more with a new
    /// one; nothing else is retried. Status errors come from `HTTPClient.check`.
    package func perform(_ request: HTTPRequest, into body: BodyBuffer) throws(HTTPError) -> HTTPResponse {
        var hop = request
        var url = try ResolvedURL(request.url)
        let first = url.origin
        let allowed = request.timeout ?? client.options.requestTimeout
        var seconds = 0.0
        var redirects = 0
        var mayRenewToken = true
        while true {
            let isTrusted = client.trusts(url.origin, startedAt: first)
            let (identity, token) = try identity(for: hop, isTrusted: isTrusted)
            try client.waitForTurn(isCancelled: isCancelled)
            let left = allowed > 0 ? max(allowed - seconds, 0.001) : 0
            let (response, location) = try exchange(
                hop, at: url, as: identity, timeout: left, limit: client.options.maximumBodyBytes, earlier: seconds,
                into: body)
            seconds = response.seconds
            if response.status == 401, let token {
                client.tokens.drop(token.token)
                if token.isCached && mayRenewToken {
                    mayRenewToken = false
                    continue
                }
            }
            guard request.followsRedirects, let location, [301, 302, 303, 307, 308].contains(response.status) else {
                return response
            }
            guard redirects < request.maximumRedirects else {
                throw HTTPError(
                    .configuration, .tooManyRedirects,
                    "\(request) was redirected more than \(request.maximumRedirects) times, last to "
                        + "\(Redaction.url(location)); correct base_url or path.", status: response.status)
            }
            redirects += 1
            url = try ResolvedURL(location)
            // RFC 9110 section 15.4: 303 always, 301 and 302 by custom, turn POST into GET without its body.
            let turnsIntoGet =
                response.status == 303 ? hop.method != .head : response.status < 303 && hop.method == .post
            if turnsIntoGet {
                hop.method = .get
                hop.body = nil
                hop.headers.removeAll { $0.name.lowercased().hasPrefix("content-") }
            }
        }
    }

    /// What one exchange shows of the client.
    struct Identity {
        var headers: [(name: String, value: String)] = []
        var user: String?
        var password: String?
        var certificate: ClientCertificate?
    }

    /// What drives transfers that are taken piece by piece; made with the first one.
    func transfers() throws(HTTPError) -> CurlMulti {
        if let multi { return multi }
        let made = try CurlMulti(isCancelled: isCancelled)
        multi = made
        return made
    }

    func identity(
        for request: HTTPRequest, isTrusted: Bool
    ) throws(HTTPError) -> (Identity, (token: TokenCache.Token, isCached: Bool)?) {
        let own = Set(request.headers.map { $0.name.lowercased() })
        var identity = Identity(
            headers: request.headers + client.options.headers.filter { !own.contains($0.name.lowercased()) })
        guard isTrusted else {
            identity.headers.removeAll { !HeaderField.isHarmless($0.name) }
            return (identity, nil)
        }
        identity.certificate = client.options.clientCertificate
        guard !identity.headers.contains(where: { $0.name.lowercased() == "authorization" }) else {
            return (identity, nil)
        }
        switch client.options.authorization {
        case .none: break
        case .bearer(let token): identity.headers.append(("Authorization", "Bearer " + token))
        case .basic(let user, let password):
            identity.user = user
            identity.password = password
        case .oauth2(let settings):
            let token = try client.tokens.token(
                waitingSince: client.tokens.endedFetches, clock: client.clock, isCancelled: isCancelled
            ) { () throws(HTTPError) in
                try fetchToken(settings)
            }
            identity.headers.append(("Authorization", "Bearer " + token.token.value))
            return (identity, token)
        }
        return (identity, nil)
    }

    /// One request and its answer, without redirects; the second result is where the server sends us. `earlier` seconds
    /// are added to the answer's.
    func exchange(
        _ request: HTTPRequest, at url: ResolvedURL, as identity: Identity, timeout: Double, limit: Int,
        earlier: Double = 0, into body: BodyBuffer
    ) throws(HTTPError) -> (HTTPResponse, String?) {
        try prepare(request, at: url, as: identity, timeout: timeout)
        let failure = try (request.body ?? []).withUnsafeBufferPointer { bytes throws(HTTPError) in
            try easy.apply(request.method, request.body == nil ? nil : bytes)
            return easy.run(into: body, limit: limit)
        }
        if let failure { throw Self.error(failure, request.method, url, client, limit: limit) }
        return answer(request.method, at: url, earlier: earlier)
    }

    /// Sets the handle up for a request, but for its method and body.
    func prepare(_ request: HTTPRequest, at url: ResolvedURL, as identity: Identity, timeout: Double) throws(HTTPError)
    {
        if isCancelled() { throw HTTPError(.cancelled, .cancelled, "\(request): cancelled.") }
        multi?.stop()
        try easy.reset()
        try easy.set(CURLOPT_URL, url.text)
        try easy.apply(client.options, timeout: timeout)
        try easy.apply(identity, hasBody: request.body != nil)
    }

    static func error(
        _ failure: CurlFailure, _ method: HTTPRequest.Method, _ url: ResolvedURL, _ client: HTTPClient, limit: Int
    ) -> HTTPError {
        let what = "\(method.rawValue) \(Redaction.url(url.text))"
        let proxy = client.options.proxy.flatMap { $0.url.isEmpty ? nil : $0 }
        return failure.error(what, limit: limit, host: url.origin.host, proxy: proxy, redact: client.redact)
    }

    /// What the handle knows of the answer, and where the server sends us.
    func answer(_ method: HTTPRequest.Method, at url: ResolvedURL, earlier: Double) -> (HTTPResponse, String?) {
        let headers = easy.responseHeaders()
        let status = easy.long(CURLINFO_RESPONSE_CODE)
        let isMarked = headers.contains { $0.name == "content-length" || $0.name == "transfer-encoding" }
        let response = HTTPResponse(
            status: status, headers: headers, effectiveURL: easy.text(CURLINFO_EFFECTIVE_URL) ?? url.text,
            method: method, seconds: earlier + Double(easy.offset(CURLINFO_TOTAL_TIME_T)) / 1e6,
            wireBytes: easy.offset(CURLINFO_SIZE_DOWNLOAD_T),
            isEndMarked: isMarked || method == .head || status == 204 || status == 304)
        return (response, easy.text(CURLINFO_REDIRECT_URL))
    }
}
