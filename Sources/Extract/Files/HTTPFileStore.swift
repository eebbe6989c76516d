internal import Configuration
internal import Formats
internal import HTTP

/// Files by name on a web server.
struct HTTPFileStore: FileStore {
    private let client: HTTPClient
    let place: String
    let advice = "correct `files`"

    init(_ client: HTTPClient, baseURL: String) {
        self.client = client
        place = baseURL
    }

    func connect(isCancelled: @escaping () -> Bool) throws -> any FileSession {
        HTTPFileSession(client, try HTTPConnection(client, isCancelled: isCancelled))
    }

    /// How an address is called in messages and in the log: without secrets that stand in it.
    static func name(_ url: String, below base: String) -> String {
        let shown = Redaction.url(url)
        return shown.hasPrefix(base + "/") ? String(shown.dropFirst(base.count + 1)) : shown
    }
}

private final class HTTPFileSession: FileSession {
    private let client: HTTPClient
    private let connection: HTTPConnection
    private let body = BodyBuffer()

    init(_ client: HTTPClient, _ connection: HTTPConnection) {
        self.client = client
        self.connection = connection
    }

    func list(_ directory: String) throws -> [DirectoryEntry] {
        throw ExtractError(.configuration, "there is no listing over http: name each file under `files`")
    }

    /// By HEAD, or where a server has none (an address that is signed for GET alone) by GET of the first byte.
    func identity(of path: String) throws -> FileIdentity {
        let response = try connection.perform(HTTPRequest(.head, path), into: body)
        if HTTPError.category(ofStatus: response.status) == nil { return identity(path, RemoteObject(response)) }
        guard [400, 403, 405, 501].contains(response.status) else {
            try client.check(response)
            return identity(path, RemoteObject(response))
        }
        let stream = try connection.open(HTTPRequest(.get, path, headers: [("Range", "bytes=0-0")]))
        defer { stream.close() }
        return identity(path, RemoteObject(stream.response))
    }

    /// A server that gives neither ETag nor time cannot say whether a file changed: it counts as another one each time.
    private func identity(_ path: String, _ object: RemoteObject) -> FileIdentity {
        guard object.tag == nil, object.modified == 0 else { return FileIdentity(path, object) }
        let number = UInt64.random(in: .min ... .max)
        return FileIdentity(
            path: path, size: object.size, modifiedNanoseconds: 0, contentHash: "unknown \(String(number, radix: 16))")
    }

    func open(_ file: SourceFile, from offset: UInt64) throws -> any FileBody {
        var headers: [(name: String, value: String)] = []
        if let tag = file.identity.contentHash, tag.hasPrefix("\"") { headers.append(("If-Match", tag)) }
        if offset > 0 { headers.append(("Range", "bytes=\(offset)-")) }
        let stream = try Changed.noted { try connection.open(HTTPRequest(.get, file.path, headers: headers)) }
        guard isSame(identity(file.path, RemoteObject(stream.response)), file.identity) else {
            stream.close()
            throw FileChanged()
        }
        return RemoteFileBody(stream)
    }

    func isUnchanged(_ file: SourceFile) throws -> Bool { isSame(try identity(of: file.path), file.identity) }

    private func isSame(_ now: FileIdentity, _ then: FileIdentity) -> Bool {
        // An answer in pieces has no length.
        guard now.size == then.size || now.size < 0 || then.size < 0 else { return false }
        if then.contentHash?.hasPrefix("unknown ") == true { return true }
        if let tag = now.contentHash, let other = then.contentHash { return tag == other }
        return now.modifiedNanoseconds == then.modifiedNanoseconds
    }
}
