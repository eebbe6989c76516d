/// Everything about one source that all its requests share. Prints without secrets.
package struct HTTPClientOptions: Sendable, RedactedDescription {
    /// The source's base URL. Headers, credentials and the client certificate go to its origin only; without one, to
    /// the origin of each request's own URL.
    package var baseURL: String?
    /// Further origins (`https://host:port`) that may get headers and credentials, such as a download host.
    package var trustedOrigins: [String] = []
    /// Headers of every request to a trusted origin.
    package var headers: [(name: String, value: String)] = []
    package var authorization: Authorization = .none
    package var clientCertificate: ClientCertificate?
    /// A PEM file with certificate authorities in place of the system's.
    package var caFile: String?
    /// Whether the server must prove its name. Off only for tests of a site with a broken certificate.
    package var verifyTLS = true
    /// Seconds to connect, TLS included; 0 is libcurl's 300.
    package var connectTimeout: Double = 30
    /// Seconds for one exchange with all its redirects, waiting for the rate limit excluded; 0 is no limit.
    package var requestTimeout: Double = 300
    /// Seconds without a byte (rounded up to whole ones); 0 is no limit.
    package var idleTimeout: Double = 60
    /// nil takes libcurl's environment variables (`https_proxy`, `no_proxy`), an empty URL uses none.
    package var proxy: Proxy?
    /// Requests a second of all threads together; nil is no limit.
    package var requestsPerSecond: Double?
    /// Requests that may go at once before the rate holds.
    package var burst = 1
    package var userAgent = "bobbin"
    /// What is taken out of messages besides the credentials above.
    package var furtherSecrets: [String] = []
    /// The largest body, decoded; a larger one is a configuration error.
    package var maximumBodyBytes = 512 << 20

    /// Options with the defaults above.
    package init(baseURL: String? = nil) { self.baseURL = baseURL }

    package var description: String {
        let names = headers.map { "\($0.name): \(Redaction.mark)" }
        return """
            HTTPClientOptions(baseURL: \(baseURL.map(Redaction.url) ?? "-"), headers: \(names), \
            authorization: \(authorization), clientCertificate: \(clientCertificate?.certificateFile ?? "-"), \
            verifyTLS: \(verifyTLS), proxy: \(proxy?.description ?? "environment"), \
            requestsPerSecond: \(requestsPerSecond.map { "\($0)" } ?? "-"))
            """
    }

    var secrets: [String] {
        let fromHeaders = headers.filter { Redaction.isSecret(name: $0.name) }.map(\.value)
        let others = [clientCertificate?.keyPassword, proxy?.password, proxy?.userinfo].compactMap { $0 }
        // An empty or one-letter secret would only garble the messages.
        return (authorization.secrets + fromHeaders + others + furtherSecrets).filter { $0.utf8.count > 1 }
    }
}

/// A certificate that proves the client in TLS. Prints without its password.
package struct ClientCertificate: Sendable, RedactedDescription {
    /// PEM files; the key may be in the certificate's file.
    package let certificateFile: String
    package let keyFile: String?
    package let keyPassword: String?

    /// Makes a reference to the files; they are read when connecting.
    package init(certificateFile: String, keyFile: String? = nil, keyPassword: String? = nil) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.keyPassword = keyPassword
    }

    package var description: String { "ClientCertificate(\(certificateFile))" }
}

/// A forward proxy: `http://host:port`, `https://`, `socks5h://`. Prints without its password.
package struct Proxy: Sendable, RedactedDescription {
    package let url: String
    package let user: String?
    package let password: String?

    /// `user` and `password` may also stand in the URL.
    package init(url: String, user: String? = nil, password: String? = nil) {
        self.url = url
        self.user = user
        self.password = password
    }

    package var description: String { Redaction.url(url) }

    /// The part of the URL before the `@`, as libcurl's messages might repeat it.
    var userinfo: String? {
        let rest = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        return rest.lastIndex(of: "@").map { String(rest[..<$0]) }
    }
}
