internal import Configuration
internal import Formats
internal import HTTP

/// Objects below a prefix of a bucket.
struct S3Store: FileStore {
    private let bucket: S3Bucket
    /// Empty, or with a slash at its end.
    private let prefix: String
    let place: String
    let advice = "correct `bucket` or `prefix` of the connection"

    init(_ settings: S3ConnectionSettings) throws(HTTPError) {
        var options = HTTPClientOptions()
        options.caFile = settings.caFile
        options.verifyTLS = settings.verifyTLS
        options.connectTimeout = HTTPOptions.seconds(settings.timeouts.connect)
        options.requestTimeout = HTTPOptions.seconds(settings.timeouts.request)
        options.idleTimeout = HTTPOptions.seconds(settings.timeouts.idle)
        options.proxy = settings.proxy.map { Proxy(url: $0.reveal()) }
        options.requestsPerSecond = settings.rateLimit.map {
            Double($0.requests) / max(HTTPOptions.seconds($0.interval), 1e-9)
        }
        options.userAgent = settings.userAgent
        bucket = try S3Bucket(
            bucket: settings.bucket, endpoint: settings.endpoint, region: settings.region,
            isPathStyle: settings.isPathStyle,
            credentials: settings.credentials.map {
                AWSSignature.Credentials(
                    accessKey: $0.accessKey, secretKey: $0.secretKey.reveal(),
                    sessionToken: $0.sessionToken?.reveal())
            }, options: options)
        prefix = settings.prefix.isEmpty ? "" : settings.prefix + "/"
        place = "s3://\(settings.bucket)" + (settings.prefix.isEmpty ? "" : "/\(settings.prefix)")
    }

    func connect(isCancelled: @escaping () -> Bool) throws -> any FileSession {
        S3Session(bucket, prefix, try HTTPConnection(bucket.client, isCancelled: isCancelled))
    }

    /// Asks for one entry: whether the bucket is there and these credentials may list it.
    func probe() throws {
        let connection = try HTTPConnection(bucket.client)
        _ = try bucket.list(prefix, after: nil, limit: 1, connection, BodyBuffer())
    }
}

private final class S3Session: FileSession {
    private let bucket: S3Bucket
    private let prefix: String
    private let connection: HTTPConnection
    private let body = BodyBuffer()
    /// Of the directories listed so far, by the path: a listing tells all there is to know of a file.
    private var known: [String: RemoteObject] = [:]

    init(_ bucket: S3Bucket, _ prefix: String, _ connection: HTTPConnection) {
        self.bucket = bucket
        self.prefix = prefix
        self.connection = connection
    }

    func list(_ path: String) throws -> [DirectoryEntry] {
        let directory = path.isEmpty ? "" : path + "/"
        var entries: [DirectoryEntry] = []
        var token: String?
        repeat {
            let page = try bucket.list(prefix + directory, after: token, connection, body)
            for remote in page.entries {
                let entry = DirectoryEntry(remote)
                if let object = remote.object { known[directory + entry.name] = object }
                entries.append(entry)
            }
            if page.next == token, token != nil {
                throw ExtractError(
                    .transient, "the listing of \(prefix)\(directory) gives the same page again and again")
            }
            token = page.next
        } while token != nil
        return entries
    }

    func identity(of path: String) throws -> FileIdentity {
        guard let object = known.removeValue(forKey: path) else {
            throw ExtractError(.transient, "\(prefix)\(path) is in no listing: it was removed meanwhile")
        }
        return FileIdentity(path, object)
    }

    func open(_ file: SourceFile, from offset: UInt64) throws -> any FileBody {
        let stream = try Changed.noted {
            try bucket.open(prefix + file.path, from: offset, tag: file.identity.contentHash, connection)
        }
        // Not every service heeds the condition.
        let now = RemoteObject(stream.response)
        guard now.size < 0 || now.size == file.identity.size, now.tag == nil || now.tag == file.identity.contentHash
        else {
            stream.close()
            throw FileChanged()
        }
        return RemoteFileBody(stream)
    }

    /// Each request names the tag, and an object is replaced as a whole.
    func isUnchanged(_ file: SourceFile) -> Bool { true }
}

/// A file that is not any more what was listed.
enum Changed {
    /// A server's refusal of a condition (412), or of a name that was just listed (404), is no mistake of the configuration.
    static func noted<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as HTTPError where error.status == 412 || error.status == 404 {
            throw FileChanged()
        }
    }
}

/// The file is another one than when it was looked at: the run is given up, whatever was read.
struct FileChanged: Error {}
