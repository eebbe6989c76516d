internal import Formats
internal import HTTP

/// One file that a partition is made of.
struct SourceFile: Sendable {
    /// Below the connection's directory, prefix or base address; may hold a secret where it is an address.
    var path: String
    /// Its path is for messages and for the log.
    var identity: FileIdentity
}

/// Where the files of a source lie: a directory of this host, or another host.
protocol FileStore: Sendable {
    /// What stands before a path in messages, without a slash at its end.
    var place: String { get }
    /// What to do when that is not there.
    var advice: String { get }
    /// A connection for one thread; nothing is asked yet.
    func connect(isCancelled: @escaping () -> Bool) throws -> any FileSession
}

/// A connection to a store, used by one thread.
protocol FileSession: AnyObject {
    /// The entries of a directory, by its path below the store's place; the top is the empty path.
    func list(_ directory: String) throws -> [DirectoryEntry]
    /// What a file is now.
    func identity(of path: String) throws -> FileIdentity
    /// Opens a file; one body at a time.
    func open(_ file: SourceFile, from offset: UInt64) throws -> any FileBody
    /// Whether a file that was read to its end is still the same. Not asked of stores that read only what the identity names.
    func isUnchanged(_ file: SourceFile) throws -> Bool
}

/// The bytes of an open file.
protocol FileBody: AnyObject {
    /// Where in the file the first byte lies: a server may begin at 0, whatever it was asked for.
    var start: UInt64 { get }
    /// As ``ByteSource/read(into:)``.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
    func close()
}

/// A file of another host as the readers of formats want it.
final class RemoteFileBody: FileBody {
    private let body: any RemoteBody

    init(_ body: any RemoteBody) { self.body = body }

    var start: UInt64 { body.start }
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int { try body.read(into: buffer) }
    func close() { body.close() }
}

extension FileIdentity {
    /// What a server says of a file.
    init(_ path: String, _ object: RemoteObject) {
        self.init(path: path, size: object.size, modifiedNanoseconds: object.modified, contentHash: object.tag)
    }
}

extension DirectoryEntry {
    /// An entry of another host's directory.
    init(_ entry: RemoteEntry) {
        let kind: Kind =
            switch entry.kind {
            case .file: .file
            case .directory: .directory
            case .symbolicLink: .symbolicLink
            case .other: .other
            }
        if let name = String(validating: entry.name, as: UTF8.self) {
            self.init(name: name, kind: kind)
        } else {
            self.init(undecodable: entry.name, kind: kind)
        }
    }
}
