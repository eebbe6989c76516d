internal import Glibc

/// Files of another host as `--from` names them, and the configuration that stands for it.
struct RemotePlace {
    /// The connection's keys, as YAML.
    let connection: String
    /// The source's keys, as YAML.
    let source: String

    /// nil when the text names no files of another host.
    ///
    /// - Throws: a usage error for an address that holds a password or names no file.
    init?(_ text: String) throws {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
        let scheme = text[..<colon].lowercased()
        guard ["s3", "sftp", "http", "https"].contains(scheme) else { return nil }
        let rest = text[text.index(colon, offsetBy: 3)...]
        let authority = rest.prefix { $0 != "/" }
        let path = String(rest[authority.endIndex...].dropFirst())
        guard !authority.isEmpty, !path.isEmpty else {
            throw CommandError(
                .usage, "--from: name a host or bucket, and files in it, such as \(scheme)://name/directory/file.csv")
        }
        if let at = authority.firstIndex(of: "@"), scheme != "sftp" || authority[..<at].contains(":") {
            throw CommandError(
                .usage,
                "--from: an address with \(scheme == "sftp" ? "a password" : "credentials") would be seen by everybody who lists processes: "
                    + (scheme == "sftp"
                        ? "use a key by the SSH agent, or a configuration file" : "use a configuration file"))
        }
        switch scheme {
        case "s3": (connection, source) = RemotePlace.s3(String(authority), path)
        case "sftp": (connection, source) = try RemotePlace.sftp(authority, path)
        default:
            connection = "type: http, base_url: \(OneLiner.quoted("\(scheme)://\(authority)"))"
            source = "connection: source, files: \(OneLiner.quoted(RemotePlace.escaped(path)))"
        }
    }

    /// What AWS's own tools take from the environment.
    private static func s3(_ bucket: String, _ path: String) -> (String, String) {
        let (directory, pattern) = OneLiner.split(path)
        var keys = ["type: s3", "bucket: \(OneLiner.quoted(bucket))"]
        if let directory { keys.append("prefix: \(OneLiner.quoted(directory))") }
        if has("AWS_ACCESS_KEY_ID"), has("AWS_SECRET_ACCESS_KEY") {
            keys += ["access_key: \"${AWS_ACCESS_KEY_ID}\"", "secret_key: \"${AWS_SECRET_ACCESS_KEY}\""]
            if has("AWS_SESSION_TOKEN") { keys.append("session_token: \"${AWS_SESSION_TOKEN}\"") }
        }
        if let region = ["AWS_REGION", "AWS_DEFAULT_REGION"].first(where: has) {
            keys.append("region: \"${\(region)}\"")
        }
        if has("AWS_ENDPOINT_URL") { keys.append("endpoint: \"${AWS_ENDPOINT_URL}\"") }
        return (keys.joined(separator: ", "), "connection: source, path: \(OneLiner.quoted(pattern))")
    }

    private static func sftp(_ authority: Substring, _ path: String) throws -> (String, String) {
        let parts = authority.split(separator: "@", maxSplits: 1)
        guard parts.count == 2, let host = parts.last else {
            throw CommandError(.usage, "--from: name the user, too: sftp://user@\(authority)/\(path)")
        }
        let (directory, pattern) = OneLiner.split(path)
        let isAddress = host.hasPrefix("[")
        let end = isAddress ? host.firstIndex(of: "]").map { host.index(after: $0) } : host.firstIndex(of: ":")
        var keys = [
            "type: sftp", "user: \(OneLiner.quoted(String(parts[0])))",
            "host: \(OneLiner.quoted(String(host[..<(end ?? host.endIndex)])))",
            "path: \(OneLiner.quoted("/" + (directory ?? "")))",
        ]
        if let end, host[end...].count > 1 { keys.append("port: \(host[end...].dropFirst())") }
        return (keys.joined(separator: ", "), "connection: source, path: \(OneLiner.quoted(pattern))")
    }

    private static func has(_ name: String) -> Bool { getenv(name).map { $0.pointee != 0 } ?? false }

    /// An address has no placeholders.
    private static func escaped(_ path: String) -> String {
        path.split(separator: "{", omittingEmptySubsequences: false).joined(separator: "{{")
            .split(separator: "}", omittingEmptySubsequences: false).joined(separator: "}}")
    }
}
