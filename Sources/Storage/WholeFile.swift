/// Whole small files: read at once, or written and made durable.
extension FileSystem {
    /// Reads a whole file.
    ///
    /// - Parameter limit: a larger file is refused with `.invalid`; sizes from outside are never trusted.
    package func contents(
        _ path: String, limit: Int = 256 << 20, open: Operation, read operation: Operation, close: Operation
    ) throws(StorageError) -> [UInt8] {
        var bytes: [UInt8] = []
        try readPieces(path, limit: limit, open: open, read: operation, close: close) { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// Reads a file piece by piece, 64 KB at most at a time.
    ///
    /// - Parameters:
    ///   - limit: a larger file is refused with `.invalid`; sizes from outside are never trusted.
    ///   - take: is given each piece.
    package func readPieces(
        _ path: String, limit: Int = 256 << 20, open: Operation, read operation: Operation, close: Operation,
        _ take: (UnsafeRawBufferPointer) -> Void
    ) throws(StorageError) {
        let file = try self.open(path, .read, open)
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        var total = 0
        do throws(StorageError) {
            while true {
                let read = piece.withUnsafeMutableBytes { buffer in
                    Result { () throws(StorageError) in
                        let count = try self.read(file, into: buffer, operation)
                        if total + count > limit { throw StorageError(.invalid, operation, path) }
                        take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                        return count
                    }
                }
                let count = try read.get()
                if count == 0 { break }
                total += count
            }
        } catch {
            try? self.close(file, close)
            throw error
        }
        try self.close(file, close)
    }

    /// Writes a whole new file.
    ///
    /// - Parameter sync: when given, the content is durable on return; the directory is the caller's concern.
    package func writeFile(
        _ path: String, _ bytes: [UInt8], mode: OpenMode = .create, create: Operation, write operation: Operation,
        sync: Operation? = nil, close: Operation
    ) throws(StorageError) {
        let file = try open(path, mode, create)
        do throws(StorageError) {
            var failure: StorageError?
            bytes.withUnsafeBytes { buffer in
                do throws(StorageError) { try write(file, buffer, operation) } catch { failure = error }
            }
            if let failure { throw failure }
            if let sync { try synchronize(file, sync) }
        } catch {
            try? self.close(file, close)
            throw error
        }
        try self.close(file, close)
    }

    /// Makes a directory and those above it below `root`, each durable in its parent.
    ///
    /// - Parameter sync: nil when the parents need not be durable.
    package func makeDirectories(
        _ root: String, _ components: [String], _ operation: Operation, sync: Operation?
    ) throws(StorageError) {
        var missing: [String] = []
        var depth = components.count
        // The usual case is one call: only the last one is missing, or none is.
        while depth > 0 {
            let path = ([root] + components[..<depth]).joined(separator: "/")
            do {
                try makeDirectory(path, operation)
                missing.append(path)
                break
            } catch {
                if error.code == .exists { break }
                if error.code != .notFound { throw error }
                depth -= 1
            }
        }
        if depth < components.count {
            for next in (depth + 1)...components.count {
                let path = ([root] + components[..<next]).joined(separator: "/")
                do { try makeDirectory(path, operation) } catch { if error.code != .exists { throw error } }
                missing.append(path)
            }
        }
        guard let sync else { return }
        for path in missing {
            let parent = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            try synchronizeDirectory(parent, sync)
        }
    }
}
