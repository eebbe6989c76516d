internal import Databases
internal import Manifest
internal import Spool
internal import Storage

/// One transaction on an SQLite target: rows of some chunks, their ledger rows, and the head.
final class SQLiteUnit {
    private let target: SQLiteTarget
    private let seat: LoaderSeat
    private let blockSize: Int
    private let isStopped: () -> Bool
    /// The target's name, encoded.
    private let queue: String
    /// Rejected rows of this transaction: made durable before its commit, thrown away with it.
    private var rejects: [RejectFile] = []

    init(
        _ target: SQLiteTarget, queue: String, seat: LoaderSeat, blockSize: Int, isStopped: @escaping () -> Bool
    ) {
        self.isStopped = isStopped
        self.target = target
        self.queue = queue
        self.seat = seat
        self.blockSize = blockSize
    }

    /// Applies a whole unit of a staged mode: all chunks of `runs` (ascending), or nothing.
    ///
    /// - Parameters:
    ///   - passed: open manifests below it that this one supersedes.
    ///   - allowShrink: an operator overrides the guards.
    /// - Returns: what became of each manifest.
    func apply(
        _ runs: [(number: Int, manifest: RunManifest)], passed: [(number: Int, manifest: RunManifest)],
        works: [ChunkWork], allowShrink: Bool
    ) throws -> [LoadManifest] {
        guard let last = runs.last else { return [] }
        let manifest = last.manifest
        var plans: [ColumnPlan] = []
        var table: SQLiteTable?
        for run in runs {
            let prepared = try target.prepare(run.manifest)
            table = prepared
        }
        guard let table else { return [] }
        for work in works { plans.append(ColumnPlan(table: table.columns, manifest: work.manifest)) }
        let pipeline = DecodePipeline(files: seat.spool.files, works: works, plans: plans, blockSize: blockSize)
        defer { pipeline.end() }
        do {
            try target.begin()
            let head = try target.head(manifest.log)
            guard head.number < runs[0].number else { throw HeadMoved() }
            if manifest.mode == .merge, head.number != last.number - 1 { throw HeadMoved() }
            if manifest.mode.isReplace {
                if !allowShrink { try check(manifest.guards, rows: runs.reduce(0) { $0 + $1.manifest.rows }, head) }
                try delete(manifest, table)
            }
            var results = runs.map { run in
                LoadManifest(
                    run: run.manifest.run, number: run.number, target: queue, chunksTotal: run.manifest.chunks.count)
            }
            let chunks = try insertAll(works, plans, table, pipeline, savepoints: false) { _ in }
            for (index, chunk) in chunks.enumerated() {
                guard let place = runs.firstIndex(where: { $0.number == works[index].number }) else { continue }
                results[place].chunks.append(chunk)
                results[place].rows += chunk.rows
                results[place].rejects += chunk.rejects
            }
            let total = results.reduce(0) { $0 + $1.rows }
            // What counts is what readers would see: rejected rows replace nothing.
            if manifest.mode.isReplace, !allowShrink { try check(manifest.guards, rows: total, head) }
            let rows = manifest.mode == .merge ? head.rows + total : total
            guard
                try target.books.moveHead(
                    manifest.log, from: head, to: last.number, run: manifest.run, rows: rows, table: manifest.table)
            else { throw HeadMoved() }
            for index in results.indices { results[index].outcome = .loaded }
            for run in passed {
                var result = LoadManifest(
                    run: run.manifest.run, number: run.number, target: queue, chunksTotal: run.manifest.chunks.count)
                result.outcome = .superseded
                results.append(result)
            }
            try close(&results, manifest.table)
            for file in rejects { try file.finish() }
            try target.commit()
            return results
        } catch {
            target.rollback()
            for file in rejects { file.abandon() }
            throw error
        }
    }

    /// Loads chunks of direct modes, each with its ledger row; the head follows as far as all chunks are in.
    ///
    /// A chunk that fails is taken out of the transaction alone and reported.
    /// - Parameter log: the open direct manifests from head + 1 on, ascending, without gaps.
    /// - Returns: closed manifests, progress of the others, and the failures by index of the work.
    func loadDirect(
        _ log: [(number: Int, manifest: RunManifest)], works: [ChunkWork]
    ) throws -> (closed: [LoadManifest], open: [LoadManifest], failures: [ChunkFailure]) {
        guard let first = log.first else { return ([], [], []) }
        var table: SQLiteTable?
        for run in log { table = try target.prepare(run.manifest) }
        guard let table else { return ([], [], []) }
        let plans = works.map { ColumnPlan(table: table.columns, manifest: $0.manifest) }
        let pipeline = DecodePipeline(files: seat.spool.files, works: works, plans: plans, blockSize: blockSize)
        defer { pipeline.end() }
        do {
            try target.begin()
            var head = try target.head(first.manifest.log)
            guard head.number == first.number - 1 else { throw HeadMoved() }
            var failures: [ChunkFailure] = []
            let chunks = try insertAll(works, plans, table, pipeline, savepoints: true) { failures.append($0) }
            let added = chunks.reduce(0) { $0 + $1.rows }
            var closed: [LoadManifest] = []
            var open: [LoadManifest] = []
            for run in log {
                let loaded = try target.books.loaded(run.manifest.run)
                var result = LoadManifest(
                    run: run.manifest.run, number: run.number, target: queue, chunksTotal: run.manifest.chunks.count)
                result.chunks = loaded.values.sorted { $0.sequence < $1.sequence }
                result.rows = loaded.values.reduce(0) { $0 + $1.rows }
                result.rejects = loaded.values.reduce(0) { $0 + $1.rejects }
                guard open.isEmpty, loaded.count == run.manifest.chunks.count else {
                    open.append(result)
                    continue
                }
                let rows = head.rows + result.rows
                guard
                    try target.books.moveHead(
                        run.manifest.log, from: head, to: run.number, run: run.manifest.run, rows: rows,
                        table: run.manifest.table)
                else { throw HeadMoved() }
                head = Head(number: run.number, run: run.manifest.run.text, rows: rows)
                result.outcome = .loaded
                closed.append(result)
            }
            _ = added
            try close(&closed, first.manifest.table)
            for file in rejects { try file.finish() }
            try target.commit()
            return (closed, open, failures)
        } catch {
            target.rollback()
            for file in rejects { file.abandon() }
            throw error
        }
    }

    /// Closes manifests without loading them: a cancel, a discard, or a void generation.
    func close(
        _ runs: [(number: Int, manifest: RunManifest)], as outcome: Outcome
    ) throws -> [LoadManifest] {
        guard let last = runs.last else { return [] }
        do {
            try target.begin()
            let head = try target.head(last.manifest.log)
            guard head.number < runs[0].number else { throw HeadMoved() }
            var results: [LoadManifest] = []
            for run in runs {
                let loaded = try target.books.loaded(run.manifest.run)
                var result = LoadManifest(
                    run: run.manifest.run, number: run.number, target: queue, chunksTotal: run.manifest.chunks.count)
                result.chunks = loaded.values.sorted { $0.sequence < $1.sequence }
                result.rows = loaded.values.reduce(0) { $0 + $1.rows }
                result.rejects = loaded.values.reduce(0) { $0 + $1.rejects }
                result.outcome = outcome
                results.append(result)
            }
            guard
                try target.books.moveHead(
                    last.manifest.log, from: head, to: last.number, run: last.manifest.run, rows: head.rows,
                    table: last.manifest.table)
            else { throw HeadMoved() }
            try close(&results, last.manifest.table)
            try target.commit()
            return results
        } catch {
            target.rollback()
            throw error
        }
    }

    private func close(_ results: inout [LoadManifest], _ table: String) throws {
        for index in results.indices {
            results[index].updated = seat.spool.timestamp
            try target.books.close(results[index], table: table, loader: seat.id)
        }
    }

    private func check(_ guards: Guards, rows: Int, _ head: Head) throws {
        if rows == 0, head.rows > 0, !guards.allowEmpty {
            throw GuardRefusal(reason: "the new generation is empty and would replace \(head.rows) rows")
        }
        if guards.minimumShare > 0, Double(rows) < guards.minimumShare * Double(head.rows) {
            throw GuardRefusal(
                reason: "\(rows) rows would replace \(head.rows), less than min_share \(guards.minimumShare) of them")
        }
    }

    private func delete(_ manifest: RunManifest, _ table: SQLiteTable) throws {
        guard !table.columns.isEmpty else { return }
        let name = SQLiteConnection.quote(manifest.table)
        guard manifest.mode == .replacePartition else {
            try target.connection.execute("DELETE FROM \(name)")
            return
        }
        let terms = manifest.partition.fields.map { "\(SQLiteConnection.quote($0.name)) = ?" }
        let statement = try target.connection.prepare("DELETE FROM \(name) WHERE \(terms.joined(separator: " AND "))")
        for (index, field) in manifest.partition.fields.enumerated() {
            let type = table.columns.first { $0.name == field.name }?.type
            if type == .integer || type == .bigint, let value = Int64(field.value) {
                statement.bind(index, value)
            } else if type == .boolean, let value = ValueConversion.boolean(field.value.utf8) {
                statement.bind(index, value)
            } else {
                statement.bind(index, field.value)
            }
        }
        _ = try statement.step()
    }

    /// Inserts the rows of all chunks in their order.
    private func insertAll(
        _ works: [ChunkWork], _ plans: [ColumnPlan], _ table: SQLiteTable, _ pipeline: DecodePipeline,
        savepoints: Bool, failed: (ChunkFailure) -> Void
    ) throws -> [LoadedChunk] {
        var chunks: [LoadedChunk] = []
        var insert: SQLiteInsert?
        var current = ChunkProgress(index: -1)
        while let piece = pipeline.next() {
            // An orderly stop does not wait for a long transaction: it is undone, and its chunks are handed back.
            if isStopped() { throw LoadError(.transient, "stopped") }
            let index: Int =
                switch piece {
                case .rows(let work, _), .end(let work, _), .failed(let work, _): work
                }
            let work = works[index]
            if current.index != index {
                seat.setWork(work.name)
                current = ChunkProgress(index: index)
                if insert == nil {
                    insert = try SQLiteInsert(
                        target.connection, table: table, plan: plans[index], mode: work.manifest.mode)
                }
                if savepoints { try target.connection.execute("SAVEPOINT chunk") }
                let id = ChunkID(spool: seat.spool.id, run: work.manifest.run, sequence: work.entry.sequence)
                if work.manifest.mode.isDirect {
                    current.isKnown = try !target.books.enter(
                        id, table: work.manifest.table, manifest: work.number, loader: seat.id,
                        attempt: work.name.chunk.attempt, at: seat.spool.timestamp)
                }
            }
            do {
                switch piece {
                case .rows(_, let batch):
                    seat.touch()
                    if !current.isKnown, !current.hasFailed, let insert {
                        try load(batch, work, insert, &current)
                    }
                    pipeline.recycle(batch)
                case .end:
                    guard !current.hasFailed else { continue }
                    try finish(work, &current)
                    if savepoints { try target.connection.execute("RELEASE chunk") }
                    if !current.isKnown {
                        chunks.append(
                            LoadedChunk(
                                sequence: work.entry.sequence, rows: current.rows, rejects: current.rejects,
                                loader: seat.id, attempt: work.name.chunk.attempt, at: seat.spool.timestamp))
                    }
                case .failed(_, let error):
                    if !current.hasFailed { throw error }
                }
            } catch {
                let failure = LoadError(error)
                guard failure.kind == .data || failure.kind == .corruption else { throw failure }
                guard savepoints else { throw ChunkFailure(work: index, error: failure) }
                try target.connection.execute("ROLLBACK TO chunk")
                try target.connection.execute("RELEASE chunk")
                current.hasFailed = true
                if let file = current.file {
                    rejects.removeAll { $0 === file }
                    file.abandon()
                }
                failed(ChunkFailure(work: index, error: failure))
            }
        }
        seat.setWork(nil)
        return chunks
    }

    private func load(
        _ batch: RowBatch, _ work: ChunkWork, _ insert: SQLiteInsert, _ current: inout ChunkProgress
    ) throws {
        for (line, fault, row) in batch.faults {
            try set(aside: Reject(line: line, reason: fault.reason, column: fault.column, row: row), work, &current)
        }
        var refused: [(Int, SQLiteError)] = []
        current.rows += try insert.insert(batch) { row, error in refused.append((row, error)) }
        for (row, error) in refused {
            let reject = Reject(
                line: Int(batch.rows[row].line), reason: error.message, code: error.codeName,
                row: batch.text(row, limit: Reject.rowLimit))
            try set(aside: reject, work, &current)
        }
    }

    private func set(aside reject: Reject, _ work: ChunkWork, _ current: inout ChunkProgress) throws {
        if current.file == nil {
            let directory = seat.spool.dead(work.name.target, work.manifest.run)
            do { try seat.spool.files.makeDirectory(directory, .buryMakeDirectory) } catch {
                if error.code != .exists { throw error }
            }
            let name = FileNames.rejects(work.entry.sequence, loader: seat.id, attempt: work.name.chunk.attempt)
            let file = try RejectFile(seat.spool.files, "\(directory)/\(name)", .load)
            current.file = file
            rejects.append(file)
        }
        try current.file?.add(reject)
        current.rejects += 1
        let guards = work.manifest.guards
        if current.rejects > guards.maximumRejectRows,
            Double(current.rejects) > guards.maximumRejectShare * Double(work.entry.rows)
        {
            throw LoadError(
                .data,
                "\(current.rejects) rows of the chunk were rejected, more than max_rejects allows; the last: \(reject.reason)"
            )
        }
    }

    private func finish(_ work: ChunkWork, _ current: inout ChunkProgress) throws {
        guard !current.isKnown, work.manifest.mode.isDirect else { return }
        let id = ChunkID(spool: seat.spool.id, run: work.manifest.run, sequence: work.entry.sequence)
        try target.books.settle(id, rows: current.rows, rejects: current.rejects, rejectsFile: current.file?.name)
    }
}

/// Where the writer stands in one chunk.
private struct ChunkProgress {
    var index: Int
    var rows = 0
    var rejects = 0
    /// In the ledger already: nothing of it is loaded again.
    var isKnown = false
    var hasFailed = false
    var file: RejectFile?
}
