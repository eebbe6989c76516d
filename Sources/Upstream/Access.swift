import FoundationEssentials
import Synchronization

/// Who may read data: anyone, or the bearer of a token, of a user name and password, or of a token issued to a client.
package final class Access: Sendable {
    /// What is asked for; a request that satisfies one of them passes. All nil: anyone may read.
    package struct Rules: Sendable {
        /// A fixed bearer token.
        package var token: String?
        /// `user:password` for basic authentication.
        package var basic: String?
        /// `client:secret` for the client-credentials grant at `POST /oauth/token` (RFC 6749, section 4.4).
        package var client: String?
        /// Seconds that an issued token is valid.
        package var tokenLifetime = 3600

        /// No rules.
        package init() {}
    }

    private struct Issued {
        var count: UInt64 = 0
        var expiry: [String: ContinuousClock.Instant] = [:]
    }

    private let rules: Rules
    private let seed: UInt64
    private let now: @Sendable () -> ContinuousClock.Instant
    private let issued = Mutex(Issued())

    /// Applies rules; the clock decides when issued tokens expire.
    package init(
        _ rules: Rules, seed: UInt64 = 0,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) {
        self.rules = rules
        self.seed = seed
        self.now = now
    }

    /// Nil when the request may pass, otherwise the 401 reply.
    func refusal(of request: Request) -> Reply? {
        if rules.token == nil && rules.basic == nil && rules.client == nil { return nil }
        if let (scheme, value) = Self.credentials(in: request) {
            if scheme == "bearer" && (value == rules.token || isValid(value)) { return nil }
            if scheme == "basic", let basic = rules.basic, Self.decodeBase64(value) == basic { return nil }
        }
        let reason =
            request.authorization == nil ? "No credentials were sent." : "The credentials are wrong or expired."
        var reply = UpstreamError(.unauthorized, reason).reply
        reply.headers.append(("WWW-Authenticate", rules.basic != nil ? "Basic realm=\"upstream\"" : "Bearer"))
        return reply
    }

    /// Answers `POST /oauth/token`: form or JSON body, client credentials in the body or as basic authentication.
    func issueToken(_ request: Request) throws -> Reply {
        guard let client = rules.client else {
            throw UpstreamError(.notFound, "Tokens are issued only when the mock was started with --oauth.")
        }
        let isJSON = request.body.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 } == UInt8(ascii: "{")
        var form = try Parameters(query: isJSON ? "" : String(decoding: request.body, as: UTF8.self))
        if isJSON { try form.merge(json: request.body) }
        guard form["grant_type"] == "client_credentials" else {
            return Reply(status: 400, ["error": .string("unsupported_grant_type")])
        }
        var given = "\(form["client_id"] ?? ""):\(form["client_secret"] ?? "")"
        if let (scheme, value) = Self.credentials(in: request), scheme == "basic" {
            given = Self.decodeBase64(value) ?? ""
        }
        guard given == client else { return Reply(status: 401, ["error": .string("invalid_client")]) }
        let time = now()
        let token = issued.withLock { issued in
            issued.expiry = issued.expiry.filter { $0.value > time }
            issued.count += 1
            let token = "issued-\(issued.count)-" + String(SplitMix.mix(seed ^ SplitMix.mix(issued.count)), radix: 16)
            issued.expiry[token] = time + .seconds(rules.tokenLifetime)
            return token
        }
        return Reply([
            "access_token": .string(token), "token_type": .string("Bearer"), "expires_in": .number(rules.tokenLifetime),
        ])
    }

    private func isValid(_ token: String) -> Bool {
        let time = now()
        return issued.withLock { $0.expiry[token].map { $0 > time } ?? false }
    }

    private static func credentials(in request: Request) -> (scheme: String, value: String)? {
        guard let parts = request.authorization?.split(separator: " ", maxSplits: 1), parts.count == 2 else {
            return nil
        }
        return (parts[0].lowercased(), String(parts[1]))
    }

    private static func decodeBase64(_ text: String) -> String? {
        Data(base64Encoded: text).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
