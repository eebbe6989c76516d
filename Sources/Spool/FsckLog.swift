internal import Manifest
internal import Storage

/// `manifests/`: the log itself, and that every open run has all its chunks somewhere.
extension Fsck {
    func checkLogs() throws {
        for job in try names("manifests") {
            guard NameEncoding.isEncoded(job), status("manifests/\(job)")?.kind == .directory else {
                stranger("manifests/\(job)")
                continue
            }
            for stream in try names("manifests/\(job)") {
                guard NameEncoding.isEncoded(stream), status("manifests/\(job)/\(stream)")?.kind == .directory else {
                    stranger("manifests/\(job)/\(stream)")
                    continue
                }
                try checkLog("manifests/\(job)/\(stream)")
            }
        }
    }

    private func checkLog(_ path: String) throws {
        var numbers: Set<Int> = []
        var outcomes: [(number: Int, target: String, name: String)] = []
        for name in try names(path) {
            let below = "\(path)/\(name)"
            if let equals = name.firstIndex(of: "=") {
                let parts = [name[..<equals], name[name.index(after: equals)...]]
                if parts.allSatisfy({ NameEncoding.isEncoded($0) }) { try checkLog(below) } else { stranger(below) }
            } else if let number = FileNames.parseLogEntry(name) {
                if isFile(below) { numbers.insert(number) }
            } else if let entry = FileNames.parseTargetEntry(name, suffix: ".outcome.json") {
                if isFile(below) { outcomes.append((entry.number, entry.target, name)) }
            } else if name != FileNames.failed, FileNames.parseTargetEntry(name, suffix: ".load.json") == nil {
                stranger(below)
            }
        }
        for outcome in outcomes {
            if !numbers.contains(outcome.number) {
                finding(
                    .outcomeWithoutManifest, "\(path)/\(outcome.name)",
                    "its manifest \(outcome.number).json is not in the log",
                    "restore the manifest from a backup; what was loaded stays in the target")
            }
            try checkOutcome("\(path)/\(outcome.name)")
        }
        for number in numbers.sorted() {
            if number > 1, !numbers.contains(number - 1) {
                let first = (numbers.filter { $0 < number }.max() ?? 0) + 1
                finding(
                    .logGap, "\(path)/\(FileNames.logEntry(first))",
                    first == number - 1
                        ? "manifest \(first) is missing" : "manifests \(first) to \(number - 1) are missing",
                    "restore them from a backup: a loader cannot pass a gap; without one, start anew with another spool"
                )
            }
            try checkManifest(path, number)
        }
    }

    private func checkOutcome(_ path: String) throws {
        guard try isTorn(path) else { return }
        finding(
            .outcomeTorn, path, "cannot be read",
            "--repair sets it aside; a loader writes it again from the target's head"
        ) { try self.spool.quarantine(path) }
    }

    private func isTorn(_ path: String) throws -> Bool {
        do {
            let bytes = try spool.files.contents(
                "\(spool.root)/\(path)", open: .fsckRead, read: .fsckRead, close: .fsckRead)
            return (try? LoadManifest(decoding: bytes))?.outcome == nil
        } catch {
            if error.code == .notFound { return false }
            throw error
        }
    }

    /// Reads the manifest at a path below the root, and reports one that cannot be read.
    func read(_ path: String) throws -> RunManifest? {
        do {
            let bytes = try spool.files.contents(
                "\(spool.root)/\(path)", open: .fsckRead, read: .fsckRead, close: .fsckRead)
            return try RunManifest(decoding: bytes)
        } catch let error as StorageError {
            if error.code == .notFound { return nil }
            throw error
        } catch {
            unreadable(path, error)
            return nil
        }
    }

    private func checkManifest(_ directory: String, _ number: Int) throws {
        let path = "\(directory)/\(FileNames.logEntry(number))"
        guard let manifest = try read(path) else { return }
        manifests += 1
        if manifest.spool != spool.id {
            return finding(
                .manifestForeign, path, "belongs to spool \(manifest.spool), this is \(spool.id)",
                "two spools were mixed: restore spool.json, or keep each spool in its own directory")
        }
        let due = "manifests/" + spool.logComponents(manifest.log).joined(separator: "/")
        guard due == directory, manifest.base + 1 == number else {
            return finding(
                .manifestMisplaced, path, "says that it is \(due)/\(FileNames.logEntry(manifest.base + 1))",
                "it was moved or copied here by hand: move it back, or restore the log from a backup")
        }
        for target in manifest.targets { try check(manifest, number, spool.encode(target)) }
    }

    private func isOpen(_ manifest: RunManifest, _ number: Int, _ queue: String) throws -> Bool {
        try spool.outcome(manifest.log, number, target: queue) == nil
    }

    /// One manifest in one target.
    private func check(_ manifest: RunManifest, _ number: Int, _ queue: String) throws {
        guard try isOpen(manifest, number, queue) else { return }
        // A torn outcome was reported; what follows from it is not.
        if (try? spool.files.status(spool.outcomePath(manifest.log, number, target: queue), .fsckStatus)) != nil {
            return
        }
        let name = ReadyName(priority: manifest.priority, run: manifest.run)
        let ready = "ready/\(queue)/\(name.text)"
        if status("\(ready)/\(FileNames.manifest)") == nil {
            if try isBeingPublished(manifest.run) || !isOpen(manifest, number, queue) { return }
            unpublished.insert(manifest.run)
            finding(
                .notPublished, ready,
                "run \(manifest.run) is committed as manifest \(number) of \(manifest.stream) \(manifest.partition), is not in the queue of "
                    + "\(spool.display(queue)) and has not ended",
                "any loader or extractor publishes it when its directory in writing/ is there; --repair does so in any case"
            ) { try self.spool.publish(manifest, number: number) }
            if !options.repairs { return }
        }
        var missing = try self.missing(manifest, queue, name)
        // Chunks move while we look: only what is missing twice is missing.
        if !missing.isEmpty {
            let again = try self.missing(manifest, queue, name)
            missing.removeAll { !again.contains($0) }
        }
        guard !missing.isEmpty, try isOpen(manifest, number, queue) else { return }
        for sequence in missing {
            let path = "\(ready)/\(ReadyChunkName(sequence: sequence).text)"
            let source = try copy(of: sequence, manifest, besides: queue)
            finding(
                .chunkMissing, path,
                "chunk \(sequence) of manifest \(number) of \(manifest.stream) \(manifest.partition) is in none of ready/, claimed/, dead/ and "
                    + "loaded/ of \(spool.display(queue))",
                source.map { "--repair links it from \($0)" }
                    ?? "extract the range again (`bobbin run \(manifest.job)`; for append and merge first `bobbin rewind \(manifest.job)`)",
                repair: source.map { source in
                    {
                        do throws(StorageError) {
                            try self.spool.files.link(
                                "\(self.spool.root)/\(source)", "\(self.spool.root)/\(path)", .fsckMove)
                        } catch { if error.code != .exists { throw error } }
                    }
                })
        }
    }

    /// Whether an extractor that may be alive is about to publish the run itself.
    private func isBeingPublished(_ run: RunID) throws -> Bool {
        guard let lease = try Inventory.lease(spool, "\(spool.writing(run))/\(FileNames.lease)") else { return false }
        return !spool.host.isKnownDead(lease.process)
    }

    /// Chunks of an open run that are nowhere, looked for in the direction in which they move.
    private func missing(_ manifest: RunManifest, _ queue: String, _ name: ReadyName) throws -> [Int] {
        var known = Set(try spool.readyChunks(queue, name).map(\.sequence))
        guard known.count < manifest.chunks.count else { return [] }
        for sequence in manifest.chunks.indices where claims["\(queue)/\(manifest.run)/\(sequence)"] != nil {
            known.insert(sequence)
        }
        guard known.count < manifest.chunks.count else { return [] }
        for directory in try spool.listing("\(spool.root)/claimed", .fsckList) {
            for claimed in try spool.listing(spool.claimed(directory), .fsckList).compactMap({ ClaimedName($0) })
            where claimed.target == queue && claimed.ready.run == manifest.run {
                known.insert(claimed.chunk.sequence)
            }
        }
        known.formUnion(try spool.deadChunks(queue, manifest.run))
        known.formUnion(
            try spool.listing(spool.loaded(queue, manifest.run), .fsckList).compactMap(FileNames.parseChunk))
        return manifest.chunks.indices.filter { !known.contains($0) }
    }

    /// Another name of a chunk: in another target's places, or where its extraction or its discard left it.
    private func copy(of sequence: Int, _ manifest: RunManifest, besides queue: String) throws -> String? {
        let file = FileNames.chunk(sequence)
        let name = ReadyName(priority: manifest.priority, run: manifest.run)
        var places = ["writing/\(manifest.run)/\(file)", "trash/\(manifest.run)/\(file)"]
        for other in manifest.targets.map({ spool.encode($0) }) where other != queue {
            places.append("loaded/\(other)/\(manifest.run)/\(file)")
            places += try spool.readyChunks(other, name).filter { $0.sequence == sequence }
                .map { "ready/\(other)/\(name.text)/\($0.text)" }
            places.append("dead/\(other)/\(manifest.run)/\(file)")
        }
        let entry = manifest.chunks[sequence]
        return try places.first { place in
            guard let status = status(place), status.kind == .file, status.size == entry.compressed else {
                return false
            }
            return try spool.inspectChunk("\(spool.root)/\(place)").matches(entry)
        }
    }
}
