import CCurl

/// Why libcurl gave up, to be told as an `HTTPError`.
struct CurlFailure {
    enum Kind {
        case tooLarge, noMemory
        /// libcurl's own words, and the status with which a proxy refused a tunnel (0 if none did).
        case transfer(detail: String, proxyStatus: Int)
    }

    let code: CURLcode
    let kind: Kind

    /// The error for `request` (already redacted); `redact` takes the client's secrets out of libcurl's words.
    ///
    /// - Parameters:
    ///   - host: whom the request is for.
    ///   - proxy: the configured one, if any.
    func error(_ request: String, limit: Int, host: String, proxy: Proxy?, redact: (String) -> String) -> HTTPError {
        switch kind {
        case .tooLarge:
            return HTTPError(
                .configuration, .bodyTooLarge,
                "\(request): the body is larger than \(limit) bytes; ask for smaller pages or raise the limit.")
        case .noMemory:
            return HTTPError(.transient, .outOfMemory, "\(request): no memory for the body; ask for smaller pages.")
        case .transfer(let detail, let proxyStatus):
            if code == CURLE_ABORTED_BY_CALLBACK { return HTTPError(.cancelled, .cancelled, "\(request): cancelled.") }
            let (category, name, advice) = verdict(detail, proxyStatus, host, proxy)
            return HTTPError(category, name, "\(request): \(redact(detail)). \(advice)")
        }
    }

    private typealias Verdict = (HTTPError.Category, HTTPError.Code, String)

    private func verdict(_ detail: String, _ proxyStatus: Int, _ host: String, _ used: Proxy?) -> Verdict {
        let proxy = used.map { "the proxy \($0)" } ?? "the proxy"
        if proxyStatus >= 300 {
            let category = HTTPError.category(ofStatus: proxyStatus) ?? .configuration
            return (category, .proxy, "Refused by \(proxy): check its URL, user and password.")
        }
        // libcurl reports a proxy URL that it cannot read as one that it cannot reach.
        if detail.hasPrefix("Unsupported proxy") { return (.configuration, .proxy, "Correct the URL of \(proxy).") }
        switch code {
        case CURLE_OPERATION_TIMEDOUT:
            return (.transient, .timedOut, "The source is slow or a time-out too short: try again later.")
        case CURLE_COULDNT_RESOLVE_HOST:
            return (.transient, .unresolvedHost, "If it lasts, check the host's name and the DNS.")
        case CURLE_COULDNT_RESOLVE_PROXY:
            return (.transient, .proxy, "If it lasts, check the name of \(proxy), and the DNS.")
        case CURLE_COULDNT_CONNECT where used != nil:
            return (.transient, .connectFailed, "It goes through \(proxy): if it lasts, check that one first.")
        case CURLE_COULDNT_CONNECT where !detail.contains(host.filter { $0 != "[" && $0 != "]" }):
            return (
                .transient, .connectFailed,
                "It goes through a proxy of the environment (http_proxy, https_proxy, all_proxy): check that one first."
            )
        case CURLE_COULDNT_CONNECT:
            return (.transient, .connectFailed, "If it lasts, check host, port and firewall.")
        case CURLE_PARTIAL_FILE: return (.transient, .partialBody, "The body was cut: try again.")
        case CURLE_BAD_CONTENT_ENCODING: return (.transient, .badEncoding, "The body was cut or damaged: try again.")
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            return (.configuration, .invalidURL, "Correct base_url, path or proxy.")
        case CURLE_PROXY: return (.configuration, .proxy, "Check URL, user and password of \(proxy).")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT, CURLE_SSL_CRL_BADFILE:
            return Self.tlsRejected
        case CURLE_SSL_CONNECT_ERROR, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING:
            return Self.isTLSRefusal(detail)
                ? Self.tlsRejected : Self.connectionLost
        case CURLE_OUT_OF_MEMORY: return (.transient, .outOfMemory, "Free memory and try again.")
        case CURLE_BAD_FUNCTION_ARGUMENT, CURLE_NOT_BUILT_IN, CURLE_UNKNOWN_OPTION:
            return (
                .configuration, .transfer, "Check the connection's settings and the libcurl version (7.88 or later)."
            )
        default: return (.transient, .transfer, "Try again; if it lasts, check the source.")
        }
    }

    private static let tlsRejected: Verdict = (
        .configuration, .tlsRejected, "Check the certificates, CA file and host name of the connection."
    )

    // A TLS 1.3 server that closes at once on a missing certificate may reset the connection before its alert is read.
    private static let connectionLost: Verdict = (
        .transient, .connectionLost,
        "The connection was lost: try again. If it lasts over https, see whether the server wants a client certificate."
    )

    /// libcurl has one code for a reset and for a refusal during TLS; OpenSSL's words tell them apart.
    private static func isTLSRefusal(_ detail: String) -> Bool {
        let refusals = [
            "certificate", "handshake failure", "unknown ca", "access denied", "protocol version",
            "wrong version number", "unsupported protocol", "no shared cipher",
        ]
        return detail.contains("SSL") && refusals.contains(where: detail.contains)
    }
}
