package import Manifest
internal import Storage

/// L3 and L4: what happens in the spool once the target's head and ledger have decided.
extension Spool {
    /// Moves a chunk to the archive; two names of one inode are made one.
    func moveToLoaded(_ source: String, _ target: String, _ run: RunID, _ sequence: Int) throws {
        let destination = "\(loaded(target, run))/\(FileNames.chunk(sequence))"
        do throws(StorageError) { try files.rename(source, destination, .retire) } catch {
            guard error.code == .notFound else { throw error }
            guard (try? files.status(source, .closeCheck)) != nil else { return }
            try files.makeDirectories(
                root, ["loaded", target, run.text], .retireMakeDirectory, sync: nil)
            try files.rename(source, destination, .retire)
        }
        // rename(2) of two links of one inode does nothing and reports success.
        if let status = try? files.status(source, .closeCheck), status.kind == .file {
            try files.unlink(source, .retireUnlinkSource)
        }
    }

    /// Writes down the progress of an open run, for people; never evidence, so not fsynced.
    package func recordProgress(_ progress: LoadManifest, of manifest: RunManifest, seat: LoaderSeat) throws {
        let temporary = "\(claimed(seat.id))/progress"
        try files.writeFile(
            temporary, progress.encoded(), mode: .replace, create: .progressCreate, write: .progressWrite,
            close: .progressClose)
        try files.rename(
            temporary,
            "\(log(manifest.log))/\(FileNames.loadManifest(progress.number, target: progress.target))",
            .progressRename)
    }

    /// Ends a run in one target: the outcome, then every chunk to the archive, then the ready manifest, last (L4).
    ///
    /// Called after the head moved, by whoever sees it; may be repeated.
    package func close(_ manifest: RunManifest, _ result: LoadManifest, seat: LoaderSeat) throws {
        let target = result.target
        let key = manifest.log
        let path = outcomePath(key, result.number, target: target)
        let known = try outcome(key, result.number, target: target)
        if known == nil || known?.outcome != result.outcome {
            let temporary = "\(claimed(seat.id))/outcome.\(manifest.run)"
            try files.writeFile(
                temporary, result.encoded(), mode: .replace, create: .outcomeCreate, write: .outcomeWrite,
                sync: .outcomeSync, close: .outcomeClose)
            if known == nil {
                do throws(StorageError) { try files.link(temporary, path, .outcomeLink) } catch {
                    if error.code != .exists { throw error }
                }
                try files.unlink(temporary, .outcomeUnlinkTemporary)
            } else {
                // The target went back, and ended the run otherwise this time: its head decides.
                try files.rename(temporary, path, .outcomeReplace)
            }
        }
        // Also of one that stands there: who made it may have died before it was durable.
        try files.synchronizeDirectory(log(key), .outcomeSyncDirectory)
        let name = ReadyName(priority: manifest.priority, run: manifest.run)
        let directory = ready(target, name)
        do {
            for text in try files.list(directory, .closeList) {
                if let chunk = ReadyChunkName(text) {
                    try moveToLoaded("\(directory)/\(text)", target, manifest.run, chunk.sequence)
                } else if FileNames.parseEdited(text) != nil {
                    // The archive's copy differs from the manifest: what says so goes with it.
                    try files.rename("\(directory)/\(text)", "\(loaded(target, manifest.run))/\(text)", .editedRetire)
                }
            }
        } catch let error as StorageError { if error.code != .notFound { throw error } }
        if !manifest.chunks.isEmpty {
            do {
                try files.link(
                    logEntry(key, result.number), "\(loaded(target, manifest.run))/\(FileNames.manifest)",
                    .retireLinkManifest)
            } catch { if error.code != .exists, error.code != .notFound { throw error } }
            // A power cut that kept the end of the run and not this would leave an archive of which nobody knows the run.
            do { try files.synchronizeDirectory(loaded(target, manifest.run), .retireSyncDirectory) } catch {
                if error.code != .notFound { throw error }
            }
        }
        try removeLeftovers(dead(target, manifest.run), result)
        // Everything else goes before the ready manifest, which is what brings the next one here.
        try unlinkIfThere("\(log(key))/\(FileNames.loadManifest(result.number, target: target))", .closeUnlinkProgress)
        try removeIfEmpty(dead(target, manifest.run))
        try removeIfEmpty(loaded(target, manifest.run))
        try unlinkIfThere("\(directory)/\(FileNames.manifest)", .closeUnlinkManifest)
        try removeIfEmpty(directory)
    }

    /// Removes what is left in the queue of a run that has ended: its ready manifest is gone already, and a crash or a late
    /// hand-back left the directory. One that was on its way back from the archive is put up. Only for the loader that holds the
    /// target's token.
    package func tidyEnded(_ target: String, _ name: ReadyName) throws {
        let archive = loaded(target, name.run)
        if let manifest = try readManifest("\(archive)/\(FileNames.manifest)", .closeCheck) {
            guard try outcome(manifest.log, manifest.base + 1, target: target) != nil else {
                return try putUp(manifest, number: manifest.base + 1, target: target)
            }
        } else {
            // A run in publication has its directory in the archive already.
            do {
                _ = try files.status(archive, .closeCheck)
                return
            } catch { if error.code != .notFound { throw error } }
        }
        for chunk in try readyChunks(target, name) {
            try moveToLoaded("\(ready(target, name))/\(chunk.text)", target, name.run, chunk.sequence)
        }
        try removeIfEmpty(ready(target, name))
    }

    /// Removes what loaders left in `dead/` that died before their commit: rejected rows that no ledger row names, and
    /// reasons without a chunk.
    private func removeLeftovers(_ directory: String, _ result: LoadManifest) throws {
        let names: [String]
        do { names = try files.list(directory, .deadList) } catch {
            if error.code == .notFound { return }
            throw error
        }
        let named = Set(
            result.chunks.filter { $0.rejects > 0 }.map {
                FileNames.rejects($0.sequence, loader: $0.loader, attempt: $0.attempt)
            })
        for name in names {
            let isLeftover =
                if let sequence = FileNames.parseWhy(name) {
                    !names.contains(FileNames.chunk(sequence))
                } else {
                    FileNames.parseRejects(name) != nil && !named.contains(name)
                }
            if isLeftover { try unlinkIfThere("\(directory)/\(name)", .closeUnlinkLeftover) }
        }
    }

    private func unlinkIfThere(_ path: String, _ operation: Operation) throws(StorageError) {
        do throws(StorageError) { try files.unlink(path, operation) } catch {
            if error.code != .notFound { throw error }
        }
    }

    private func removeIfEmpty(_ path: String) throws(StorageError) {
        do throws(StorageError) { try files.removeDirectory(path, .closeRemoveDirectory) } catch {
            // Not empty: dead rows, the archive, or a chunk handed back this instant, which the next sweep moves.
            if error.code != .notFound, error.code != .notEmpty { throw error }
        }
    }
}
