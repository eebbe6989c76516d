/// A file on another host, as its server describes it.
package struct RemoteObject: Sendable, Equatable {
    /// Bytes; -1 when the server does not say.
    package let size: Int64
    /// Time of the last change, nanoseconds since 1970-01-01 UTC; 0 when the server does not say.
    package let modified: Int64
    /// The ETag, quotes and weakness mark included; nil when there is none.
    package let tag: String?

    /// A file of these facts.
    package init(size: Int64, modified: Int64, tag: String?) {
        self.size = size
        self.modified = modified
        self.tag = tag
    }

    /// What the answer to HEAD, or to GET of the whole or a part, says of the file.
    package init(_ response: HTTPResponse) {
        var size = response.header("content-length").flatMap { Int64($0) } ?? -1
        // RFC 9110 section 14.4: of a part, the length of the whole stands behind the slash. Some S3 services send parts with 200.
        if let range = response.header("content-range") {
            size = range.split(separator: "/").last.flatMap { Int64($0) } ?? -1
        }
        self.init(
            size: size,
            modified: response.header("last-modified").flatMap(HTTPDate.parse).map { Int64($0) * 1_000_000_000 } ?? 0,
            tag: response.header("etag"))
    }

    /// Whether the tag says that every byte is the same, so that it may be asked for (RFC 9110 section 8.8.1).
    package var hasStrongTag: Bool { tag?.hasPrefix("\"") ?? false }
}

/// An entry of a directory on another host.
package struct RemoteEntry: Sendable {
    /// What an entry is.
    package enum Kind: Sendable { case file, directory, symbolicLink, other }

    /// The name's bytes, without the directory.
    package let name: [UInt8]
    package let kind: Kind
    /// What the listing tells of a file; nil when it has to be asked for.
    package let object: RemoteObject?
}

/// Bytes of a file on another host, piece by piece.
package protocol RemoteBody: AnyObject {
    /// Where in the file the first byte lies.
    var start: UInt64 { get }
    /// Waits for bytes and moves them into `buffer`, which is not empty; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HTTPError) -> Int
    /// Gives up what has not come yet.
    func close()
}

extension HTTPStream: RemoteBody {
    /// Of a part, what its Content-Range says (RFC 9110 section 14.4); otherwise the whole comes.
    package var start: UInt64 {
        guard let range = response.header("content-range") else { return 0 }
        let digits = range.drop { !$0.isNumber }.prefix { $0.isNumber }
        return UInt64(digits) ?? 0
    }
}
