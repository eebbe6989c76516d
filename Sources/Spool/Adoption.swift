internal import JSON
package import Manifest
internal import Storage

/// What stands beside a finished chunk, so that a successor can go on after it.
package struct ChunkCheckpoint: Sendable {
    package var entry: ChunkEntry
    /// The schema over all chunks up to this one.
    package var schema: [Column]
    /// Rejected input up to this chunk.
    package var rejected: Int

    func encoded() -> [UInt8] {
        JSONValue.record([
            ("format", .integer(1)), ("entry", entry.json), ("schema", Column.json(schema)),
            ("rejected", .integer(Int64(rejected))),
        ]).serialized()
    }

    init(entry: ChunkEntry, schema: [Column], rejected: Int) {
        self.entry = entry
        self.schema = schema
        self.rejected = rejected
    }

    init?(decoding bytes: [UInt8]) {
        guard let value = try? JSONValue(parsing: bytes), let reader = try? ObjectReader(value, "checkpoint"),
            (try? reader.checkFormat()) != nil, let entry = try? ChunkEntry(reader.any("entry")),
            let items = try? reader.array("schema"), let schema = try? Column.parse(items),
            let rejected = try? reader.integer("rejected")
        else { return nil }
        self.init(entry: entry, schema: schema, rejected: rejected)
    }
}

/// A dead extractor's run with finished chunks.
package struct AdoptableRun: Sendable {
    package var run: RunID
    package var lease: LeasedRun
    /// Its owner is known to be dead, not only silent.
    package var isDead: Bool
    package var checkpoints: [ChunkCheckpoint]
}

extension Spool {
    /// The runs in `writing/` whose owner is gone, by partition. Asked once per invocation.
    package func abandonedRuns(observer: inout LeaseObserver) throws -> [LogKey: [AdoptableRun]] {
        var found: [LogKey: [AdoptableRun]] = [:]
        for name in try files.list("\(root)/writing", .adoptList).sorted() {
            guard let run = RunID(name) else { continue }
            let lease: Lease?
            let isDead: Bool
            switch try leaseState(in: writing(run), observer: &observer) {
            case .alive, .gone: continue
            case .dead(let known): (lease, isDead) = (known, true)
            case .expired(let known): (lease, isDead) = (known, false)
            }
            guard let leased = lease?.run else { continue }
            found[leased.key, default: []].append(
                AdoptableRun(run: run, lease: leased, isDead: isDead, checkpoints: try checkpoints(run)))
        }
        return found
    }

    /// The whole prefix of chunks that have their entry beside them and are as long as it says.
    private func checkpoints(_ run: RunID) throws -> [ChunkCheckpoint] {
        var found: [ChunkCheckpoint] = []
        while true {
            let sequence = found.count
            do {
                let bytes = try files.contents(
                    "\(writing(run))/\(FileNames.chunkEntry(sequence))", open: .entryRead, read: .entryRead,
                    close: .entryRead)
                let status = try files.status("\(writing(run))/\(FileNames.chunk(sequence))", .entryRead)
                // Rejected input is only durable with its run: what was refused on the way is to be refused again.
                guard let checkpoint = ChunkCheckpoint(decoding: bytes), checkpoint.entry.sequence == sequence,
                    checkpoint.rejected == 0,
                    status.kind == .file, status.size == checkpoint.entry.compressed
                else { return found }
                found.append(checkpoint)
            } catch {
                if error.code == .notFound { return found }
                throw error
            }
        }
    }
}
