import CCurl
import CCurlShims

/// How options, identity and method become libcurl's settings.
extension CurlEasy {
    func apply(_ options: HTTPClientOptions, timeout: Double) throws(HTTPError) {
        try set(CURLOPT_USERAGENT, options.userAgent)
        try set(CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(options.connectTimeout))
        try set(CURLOPT_TIMEOUT_MS, Self.milliseconds(timeout))
        if options.idleTimeout > 0 {
            try set(CURLOPT_LOW_SPEED_LIMIT, 1)
            try set(CURLOPT_LOW_SPEED_TIME, max(1, Self.milliseconds(options.idleTimeout + 0.999) / 1_000))
        }
        try set(CURLOPT_SSL_VERIFYPEER, options.verifyTLS ? 1 : 0)
        try set(CURLOPT_SSL_VERIFYHOST, options.verifyTLS ? 2 : 0)
        if let file = options.caFile { try set(CURLOPT_CAINFO, file) }
        if let proxy = options.proxy {
            try set(CURLOPT_PROXY, proxy.url)
            if let user = proxy.user { try set(CURLOPT_PROXYUSERNAME, user) }
            if let password = proxy.password { try set(CURLOPT_PROXYPASSWORD, password) }
        }
    }

    func apply(_ identity: HTTPConnection.Identity, hasBody: Bool) throws(HTTPError) {
        var lines: [String] = []
        for (name, value) in identity.headers {
            try HeaderField.check(name, value)
            // libcurl reads "Name:" as "leave it out" and "Name;" as "send it empty".
            lines.append(value.trimmingSpaces().isEmpty ? name + ";" : name + ": " + value)
        }
        if hasBody {
            // Waiting for "100 Continue" costs a second with servers that never send it.
            lines.append("Expect:")
            if !identity.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
                lines.append("Content-Type:")
            }
        }
        try setHeaders(lines)
        if let user = identity.user {
            try set(CURLOPT_HTTPAUTH, curl_shim_auth_basic)
            try set(CURLOPT_USERNAME, user)
            try set(CURLOPT_PASSWORD, identity.password ?? "")
        }
        if let certificate = identity.certificate {
            try set(CURLOPT_SSLCERT, certificate.certificateFile)
            try set(CURLOPT_SSLKEY, certificate.keyFile ?? certificate.certificateFile)
            if let password = certificate.keyPassword { try set(CURLOPT_KEYPASSWD, password) }
        }
    }

    func apply(_ method: HTTPRequest.Method, _ body: UnsafeBufferPointer<UInt8>?) throws(HTTPError) {
        if let body { try setBody(body) }
        switch method {
        case .get where body == nil: try set(CURLOPT_HTTPGET, 1)
        case .head: try set(CURLOPT_NOBODY, 1)
        case .post where body != nil: break
        // Without a Content-Length of 0 many servers answer 411.
        case .post: try setBody(UnsafeBufferPointer(start: nil, count: 0))
        case .get, .put, .patch, .delete: try set(CURLOPT_CUSTOMREQUEST, method.rawValue)
        }
    }

    /// Seconds as whole milliseconds, at least 1 for what is above 0; no limit (0) for nonsense and for more than 20
    /// days, where libcurl's own arithmetic ends.
    private static func milliseconds(_ seconds: Double) -> Int {
        guard seconds.isFinite, seconds > 0, seconds < 1_728_000 else { return 0 }
        return max(1, Int(seconds * 1_000))
    }
}
