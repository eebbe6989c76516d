/// An HTTP API to read from.
package struct HTTPSettings: Sendable, Hashable {
    /// `http` or `https`, with a host and without credentials; no slash at its end.
    package let baseURL: String
    /// Headers of every request, in the order of the file.
    package let headers: [Header]
    /// How requests prove who they are; nil for not at all.
    package let authorization: Authorization?
    /// The method where a source names none.
    package let method: HTTPMethod
    /// The certificate that the server asks for.
    package let clientCertificate: ClientCertificate?
    /// A file of authorities to trust in place of the system's.
    package let caFile: String?
    /// Whether the server's certificate is checked.
    package let verifyTLS: Bool
    /// Limits of requests.
    package let timeouts: HTTPTimeouts
    /// Requests at most, over all partitions; nil for no limit.
    package let rateLimit: RateLimit?
    /// The proxy's address, perhaps with credentials.
    package let proxy: Secret?
    /// The User-Agent header.
    package let userAgent: String
}

/// The methods a source is read with.
package enum HTTPMethod: String, Sendable, Hashable {
    case get = "GET"
    case post = "POST"
}

/// One header of every request.
package struct Header: Sendable, Hashable {
    /// The header's name, a token of RFC 9110.
    package let name: String
    /// Its value, without control characters.
    package let value: Secret
}

/// How requests prove who they are.
package enum Authorization: Sendable, Hashable {
    case bearer(Secret)
    /// RFC 7617.
    case basic(user: String, password: Secret)
    case oauth2(OAuth2)
}

/// OAuth 2 client credentials (RFC 6749, section 4.4).
package struct OAuth2: Sendable, Hashable {
    /// Where the client's id and secret go.
    package enum Style: String, Sendable, Hashable {
        case basic
        case body
    }

    /// Where tokens are fetched.
    package let tokenURL: String
    /// The client's id.
    package let clientID: String
    /// The client's secret.
    package let clientSecret: Secret
    /// The scopes to ask for; empty for none.
    package let scopes: [String]
    /// The audience to ask for.
    package let audience: String?
    /// Where the client's id and secret go.
    package let style: Style
}

/// A certificate for mutual TLS.
package struct ClientCertificate: Sendable, Hashable {
    /// The certificate's file.
    package let certificate: String
    /// The private key's file; nil when the certificate's file holds it.
    package let key: String?
    /// The private key's password.
    package let keyPassword: Secret?
}

/// Limits of requests.
package struct HTTPTimeouts: Sendable, Hashable {
    /// For the connection to stand.
    package let connect: Duration
    /// For one request and its answer.
    package let request: Duration
    /// Without a byte of the answer.
    package let idle: Duration
}
