package import Manifest
package import Storage

/// Reading the log of a partition.
extension Spool {
    /// n of the last manifest, 0 when there is none.
    package func lastNumber(_ key: LogKey) throws -> Int {
        do {
            return try files.list(log(key), .logList).compactMap(FileNames.parseLogEntry).max() ?? 0
        } catch {
            if error.code == .notFound { return 0 }
            throw error
        }
    }

    /// The n-th manifest; `nil` when there is none.
    package func manifest(_ key: LogKey, _ number: Int) throws -> RunManifest? {
        try readManifest(logEntry(key, number), .logRead)
    }

    /// The n-th manifest, which is known to be there.
    ///
    /// - Throws: `.stale` when it cannot be found all the same: on a network filesystem a host may not see yet what another one made. To
    ///   take that for a log without manifests would read everything anew.
    package func knownManifest(_ key: LogKey, _ number: Int) throws -> RunManifest {
        guard let manifest = try manifest(key, number) else {
            throw StorageError(.stale, .logRead, logEntry(key, number))
        }
        return manifest
    }

    /// The run of the n-th manifest; `nil` when there is none.
    package func run(_ key: LogKey, _ number: Int) throws -> RunID? {
        try readManifest(logEntry(key, number), .logRead, chunks: .left)?.run
    }

    /// The manifest at `path`, without the cursors of its chunks; `nil` when there is none.
    ///
    /// - Throws: `SpoolError.damaged` when it cannot be read.
    package func readManifest(
        _ path: String, _ operation: Operation, chunks: ManifestDecoder.Chunks = .withoutCursors
    ) throws -> RunManifest? {
        do { return try decodeManifest(path, operation, chunks)?.get() } catch let error as ManifestError {
            throw SpoolError(.damaged, "\(path): \(error.message)")
        }
    }

    /// The manifest that an extraction sealed at `path` in `writing/` or `trash/`.
    ///
    /// `nil` when there is none or its writing was cut short: it is made durable before it is committed, so that a torn one
    /// is in no log.
    /// - Throws: `SpoolError.damaged` when it is in a log, or of a newer format.
    func sealedManifest(_ path: String, _ operation: Operation) throws -> RunManifest? {
        do { return try decodeManifest(path, operation, .withoutCursors)?.get() } catch let error as ManifestError {
            if error.code != .newerFormat, try files.status(path, operation).links < 2 { return nil }
            throw SpoolError(.damaged, "\(path): \(error.message)")
        }
    }

    private func decodeManifest(
        _ path: String, _ operation: Operation, _ chunks: ManifestDecoder.Chunks
    ) throws(StorageError) -> Result<RunManifest, ManifestError>? {
        var decoder = ManifestDecoder(chunks)
        do {
            try files.readPieces(path, open: operation, read: operation, close: operation) { decoder.add($0) }
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
        return Result { () throws(ManifestError) in try decoder.finish() }
    }

    /// How the n-th manifest ended in `target` (encoded); `nil` while it is open.
    package func outcome(_ key: LogKey, _ number: Int, target: String) throws -> LoadManifest? {
        try loadManifest(outcomePath(key, number, target: target))
    }

    /// The load manifest at `path`; `nil` when there is none or it is torn: it is for people, not evidence.
    package func loadManifest(_ path: String) throws -> LoadManifest? {
        do {
            let bytes = try files.contents(path, open: .outcomeRead, read: .outcomeRead, close: .outcomeRead)
            return try? LoadManifest(decoding: bytes)
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }
}
