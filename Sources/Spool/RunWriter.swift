package import JSON
package import Manifest
package import Storage

/// The extraction of one run: steps E0 to E2 of `docs/spool-format.md`. Used by one thread.
package final class RunWriter {
    /// What became of the commit.
    package enum Commit: Sendable {
        /// The run is manifest n of its log.
        case committed(Int)
        /// Another run took n, or this one was discarded by a sweep: its rows are void.
        case lost
    }

    /// The manifest to come.
    package var manifest: RunManifest
    /// Rejected input, set aside beside the chunks.
    package let rejects: RejectFile
    private let spool: Spool
    private let heart: Heart
    private let directory: String

    /// Begins a run (E0).
    ///
    /// - Parameter deadline: seconds within which each step must make progress, or the lease is let go.
    package init(_ spool: Spool, _ manifest: RunManifest, heart: Heart, deadline: Double) throws {
        self.spool = spool
        self.manifest = manifest
        self.heart = heart
        directory = spool.writing(manifest.run)
        rejects = try RejectFile(spool.files, "\(directory)/\(FileNames.inputRejects)", .input)
        let leased = LeasedRun(
            key: manifest.log, generation: manifest.generation, base: manifest.base, fingerprint: manifest.fingerprint)
        try spool.makeLeased(
            directory, .runMakeDirectory, heart: heart, Lease(process: spool.host.current, run: leased),
            deadline: deadline)
    }

    private var leasePath: String { "\(directory)/\(FileNames.lease)" }

    /// The extraction made progress.
    package func touch() {
        heart.touch(leasePath)
    }

    /// Begins the next chunk (E1).
    package func beginChunk() throws(StorageError) -> ChunkFile {
        let sequence = manifest.chunks.count
        return try ChunkFile(
            files: spool.files, path: "\(directory)/\(FileNames.chunk(sequence))", sequence: sequence)
    }

    /// Makes a chunk durable and notes it (E1).
    ///
    /// - Parameters:
    ///   - content: order-free hash of its rows.
    ///   - cursor: where the extraction stands after it.
    ///   - isLast: the run is sealed next, so that no successor needs the entry beside the chunk.
    package func finish(
        _ chunk: ChunkFile, rows: Int, bytes: Int, content: UInt64, cursor: JSONValue, isLast: Bool
    ) throws(StorageError) {
        let sha256: SHA256Value
        do { sha256 = try chunk.finish() } catch {
            chunk.abandon()
            throw error
        }
        let entry = ChunkEntry(
            sequence: chunk.sequence, rows: rows, bytes: bytes, compressed: chunk.compressed, sha256: sha256,
            content: content, cursor: cursor)
        manifest.chunks.append(entry)
        touch()
        if isLast { return }
        // Not fsynced: whoever finds it lost or torn reads this chunk's rows from the source again.
        try writeEntry(ChunkCheckpoint(entry: entry, schema: manifest.schema, rejected: manifest.rejected))
    }

    private func writeEntry(_ checkpoint: ChunkCheckpoint) throws(StorageError) {
        try spool.files.writeFile(
            "\(directory)/\(FileNames.chunkEntry(checkpoint.entry.sequence))", checkpoint.encoded(), mode: .replace,
            create: .entryCreate, write: .entryWrite, close: .entryClose)
    }

    /// Links the finished chunks of a dead extractor's run into this one; it must have none yet.
    package func adopt(_ found: AdoptableRun) throws {
        for checkpoint in found.checkpoints {
            let name = FileNames.chunk(checkpoint.entry.sequence)
            do throws(StorageError) {
                try spool.files.link("\(spool.writing(found.run))/\(name)", "\(directory)/\(name)", .adoptLink)
            } catch {
                // Somebody else takes or discards it: what was linked so far is a whole prefix.
                if error.code == .notFound { return }
                throw error
            }
            manifest.chunks.append(checkpoint.entry)
            manifest.schema = checkpoint.schema
            manifest.rejected = checkpoint.rejected
            try writeEntry(checkpoint)
        }
    }

    /// Seals and commits the run (E2).
    package func commit() throws -> Commit {
        manifest.sealed = spool.timestamp
        manifest.extractor = spool.host.current.host + "-\(spool.host.current.pid)"
        try rejects.finish()
        try spool.files.writeFile(
            "\(directory)/\(FileNames.manifest)", manifest.encoded(), create: .sealCreate, write: .sealWrite,
            sync: .sealSync, close: .sealClose)
        try spool.files.synchronizeDirectory(directory, .sealSyncDirectory)
        try spool.files.makeDirectories(
            "\(spool.root)/manifests", spool.logComponents(manifest.log), .logMakeDirectory, sync: .logSyncParent)
        guard heart.holds(leasePath) else {
            throw SpoolError(
                .leaseLost,
                "run \(manifest.run) of \(manifest.stream) \(manifest.partition): this process was stopped or cut off for longer "
                    + "than the lease (\(Int(spool.leaseSeconds)) s) and may have been replaced; its rows are not published, run again"
            )
        }
        return try spool.linkIntoLog(manifest)
    }

    /// Publishes a committed run (E3) and ends this extraction.
    package func publish(_ number: Int) throws {
        try spool.publish(manifest, number: number)
        heart.remove(leasePath)
    }

    /// Gives the run up. What it committed nevertheless is published.
    package func discard() throws {
        heart.remove(leasePath)
        try spool.discard(manifest.run, ownerIsGone: true)
    }

    /// Leaves the run for a successor to adopt.
    package func release() {
        heart.remove(leasePath)
    }
}

extension Spool {
    /// E2b: the commit. Decided by the link alone and settled by content.
    func linkIntoLog(_ manifest: RunManifest) throws -> RunWriter.Commit {
        let number = manifest.base + 1
        let destination = logEntry(manifest.log, number)
        var attempts = 0
        while true {
            do {
                try files.link("\(writing(manifest.run))/\(FileNames.manifest)", destination, .logLink)
            } catch {
                attempts += 1
                if error.code == .exists {
                    guard let present = try self.manifest(manifest.log, number) else {
                        throw SpoolError(.damaged, "\(destination) vanished: somebody deletes from the log")
                    }
                    if present.run != manifest.run { return .lost }
                } else if error.code == .notFound {
                    // Our manifest has no name any more: a sweep discarded the run, unless the first try worked.
                    guard let present = try self.manifest(manifest.log, number), present.run == manifest.run else {
                        return .lost
                    }
                } else if attempts < 5 {
                    continue
                } else {
                    throw error
                }
            }
            try files.synchronizeDirectory(log(manifest.log), .logSyncDirectory)
            return .committed(number)
        }
    }
}
