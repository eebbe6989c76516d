internal import Glibc

/// The file system of the host.
package struct POSIXFileSystem: FileSystem {
    /// The real file system.
    package init() {}

    package func open(_ path: String, _ mode: OpenMode, _ operation: Operation) throws(StorageError) -> FileDescriptor {
        let flags: Int32 =
            switch mode {
            case .read: O_RDONLY
            case .create: O_WRONLY | O_CREAT | O_EXCL
            case .rewrite: O_WRONLY
            case .replace: O_WRONLY | O_CREAT | O_TRUNC
            }
        while true {
            let number = Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o640)
            if number >= 0 { return FileDescriptor(number) }
            let code = errno
            if code != EINTR { throw StorageError(errno: code, operation, path) }
        }
    }

    package func read(
        _ file: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer, _ operation: Operation
    ) throws(StorageError) -> Int {
        while true {
            let count = Glibc.read(file.number, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            let code = errno
            if code != EINTR { throw StorageError(errno: code, operation, Self.path(of: file)) }
        }
    }

    package func write(
        _ file: FileDescriptor, _ bytes: UnsafeRawBufferPointer, _ operation: Operation
    ) throws(StorageError) {
        var offset = 0
        while offset < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            let count = Glibc.write(file.number, rest.baseAddress, rest.count)
            if count > 0 {
                offset += count
            } else {
                let code = count == 0 ? EIO : errno
                if code != EINTR { throw StorageError(errno: code, operation, Self.path(of: file)) }
            }
        }
    }

    package func synchronize(_ file: FileDescriptor, _ operation: Operation) throws(StorageError) {
        while fsync(file.number) != 0 {
            let code = errno
            if code != EINTR { throw StorageError(errno: code, operation, Self.path(of: file)) }
        }
    }

    package func close(_ file: FileDescriptor, _ operation: Operation) throws(StorageError) {
        // EINTR is not repeated: Linux has closed the descriptor by then, and its path is not known any more.
        if Glibc.close(file.number) != 0 {
            let code = errno
            if code != EINTR { throw StorageError(errno: code, operation, "a file") }
        }
    }

    /// The path of an open file, for messages (proc_pid_fd(5)).
    private static func path(of file: FileDescriptor) -> String {
        var bytes = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/fd/\(file.number)", &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : "a file"
    }

    package func rename(_ source: String, _ destination: String, _ operation: Operation) throws(StorageError) {
        try check(Glibc.rename(source, destination), operation, "\(source) -> \(destination)")
    }

    package func link(_ source: String, _ destination: String, _ operation: Operation) throws(StorageError) {
        try check(Glibc.link(source, destination), operation, "\(source) -> \(destination)")
    }

    package func unlink(_ path: String, _ operation: Operation) throws(StorageError) {
        try check(Glibc.unlink(path), operation, path)
    }

    package func makeDirectory(_ path: String, _ operation: Operation) throws(StorageError) {
        try check(mkdir(path, 0o750), operation, path)
    }

    package func removeDirectory(_ path: String, _ operation: Operation) throws(StorageError) {
        try check(rmdir(path), operation, path)
    }

    package func list(_ path: String, _ operation: Operation, undecodable: (UndecodableName) -> Void)
        throws(StorageError) -> [String]
    {
        guard let directory = opendir(path) else { throw StorageError(errno: errno, operation, path) }
        defer { closedir(directory) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else {
                let code = errno
                if code != 0 { throw StorageError(errno: code, operation, path) }
                return names
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { characters in
                    let name = String(validatingCString: characters)
                    if name == nil {
                        let bytes = UnsafeBufferPointer(start: characters, count: strlen(characters))
                        undecodable(
                            UndecodableName(
                                bytes: bytes.map { UInt8(bitPattern: $0) }, kind: kind(of: characters, in: directory)))
                    }
                    return name
                }
            }
            if let name, name != ".", name != ".." { names.append(name) }
        }
    }

    private func kind(of name: UnsafePointer<CChar>, in directory: OpaquePointer) -> FileStatus.Kind {
        var value = stat()
        guard fstatat(dirfd(directory), name, &value, AT_SYMLINK_NOFOLLOW) == 0 else { return .other }
        return kind(value.st_mode)
    }

    package func status(_ path: String, _ operation: Operation) throws(StorageError) -> FileStatus {
        var value = stat()
        try check(lstat(path, &value), operation, path)
        return FileStatus(
            kind: kind(value.st_mode), size: Int(value.st_size), links: Int(value.st_nlink),
            inode: UInt64(value.st_ino),
            device: UInt64(value.st_dev),
            modified: Int64(value.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(value.st_mtim.tv_nsec))
    }

    private func kind(_ mode: mode_t) -> FileStatus.Kind {
        switch mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .directory
        case S_IFLNK: .symbolicLink
        default: .other
        }
    }

    package func synchronizeDirectory(_ path: String, _ operation: Operation) throws(StorageError) {
        let number = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if number < 0 { throw StorageError(errno: errno, operation, path) }
        defer { _ = Glibc.close(number) }
        while fsync(number) != 0 {
            let code = errno
            if code != EINTR { throw StorageError(errno: code, operation, path) }
        }
    }

    package func freeSpace(_ path: String, _ operation: Operation) throws(StorageError) -> Int {
        var value = statvfs()
        try check(statvfs(path, &value), operation, path)
        return Int(
            clamping: UInt64(value.f_bavail).multipliedReportingOverflow(by: UInt64(value.f_frsize)).partialValue)
    }

    private func check(_ result: Int32, _ operation: Operation, _ path: String) throws(StorageError) {
        if result != 0 { throw StorageError(errno: errno, operation, path) }
    }
}
