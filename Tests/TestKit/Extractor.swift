internal import Chunk
internal import JSON
internal import Manifest
package import Spool
internal import Storage

/// Extracts feeds through ``RunWriter`` as an extraction does, without a source behind it.
package struct Extractor {
    private let process: SimulatedProcess
    private let spool: Spool

    /// An extractor in `process`.
    package init(_ process: SimulatedProcess) throws {
        self.process = process
        spool = try process.spool()
    }

    /// Extracts every run of `feeds` that the log does not have yet.
    ///
    /// - Parameters:
    ///   - runs: how many runs of each feed there are by now.
    ///   - patient: look at the leases of others until it is clear who lives.
    package func run(_ feeds: [Feed], runs: Int = .max, patient: Bool = false) throws {
        var observer = LeaseObserver(seconds: spool.leaseSeconds)
        var abandoned: [LogKey: [AdoptableRun]] = [:]
        for _ in 0..<(patient ? 8 : 1) {
            try spool.sweepRuns(observer: &observer)
            abandoned = try spool.abandonedRuns(observer: &observer)
            if patient { process.world.clock.advance(seconds: 6) }
        }
        var failure: (any Error)?
        for feed in feeds {
            var found = abandoned[feed.log] ?? []
            do {
                while true {
                    let base = try spool.lastNumber(feed.log)
                    guard base < min(runs, feed.runs.count) else { break }
                    try extract(feed, after: base, adopting: found)
                    found = []
                }
                for old in found { try spool.discard(old.run, ownerIsGone: old.isDead) }
            } catch {
                // One partition's failure does not stop the others.
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// The writer of a feed's next run.
    package func begin(_ feed: Feed, after base: Int = 0, adopting abandoned: [AdoptableRun] = []) throws -> RunWriter {
        let run = spool.newRun()
        var manifest = RunManifest(
            spool: spool.id, run: run, job: feed.job, stream: feed.stream, targets: feed.targets,
            partition: feed.partition, mode: feed.mode, key: feed.key, table: feed.table, priority: feed.priority,
            generation: run, base: base, isFinal: true, fingerprint: "f")
        manifest.guards = feed.guards
        manifest.changes = feed.changes
        manifest.started = spool.timestamp
        manifest.schema = [Column(name: "id", type: .integer), Column(name: "v", type: .text)]
        let writer = try RunWriter(spool, manifest, heart: process.heart, deadline: 300)
        let found = abandoned.first { $0.lease.fingerprint == "f" && $0.lease.base == base && !$0.checkpoints.isEmpty }
        if let found { try writer.adopt(found) }
        for old in abandoned { try spool.discard(old.run, ownerIsGone: old.isDead) }
        return writer
    }

    private func extract(_ feed: Feed, after base: Int, adopting abandoned: [AdoptableRun]) throws {
        let writer = try begin(feed, after: base, adopting: abandoned)
        do {
            try write(writer, feed)
            process.heart.beat()
            switch try writer.commit() {
            case .lost: try writer.discard()
            case .committed(let number): try writer.publish(number)
            }
        } catch {
            if writer.manifest.chunks.isEmpty { try? writer.discard() } else { writer.release() }
            throw error
        }
    }

    /// Writes the chunks of the run that the writer does not have yet.
    package func write(_ writer: RunWriter, _ feed: Feed) throws {
        let chunks = feed.runs[writer.manifest.base]
        for number in 0..<feed.rejectedInput {
            try writer.rejects.add(Reject(file: "f", line: number + 1, reason: "no record", row: "x"))
        }
        writer.manifest.rejected = feed.rejectedInput
        for index in writer.manifest.chunks.count..<max(chunks.count, writer.manifest.chunks.count) {
            try write(chunks[index].map(\.line), to: writer, isLast: index == chunks.count - 1)
        }
        writer.manifest.cursorTo = .integer(Int64(writer.manifest.base + 1))
    }

    /// Writes one chunk of these lines.
    package func write(_ lines: [String], to writer: RunWriter, isLast: Bool) throws {
        let raw = RawBuffer()
        for line in lines {
            Array((line + "\n").utf8).withUnsafeBytes { raw.append($0) }
        }
        var content = RowHash()
        _ = content.addLines(raw.bytes)
        let frames = RawBuffer()
        try FrameCompressor().compress(raw.bytes, into: frames)
        let chunk = try writer.beginChunk()
        do { try chunk.append(frames.bytes) } catch {
            chunk.abandon()
            throw error
        }
        try writer.finish(
            chunk, rows: lines.count, bytes: raw.count, content: content.value,
            cursor: .integer(Int64(writer.manifest.chunks.count + 1)), isLast: isLast)
    }
}
