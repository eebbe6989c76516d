package import Manifest
internal import Storage

/// A file in `dead/` and what is known of it.
package struct DeadItem: Sendable {
    /// What the file holds.
    package enum Content: Sendable, Equatable {
        /// A chunk that could not be loaded.
        case chunk(Int)
        /// Rejected rows of a chunk that was loaded.
        case rejects(Int)
        /// Input that could not become a record.
        case input
    }

    /// The target, encoded.
    package var queue: String
    package var run: RunID
    package var content: Content
    /// The file's name.
    package var file: String
    /// The run's manifest; unknown where the log lost it.
    package var manifest: RunManifest?
    /// Whether the run has not ended in the target.
    package var isOpen: Bool
    package var why: DeadReason?
    package var size: Int
    /// Unix milliseconds of the file's time.
    package var modified: Int64

    /// `TARGET/RUN/SEQ`; for rejects the file's name without its suffix in place of SEQ.
    package var id: String {
        if case .chunk(let sequence) = content { return "\(queue)/\(run)/\(sequence)" }
        return "\(queue)/\(run)/\(file.dropLast(FileNames.chunkSuffix.count))"
    }

    /// The path below the spool's root.
    package var path: String { "dead/\(queue)/\(run)/\(file)" }

    /// Rows of a dead chunk, by the manifest.
    package var rows: Int? {
        guard case .chunk(let sequence) = content, let chunks = manifest?.chunks, chunks.indices.contains(sequence)
        else {
            return nil
        }
        return chunks[sequence].rows
    }
}

/// What is set aside in `dead/`, for a person.
package struct DeadLetters {
    private let spool: Spool
    /// Directories of open runs, by `<target>/<run>`; only of runs that have something dead.
    private var open: [String: ReadyName] = [:]
    /// Filled by one walk over the log when some run is found nowhere else.
    private var fromLog: [RunID: String]?

    /// Looks at nothing yet.
    package init(_ spool: Spool) {
        self.spool = spool
    }

    /// Visits everything dead, by target, run and file.
    package mutating func visit(_ body: (DeadItem) throws -> Void) throws {
        for queue in try spool.listing("\(spool.root)/dead", .deadList).sorted() where NameEncoding.isEncoded(queue) {
            let runs = try spool.listing("\(spool.root)/dead/\(queue)", .deadList).compactMap { RunID($0) }.sorted()
            try findOpen(queue, Set(runs))
            for run in runs {
                let items = try items(queue, run)
                for item in items { try body(item) }
            }
        }
    }

    /// The one item that `id` names; a unique beginning of the run is enough.
    ///
    /// - Throws: `SpoolError.refused` when there is none, or more than one.
    package mutating func item(_ id: String) throws -> DeadItem {
        let parts = id.split(separator: "/", maxSplits: 2).map(String.init)
        guard parts.count == 3 else {
            throw SpoolError(
                .refused, "\"\(id)\" is no dead letter: write TARGET/RUN/SEQ as `bobbin dead list` prints it")
        }
        let queue = NameEncoding.isEncoded(parts[0]) ? parts[0] : spool.encode(parts[0])
        let runs = try spool.listing("\(spool.root)/dead/\(queue)", .deadList).compactMap { RunID($0) }
            .filter { $0.text.hasPrefix(parts[1]) }
        guard let run = runs.first else {
            throw SpoolError(.refused, "nothing is dead under \(queue)/\(parts[1]): see `bobbin dead list`")
        }
        guard runs.count == 1 else {
            throw SpoolError(.refused, "\(runs.count) runs begin with \(parts[1]): write more of its digits")
        }
        try findOpen(queue, [run])
        let items = try items(queue, run)
        let number = HexDigits.decimal(parts[2])
        let exact = items.filter { item in
            item.content == number.map { .chunk($0) } || item.file == parts[2]
                || item.file == parts[2] + FileNames.chunkSuffix
        }
        if let item = exact.first { return item }
        let rejects = items.filter { item in number.map { item.content == .rejects($0) } ?? false }
        if rejects.count == 1, let item = rejects.first { return item }
        throw SpoolError(
            .refused,
            "\(queue)/\(run) has nothing dead under \"\(parts[2])\"; it has "
                + (items.isEmpty ? "nothing any more" : items.map(\.id).joined(separator: ", ")))
    }

    private mutating func findOpen(_ queue: String, _ runs: Set<RunID>) throws {
        guard !runs.isEmpty else { return }
        for name in try spool.listing(spool.ready(queue), .readyList).compactMap({ ReadyName($0) })
        where runs.contains(name.run) {
            open["\(queue)/\(name.run)"] = name
        }
    }

    private mutating func items(_ queue: String, _ run: RunID) throws -> [DeadItem] {
        let (manifest, isOpen) = try manifest(queue, run)
        var items: [DeadItem] = []
        for file in try spool.listing(spool.dead(queue, run), .deadList).sorted() {
            let content: DeadItem.Content
            var why: DeadReason?
            if let sequence = FileNames.parseChunk(file) {
                content = .chunk(sequence)
                why = try spool.why(queue, run, sequence)
            } else if file == FileNames.deadInputRejects {
                content = .input
            } else if let sequence = FileNames.parseRejects(file) {
                content = .rejects(sequence)
            } else {
                continue
            }
            guard let facts = try? spool.files.status("\(spool.dead(queue, run))/\(file)", .deadStatus),
                facts.kind == .file
            else { continue }
            items.append(
                DeadItem(
                    queue: queue, run: run, content: content, file: file, manifest: manifest, isOpen: isOpen, why: why,
                    size: facts.size, modified: facts.modified / 1_000_000))
        }
        return items
    }

    private mutating func manifest(_ queue: String, _ run: RunID) throws -> (RunManifest?, isOpen: Bool) {
        if let name = open["\(queue)/\(run)"], let manifest = try? spool.readyManifest(queue, name) {
            return (manifest, true)
        }
        let archived = "\(spool.loaded(queue, run))/\(FileNames.manifest)"
        if let manifest = try? spool.readManifest(archived, .deadRead) { return (manifest, false) }
        if fromLog == nil { fromLog = try pathsOfDeadRuns() }
        guard let path = fromLog?[run] else { return (nil, false) }
        return ((try? spool.readManifest(path, .deadRead)) ?? nil, false)
    }

    private func pathsOfDeadRuns() throws -> [RunID: String] {
        var wanted: Set<RunID> = []
        for queue in try spool.listing("\(spool.root)/dead", .deadList) {
            wanted.formUnion(try spool.listing("\(spool.root)/dead/\(queue)", .deadList).compactMap { RunID($0) })
        }
        var paths: [RunID: String] = [:]
        try spool.visitLogs { directory in
            for number in directory.numbers {
                let path = "\(directory.path)/\(FileNames.logEntry(number))"
                guard let found = try? spool.readManifest(path, .deadRead), wanted.contains(found.run) else { continue }
                paths[found.run] = path
            }
        }
        return paths
    }
}

extension Spool {
    /// The target (encoded) and the manifest of a waiting run, by `TARGET/RUN`, of whose id a unique beginning is enough; `nil`
    /// when `id` names something else.
    ///
    /// - Throws: `SpoolError.refused` when nothing waits under it, or more than one run.
    package func waitingRun(_ id: String) throws -> (queue: String, manifest: RunManifest)? {
        let parts = id.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { return nil }
        let queue = NameEncoding.isEncoded(parts[0]) ? parts[0] : encode(parts[0])
        let names = try readyRuns(queue).filter { $0.run.text.hasPrefix(parts[1]) }
        guard names.count <= 1 else {
            throw SpoolError(.refused, "\(names.count) runs begin with \(parts[1]): write more of its digits")
        }
        guard let name = names.first, let manifest = try readyManifest(queue, name) else {
            throw SpoolError(
                .refused, "nothing waits under \(id): `bobbin runs` prints the ids of runs, `bobbin status` what waits")
        }
        return (queue, manifest)
    }
}
