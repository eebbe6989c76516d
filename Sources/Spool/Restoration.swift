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

    /// Visits the last manifest of each log that did not end in `target` (encoded) and is not in its queue: it is being published, or
    /// somebody took it out.
    ///
    /// - Parameter jobs: only these; all when empty.
    package func visitUnqueued(_ target: String, jobs: Set<String>, _ body: (RunManifest) throws -> Void) throws {
        let queued = Set(try readyRuns(target).map(\.run))
        try visitLogs(jobs: jobs, .outcomeList) { directory in
            guard let last = directory.numbers.last,
                !directory.names.contains(FileNames.outcome(last, target: target)),
                let manifest = try readManifest(
                    "\(directory.path)/\(FileNames.logEntry(last))", .logRead, chunks: .left),
                manifest.targets.contains(where: { encode($0) == target }), !queued.contains(manifest.run)
            else { return }
            try body(manifest)
        }
    }

    /// Whether a run has still neither ended in `target` (encoded) nor come into its queue.
    package func isUnqueued(_ manifest: RunManifest, target: String) throws -> Bool {
        let name = ReadyName(priority: manifest.priority, run: manifest.run)
        if try exists("\(ready(target, name))/\(FileNames.manifest)") { return false }
        return try outcome(manifest.log, manifest.base + 1, target: target) == nil
    }

    /// Where the chunks of a run are that are not in the target.
    package struct ChunkPlaces: Sendable {
        /// The first that is nowhere.
        package var lost: Int?
        /// Whether a loader has some in hand.
        package var isInHand = false
        /// Whether some are in the archive.
        package var isArchived = false
        /// Whether the run has no manifest in the queue.
        package var isHidden = false
    }

    /// Looks for the chunks of a run.
    ///
    /// Listings of several directories are no picture of one moment: a chunk that another loader moves between two of them is in
    /// none. So it is only lost when it is nowhere in three looks, and no loader has anything of the run in hand.
    /// - Parameter loaded: chunks that the target has: it does not matter where they lie.
    package func places(of manifest: RunManifest, target: String, loaded: Set<Int> = []) throws -> ChunkPlaces {
        var places = try look(for: manifest, target, loaded)
        for _ in 0..<2 where places.lost != nil { places = try look(for: manifest, target, loaded) }
        if places.isInHand { places.lost = nil }
        return places
    }

    private func look(for manifest: RunManifest, _ target: String, _ done: Set<Int>) throws -> ChunkPlaces {
        let name = ReadyName(priority: manifest.priority, run: manifest.run)
        let archived = Set(try listing(loaded(target, manifest.run), .readyList).compactMap(FileNames.parseChunk))
        var present = Set(try readyChunks(target, name).map(\.sequence) + deadChunks(target, manifest.run))
        var places = ChunkPlaces()
        // In loaders' hands; who is dead is found by the sweep.
        for loader in try listing("\(root)/claimed", .sweepList) where NameEncoding.isEncoded(loader) {
            for claim in try listing(claimed(loader), .sweepList).compactMap({ ClaimedName($0) })
            where claim.ready.run == manifest.run && claim.target == target {
                places.isInHand = true
                present.insert(claim.chunk.sequence)
            }
        }
        for chunk in manifest.chunks where !done.contains(chunk.sequence) && !present.contains(chunk.sequence) {
            if archived.contains(chunk.sequence) {
                places.isArchived = true
            } else if places.lost == nil {
                places.lost = chunk.sequence
            }
        }
        places.isHidden = try !exists("\(ready(target, name))/\(FileNames.manifest)")
        return places
    }

    /// Whether an extractor, or a sweep, has still to publish a run.
    package func isOnItsWay(_ run: RunID) throws -> Bool { try exists(writing(run)) || exists(trash(run)) }

    private func exists(_ path: String) throws(StorageError) -> Bool {
        do {
            _ = try files.status(path, .closeCheck)
            return true
        } catch {
            if error.code == .notFound { return false }
            throw error
        }
    }

    /// Puts a closed run back into the queue of a target that went back in time, from the archive.
    ///
    /// - Throws: `SpoolError.damaged` when the archive does not have its chunks any more: see
    ///   ``places(of:target:loaded:)``.
    /// - Parameter except: chunks that stay there: the target has them.
    package func republish(
        _ manifest: RunManifest, number: Int, target: String, except: Set<Int> = []
    ) throws {
        try unarchive(manifest, target: target, except: except) { sequence in
            let name = ReadyName(priority: manifest.priority, run: manifest.run)
            if try readyChunks(target, name).contains(where: { $0.sequence == sequence }) { return }
            if try deadChunks(target, manifest.run).contains(sequence) { return }
            throw SpoolError(
                .damaged,
                "chunk \(sequence) of run \(manifest.run) vanished from the archive while it was put back into the queue: "
                    + "load again to see what is lost")
        }
        // The to-do goes up last: whoever is overtaken here leaves a run that is ended anew, not one without an outcome.
        do { try files.unlink(outcomePath(manifest.log, number, target: target), .closeUnlinkOutcome) } catch {
            if error.code != .notFound { throw error }
        }
        try putUp(manifest, number: number, target: target)
    }

    /// Moves the chunks of a run that lie in the archive back into the queue.
    ///
    /// - Parameters:
    ///   - except: chunks that stay there.
    ///   - missing: is called with each that is not there.
    package func unarchive(
        _ manifest: RunManifest, target: String, except: Set<Int> = [], missing: (Int) throws -> Void = { _ in }
    ) throws {
        let name = ReadyName(priority: manifest.priority, run: manifest.run)
        try files.makeDirectories(root, ["ready", target, name.text], .handBackMakeDirectory, sync: nil)
        for chunk in manifest.chunks where !except.contains(chunk.sequence) {
            let destination = "\(ready(target, name))/\(ReadyChunkName(sequence: chunk.sequence).text)"
            do {
                try files.rename(
                    "\(loaded(target, manifest.run))/\(FileNames.chunk(chunk.sequence))", destination, .handBack)
            } catch {
                guard error.code == .notFound else { throw error }
                try missing(chunk.sequence)
            }
        }
        for text in try listing(loaded(target, manifest.run), .readyList) where FileNames.parseEdited(text) != nil {
            do {
                try files.rename("\(loaded(target, manifest.run))/\(text)", "\(ready(target, name))/\(text)", .handBack)
            } catch { if error.code != .notFound { throw error } }
        }
    }

    /// Links a closed run's manifest into the queue, so that a loader that passes it ends it there, too.
    package func putUp(_ manifest: RunManifest, number: Int, target: String) throws {
        let name = ReadyName(priority: manifest.priority, run: manifest.run)
        for isLast in [false, true] {
            do throws(StorageError) {
                try files.makeDirectories(root, ["ready", target, name.text], .handBackMakeDirectory, sync: nil)
                try linkIntoQueue(manifest, number: number, target: target)
                return
            } catch {
                // Overtaken by a loader that ended the run: it is put up again, so that its outcome is written again.
                if error.code != .notFound || isLast { throw error }
            }
        }
    }
}
