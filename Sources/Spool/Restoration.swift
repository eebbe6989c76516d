package import Manifest
internal import Storage

extension Spool {
    /// Puts a closed run back into the queue of a target that went back in time, from the archive.
    ///
    /// - Throws: `SpoolError.damaged` when the archive does not have its chunks any more.
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
                    "\(manifest.stream) \(manifest.partition): the target is older than manifest \(number), and the archive no longer has "
                        + "chunk \(chunk.sequence) of run \(manifest.run): extract the range again (bobbin rewind)")
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
        for isLast in [false, true] {
            do throws(StorageError) {
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
                try files.makeDirectories(root, ["ready", target, name.text], .handBackMakeDirectory, sync: nil)
            }
        }
    }
}
