internal import Chunk
internal import Manifest
internal import Storage

extension Spool {
    /// Puts a dead chunk back into its queue, with no attempts and no deaths; an edited one under its new checksum.
    ///
    /// A crash leaves the chunk in one of the two places, and at most a reason without a chunk, which the same call tidies up.
    /// - Returns: whether it was edited, and its rows.
    /// - Throws: `SpoolError.refused` when its run has ended or a line is no record.
    package func replayChunk(_ item: DeadItem) throws -> (isEdited: Bool, rows: Int) {
        guard case .chunk(let sequence) = item.content else {
            throw SpoolError(.refused, "\(item.id) is no chunk")
        }
        guard let manifest = item.manifest, item.isOpen, manifest.chunks.indices.contains(sequence) else {
            throw SpoolError(
                .refused,
                "\(item.id): its run has ended in \(display(item.queue)), so that nothing would load it; take it away with "
                    + "`bobbin dead discard`, or extract the range again (`bobbin rewind`)")
        }
        let name = ReadyName(priority: manifest.priority, run: item.run)
        let directory = ready(item.queue, name)
        let path = "\(root)/\(item.path)"
        let entry = manifest.chunks[sequence]
        var found = try inspected(path, item, checksRecords: false)
        let isEdited = !found.matches(entry)
        if isEdited {
            found = try inspected(path, item, checksRecords: true)
            guard found.badCount == 0 else {
                let lines = found.badLines.map { "line \($0.line): \($0.reason)" }.joined(separator: "; ")
                throw SpoolError(
                    .refused,
                    "\(item.id): \(found.badCount) of its \(found.rows) lines are no JSON objects (\(lines)): mend or remove them in \(path) "
                        + "and replay again")
            }
            let note = EditedChunk(
                sha256: found.sha256, rows: found.rows, bytes: found.bytes, compressed: found.compressed,
                content: found.content, editedAt: timestamp)
            // The note first: a chunk without it would be taken for damaged.
            try files.writeFile(
                "\(directory)/\(FileNames.edited(sequence))", note.encoded(), mode: .replace, create: .editedCreate,
                write: .editedWrite, sync: .editedSync, close: .editedClose)
        } else {
            // It was edited before, and the original came back.
            do throws(StorageError) {
                try files.unlink("\(directory)/\(FileNames.edited(sequence))", .deadUnlinkWhy)
            } catch {
                if error.code != .notFound { throw error }
            }
        }
        do {
            try files.rename(path, "\(directory)/\(ReadyChunkName(sequence: sequence).text)", .deadMove)
        } catch {
            guard error.code == .notFound else { throw error }
            throw SpoolError(.refused, "\(item.id): it is gone, or its run ended this instant; see `bobbin dead list`")
        }
        try files.synchronizeDirectory(directory, .deadSyncDirectory)
        do throws(StorageError) {
            try files.unlink("\(dead(item.queue, item.run))/\(FileNames.why(sequence))", .deadUnlinkWhy)
        } catch {
            if error.code != .notFound { throw error }
        }
        return (isEdited, found.rows)
    }

    private func inspected(_ path: String, _ item: DeadItem, checksRecords: Bool) throws -> ChunkInspection {
        do {
            return try inspectChunk(path, checksRecords: checksRecords, limit: 5, .deadRead)
        } catch let error as ChunkError {
            throw SpoolError(
                .refused,
                "\(item.id): \(path) is no whole zstd file of lines (\(error.message)): put an undamaged copy in its place, or discard the "
                    + "run and extract it again (`bobbin dead discard`, `bobbin rewind`)")
        }
    }

    /// Takes what is dead of a run that has ended, or a rejects file, out of the lists: into quarantine.
    ///
    /// - Returns: the new paths below the root.
    @discardableResult
    package func setAside(_ item: DeadItem) throws -> [String] {
        var moved: [String] = []
        if let path = try quarantine(item.path) { moved.append(path) }
        if case .chunk(let sequence) = item.content,
            let path = try quarantine("dead/\(item.queue)/\(item.run)/\(FileNames.why(sequence))")
        {
            moved.append(path)
        }
        do throws(StorageError) { try files.removeDirectory(dead(item.queue, item.run), .deadSetAside) } catch {
            if error.code != .notFound, error.code != .notEmpty { throw error }
        }
        return moved
    }
}
