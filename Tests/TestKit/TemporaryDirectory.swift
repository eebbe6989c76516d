internal import Foundation
internal import Glibc
internal import Storage

/// A directory that goes with the value; in memory where the host has one, since tests sync a lot.
package final class TemporaryDirectory: Sendable {
    /// The directory, without a slash at the end.
    package let path: String
    private let files = POSIXFileSystem()

    /// Makes a directory with a name of its own.
    package init() throws {
        let memory = "/dev/shm"
        let parent = FileManager.default.isWritableFile(atPath: memory) ? memory : NSTemporaryDirectory()
        path = "\(parent)/bobbin-test-\(UUID().uuidString.lowercased())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    /// Copies what lies in `other`: names of one file stay names of one file, and times stay what they were.
    func copy(_ other: TemporaryDirectory) throws {
        var known: [UInt64: String] = [:]
        func visit(_ relative: String) throws {
            for name in try files.list(other.path + relative, .fsckList) {
                let source = "\(other.path)\(relative)/\(name)"
                let copy = "\(path)\(relative)/\(name)"
                let status = try files.status(source, .fsckStatus)
                if status.kind == .directory {
                    try files.makeDirectory(copy, .fsckMakeDirectory)
                    try visit("\(relative)/\(name)")
                } else if let first = known[status.inode] {
                    try files.link(first, copy, .fsckMove)
                } else {
                    let bytes = try files.contents(source, open: .fsckRead, read: .fsckRead, close: .fsckRead)
                    try files.writeFile(copy, bytes, create: .fsckMove, write: .fsckMove, close: .fsckMove)
                    var times = [timespec(), timespec()]
                    for index in times.indices {
                        times[index].tv_sec = Int(status.modified / 1_000_000_000)
                        times[index].tv_nsec = Int(status.modified % 1_000_000_000)
                    }
                    utimensat(AT_FDCWD, copy, times, 0)
                    known[status.inode] = copy
                }
            }
        }
        try visit("")
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}
