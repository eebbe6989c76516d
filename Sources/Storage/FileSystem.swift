/// An open file; it must be closed exactly once.
package struct FileDescriptor: Sendable, Hashable {
    /// The number the file system gave.
    package let number: Int32

    /// Wraps a number.
    package init(_ number: Int32) { self.number = number }
}

/// What a file is.
package struct FileStatus: Sendable, Hashable {
    /// The sorts that matter here.
    package enum Kind: Sendable, Hashable { case file, directory, symbolicLink, other }

    package var kind: Kind
    /// Bytes.
    package var size: Int
    package var links: Int
    package var inode: UInt64
    package var device: UInt64
    /// Nanoseconds of Unix time, by the server's clock.
    package var modified: Int64

    /// A status of these facts.
    package init(kind: Kind, size: Int, links: Int, inode: UInt64, device: UInt64, modified: Int64) {
        self.kind = kind
        self.size = size
        self.links = links
        self.inode = inode
        self.device = device
        self.modified = modified
    }
}

/// A name in a directory that is no UTF-8.
package struct UndecodableName: Sendable, Hashable {
    /// The name.
    package let bytes: [UInt8]
    /// What it names; `other` where that cannot be told.
    package let kind: FileStatus.Kind

    /// A name of these bytes.
    package init(bytes: [UInt8], kind: FileStatus.Kind) {
        self.bytes = bytes
        self.kind = kind
    }
}

/// How a file is opened; symbolic links are never followed at the last component.
package enum OpenMode: Sendable {
    case read
    /// O_CREAT | O_EXCL, write.
    case create
    /// Write over the beginning of an existing file, whose length is kept; never creates.
    case rewrite
    /// O_CREAT | O_TRUNC, write.
    case replace
}

/// All file system calls of the program; `POSIXFileSystem` is the real one, tests wrap or replace it.
///
/// Every call names its ``Operation``. EINTR is repeated inside; short writes are completed inside.
package protocol FileSystem: Sendable {
    /// Opens a file.
    func open(_ path: String, _ mode: OpenMode, _ operation: Operation) throws(StorageError) -> FileDescriptor
    /// Reads at the file's position; 0 at the end.
    func read(_ file: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer, _ operation: Operation)
        throws(StorageError) -> Int
    /// Writes all of `bytes`.
    func write(_ file: FileDescriptor, _ bytes: UnsafeRawBufferPointer, _ operation: Operation) throws(StorageError)
    /// Makes the file's content durable. After an error the file must be given up.
    func synchronize(_ file: FileDescriptor, _ operation: Operation) throws(StorageError)
    /// Closes; errors are real (quota and I/O errors of network filesystems show here).
    func close(_ file: FileDescriptor, _ operation: Operation) throws(StorageError)
    /// Renames a file, replacing the destination.
    func rename(_ source: String, _ destination: String, _ operation: Operation) throws(StorageError)
    /// Makes a further name; fails with `.exists` when it is taken.
    func link(_ source: String, _ destination: String, _ operation: Operation) throws(StorageError)
    /// Removes a name of a file.
    func unlink(_ path: String, _ operation: Operation) throws(StorageError)
    /// Makes one directory; its parent must exist.
    func makeDirectory(_ path: String, _ operation: Operation) throws(StorageError)
    /// Removes an empty directory.
    func removeDirectory(_ path: String, _ operation: Operation) throws(StorageError)
    /// The names in a directory, in no order, without `.` and `..`; those that are no UTF-8, which no path can name, are
    /// only told to `undecodable`.
    func list(_ path: String, _ operation: Operation, undecodable: (UndecodableName) -> Void) throws(StorageError)
        -> [String]
    /// What the path names, symbolic links not followed.
    func status(_ path: String, _ operation: Operation) throws(StorageError) -> FileStatus
    /// Makes a directory's entries durable.
    func synchronizeDirectory(_ path: String, _ operation: Operation) throws(StorageError)
    /// Bytes that this user may still write.
    func freeSpace(_ path: String, _ operation: Operation) throws(StorageError) -> Int
}

extension FileSystem {
    /// The names in a directory as above; those that are no UTF-8 come repaired (U+FFFD), for listings that ignore what
    /// they do not know.
    package func list(_ path: String, _ operation: Operation) throws(StorageError) -> [String] {
        var repaired: [String] = []
        let names = try list(path, operation) { repaired.append(String(decoding: $0.bytes, as: UTF8.self)) }
        return names + repaired
    }
}
