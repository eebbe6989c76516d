internal import Formats
internal import Storage

/// Files below a directory of this host.
struct LocalStore: FileStore {
    let place: String
    let files: any FileSystem
    let advice = "make the directory, or correct `path` of the connection"

    func connect(isCancelled: @escaping () -> Bool) -> any FileSession { LocalSession(place, files) }
}

private final class LocalSession: FileSession {
    private let directory: String
    private let files: any FileSystem

    init(_ directory: String, _ files: any FileSystem) {
        self.directory = directory
        self.files = files
    }

    func list(_ path: String) throws -> [DirectoryEntry] {
        let full = path.isEmpty ? directory : "\(directory)/\(path)"
        var entries: [DirectoryEntry] = []
        let names = try files.list(full, .sourceList) { odd in
            entries.append(DirectoryEntry(undecodable: odd.bytes, kind: kind(odd.kind)))
        }
        for name in names {
            do throws(StorageError) {
                let status = try files.status("\(full)/\(name)", .sourceStatus)
                entries.append(DirectoryEntry(name: name, kind: kind(status.kind)))
            } catch {
                // Renamed or removed since the listing.
                if error.code == .notFound { continue }
                throw error
            }
        }
        return entries
    }

    private func kind(_ kind: FileStatus.Kind) -> DirectoryEntry.Kind {
        switch kind {
        case .file: .file
        case .directory: .directory
        case .symbolicLink: .symbolicLink
        case .other: .other
        }
    }

    func identity(of path: String) throws -> FileIdentity {
        let status = try files.status("\(directory)/\(path)", .sourceStatus)
        return FileIdentity(path: path, size: Int64(status.size), modifiedNanoseconds: status.modified)
    }

    func open(_ file: SourceFile, from offset: UInt64) throws -> any FileBody {
        LocalBody(files: files, file: try files.open("\(directory)/\(file.path)", .read, .sourceOpen))
    }

    func isUnchanged(_ file: SourceFile) throws -> Bool { try identity(of: file.path) == file.identity }
}

/// An open file of the host's.
private final class LocalBody: FileBody {
    private let files: any FileSystem
    private var file: FileDescriptor?
    let start: UInt64 = 0

    init(files: any FileSystem, file: FileDescriptor) {
        self.files = files
        self.file = file
    }

    deinit { close() }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let file else { return 0 }
        return try files.read(file, into: buffer, .sourceRead)
    }

    func close() {
        if let file { try? files.close(file, .sourceClose) }
        file = nil
    }
}
