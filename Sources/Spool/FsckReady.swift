internal import Chunk
internal import Manifest
internal import Storage

/// `ready/`: what waits.
extension Fsck {
    func checkReady() throws {
        for queue in try names("ready") {
            guard NameEncoding.isEncoded(queue) else {
                stranger("ready/\(queue)")
                continue
            }
            for name in try names("ready/\(queue)") where name != FileNames.writer {
                if let ready = ReadyName(name) {
                    try checkReady(queue, ready)
                } else {
                    stranger("ready/\(queue)/\(name)")
                }
            }
        }
    }

    private func checkReady(_ queue: String, _ name: ReadyName) throws {
        let directory = "ready/\(queue)/\(name.text)"
        var chunks: [ReadyChunkName] = []
        for file in try names(directory) where file != FileNames.manifest {
            let path = "\(directory)/\(file)"
            if let chunk = ReadyChunkName(file) {
                if isFile(path) { chunks.append(chunk) }
            } else if let sequence = FileNames.parseEdited(file) {
                if isFile(path), (try? spool.editedChunk("\(spool.root)/\(directory)", sequence)) == nil {
                    finding(
                        .leftover, path, "a note of an edited chunk that cannot be read",
                        "--repair sets it aside; the chunk is then set aside by the loader, replay it again"
                    ) { try self.spool.quarantine(path) }
                }
            } else {
                stranger(path)
            }
        }
        guard status("\(directory)/\(FileNames.manifest)") != nil else {
            return try checkUnpublished(queue, name, chunks)
        }
        guard let manifest = try read("\(directory)/\(FileNames.manifest)") else { return }
        let number = manifest.base + 1
        let logged: RunManifest?
        do { logged = try spool.manifest(manifest.log, number) } catch { return }
        guard let logged, logged.run == name.run, logged.priority == name.priority else {
            guard status("\(directory)/\(FileNames.manifest)") != nil else { return }
            return finding(
                .readyWithoutLog, directory,
                "the log has no such manifest (\(number) of \(manifest.stream) \(manifest.partition), run \(name.run))",
                "the log is the truth: restore it if it lost the manifest; --repair moves this directory's files to quarantine/"
            ) { try self.spool.quarantine(directory) }
        }
        try checkChunks(directory, chunks, manifest, queue)
    }

    private func checkChunks(
        _ directory: String, _ chunks: [ReadyChunkName], _ manifest: RunManifest, _ queue: String
    ) throws {
        var latest: [Int: ReadyChunkName] = [:]
        for chunk in chunks.sorted(by: { ($0.sequence, $0.attempt, $0.crashes) < ($1.sequence, $1.attempt, $1.crashes) }
        ) {
            if let other = latest[chunk.sequence], status("\(directory)/\(chunk.text)") != nil {
                let path = "\(directory)/\(other.text)"
                if status(path) != nil {
                    finding(
                        .chunkDuplicate, path, "\(chunk.text) is the same chunk",
                        "--repair moves this one to quarantine/"
                    ) {
                        try self.spool.quarantine(path)
                    }
                }
            }
            latest[chunk.sequence] = chunk
        }
        for chunk in latest.values.sorted(by: { $0.sequence < $1.sequence }) {
            let path = "\(directory)/\(chunk.text)"
            guard manifest.chunks.indices.contains(chunk.sequence) else {
                finding(
                    .chunkWithoutManifest, path, "the manifest has no chunk \(chunk.sequence)",
                    "--repair moves it to quarantine/"
                ) {
                    try self.spool.quarantine(path)
                }
                continue
            }
            var entry = manifest.chunks[chunk.sequence]
            if let edited = try? spool.editedChunk("\(spool.root)/\(directory)", chunk.sequence) {
                entry = entry.with(edited)
            }
            guard let wrong = try damage(path, entry) else { continue }
            finding(
                .chunkDamaged, path, wrong,
                "--repair moves it to dead/ with this reason; put an undamaged copy there and `bobbin dead replay`, or discard and extract again"
            ) { try self.bury(path, queue, manifest.run, chunk, wrong) }
        }
    }

    /// Sets a damaged chunk aside as a loader would.
    private func bury(_ path: String, _ queue: String, _ run: RunID, _ chunk: ReadyChunkName, _ reason: String) throws {
        let directory = spool.dead(queue, run)
        try? spool.files.makeDirectory(directory, .fsckMakeDirectory)
        try writeWhy(directory, chunk.sequence, "\(path): \(reason)", attempts: chunk.attempt, crashes: chunk.crashes)
        do throws(StorageError) {
            try spool.files.rename(
                "\(spool.root)/\(path)", "\(directory)/\(FileNames.chunk(chunk.sequence))", .fsckMove)
        } catch { if error.code != .notFound { throw error } }
    }

    func writeWhy(_ directory: String, _ sequence: Int, _ reason: String, attempts: Int, crashes: Int) throws {
        let why = DeadReason(
            reason: reason, failure: "corruption", attempts: attempts, crashes: crashes, loader: "fsck",
            at: spool.timestamp)
        try spool.files.writeFile(
            "\(directory)/\(FileNames.why(sequence))", why.encoded(), mode: .replace, create: .fsckWrite,
            write: .fsckWrite,
            sync: .fsckWrite, close: .fsckWrite)
    }

    /// What is wrong with a chunk file: its size, or its content when asked; `nil` when nothing is, or it moved on.
    func damage(_ path: String, _ entry: ChunkEntry) throws -> String? {
        guard let facts = status(path) else { return nil }
        chunks += 1
        if facts.size != entry.compressed {
            return "has \(facts.size) bytes, the manifest says \(entry.compressed)"
        }
        guard options.isDeep else { return nil }
        do {
            let found = try spool.inspectChunk("\(spool.root)/\(path)")
            if found.sha256 != entry.sha256 { return "SHA-256 is \(found.sha256), the manifest says \(entry.sha256)" }
            if found.rows != entry.rows { return "has \(found.rows) rows, the manifest says \(entry.rows)" }
            return found.content == entry.content ? nil : "has other rows than the manifest says"
        } catch let error as ChunkError {
            return error.message
        } catch let error as StorageError {
            if error.code == .notFound { return nil }
            throw error
        }
    }

    /// A directory of the queue without a manifest: a publication under way, one to be finished, or lost chunks.
    private func checkUnpublished(_ queue: String, _ name: ReadyName, _ chunks: [ReadyChunkName]) throws {
        guard !chunks.isEmpty, !unpublished.contains(name.run), status("writing/\(name.run)") == nil,
            status("trash/\(name.run)") == nil
        else { return }
        let directory = "ready/\(queue)/\(name.text)"
        // Published meanwhile, or ended meanwhile.
        if status("\(directory)/\(FileNames.manifest)") != nil { return }
        for chunk in chunks {
            let path = "\(directory)/\(chunk.text)"
            let archived = "loaded/\(queue)/\(name.run)/\(FileNames.chunk(chunk.sequence))"
            guard status(path) != nil else { continue }
            if status("loaded/\(queue)/\(name.run)/\(FileNames.manifest)") != nil {
                finding(.leftover, path, "its run has ended", "--repair moves it to the archive") {
                    if self.status(archived) == nil {
                        try self.spool.moveToLoaded("\(self.spool.root)/\(path)", queue, name.run, chunk.sequence)
                    } else {
                        try self.spool.quarantine(path)
                    }
                }
            } else {
                finding(
                    .chunkWithoutManifest, path, "no manifest of the log has run \(name.run)",
                    "its run was never committed, or the log was lost: restore the log; --repair moves it to quarantine/"
                ) { try self.spool.quarantine(path) }
            }
        }
    }
}
