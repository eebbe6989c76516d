internal import Glibc

/// A file system call that failed: what, on which path, and what to do about it.
package struct StorageError: Error, Sendable, CustomStringConvertible {
    /// The causes that the program tells apart.
    package enum Code: Sendable, Hashable {
        case notFound
        case exists
        case notEmpty
        case noSpace
        case readOnly
        case permission
        case crossDevice
        case stale
        case inputOutput
        case notDirectory
        case symbolicLink
        case invalid
        case tooMany
        /// Any other errno.
        case other(Int32)
    }

    /// The cause.
    package let code: Code
    /// The fault point.
    package let operation: Operation
    /// The path, or both of a rename or link.
    package let path: String

    /// A failed call.
    package init(_ code: Code, _ operation: Operation, _ path: String) {
        self.code = code
        self.operation = operation
        self.path = path
    }

    init(errno number: Int32, _ operation: Operation, _ path: String) {
        let code: Code =
            switch number {
            case ENOENT: .notFound
            case EEXIST: .exists
            case ENOTEMPTY: .notEmpty
            case ENOSPC, EDQUOT, EFBIG: .noSpace
            case EROFS: .readOnly
            case EACCES, EPERM: .permission
            case EXDEV: .crossDevice
            case ESTALE: .stale
            case EIO: .inputOutput
            case ENOTDIR: .notDirectory
            case ELOOP: .symbolicLink
            case EINVAL, ENAMETOOLONG: .invalid
            case EMFILE, ENFILE: .tooMany
            default: .other(number)
            }
        self.init(code, operation, path)
    }

    /// Disk full, read-only, no descriptors: the surroundings are at fault, not the data; it may pass.
    package var isEnvironment: Bool {
        switch code {
        case .noSpace, .readOnly, .tooMany, .inputOutput, .stale: true
        case .notFound, .exists, .notEmpty, .permission, .crossDevice, .notDirectory, .symbolicLink, .invalid, .other:
            false
        }
    }

    /// The cause and the remedy in words.
    package var reason: String {
        switch code {
        case .notFound: "no such file or directory"
        case .exists: "it exists already"
        case .notEmpty: "the directory is not empty"
        case .noSpace:
            "no space left (disk, quota or file size limit): make room; nothing is lost, run the same command again"
        case .readOnly: "the file system is read-only: remount it writable and run the same command again"
        case .permission: "permission denied: the user who runs bobbin needs access to it; see who owns it (ls -ld)"
        case .crossDevice: "it lies on another file system: a spool must be one file system"
        case .stale: "stale file handle: the file server was restarted or the file was removed by another host"
        case .inputOutput: "input/output error: check the disk (dmesg)"
        case .notDirectory: "a part of the path is a file and no directory: correct the path"
        case .symbolicLink: "symbolic links are refused in a spool"
        case .invalid: "invalid name"
        case .tooMany: "too many open files: raise the limit (ulimit -n)"
        case .other(let number): String(cString: strerror(number))
        }
    }

    package var description: String { "cannot \(operation.verb) \(path): \(reason)" }
}

extension Operation {
    /// What was to be done with the path, in words.
    var verb: String {
        // The name of an operation ends in what it does, or has it before what it does that to.
        let verbs: [(part: String, verb: String)] = [
            ("MakeDirectory", "make"), ("Unlink", "remove"), ("Remove", "remove"), ("Create", "create"),
            ("Write", "write"), ("Sync", "make durable"), ("Close", "finish"), ("Open", "open"), ("Read", "read"),
            ("List", "list"), ("Status", "look at"), ("Check", "look at"), ("Link", "link"), ("Move", "move"),
            ("Rename", "rename"), ("Probe", "use"),
        ]
        return verbs.first { rawValue.contains($0.part) }?.verb ?? "move"
    }
}
