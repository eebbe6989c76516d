/// Connections to files on other hosts.
extension ConnectionReader {
    func readS3(_ fields: Fields, _ expander: Expander) -> S3ConnectionSettings? {
        let access = expander.text("access_key", of: fields)
        let secret = expander.secret("secret_key", of: fields)
        let token = expander.secret("session_token", of: fields)
        for (key, other) in [("access_key", "secret_key"), ("secret_key", "access_key")]
        where fields.has(key) && !fields.has(other) {
            fields.fail(.missingKey, other, "the key is missing; \(key) needs it")
        }
        if fields.has("session_token"), !fields.has("access_key") {
            fields.fail(.conflict, "session_token", "a token belongs to an access_key and its secret_key")
        }
        let endpoint = fields.has("endpoint") ? address("endpoint", of: fields, expander) : nil
        if let endpoint, let reason = Self.origin(endpoint) { fields.fail(.wrongValue, "endpoint", reason) }
        let proxy = readProxy(fields, expander)
        let region = expander.text("region", of: fields) ?? ""
        if region.utf8.contains(where: { "/?#@: ".utf8.contains($0) }) {
            fields.fail(.wrongValue, "region", "expected a region such as eu-central-1")
        }
        guard let bucket = expander.text("bucket", of: fields) else { return nil }
        if bucket.utf8.contains(where: { "/?#@: ".utf8.contains($0) }) {
            fields.fail(
                .wrongValue, "bucket", "a bucket's name has none of / ? # @ : and no spaces; put a path into `prefix`")
        }
        let prefix = expander.text("prefix", of: fields) ?? ""
        return S3ConnectionSettings(
            bucket: bucket, prefix: Self.trimmed(prefix), endpoint: endpoint.map { Self.trimmed($0) }, region: region,
            credentials: access.flatMap { access in
                secret.map { .init(accessKey: access, secretKey: $0, sessionToken: token) }
            },
            isPathStyle: fields.has("path_style") ? fields.boolean("path_style") : endpoint != nil,
            caFile: expander.file("ca_file", of: fields), verifyTLS: fields.boolean("verify_tls"),
            timeouts: readTimeouts(fields),
            rateLimit: fields.optionalText("rate_limit").flatMap { try? RateLimit(parsing: $0) }, proxy: proxy,
            userAgent: expander.text("user_agent", of: fields) ?? "")
    }

    func readSFTP(_ fields: Fields, _ expander: Expander) -> SFTPConnectionSettings? {
        for key in ["host", "user"] where !fields.has(key) {
            fields.fail(.missingKey, key, "the key is missing; expected text")
        }
        if fields.has("key_password"), !fields.has("key_file") {
            fields.fail(.conflict, "key_password", "the password of a key needs its key_file")
        }
        let host = expander.text("host", of: fields)
        let user = expander.text("user", of: fields)
        let password = expander.secret("password", of: fields)
        let keyPassword = expander.secret("key_password", of: fields)
        let knownHosts = expander.file("known_hosts", of: fields)
        guard let path = expander.text("path", of: fields), let host, let user, let knownHosts else { return nil }
        if host.utf8.contains(where: { "/?#@ ".utf8.contains($0) }) {
            fields.fail(
                .wrongValue, "host",
                "expected the name or address of a host; port, user and path have keys of their own")
        }
        if !path.isEmpty, !path.hasPrefix("/") {
            fields.fail(.wrongValue, "path", "expected a directory from the server's root, such as /home/sync/outbox")
        }
        return SFTPConnectionSettings(
            host: host, port: fields.optionalInteger("port") ?? 22, user: user, password: password,
            keyFile: expander.file("key_file", of: fields), keyPassword: keyPassword, knownHosts: knownHosts,
            path: "/" + Self.trimmed(path), timeouts: readTimeouts(fields))
    }

    /// Why an address is more than a scheme, a host and a port.
    private static func origin(_ url: String) -> String? {
        let rest = url.utf8.drop { $0 != UInt8(ascii: ":") }.dropFirst(3)
        let path = rest.drop { !"/?#".utf8.contains($0) }
        return path.allSatisfy { $0 == UInt8(ascii: "/") }
            ? nil : "expected an address without a path; the bucket stands in `bucket`, a path in `prefix`"
    }

    /// Without the slashes at its ends.
    private static func trimmed(_ text: String) -> String {
        var rest = text[...]
        while rest.hasPrefix("/") { rest.removeFirst() }
        while rest.hasSuffix("/") { rest.removeLast() }
        return String(rest)
    }
}
