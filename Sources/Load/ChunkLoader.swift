internal import Manifest
internal import Spool
internal import Storage

/// Inserts the chunks of a unit into its open transaction: ledger rows, rows, rejects.
///
/// What belongs together stands in one savepoint, if failures are to be isolated: the whole chunks of a batch, or the
/// batches of a large chunk. A chunk that fails is undone with what shares its savepoint, and the others are inserted
/// again without it.
final class ChunkLoader {
    /// Where the writer stands in one chunk.
    private struct Progress {
        var rows = 0
        var rejects = 0
        var discards = Discards()
        /// In the ledger already: nothing of it is loaded again.
        var isKnown = false
        var file: RejectFile?
    }

    /// What rows go into.
    enum Way {
        /// The table of a run of a direct mode: each chunk has its row in the ledger.
        case direct
        /// The table of a run that becomes visible as a whole.
        case whole
        /// A stage that holds one row of a key, the last.
        case stage
        /// A stage that holds all rows with their places, and each chunk has its row in the ledger.
        case sharedStage
    }

    private let target: any TargetEngine
    private let seat: LoaderSeat
    private let works: [ChunkWork]
    /// The table that rows go into: a stage in place of the run's own, once it is made.
    var table: TargetTable
    var way = Way.whole
    private var keepsLedger: Bool { way == .direct || way == .sharedStage }
    private let pipeline: DecodePipeline
    private let isIsolating: Bool
    private let isStopped: () -> Bool
    /// For the mode and key of all chunks, once there are rows.
    private var writer: (any RowWriter)?
    /// Chunks of the savepoint, by index of the work.
    private var progress: [Int: Progress] = [:]
    private var isSavepointOpen = false
    private var failed: Set<Int> = []
    /// Rejected rows of this transaction: made durable before its commit, thrown away with it.
    private var rejects: [RejectFile] = []
    /// What was inserted, by index of the work; chunks that the ledger knew already are not among it.
    private(set) var loaded: [(work: Int, chunk: LoadedChunk)] = []
    private(set) var failures: [ChunkFailure] = []
    /// Chunks of which all rows are in the target or among the rejects now, by index of the work.
    private(set) var done: [Int] = []

    /// - Parameters:
    ///   - works: of one mode and key.
    ///   - isIsolating: a failed chunk is left out and reported, which takes savepoints; otherwise it fails the unit.
    init(
        _ target: any TargetEngine, seat: LoaderSeat, works: [ChunkWork], table: TargetTable, pipeline: DecodePipeline,
        isIsolating: Bool, isStopped: @escaping () -> Bool
    ) {
        self.target = target
        self.seat = seat
        self.works = works
        self.table = table
        self.pipeline = pipeline
        self.isIsolating = isIsolating
        self.isStopped = isStopped
    }

    /// Whether any row was given to a writer.
    var hasRows: Bool { writer != nil }

    /// Inserts all chunks.
    func load() throws {
        var inWork = -1
        while let batch = pipeline.next() {
            // An orderly stop does not wait for a long transaction: it is undone, and its chunks are handed back.
            if isStopped() { throw LoadError(.transient, "stopped") }
            seat.touch()
            if let first = batch.segments.first?.work, first != inWork {
                inWork = first
                seat.setWork(works[first].name)
            }
            try load(batch)
            pipeline.recycle(batch)
        }
        seat.setWork(nil)
        try writer?.finish()
        // Nothing may count as loaded that was not seen to its end.
        guard done.count + failures.count == works.count else {
            throw LoadError(.environment, "only \(done.count) of \(works.count) chunks were read: try again")
        }
    }

    /// Makes the rejected rows durable; before the commit.
    func finishRejects() throws {
        for file in rejects { try file.finish() }
    }

    /// The transaction did not commit.
    func abandonRejects() {
        for file in rejects { file.abandon() }
    }

    private func load(_ batch: RowBatch) throws {
        // What could not be read is known before anything of it is inserted.
        for segment in batch.segments {
            if case .failed(let error) = segment.state, !failed.contains(segment.work) {
                try fail(segment.work, error, batch)
            }
        }
        while true {
            do {
                try insert(batch)
                return
            } catch let failure as ChunkFailure {
                try fail(failure.work, failure.error, batch)
            }
        }
    }

    /// One chunk is out: what stands in its savepoint is undone.
    private func fail(_ work: Int, _ error: LoadError, _ batch: RowBatch) throws {
        guard error.kind == .data || error.kind == .corruption else { throw error }
        guard isIsolating else { throw ChunkFailure(work: work, error: error) }
        if isSavepointOpen {
            try target.savepoints?.undoSavepoint()
            isSavepointOpen = false
        }
        for segment in batch.segments {
            guard let file = progress.removeValue(forKey: segment.work)?.file else { continue }
            rejects.removeAll { $0 === file }
            file.abandon()
        }
        failed.insert(work)
        failures.append(ChunkFailure(work: work, error: error))
    }

    private func insert(_ batch: RowBatch) throws {
        let segments = batch.segments.filter { !failed.contains($0.work) }
        guard let first = segments.first else { return }
        if isIsolating, !isSavepointOpen {
            try target.savepoints?.savepoint()
            isSavepointOpen = true
        }
        for segment in segments where progress[segment.work] == nil { try begin(segment.work) }
        let wanted = segments.filter { progress[$0.work]?.isKnown == false }
        if wanted.count < batch.segments.count {
            let works = Set(wanted.map(\.work))
            batch.order = (batch.order ?? (0..<Int32(batch.count)).map { $0 }).filter { row in
                works.contains(batch.work(of: Int(row)))
            }
        }
        for fault in batch.faults where progress[fault.work]?.isKnown == false {
            let reject = Reject(
                line: fault.line, reason: fault.fault.reason, column: fault.fault.column, row: fault.text)
            try set(aside: reject, fault.work)
        }
        for (work, discards) in batch.discards where progress[work]?.isKnown == false {
            progress[work]?.discards.add(discards)
        }
        for segment in wanted { progress[segment.work]?.rows += segment.rows.count }
        if batch.count > 0 {
            let manifest = works[first.work].manifest
            let writer =
                try writer
                ?? {
                    switch way {
                    case .direct, .whole: try target.writer(table, mode: manifest.mode, key: manifest.key)
                    case .stage: try target.writer(table, mode: .merge, key: manifest.key)
                    case .sharedStage: try target.writer(table, mode: .append, key: [])
                    }
                }()
            self.writer = writer
            try writer.insert(batch) { row, reason, code in
                let work = batch.work(of: row)
                progress[work]?.rows -= 1
                let reject = Reject(
                    line: Int(batch.rows[row].line), reason: reason, code: code,
                    row: batch.text(row, limit: Reject.rowLimit))
                try set(aside: reject, work)
            }
        }
        for segment in segments {
            if case .whole = segment.state { try finish(segment.work) }
        }
        if isSavepointOpen, progress.isEmpty {
            try target.savepoints?.releaseSavepoint()
            isSavepointOpen = false
        }
    }

    private func id(_ work: ChunkWork) -> ChunkID {
        ChunkID(spool: seat.spool.id, run: work.manifest.run, sequence: work.entry.sequence)
    }

    private func begin(_ index: Int) throws {
        var state = Progress()
        let work = works[index]
        if keepsLedger {
            state.isKnown = try !target.books.enter(
                id(work), table: work.manifest.table, manifest: work.run.number, loader: seat.id,
                attempt: work.name.chunk.attempt, at: seat.spool.timestamp)
        }
        progress[index] = state
    }

    private func finish(_ index: Int) throws {
        guard let state = progress.removeValue(forKey: index) else { return }
        done.append(index)
        if state.isKnown { return }
        let work = works[index]
        var chunk = LoadedChunk(
            sequence: work.entry.sequence, rows: state.rows, rejects: state.rejects, loader: seat.id,
            attempt: work.name.chunk.attempt, at: seat.spool.timestamp)
        chunk.discards = state.discards
        if keepsLedger {
            try target.books.settle(id(work), chunk, rejectsFile: state.file?.name)
        }
        loaded.append((index, chunk))
    }

    private func set(aside reject: Reject, _ index: Int) throws {
        let work = works[index]
        var state = progress[index] ?? Progress()
        let file: RejectFile
        if let open = state.file {
            file = open
        } else {
            let directory = seat.spool.dead(work.name.target, work.manifest.run)
            do { try seat.spool.files.makeDirectory(directory, .buryMakeDirectory) } catch {
                if error.code != .exists { throw error }
            }
            let name = FileNames.rejects(work.entry.sequence, loader: seat.id, attempt: work.name.chunk.attempt)
            file = try RejectFile(seat.spool.files, "\(directory)/\(name)", .load)
            rejects.append(file)
        }
        try file.add(reject)
        state.file = file
        state.rejects += 1
        progress[index] = state
        let guards = work.manifest.guards
        guard state.rejects > guards.maximumRejectRows,
            Double(state.rejects) > guards.maximumRejectShare * Double(work.entry.rows)
        else { return }
        throw ChunkFailure(
            work: index,
            error: LoadError(
                .data,
                "\(state.rejects) rows of the chunk were rejected, more than max_rejects allows; the last: \(reject.reason)"
            ))
    }
}
