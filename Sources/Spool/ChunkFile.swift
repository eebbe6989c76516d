internal import Chunk
internal import Manifest
package import Storage

/// A chunk being written into `writing/<run>/`.
package final class ChunkFile {
    private let files: any FileSystem
    private let path: String
    private let file: FileDescriptor
    private var hash = SHA256Stream()
    private var isOpen = true
    /// Place in the run.
    package let sequence: Int
    /// Bytes written so far.
    package private(set) var compressed = 0

    init(files: any FileSystem, path: String, sequence: Int) throws(StorageError) {
        self.files = files
        self.path = path
        self.sequence = sequence
        do throws(StorageError) { file = try files.open(path, .create, .chunkCreate) } catch {
            guard error.code == .exists else { throw error }
            // An adoption whose answer was lost left a name of another run's chunk here: only the name is ours.
            try files.unlink(path, .chunkUnlinkFailed)
            file = try files.open(path, .create, .chunkCreate)
        }
    }

    deinit {
        if isOpen { try? files.close(file, .chunkClose) }
    }

    /// Appends whole zstd frames.
    package func append(_ frames: UnsafeRawBufferPointer) throws(StorageError) {
        try files.write(file, frames, .chunkWrite)
        hash.update(frames)
        compressed += frames.count
    }

    /// Makes the chunk durable and gives its SHA-256.
    func finish() throws(StorageError) -> SHA256Value {
        try files.synchronize(file, .chunkSync)
        isOpen = false
        try files.close(file, .chunkClose)
        return hash.finalize()
    }

    /// Gives the chunk up: after a failed write or fsync its content is unknown.
    package func abandon() {
        if isOpen {
            isOpen = false
            try? files.close(file, .chunkClose)
        }
        try? files.unlink(path, .chunkUnlinkFailed)
    }
}
