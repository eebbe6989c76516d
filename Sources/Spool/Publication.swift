package import Manifest
internal import Storage

extension Spool {
    /// E3: moves a committed run's chunks into the queue of every target and links the manifest there last.
    ///
    /// May be repeated by anyone at any time; does nothing for targets where the run has ended.
    package func publish(_ manifest: RunManifest, number: Int) throws {
        var tries = 0
        // Somebody else may publish, load and end the run meanwhile, and take the directories away: then look again.
        while try !publishOnce(manifest, number: number, isLast: tries == 3) { tries += 1 }
        try clear(writing(manifest.run))
    }

    /// `false` when a directory vanished.
    private func publishOnce(_ manifest: RunManifest, number: Int, isLast: Bool) throws -> Bool {
        let name = ReadyName(priority: manifest.priority, run: manifest.run)
        let targets = try manifest.targets.map { encode($0) }.filter { target in
            try outcome(manifest.log, number, target: target) == nil
        }
        for target in targets {
            try openTarget(target)
            // The queue's last: a directory there without the archive's belongs to a run that has ended.
            for directory in [loaded(target, manifest.run), dead(target, manifest.run), ready(target, name)] {
                try makeDirectory(directory, .publishMakeDirectory)
            }
            // The archive's must be there when the run is closed, whatever becomes of the chunks' moves.
            try files.synchronizeDirectory("\(root)/loaded/\(target)", .publishSyncParent)
        }
        guard let last = targets.last else { return true }
        try publishRejects(manifest, targets)
        // What the others get is durable before the last one's chunks leave their place: a power cut may keep a later change of names
        // and lose an earlier one.
        for target in targets.dropLast() {
            for chunk in manifest.chunks {
                try move(chunk.sequence, of: manifest.run, to: ready(target, name), isLink: true)
            }
            guard try linkManifest(manifest, number, target, isLast: isLast) else { return false }
        }
        for chunk in manifest.chunks {
            try move(chunk.sequence, of: manifest.run, to: ready(last, name), isLink: false)
        }
        return try linkManifest(manifest, number, last, isLast: isLast)
    }

    /// `false` when the directory vanished.
    private func linkManifest(
        _ manifest: RunManifest, _ number: Int, _ target: String, isLast: Bool
    ) throws -> Bool {
        do throws(StorageError) { try linkIntoQueue(manifest, number: number, target: target) } catch {
            if error.code == .notFound, !isLast { return false }
            throw error
        }
        try files.synchronizeDirectory(ready(target), .publishSyncDirectory)
        return true
    }

    /// Links a committed run's manifest into a queue, where it may be already, and makes what lies there durable.
    func linkIntoQueue(_ manifest: RunManifest, number: Int, target: String) throws(StorageError) {
        let directory = ready(target, ReadyName(priority: manifest.priority, run: manifest.run))
        do throws(StorageError) {
            try files.link(
                logEntry(manifest.log, number), "\(directory)/\(FileNames.manifest)", .publishLinkManifest)
        } catch { if error.code != .exists { throw error } }
        try files.synchronizeDirectory(directory, .publishSyncDirectory)
    }

    /// Makes the directories of a target once; the queue's last, so that where it is, the others are.
    private func openTarget(_ target: String) throws {
        if (try? files.status(ready(target), .publishStatus)) != nil { return }
        for place in ["loaded", "dead", "ready"] {
            try makeDirectory("\(root)/\(place)/\(target)", .publishMakeDirectory)
            try files.synchronizeDirectory("\(root)/\(place)", .publishSyncParent)
        }
    }

    private func makeDirectory(_ path: String, _ operation: Operation) throws(StorageError) {
        do throws(StorageError) { try files.makeDirectory(path, operation) } catch {
            if error.code != .exists { throw error }
        }
    }

    /// Brings a chunk from where the extraction or a discard left it into a queue.
    ///
    /// - Parameter isLink: it also stays where it is.
    private func move(_ sequence: Int, of run: RunID, to directory: String, isLink: Bool) throws {
        let file = FileNames.chunk(sequence)
        let waiting = "\(directory)/\(ReadyChunkName(sequence: sequence).text)"
        for source in [writing(run), trash(run)] {
            do throws(StorageError) {
                if isLink {
                    try files.link("\(source)/\(file)", waiting, .publishLink)
                } else {
                    try files.rename("\(source)/\(file)", waiting, .publishMove)
                }
                return
            } catch {
                if isLink, error.code == .exists { return }
                // Not there: in the other place, or published by somebody else.
                if error.code != .notFound { throw error }
            }
        }
    }

    /// Rejected input goes to `dead/` of the first target: it was refused once, not once for each target.
    private func publishRejects(_ manifest: RunManifest, _ targets: [String]) throws {
        guard manifest.rejected > 0, let first = targets.first else { return }
        for source in [writing(manifest.run), trash(manifest.run)] {
            do throws(StorageError) {
                try files.rename(
                    "\(source)/\(FileNames.inputRejects)",
                    "\(dead(first, manifest.run))/\(FileNames.deadInputRejects)", .publishMoveRejects)
                return
            } catch { if error.code != .notFound { throw error } }
        }
    }

    /// Removes what is left of `writing/<run>` or `trash/<run>`; the lease goes last.
    ///
    /// - Parameter keepingChunks: nothing is removed as long as there are any.
    func clear(_ directory: String, keepingChunks: Bool = false) throws {
        let names: [String]
        do { names = try files.list(directory, .publishList) } catch {
            if error.code == .notFound { return }
            throw error
        }
        if keepingChunks, names.contains(where: { FileNames.parseChunk($0) != nil }) { return }
        for name in names.sorted(by: { ($0 == FileNames.lease ? 1 : 0) < ($1 == FileNames.lease ? 1 : 0) }) {
            do throws(StorageError) { try files.unlink("\(directory)/\(name)", .publishUnlinkManifest) } catch {
                if error.code != .notFound { throw error }
            }
        }
        do throws(StorageError) { try files.removeDirectory(directory, .publishRemoveDirectory) } catch {
            if error.code != .notFound, error.code != .notEmpty { throw error }
        }
    }
}
