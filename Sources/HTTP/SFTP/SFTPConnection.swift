import CCurl
import CCurlShims

/// Where an SFTP server is, and who asks. Prints without secrets.
package struct SFTPOptions: Sendable, RedactedDescription {
    package var host: String
    package var port: Int
    package var user: String
    package var password: String?
    /// The private key (PEM or OpenSSH's form); nil asks the agent, unless there is a password.
    package var keyFile: String?
    package var keyPassword: String?
    /// The file with the keys of known hosts.
    package var knownHosts: String
    /// Seconds to connect and log in.
    package var connectTimeout: Double = 30
    /// Seconds without a byte; 0 is no limit.
    package var idleTimeout: Double = 60

    /// Options with the limits above.
    package init(host: String, port: Int, user: String, knownHosts: String) {
        self.host = host
        self.port = port
        self.user = user
        self.knownHosts = knownHosts
    }

    package var description: String { address }

    /// `sftp://user@host:port`.
    package var address: String { "sftp://\(user)@\(host)\(port == 22 ? "" : ":\(port)")" }

    var authority: String {
        let host = self.host.contains(":") && !self.host.hasPrefix("[") ? "[\(self.host)]" : self.host
        return "sftp://\(host):\(port)"
    }

    var secrets: [String] { [password, keyPassword].compactMap { $0 }.filter { $0.utf8.count > 1 } }
}

/// A blocking SFTP connection of one thread (SSH File Transfer Protocol, version 3, by libcurl and libssh2).
///
/// The host's key must stand in the file of known hosts; nothing is added to that file.
package final class SFTPConnection {
    package let options: SFTPOptions
    private let easy: CurlEasy
    private let isCancelled: () -> Bool
    private var multi: CurlMulti?
    private let body = BodyBuffer()

    /// Connects nothing yet. `isCancelled` is asked at least once a second while a call blocks.
    package init(_ options: SFTPOptions, isCancelled: @escaping () -> Bool = { false }) throws(HTTPError) {
        self.options = options
        self.isCancelled = isCancelled
        easy = try CurlEasy(isCancelled: isCancelled)
    }

    /// What lies in a directory, by its absolute path, but for `.` and `..`.
    ///
    /// libcurl gives the text that the server makes for people, whose form differs between servers. The names come from a second
    /// listing without it, and of the text only the first character counts, which all of them take from `ls -l`.
    package func list(_ directory: String) throws(HTTPError) -> [RemoteEntry] {
        let path = directory.hasSuffix("/") ? directory : directory + "/"
        for _ in 0..<4 {
            let names = try lines(path, namesOnly: true)
            let details = try lines(path, namesOnly: false)
            if let entries = Self.entries(names, details) { return entries }
        }
        throw HTTPError(
            .transient, .transfer,
            "\(options.address)\(path) changes all the time while it is listed, or its listing cannot be read: try again."
        )
    }

    /// Joins the two listings; nil when they are not of the same state.
    static func entries(_ names: [[UInt8]], _ details: [[UInt8]]) -> [RemoteEntry]? {
        guard names.count == details.count else { return nil }
        var entries: [RemoteEntry] = []
        for (name, detail) in zip(names, details) {
            let kind: RemoteEntry.Kind =
                switch detail.first {
                case UInt8(ascii: "-"): .file
                case UInt8(ascii: "d"): .directory
                case UInt8(ascii: "l"): .symbolicLink
                default: .other
                }
            // Behind the name of a link stands where it leads.
            guard kind == .symbolicLink || detail.suffix(name.count).elementsEqual(name) else { return nil }
            if name == Array(".".utf8) || name == Array("..".utf8) { continue }
            entries.append(RemoteEntry(name: name, kind: kind, object: nil))
        }
        return entries
    }

    private func lines(_ path: String, namesOnly: Bool) throws(HTTPError) -> [[UInt8]] {
        try prepare(path)
        try easy.set(CURLOPT_DIRLISTONLY, namesOnly ? 1 : 0)
        if let failure = easy.run(into: body, limit: 512 << 20) { throw fault(failure, path) }
        return body.bytes.split(separator: UInt8(ascii: "\n")).map { line in
            Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
        }
    }

    /// Size and time of a file, by its absolute path; the time in whole seconds, as the protocol has it. Of an empty file libcurl
    /// tells no size.
    package func status(_ path: String) throws(HTTPError) -> RemoteObject {
        try prepare(path)
        try easy.set(CURLOPT_NOBODY, 1)
        try easy.set(CURLOPT_FILETIME, 1)
        if let failure = easy.run(into: body, limit: 512 << 20) { throw fault(failure, path) }
        return object()
    }

    private func object() -> RemoteObject {
        let time = easy.offset(CURLINFO_FILETIME_T)
        return RemoteObject(
            size: Int64(easy.offset(CURLINFO_CONTENT_LENGTH_DOWNLOAD_T)),
            modified: time > 0 ? Int64(time) * 1_000_000_000 : 0, tag: nil)
    }

    /// The bytes of a file from `offset` on.
    package func open(_ path: String, from offset: UInt64) throws(HTTPError) -> SFTPStream {
        try prepare(path)
        if offset > 0 { try easy.set(CURLOPT_RESUME_FROM_LARGE, offset: Int(offset)) }
        easy.pipe = CurlPipe()
        let multi = try transfers()
        try multi.begin(easy)
        multi.advance()
        // What came before a failure is worth reading.
        if easy.pipe?.waiting == 0, let code = multi.result, let failure = easy.failure(code) {
            multi.stop()
            throw fault(failure, path)
        }
        return SFTPStream(
            TransferBody(easy, multi) { [self] failure in fault(failure, path) }, start: offset)
    }

    private func transfers() throws(HTTPError) -> CurlMulti {
        if let multi { return multi }
        let made = try CurlMulti(isCancelled: isCancelled)
        multi = made
        return made
    }

    private func prepare(_ path: String) throws(HTTPError) {
        if isCancelled() { throw HTTPError(.cancelled, .cancelled, "\(options.address)\(path): cancelled.") }
        multi?.stop()
        try easy.reset()
        try easy.set(CURLOPT_PROTOCOLS_STR, "sftp")
        // Each segment encoded, so that no name means anything in an address; dots are not resolved.
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).map {
            PercentEncoding.component(String($0))
        }
        try easy.set(CURLOPT_URL, options.authority + segments.joined(separator: "/"))
        try easy.set(CURLOPT_PATH_AS_IS, 1)
        try easy.set(CURLOPT_USERNAME, options.user)
        try easy.set(CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(min(options.connectTimeout, 86_400) * 1_000)))
        if options.idleTimeout > 0 {
            try easy.set(CURLOPT_LOW_SPEED_LIMIT, 1)
            try easy.set(CURLOPT_LOW_SPEED_TIME, max(1, Int(min(options.idleTimeout + 0.999, 86_400))))
        }
        var kinds = 0
        if let password = options.password {
            kinds |= curl_shim_ssh_password
            try easy.set(CURLOPT_PASSWORD, password)
        }
        if let file = options.keyFile {
            kinds |= curl_shim_ssh_publickey
            try easy.set(CURLOPT_SSH_PRIVATE_KEYFILE, file)
            if let password = options.keyPassword { try easy.set(CURLOPT_KEYPASSWD, password) }
        }
        if kinds == 0 { kinds = curl_shim_ssh_agent }
        try easy.set(CURLOPT_SSH_AUTH_TYPES, kinds)
        try easy.checkHostKeys(knownHosts: options.knownHosts, HostKeyCheck())
    }

    /// libcurl's words as an error with what to do; secrets are taken out of them.
    private func fault(_ failure: CurlFailure, _ path: String) -> HTTPError {
        let place = "\(options.address)\(path)"
        guard case .transfer(let detail, _) = failure.kind else {
            return HTTPError(.transient, .outOfMemory, "\(place): no memory for the listing.")
        }
        if failure.code == CURLE_ABORTED_BY_CALLBACK {
            return HTTPError(.cancelled, .cancelled, "\(place): cancelled.")
        }
        if let problem = easy.hostKey?.problem { return refusal(problem) }
        let words = Redaction.scrub(detail, of: options.secrets)
        func error(_ category: HTTPError.Category, _ code: HTTPError.Code, _ advice: String) -> HTTPError {
            HTTPError(category, code, "\(place): \(words). \(advice)")
        }
        switch failure.code {
        case CURLE_LOGIN_DENIED:
            return error(
                .permission, .status,
                "Check user, password and key_file (libssh2 before 1.11 cannot log in by RSA keys).")
        case CURLE_REMOTE_FILE_NOT_FOUND: return error(.configuration, .status, "Check path and the pattern.")
        case CURLE_REMOTE_ACCESS_DENIED: return error(.permission, .status, "The user may not read it.")
        case CURLE_PEER_FAILED_VERIFICATION: return error(.configuration, .tlsRejected, "Check known_hosts.")
        case CURLE_COULDNT_RESOLVE_HOST:
            return error(.transient, .unresolvedHost, "If it lasts, check host and the DNS.")
        case CURLE_COULDNT_CONNECT:
            return error(.transient, .connectFailed, "If it lasts, check host, port and firewall.")
        case CURLE_OPERATION_TIMEDOUT:
            return error(.transient, .timedOut, "The server is slow or a time-out too short.")
        case CURLE_PARTIAL_FILE: return error(.transient, .partialBody, "The file was cut: try again.")
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_NOT_BUILT_IN:
            return error(
                .configuration, .invalidOptions, "This libcurl was built without SFTP: install one with libssh2.")
        case CURLE_FAILED_INIT, CURLE_UNKNOWN_OPTION, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_URL_MALFORMAT:
            return error(.configuration, .invalidOptions, "Check the connection's settings.")
        default: return error(.transient, .transfer, "Try again; if it lasts, check the server.")
        }
    }

    private func refusal(_ problem: (isOther: Bool, fingerprint: String)) -> HTTPError {
        let name = options.port == 22 ? options.host : "[\(options.host)]:\(options.port)"
        let advice =
            problem.isOther
            ? "it shows another one, \(problem.fingerprint): either it was set up anew or somebody stands in between; ask its administrator, and "
                + "replace its line only then"
            : "its key is \(problem.fingerprint): compare that with what its administrator says, then add it "
                + "(ssh-keyscan\(options.port == 22 ? "" : " -p \(options.port)") \(options.host) >> \(options.knownHosts))"
        return HTTPError(
            .configuration, .tlsRejected,
            "The host \(name) is \(problem.isOther ? "not the one that is known" : "unknown") in \(options.knownHosts): \(advice)."
        )
    }
}

/// The bytes of one file, taken piece by piece with a bounded amount of memory.
package final class SFTPStream: RemoteBody {
    /// Where in the file the first byte lies.
    package let start: UInt64
    private let body: TransferBody

    init(_ body: TransferBody, start: UInt64) {
        self.body = body
        self.start = start
    }

    /// Waits for bytes and moves them into `buffer`, which is not empty; 0 at the end.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(HTTPError) -> Int {
        try body.read(into: buffer)
    }

    /// Gives up what has not come yet.
    package func close() { body.close() }
}
