package import Manifest
internal import Storage

/// One run in one target, as people see it.
package struct RunStatus: Sendable {
    /// The manifest without its chunks and its schema.
    package var manifest: RunManifest
    /// Its number in the log.
    package var number: Int
    /// The target's name.
    package var target: String
    package var state: RunState
    /// How it ended, when it has ended.
    package var outcome: Outcome?
    package var rowsExtracted: Int
    package var rowsLoaded = 0
    /// Input that was refused by the extraction, and rows that were refused by the target.
    package var rowsRejected: Int
    package var chunks: Int
    package var chunksLoaded = 0
    package var chunksDead = 0
    /// Why it failed: the reason of its first dead chunk, or the guard's words; or what it waits for.
    package var error: String?
    /// The number of the failed manifest of its log without which it cannot end.
    package var waitsFor: Int?
    /// RFC 3339: the last thing that is known to have happened to it.
    package var updated: String
}

/// What lies in a spool, told run by run; memory does not grow with the backlog.
///
/// It only reads, and whatever vanishes meanwhile is left out. What it tells of loading is what the spool knows; the
/// target's head is ahead of it for an instant.
package struct Inventory {
    /// How far back a log is searched for what holds its last manifest up; loaders look as far ahead.
    private static let window = 256

    private let spool: Spool
    /// Chunks in loaders' hands, by `<target>/<run>`.
    private let claims: [String: Int]
    /// Documents that could not be read, in words; the first hundred.
    package private(set) var problems: [String] = []

    /// Begins an inventory by looking at what loaders hold.
    package init(_ spool: Spool) throws {
        self.spool = spool
        var claims: [String: Int] = [:]
        for loader in try spool.listing("\(spool.root)/claimed", .inventoryList) where NameEncoding.isEncoded(loader) {
            for name in try spool.listing(spool.claimed(loader), .inventoryList).compactMap({ ClaimedName($0) }) {
                claims["\(name.target)/\(name.ready.run)", default: 0] += 1
            }
        }
        self.claims = claims
    }

    /// Visits the last manifest of each partition in each of its targets, and the failed one that holds it up, if any;
    /// or every manifest, newest first in its log.
    ///
    /// - Parameters:
    ///   - jobs: only these; all when empty.
    ///   - all: the whole history.
    package mutating func visit(jobs: Set<String> = [], all: Bool, _ body: (RunStatus) throws -> Void) throws {
        var problems: [String] = []
        try spool.visitLogs(jobs: jobs) { directory in
            let numbers = all ? directory.numbers.reversed() : directory.numbers.suffix(1)
            for number in numbers {
                let manifest: RunManifest
                do {
                    let path = "\(directory.path)/\(FileNames.logEntry(number))"
                    guard let found = try spool.readManifest(path, .inventoryRead) else { continue }
                    manifest = found
                } catch let error as SpoolError {
                    if problems.count < 100 { problems.append(error.message) }
                    continue
                }
                for target in manifest.targets {
                    let status = try status(manifest, number, target)
                    try body(status)
                    if !all, let earlier = status.waitsFor, let blocker = try self.status(earlier, of: manifest, target)
                    {
                        try body(blocker)
                    }
                }
            }
        }
        self.problems += problems
    }

    /// Where one manifest stands in one of its targets.
    package func status(_ manifest: RunManifest, _ number: Int, _ target: String) throws -> RunStatus {
        let queue = spool.encode(target)
        var header = manifest
        header.chunks = []
        header.schema = []
        var status = RunStatus(
            manifest: header, number: number, target: target, state: .running, rowsExtracted: manifest.rows,
            rowsRejected: manifest.rejected, chunks: manifest.chunks.count, updated: manifest.sealed)
        let progress = try spool.loadManifest(
            "\(spool.log(manifest.log))/\(FileNames.loadManifest(number, target: queue))")
        if let ended = try ended(manifest, number, queue) {
            status.outcome = ended.outcome
            status.state = RunState(ended.outcome ?? .loaded)
            status.take(ended)
            if let note = progress?.note, progress?.run == manifest.run {
                // The target lost it since then, and a loader has said so.
                status.state = .failed
                status.error = note
                status.rowsLoaded = 0
            }
            return status
        }
        if let progress, progress.run == manifest.run { status.take(progress) }
        let dead = try spool.deadChunks(queue, manifest.run)
        status.chunksDead = dead.count
        let ready = spool.ready(queue, ReadyName(priority: manifest.priority, run: manifest.run))
        if let first = dead.first {
            status.state = .failed
            let reason = try spool.why(queue, manifest.run, first)
            status.error = "chunk \(first) is dead: \(reason?.reason ?? "no reason is known")"
            status.updated = reason?.at ?? status.updated
        } else if let note = progress?.note {
            status.state = .failed
            status.error = note
        } else if (try? spool.files.status("\(ready)/\(FileNames.manifest)", .inventoryStatus)) == nil {
            // It may have ended while we looked.
            if let ended = try ended(manifest, number, queue) {
                status.outcome = ended.outcome
                status.state = RunState(ended.outcome ?? .loaded)
                status.take(ended)
            } else if try !spool.isOnItsWay(manifest.run) {
                status.state = .failed
                status.error = "it is committed and not in the queue: bobbin load says what of it is left"
            }
        } else if status.chunksLoaded > 0 || claims["\(queue)/\(manifest.run)"] != nil {
            status.state = .loading
        } else {
            status.state = .published
        }
        if status.outcome == nil, status.state != .failed { try findBlocker(&status, manifest) }
        return status
    }

    /// Manifests of a log end in their order; only a replacement passes over what has failed before it.
    private func findBlocker(_ status: inout RunStatus, _ manifest: RunManifest) throws {
        guard !manifest.mode.isReplace else { return }
        let queue = spool.encode(status.target)
        for number in (max(1, status.number - Inventory.window)..<max(1, status.number)).reversed() {
            let isOpen = try spool.outcome(manifest.log, number, target: queue)?.outcome == nil
            guard isOpen, let earlier = try spool.manifest(manifest.log, number),
                earlier.targets.contains(status.target)
            else { return }
            guard try !spool.deadChunks(queue, earlier.run).isEmpty else { continue }
            status.waitsFor = number
            status.error = "waits for manifest \(number), which has failed"
        }
    }

    private func status(_ number: Int, of manifest: RunManifest, _ target: String) throws -> RunStatus? {
        try spool.manifest(manifest.log, number).map { try status($0, number, target) }
    }

    private func ended(_ manifest: RunManifest, _ number: Int, _ queue: String) throws -> LoadManifest? {
        guard let outcome = try spool.outcome(manifest.log, number, target: queue), outcome.outcome != nil else {
            return nil
        }
        return outcome
    }
}

extension RunStatus {
    fileprivate mutating func take(_ load: LoadManifest) {
        rowsLoaded = load.rows
        rowsRejected = manifest.rejected + load.rejects
        chunksLoaded = load.chunks.count
        updated = load.updated.isEmpty ? updated : load.updated
    }
}

extension Spool {
    /// The reason of a dead chunk; `nil` when there is none that can be read.
    package func why(_ target: String, _ run: RunID, _ sequence: Int) throws -> DeadReason? {
        do {
            let bytes = try files.contents(
                "\(dead(target, run))/\(FileNames.why(sequence))", limit: 1 << 20, open: .deadRead, read: .deadRead,
                close: .deadRead)
            return DeadReason(decoding: bytes)
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }
}
