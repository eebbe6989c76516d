internal import Manifest
internal import Storage

/// `loaded/` and `dead/`: what has ended, one way or the other.
extension Fsck {
    func checkLoaded() throws {
        for queue in try names("loaded") {
            guard NameEncoding.isEncoded(queue) else {
                stranger("loaded/\(queue)")
                continue
            }
            var unknown: Set<RunID> = []
            for text in try names("loaded/\(queue)") {
                guard let run = RunID(text) else {
                    stranger("loaded/\(queue)/\(text)")
                    continue
                }
                try checkArchive(queue, run, &unknown)
            }
            unknown.subtract(unpublished)
            guard !unknown.isEmpty else { continue }
            for name in try spool.listing(spool.ready(queue), .fsckList).compactMap({ ReadyName($0) }) {
                unknown.remove(name.run)
            }
            for run in unknown.sorted() {
                let directory = "loaded/\(queue)/\(run)"
                if status("\(directory)/\(FileNames.manifest)") != nil { continue }
                finding(
                    .chunkWithoutManifest, directory, "loaded chunks of a run that no manifest has",
                    "the log or the queue was lost: restore them; --repair moves the chunks to quarantine/"
                ) { try self.spool.quarantine(directory) }
            }
        }
    }

    private func checkArchive(_ queue: String, _ run: RunID, _ unknown: inout Set<RunID>) throws {
        let directory = "loaded/\(queue)/\(run)"
        var files: [Int] = []
        for file in try names(directory) where file != FileNames.manifest {
            if let sequence = FileNames.parseChunk(file) {
                if isFile("\(directory)/\(file)") { files.append(sequence) }
            } else if FileNames.parseEdited(file) == nil {
                stranger("\(directory)/\(file)")
            }
        }
        guard status("\(directory)/\(FileNames.manifest)") != nil else {
            if !files.isEmpty { unknown.insert(run) }
            return
        }
        guard let manifest = try read("\(directory)/\(FileNames.manifest)") else { return }
        for sequence in files {
            let path = "\(directory)/\(FileNames.chunk(sequence))"
            guard manifest.chunks.indices.contains(sequence) else {
                stranger(path)
                continue
            }
            var entry = manifest.chunks[sequence]
            if let edited = try? spool.editedChunk("\(spool.root)/\(directory)", sequence) {
                entry = entry.with(edited)
            }
            guard let wrong = try damage(path, entry) else { continue }
            finding(
                .chunkDamaged, path, wrong,
                "its rows are in the target; only the copy for a restore is lost: --repair moves it to quarantine/"
            ) { try self.spool.quarantine(path) }
        }
    }

    func checkDead() throws {
        for queue in try names("dead") {
            guard NameEncoding.isEncoded(queue) else {
                stranger("dead/\(queue)")
                continue
            }
            for text in try names("dead/\(queue)") {
                let directory = "dead/\(queue)/\(text)"
                guard let run = RunID(text) else {
                    stranger(directory)
                    continue
                }
                var chunks: Set<Int> = []
                var reasons: Set<Int> = []
                for file in try names(directory) {
                    if let sequence = FileNames.parseChunk(file) {
                        if isFile("\(directory)/\(file)") { chunks.insert(sequence) }
                    } else if let sequence = FileNames.parseWhy(file) {
                        if isFile("\(directory)/\(file)") { reasons.insert(sequence) }
                    } else if file != FileNames.deadInputRejects, FileNames.parseRejects(file) == nil {
                        stranger("\(directory)/\(file)")
                    }
                }
                try checkReasons(queue, run, chunks, reasons)
            }
        }
    }

    private func checkReasons(_ queue: String, _ run: RunID, _ chunks: Set<Int>, _ reasons: Set<Int>) throws {
        let directory = "dead/\(queue)/\(run)"
        for sequence in chunks.sorted() {
            if reasons.contains(sequence), try spool.why(queue, run, sequence) != nil { continue }
            guard status("\(directory)/\(FileNames.chunk(sequence))") != nil else { continue }
            let path = "\(directory)/\(FileNames.why(sequence))"
            finding(
                .deadWithoutWhy, path, "the reason of dead chunk \(sequence) is missing or torn",
                "--repair writes that it is unknown; `bobbin dead replay` tries the chunk again"
            ) {
                try self.spool.quarantine(path)
                try self.writeWhy(
                    self.spool.dead(queue, run), sequence, "the reason was lost; replay the chunk to see it again",
                    attempts: 0,
                    crashes: 0)
            }
        }
        for sequence in reasons.subtracting(chunks).sorted() {
            let path = "\(directory)/\(FileNames.why(sequence))"
            // A loader writes the reason first.
            guard claims["\(queue)/\(run)/\(sequence)"] == nil, status(path) != nil,
                status("\(directory)/\(FileNames.chunk(sequence))") == nil
            else { continue }
            finding(
                .whyWithoutChunk, path, "the chunk that it is about is not there", "--repair moves it to quarantine/"
            ) {
                try self.spool.quarantine(path)
            }
        }
    }
}
