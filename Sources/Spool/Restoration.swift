package import Manifest
internal import Storage

extension Spool {
    /// Visits the logs of which a manifest ended in `target` (encoded): path and the highest number that did.
    ///
    /// - Parameter jobs: only these; all when empty.
    package func visitEnded(_ target: String, jobs: Set<String>, _ body: (String, Int) throws -> Void) throws {
        try visitLogs(jobs: jobs, .outcomeList) { directory in
            let ended = directory.names.compactMap { FileNames.parseTargetEntry($0, suffix: ".outcome.json") }
            if let last = ended.filter({ $0.target == target }).map(\.number).max() { try body(directory.path, last) }
        }
    }

    /// The first chunk of a closed run that is neither in the archive nor in the queue nor dead any more; `nil` when
    /// all are there.
    package func lostChunk(_ manifest: RunManifest, target: String) throws -> Int? {
        let name = ReadyName(priority: manifest.priority, run: manifest.run)
        let archived = Set(try listing(loaded(target, manifest.run), .readyList).compactMap(FileNames.parseChunk))
        if manifest.chunks.allSatisfy({ archived.contains($0.sequence) }) { return nil }
        let waiting = Set(try readyChunks(target, name).map(\.sequence) + deadChunks(target, manifest.run))
        return manifest.chunks.first { !archived.contains($0.sequence) && !waiting.contains($0.sequence) }?.sequence
    }

    /// Whether a committed run that has not ended is in no place from which it comes into the queue by itself.
    package func isMissing(_ manifest: RunManifest, target: String) throws -> Bool {
        let name = ReadyName(priority: manifest.priority, run: manifest.run)
        for path in ["\(ready(target, name))/\(FileNames.manifest)", writing(manifest.run), trash(manifest.run)] {
            do {
                _ = try files.status(path, .closeCheck)
                return false
            } catch { if error.code != .notFound { throw error } }
        }
        return true
    }

    /// Puts a closed run back into the queue of a target that went back in time, from the archive.
    ///
    /// - Throws: `SpoolError.damaged` when the archive does not have its chunks any more: see ``lostChunk(_:target:)``.
    package func republish(_ manifest: RunManifest, number: Int, target: String) throws {
        let name = ReadyName(priority: manifest.priority, run: manifest.run)
        try files.makeDirectories(root, ["ready", target, name.text], .handBackMakeDirectory, sync: nil)
        for chunk in manifest.chunks {
            let destination = "\(ready(target, name))/\(ReadyChunkName(sequence: chunk.sequence).text)"
            do {
                try files.rename(
                    "\(loaded(target, manifest.run))/\(FileNames.chunk(chunk.sequence))", destination, .handBack)
            } catch {
                guard error.code == .notFound else { throw error }
                if try readyChunks(target, name).contains(where: { $0.sequence == chunk.sequence }) { continue }
                throw SpoolError(
                    .damaged,
                    "chunk \(chunk.sequence) of run \(manifest.run) vanished from the archive while it was put back into the queue: "
                        + "load again to see what is lost")
            }
        }
        for text in try listing(loaded(target, manifest.run), .readyList) where FileNames.parseEdited(text) != nil {
            do {
                try files.rename("\(loaded(target, manifest.run))/\(text)", "\(ready(target, name))/\(text)", .handBack)
            } catch { if error.code != .notFound { throw error } }
        }
        // The to-do goes up last: whoever is overtaken here leaves a run that is ended anew, not one without an outcome.
        do { try files.unlink(outcomePath(manifest.log, number, target: target), .closeUnlinkOutcome) } catch {
            if error.code != .notFound { throw error }
        }
        try putUp(manifest, number: number, target: target)
    }

    /// Links a closed run's manifest into the queue, so that a loader that passes it ends it there, too.
    package func putUp(_ manifest: RunManifest, number: Int, target: String) throws {
        let name = ReadyName(priority: manifest.priority, run: manifest.run)
        for isLast in [false, true] {
            do throws(StorageError) {
                try files.makeDirectories(root, ["ready", target, name.text], .handBackMakeDirectory, sync: nil)
                do throws(StorageError) {
                    try files.link(
                        logEntry(manifest.log, number), "\(ready(target, name))/\(FileNames.manifest)",
                        .publishLinkManifest)
                } catch { if error.code != .exists { throw error } }
                try files.synchronizeDirectory(ready(target, name), .publishSyncDirectory)
                return
            } catch {
                // Overtaken by a loader that ended the run: it is put up again, so that its outcome is written again.
                if error.code != .notFound || isLast { throw error }
            }
        }
    }
}
