internal import Configuration
internal import Formats
internal import HTTP

/// Files below a directory of an SFTP server.
struct SFTPStore: FileStore {
    let options: SFTPOptions
    /// Absolute, without a slash at its end.
    let directory: String
    let advice = "correct `path` of the connection"

    init(_ settings: SFTPConnectionSettings) {
        var options = SFTPOptions(
            host: settings.host, port: settings.port, user: settings.user, knownHosts: settings.knownHosts)
        options.password = settings.password?.reveal()
        options.keyFile = settings.keyFile
        options.keyPassword = settings.keyPassword?.reveal()
        options.connectTimeout = HTTPOptions.seconds(settings.timeouts.connect)
        options.idleTimeout = HTTPOptions.seconds(settings.timeouts.idle)
        self.options = options
        directory = settings.path == "/" ? "" : settings.path
    }

    var place: String { options.address + directory }

    func connect(isCancelled: @escaping () -> Bool) throws -> any FileSession {
        SFTPSession(try SFTPConnection(options, isCancelled: isCancelled), directory)
    }
}

private final class SFTPSession: FileSession {
    private let connection: SFTPConnection
    private let directory: String

    init(_ connection: SFTPConnection, _ directory: String) {
        self.connection = connection
        self.directory = directory
    }

    func list(_ path: String) throws -> [DirectoryEntry] {
        try connection.list("\(directory)/\(path)").map { DirectoryEntry($0) }
    }

    func identity(of path: String) throws -> FileIdentity {
        FileIdentity(path, try connection.status("\(directory)/\(path)"))
    }

    func open(_ file: SourceFile, from offset: UInt64) throws -> any FileBody {
        RemoteFileBody(try connection.open("\(directory)/\(file.path)", from: offset))
    }

    func isUnchanged(_ file: SourceFile) throws -> Bool { try identity(of: file.path) == file.identity }
}
