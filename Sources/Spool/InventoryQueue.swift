package import Manifest
internal import Storage

/// A run that is being extracted, or whose extractor is gone.
package struct ExtractionStatus: Sendable {
    package var run: RunID
    /// Unknown where the lease cannot be read.
    package var key: LogKey?
    package var process: ProcessFacts?
    /// Not known to be dead; another host's silence is only noticed over a lease.
    package var isAlive: Bool
    /// Finished chunks, and the rows in them.
    package var chunks: Int
    package var rows: Int
    /// Unix milliseconds.
    package var started: Int64
}

/// Who holds a lease.
package struct ProcessFacts: Sendable {
    package var host: String
    package var pid: Int
}

/// What waits for one target.
package struct QueueStatus: Sendable {
    /// The target's name.
    package var target: String
    /// Published runs that have not ended.
    package var runs = 0
    /// Chunks that wait, delayed ones included.
    package var chunks = 0
    /// Compressed bytes of these.
    package var bytes = 0
    /// Dead chunks of runs that have not ended: they hold something up.
    package var deadChunks = 0
    /// Dead chunks of runs that have ended: kept for a person, they count no more.
    package var pastDeadChunks = 0
    /// Files of rejected rows or rejected input.
    package var rejectFiles = 0
    /// The loader that holds the token of the target.
    package var writer: String?
}

/// A loader's directory.
package struct LoaderStatus: Sendable {
    package var id: String
    package var process: ProcessFacts?
    /// Not known to be dead; another host's silence is only noticed over a lease.
    package var isAlive: Bool
    /// The claimed name of the chunk in work.
    package var work: String?
    /// Chunks that it holds.
    package var chunks: Int
}

/// An operator's request.
package struct RequestStatus: Sendable {
    package var request: Spool.Request
    package var job: String
    /// Unix milliseconds.
    package var asked: Int64
}

extension Inventory {
    /// Runs in `writing/`.
    package static func extractions(_ spool: Spool, jobs: Set<String> = []) throws -> [ExtractionStatus] {
        var found: [ExtractionStatus] = []
        for run in try spool.listing("\(spool.root)/writing", .inventoryList).compactMap({ RunID($0) }).sorted() {
            let lease = try lease(spool, "\(spool.writing(run))/\(FileNames.lease)")
            if !jobs.isEmpty, lease?.run.map({ jobs.contains($0.key.job) }) != true { continue }
            var status = ExtractionStatus(
                run: run, key: lease?.run?.key, process: lease.map { ProcessFacts($0) },
                isAlive: lease.map { !spool.host.isKnownDead($0.process) } ?? false, chunks: 0, rows: 0,
                started: Int64(clamping: run.milliseconds))
            for sequence in try spool.listing(spool.writing(run), .inventoryList).compactMap(FileNames.parseChunkEntry)
            {
                let bytes = try? spool.files.contents(
                    "\(spool.writing(run))/\(FileNames.chunkEntry(sequence))", open: .inventoryRead,
                    read: .inventoryRead, close: .inventoryRead)
                guard let checkpoint = bytes.flatMap({ ChunkCheckpoint(decoding: $0) }) else { continue }
                status.chunks += 1
                status.rows += checkpoint.entry.rows
            }
            found.append(status)
        }
        return found
    }

    /// What waits for each target, and what is dead there.
    package static func queues(_ spool: Spool) throws -> [QueueStatus] {
        let names = try ["ready", "dead"].flatMap { try spool.listing("\(spool.root)/\($0)", .inventoryList) }
        return try Set(names).filter { NameEncoding.isEncoded($0) }.sorted().map { try queue(spool, $0) }
    }

    private static func queue(_ spool: Spool, _ queue: String) throws -> QueueStatus {
        var status = QueueStatus(target: spool.display(queue))
        let dead = Set(try spool.listing("\(spool.root)/dead/\(queue)", .deadList).compactMap { RunID($0) })
        var deadOpen: Set<RunID> = []
        for text in try spool.listing(spool.ready(queue), .inventoryList) {
            guard let name = ReadyName(text) else { continue }
            var isPublished = false
            for file in try spool.listing(spool.ready(queue, name), .inventoryList) {
                if file == FileNames.manifest { isPublished = true }
                guard ReadyChunkName(file) != nil,
                    let facts = try? spool.files.status("\(spool.ready(queue, name))/\(file)", .inventoryStatus)
                else { continue }
                status.chunks += 1
                status.bytes += facts.size
            }
            if isPublished {
                status.runs += 1
                if dead.contains(name.run) { deadOpen.insert(name.run) }
            }
        }
        for run in dead {
            for file in try spool.listing(spool.dead(queue, run), .deadList) {
                if FileNames.parseChunk(file) != nil {
                    if deadOpen.contains(run) { status.deadChunks += 1 } else { status.pastDeadChunks += 1 }
                } else if FileNames.parseRejects(file) != nil || file == FileNames.deadInputRejects {
                    status.rejectFiles += 1
                }
            }
        }
        for loader in try spool.listing("\(spool.root)/claimed", .inventoryList) where NameEncoding.isEncoded(loader) {
            let token = "\(spool.claimed(loader))/\(FileNames.heldWriter(queue))"
            if (try? spool.files.status(token, .inventoryStatus)) != nil { status.writer = loader }
        }
        return status
    }

    /// The loaders that have a directory.
    package static func loaders(_ spool: Spool) throws -> [LoaderStatus] {
        var found: [LoaderStatus] = []
        for id in try spool.listing("\(spool.root)/claimed", .inventoryList).sorted() where NameEncoding.isEncoded(id) {
            let lease = try lease(spool, "\(spool.claimed(id))/\(FileNames.lease)")
            let chunks = try spool.listing(spool.claimed(id), .inventoryList).count { ClaimedName($0) != nil }
            found.append(
                LoaderStatus(
                    id: id, process: lease.map { ProcessFacts($0) },
                    isAlive: lease.map { !spool.host.isKnownDead($0.process) } ?? false, work: lease?.work,
                    chunks: chunks))
        }
        return found
    }

    /// What operators have asked for.
    package static func requests(_ spool: Spool) throws -> [RequestStatus] {
        var found: [RequestStatus] = []
        for name in try spool.listing("\(spool.root)/control", .controlList).sorted() {
            for request in Spool.Request.allCases where name.hasPrefix("\(request.rawValue).") {
                let job = spool.display(String(name.dropFirst(request.rawValue.utf8.count + 1)))
                guard let facts = try? spool.files.status("\(spool.root)/control/\(name)", .controlStatus) else {
                    continue
                }
                found.append(RequestStatus(request: request, job: job, asked: facts.modified / 1_000_000))
            }
        }
        return found
    }

    static func lease(_ spool: Spool, _ path: String) throws -> Lease? {
        do {
            return Lease(
                decoding: try spool.files.contents(
                    path, limit: 1 << 20, open: .inventoryRead, read: .inventoryRead, close: .inventoryRead))
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }
}

extension ProcessFacts {
    init(_ lease: Lease) {
        self.init(host: lease.process.host, pid: Int(lease.process.pid))
    }
}
