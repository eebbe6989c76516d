/// A bucket of Amazon S3 or of a compatible service: addresses, signatures and the words of its errors.
package struct S3Bucket: Sendable {
    package let client: HTTPClient
    private let bucket: String
    private let scheme: String
    /// As the Host header has it.
    private let host: String
    private let isPathStyle: Bool
    private let region: String
    private let signature: AWSSignature?

    /// - Parameters:
    ///   - options: limits, proxy and the like; its `baseURL` and credentials are set here.
    ///   - endpoint: `https://host:port` of the service; nil for Amazon's.
    ///   - credentials: nil asks without a signature.
    /// - Throws: a configuration error that names the wrong option.
    package init(
        bucket: String, endpoint: String?, region: String, isPathStyle: Bool, credentials: AWSSignature.Credentials?,
        options: HTTPClientOptions, clock: HTTPClock = .system
    ) throws(HTTPError) {
        let address = try ResolvedURL(endpoint ?? "https://s3.\(region).amazonaws.com")
        let isStandard =
            address.origin.port == (address.origin.scheme == "https" ? "443" : "80") || address.origin.port.isEmpty
        let service = isStandard ? address.origin.host : "\(address.origin.host):\(address.origin.port)"
        self.bucket = bucket
        scheme = address.origin.scheme
        host = isPathStyle ? service : "\(bucket).\(service)"
        self.isPathStyle = isPathStyle
        self.region = region
        signature = credentials.map { AWSSignature($0, region: region) }
        var options = options
        options.baseURL = "\(scheme)://\(host)"
        options.furtherSecrets += [credentials?.secretKey, credentials?.sessionToken].compactMap { $0 }
        client = try HTTPClient(options, clock: clock)
    }

    /// A request for an object, or with an empty key for the bucket itself.
    package func request(
        _ method: HTTPRequest.Method = .get, key: String, query: [(String, String)] = [],
        headers: [(name: String, value: String)] = []
    ) -> HTTPRequest {
        var path = isPathStyle ? "/\(PercentEncoding.component(bucket))" : ""
        if !key.isEmpty || path.isEmpty {
            path +=
                "/"
                + key.split(separator: "/", omittingEmptySubsequences: false).map {
                    PercentEncoding.component(String($0))
                }.joined(separator: "/")
        }
        var own: [(name: String, value: String)] = headers
        if let signature {
            let time = AWSSignature.time(client.clock.wall())
            own += [("x-amz-content-sha256", AWSSignature.emptyHash), ("x-amz-date", time)]
            if let token = signature.credentials.sessionToken { own.append(("x-amz-security-token", token)) }
            own.append(
                (
                    "Authorization",
                    signature.authorization(
                        method.rawValue, path: path, query: query, headers: own + [("host", host)], time: time)
                ))
        }
        let suffix = query.isEmpty ? "" : "?" + AWSSignature.canonical(query)
        var request = HTTPRequest(method, "\(scheme)://\(host)\(path)\(suffix)", headers: own)
        // A signature holds for one host only.
        request.followsRedirects = false
        return request
    }

    /// One page of what lies directly below `prefix`, which is empty or ends with a slash.
    ///
    /// - Parameter limit: entries at most; the service itself gives no more than 1,000.
    /// - Returns: the entries, and the token of the next page; nil on the last one.
    package func list(
        _ prefix: String, after token: String?, limit: Int = 1_000, _ connection: HTTPConnection, _ body: BodyBuffer
    ) throws(HTTPError) -> (entries: [RemoteEntry], next: String?) {
        var query = [
            ("list-type", "2"), ("delimiter", "/"), ("encoding-type", "url"), ("max-keys", String(limit)),
        ]
        if !prefix.isEmpty { query.append(("prefix", prefix)) }
        if let token { query.append(("continuation-token", token)) }
        let request = request(key: "", query: query)
        let response = try connection.perform(request, into: body)
        try check(response, body)
        guard let listing = S3Listing(body.bytes, prefix: prefix) else {
            throw HTTPError(
                .transient, .status,
                "\(response.description) is no list of objects; if it lasts, check endpoint, bucket and path_style.")
        }
        return (listing.entries, listing.next)
    }

    /// An object's bytes from `offset` on, as long as it is the one that was listed.
    package func open(
        _ key: String, from offset: UInt64, tag: String?, _ connection: HTTPConnection
    ) throws(HTTPError) -> HTTPStream {
        var headers: [(name: String, value: String)] = []
        if let tag { headers.append(("If-Match", tag)) }
        if offset > 0 { headers.append(("Range", "bytes=\(offset)-")) }
        do { return try connection.open(request(key: key, headers: headers)) } catch { throw explained(error, key) }
    }

    /// Throws for an answer that is an error.
    func check(_ response: HTTPResponse, _ body: BodyBuffer) throws(HTTPError) {
        if (300..<400).contains(response.status) { throw elsewhere(response) }
        do { try client.check(response, body: body) } catch { throw explained(error, "") }
    }

    /// The service says where a bucket lies that is asked for in another region.
    private func elsewhere(_ response: HTTPResponse) -> HTTPError {
        let place = response.header("x-amz-bucket-region").map { "it lies in region \($0): set `region`" }
        return HTTPError(
            .configuration, .status,
            "The bucket \(bucket) is not answered for here (\(response.status)): \(place ?? "check endpoint, region and path_style").",
            status: response.status)
    }

    /// The service's own words for what is wrong (Amazon S3 API Reference, "Error responses"), with what to do.
    private func explained(_ error: HTTPError, _ key: String) -> HTTPError {
        guard let status = error.status, let start = error.message.firstRange(of: "<Code>"),
            let end = error.message[start.upperBound...].firstRange(of: "</Code>")
        else { return error }
        let code = error.message[start.upperBound..<end.lowerBound]
        let advice =
            switch code {
            case "AccessDenied":
                signature == nil
                    ? "Not everybody may read it: set access_key and secret_key."
                    : "Let access_key list the bucket (s3:ListBucket) and read objects (s3:GetObject)."
            case "SignatureDoesNotMatch": "secret_key is not the one of access_key."
            case "InvalidAccessKeyId": "The service does not know access_key."
            case "ExpiredToken", "InvalidToken", "TokenRefreshRequired": "session_token is over: fetch another one."
            case "RequestTimeTooSkewed": "This host's clock is wrong: set it."
            case "NoSuchBucket": "Check bucket, endpoint and path_style."
            case "AuthorizationHeaderMalformed": "Check region."
            case "InvalidObjectState": "The object is archived: restore it, or leave it out by the pattern."
            default: error.category == .transient ? "It may pass: try again later." : "Check the connection's settings."
            }
        return HTTPError(
            error.category, error.code, "s3://\(bucket)/\(key) answered \(status) \(code). \(advice)",
            retryAfter: error.retryAfter, status: status)
    }
}
