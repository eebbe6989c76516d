package import Manifest
internal import Storage

extension Spool {
    /// E3: moves a committed run's chunks into the queue of every target and links the manifest there last.
    ///
    /// May be repeated by anyone at any time; does nothing for targets where the run has ended.
    package func publish(_ manifest: RunManifest, number: Int) throws {
        let name = ReadyName(priority: manifest.priority, run: manifest.run)
        let targets = try manifest.targets.map { encode($0) }.filter { target in
            try outcome(manifest.log, number, target: target) == nil
        }
        for target in targets {
            try openTarget(target)
            for directory in [ready(target, name), loaded(target, manifest.run), dead(target, manifest.run)] {
                try makeDirectory(directory, .publishMakeDirectory)
            }
        }
        if let last = targets.last {
            for chunk in manifest.chunks {
                try publish(chunk.sequence, of: manifest.run, name, to: targets.dropLast(), last: last)
            }
            try publishRejects(manifest, targets)
        }
        for target in targets {
            do {
                try files.link(
                    logEntry(manifest.log, number), "\(ready(target, name))/\(FileNames.manifest)",
                    .publishLinkManifest)
            } catch { if error.code != .exists { throw error } }
            try files.synchronizeDirectory(ready(target, name), .publishSyncDirectory)
            try files.synchronizeDirectory(ready(target), .publishSyncDirectory)
        }
        try clear(writing(manifest.run))
    }

    /// Makes the directories of a target, and its token, once.
    private func openTarget(_ target: String) throws {
        if (try? files.status(ready(target), .publishList)) != nil { return }
        // The queue itself comes last: where it stands, the others do.
        for directory in ["\(root)/loaded/\(target)", "\(root)/dead/\(target)", ready(target)] {
            try makeDirectory(directory, .publishMakeDirectory)
        }
        for directory in ["ready", "loaded", "dead"] {
            try files.synchronizeDirectory("\(root)/\(directory)", .publishSyncParent)
        }
    }

    private func makeDirectory(_ path: String, _ operation: Operation) throws(StorageError) {
        do throws(StorageError) { try files.makeDirectory(path, operation) } catch { if error.code != .exists { throw error } }
    }

    private func publish(
        _ sequence: Int, of run: RunID, _ name: ReadyName, to others: ArraySlice<String>, last: String
    ) throws {
        let file = FileNames.chunk(sequence)
        let waiting = ReadyChunkName(sequence: sequence).text
        for source in [writing(run), trash(run)] {
            do throws(StorageError) {
                for target in others {
                    do throws(StorageError) { try files.link("\(source)/\(file)", "\(ready(target, name))/\(waiting)", .publishLink) } catch {
                        if error.code != .exists { throw error }
                    }
                }
                try files.rename("\(source)/\(file)", "\(ready(last, name))/\(waiting)", .publishMove)
                return
            } catch {
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
    func clear(_ directory: String) throws {
        let names: [String]
        do { names = try files.list(directory, .publishList) } catch {
            if error.code == .notFound { return }
            throw error
        }
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
