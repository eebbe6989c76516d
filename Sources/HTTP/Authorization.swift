internal import JSON

/// How a client proves who it is. Prints without secrets.
package enum Authorization: Sendable, RedactedDescription {
    case none
    /// A fixed token (RFC 6750).
    case bearer(String)
    /// RFC 7617.
    case basic(user: String, password: String)
    /// Client credentials (RFC 6749 section 4.4); the token is fetched, cached and renewed by the client.
    case oauth2(OAuth2Settings)

    package var description: String {
        switch self {
        case .none: "none"
        case .bearer: "bearer(\(Redaction.mark))"
        case .basic(let user, _): "basic(\(user), \(Redaction.mark))"
        case .oauth2(let settings): settings.description
        }
    }

    var secrets: [String] {
        switch self {
        case .none: []
        case .bearer(let token): [token]
        // A server may repeat the header as it came.
        case .basic(let user, let password): [password, Base64.unpadded("\(user):\(password)")]
        case .oauth2(let settings): [settings.clientSecret]
        }
    }
}

/// A token endpoint and the client's account there.
package struct OAuth2Settings: Sendable, RedactedDescription {
    /// Where the client's id and secret travel (RFC 6749 section 2.3.1).
    package enum Style: String, Sendable {
        case header, body
    }

    package let tokenURL: String
    package let clientID: String
    package let clientSecret: String
    package let scopes: [String]
    package let audience: String?
    package let style: Style

    /// Makes settings.
    package init(
        tokenURL: String, clientID: String, clientSecret: String, scopes: [String] = [], audience: String? = nil,
        style: Style = .header
    ) {
        self.tokenURL = tokenURL
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.scopes = scopes
        self.audience = audience
        self.style = style
    }

    package var description: String {
        "oauth2(\(Redaction.url(tokenURL)), \(clientID), \(Redaction.mark), \(scopes), \(style.rawValue))"
    }

    var form: [(String, String)] {
        var pairs = [("grant_type", "client_credentials")]
        if !scopes.isEmpty { pairs.append(("scope", scopes.joined(separator: " "))) }
        if let audience { pairs.append(("audience", audience)) }
        if style == .body { pairs += [("client_id", clientID), ("client_secret", clientSecret)] }
        return pairs
    }
}
