internal import Foundation

/// A directory that goes with the value; in memory where the host has one, since tests sync a lot.
package final class TemporaryDirectory: Sendable {
    /// The directory, without a slash at the end.
    package let path: String

    /// Makes a directory with a name of its own.
    package init() throws {
        let memory = "/dev/shm"
        let parent = FileManager.default.isWritableFile(atPath: memory) ? memory : NSTemporaryDirectory()
        path = "\(parent)/bobbin-test-\(UUID().uuidString.lowercased())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}
