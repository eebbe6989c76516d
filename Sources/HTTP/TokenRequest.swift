internal import JSON

/// The client credentials request and its answer (RFC 6749 sections 4.4, 5.1 and 5.2).
extension HTTPConnection {
    /// Fetches a token over this thread's own connection. Follows no redirect: the request carries the secret.
    func fetchToken(_ settings: OAuth2Settings) throws(HTTPError) -> (value: String, lifetime: Double?) {
        let url = try ResolvedURL(settings.tokenURL)
        let request = HTTPRequest(.post, url.text, body: Array(PercentEncoding.form(settings.form).utf8))
        var identity = Identity(
            headers: [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")],
            certificate: client.options.clientCertificate)
        if settings.style == .header {
            identity.user = PercentEncoding.component(settings.clientID)
            identity.password = PercentEncoding.component(settings.clientSecret)
        }
        let body = BodyBuffer(capacity: 4_096)
        let (response, _) = try exchange(
            request, at: url, as: identity, timeout: client.options.requestTimeout, limit: 1 << 20, into: body)
        let answer = try? JSONValue(parsing: Array(body.bytes), duplicateKeys: .kept)
        guard response.status == 200 else { throw refusal(response, answer?["error"]?.text, settings) }
        let type = answer?["token_type"]?.text?.lowercased() ?? "bearer"
        guard let value = answer?["access_token"]?.text, !value.isEmpty else {
            throw HTTPError(
                .transient, .token,
                "The token endpoint \(Redaction.url(url.text)) answered 200 without an access_token; check token_url.",
                status: 200)
        }
        guard type == "bearer" else {
            throw HTTPError(
                .configuration, .token,
                "The token endpoint \(Redaction.url(url.text)) gave a token of a type other than bearer.", status: 200)
        }
        // RFC 6749 says a number; some servers send it as a string.
        let lifetime = answer?["expires_in"]
        return (value, lifetime?.double ?? lifetime?.text.flatMap { Double($0) })
    }

    private func refusal(_ response: HTTPResponse, _ code: String?, _ settings: OAuth2Settings) -> HTTPError {
        // The code is one of a short list; anything else is not repeated.
        let known = [
            "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
            "invalid_scope", "access_denied",
        ]
        let named = code.flatMap { known.contains($0) ? " (\($0))" : nil } ?? ""
        let category: HTTPError.Category =
            switch code {
            case "invalid_client", "invalid_grant", "unauthorized_client", "access_denied": .permission
            default: HTTPError.category(ofStatus: response.status) ?? .configuration
            }
        return HTTPError(
            category, .token,
            "The token endpoint \(Redaction.url(settings.tokenURL)) answered \(response.status)\(named) for client "
                + "\(settings.clientID); check client_id, client_secret and scopes.",
            retryAfter: response.retryAfter(now: client.clock.wall()), status: response.status)
    }
}
