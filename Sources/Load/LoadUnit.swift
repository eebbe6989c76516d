internal import Manifest
internal import Spool
internal import Storage

/// One transaction on a target: rows of some chunks, their ledger rows, and the head.
final class LoadUnit {
    let target: any TargetEngine
    let seat: LoaderSeat
    private let options: LoadOptions
    let isStopped: () -> Bool
    /// The target's name, encoded.
    let queue: String
    /// Of the last transaction, for the next.
    var spare: [RowBatch] = []

    init(
        _ target: any TargetEngine, queue: String, seat: LoaderSeat, options: LoadOptions,
        isStopped: @escaping () -> Bool
    ) {
        self.isStopped = isStopped
        self.target = target
        self.queue = queue
        self.seat = seat
        self.options = options
    }

    /// Applies a whole unit of a staged mode: all chunks of `runs` (ascending), or nothing.
    ///
    /// - Parameters:
    ///   - passed: open manifests below it that this one supersedes.
    ///   - allowShrink: an operator overrides the guards.
    /// - Returns: what became of each manifest.
    func apply(
        _ runs: [OpenRun], passed: [OpenRun],
        works: [ChunkWork], allowShrink: Bool
    ) throws -> [LoadManifest] {
        // Twice at most: for want of memory, and for a row that is refused.
        for _ in 0..<2 {
            do { return try applyOnce(runs, passed, works, allowShrink) } catch is TransactionSpoiled {}
        }
        return try applyOnce(runs, passed, works, allowShrink)
    }

    private func applyOnce(
        _ runs: [OpenRun], _ passed: [OpenRun], _ works: [ChunkWork], _ allowShrink: Bool
    ) throws -> [LoadManifest] {
        guard let last = runs.last, let table = try prepare(runs) else { return [] }
        let manifest = last.manifest
        let given = given(table, runs)
        let pipeline = try pipeline(works, runs, given)
        defer { spare = pipeline.end() }
        let chunks = ChunkLoader(
            target, seat: seat, works: works, table: given, pipeline: pipeline, isIsolating: false,
            isStopped: isStopped)
        return try inserting(chunks) {
            let head = try lockHead(runs, passed: passed)
            if manifest.isWholePartition, !allowShrink {
                try check(manifest.guards, rows: runs.reduce(0) { $0 + $1.manifest.rows }, head)
            }
            if manifest.mode.isReplace, !table.columns.isEmpty { try target.delete(manifest, table) }
            // A run without rows may have no table yet.
            let staging = manifest.isStaged && !table.columns.isEmpty ? try target.staging : nil
            if let staging {
                chunks.table = try staging.stage(given, key: manifest.key)
                chunks.way = .stage
            }
            try chunks.load()
            // Some delete what is replaced only with the rows that replace it, of which there may be none.
            if manifest.mode.isReplace, !table.columns.isEmpty, !chunks.hasRows {
                try target.writer(table, mode: manifest.mode, key: manifest.key).finish()
            }
            var results = runs.map { result($0) }
            let places = Dictionary(uniqueKeysWithValues: runs.enumerated().map { ($1.number, $0) })
            for (work, chunk) in chunks.loaded {
                guard let place = places[works[work].run.number] else { continue }
                results[place].chunks.append(chunk)
                results[place].rows += chunk.rows
                results[place].rejects += chunk.rejects
            }
            let total = results.reduce(0) { $0 + $1.rows }
            // What counts is what readers would see: rejected rows replace nothing.
            if manifest.isWholePartition, !allowShrink { try check(manifest.guards, rows: total, head) }
            if let staging {
                try change(staging, runs, table, from: StagedChanges.stage, &results)
                try staging.run(staging.dialect.drop)
            }
            try moveHead(head, runs, passed, &results)
            return results
        }
    }

    /// The columns of a table that records bring: not those that the loader fills itself, nor what is none of their business.
    func given(_ table: TargetTable, _ runs: [OpenRun]) -> TargetTable {
        var given = TableNeeds.written(table, runs.map(\.manifest))
        if let manifest = runs.last?.manifest, manifest.isStaged {
            given.columns.removeAll { column in manifest.keptColumns.contains { column.isNamed($0.name) } }
        }
        return given
    }

    /// Locks the head that a unit of a staged mode is to move.
    ///
    /// - Parameter passed: open manifests below it that are closed with it. Another loader may have closed some of them since this one
    ///   looked, which moves the head, and leaves it below the unit.
    func lockHead(_ runs: [OpenRun], passed: [OpenRun] = []) throws -> Head {
        guard let first = passed.first ?? runs.first, let last = runs.last else { throw HeadMoved() }
        let head = try target.lockHead(last.manifest.log, isMoving: true)
        guard head.number < first.number else { throw HeadMoved() }
        if !last.manifest.mode.isReplace, head.number != last.number - 1 { throw HeadMoved() }
        return head
    }

    /// Moves the head over a unit whose rows are in the table, and closes its manifests and those that it supersedes.
    func moveHead(_ head: Head, _ runs: [OpenRun], _ passed: [OpenRun], _ results: inout [LoadManifest]) throws {
        guard let last = runs.last else { return }
        let manifest = last.manifest
        let total = results.reduce(0) { $0 + $1.rows }
        let rows = manifest.isWholePartition ? total : head.rows + total
        guard
            try target.books.moveHead(
                manifest.log, from: head, to: last.number, run: manifest.run, rows: rows, table: manifest.table)
        else { throw HeadMoved() }
        for index in results.indices { results[index].outcome = .loaded }
        for run in passed {
            var result = result(run)
            result.outcome = .superseded
            results.append(result)
        }
        try close(&results, manifest.table)
    }

    /// A transaction without rows from files.
    func transaction<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            try target.begin()
            let result = try body()
            try target.commit()
            return result
        } catch {
            target.rollback()
            throw error
        }
    }

    /// A transaction into which chunks go. Rejected rows are durable before it is; after an error, those of one that may have been
    /// committed stay: the closing of the run sees whether the ledger names them.
    func inserting<Result>(_ chunks: ChunkLoader, _ body: () throws -> Result) throws -> Result {
        var isCommitting = false
        do {
            try target.begin()
            let result = try body()
            try chunks.finishRejects()
            isCommitting = true
            try target.commit()
            return result
        } catch {
            target.rollback()
            if !isCommitting || target.isFailedCommitUndone { chunks.abandonRejects() }
            throw error
        }
    }

    /// Lets the staged rows of a run change the table.
    func change(
        _ staging: Staging, _ runs: [OpenRun], _ table: TargetTable, from stage: String,
        _ results: inout [LoadManifest]
    ) throws {
        guard let manifest = runs.last?.manifest else { return }
        var written = given(table, runs)
        if manifest.isStaged { written.columns += manifest.keptColumns }
        let refused = results.reduce(manifest.rejected) { $0 + $1.rejects + $1.discards.rows }
        var instant = Int64(manifest.run.milliseconds) * 1000
        if let query = try StagedChanges.latest(manifest, staging.dialect),
            let latest = try staging.numbers(query).compactMap({ $0 }).max(), latest >= instant
        {
            instant = latest + 1
        }
        let changes = StagedChanges(
            manifest: manifest, table: written, dialect: staging.dialect, instant: instant,
            deletesMissing: manifest.changes.deletesMissing && refused == 0, stage: stage)
        if let analyze = staging.dialect.analyze(stage) { try staging.run(analyze) }
        for statement in try changes.statements() { try staging.run(statement) }
        if manifest.changes.deletesMissing, refused > 0, let last = results.indices.last {
            results[last].note =
                "rows that this run does not hold were kept, as \(refused) of its rows were refused or left out, which may be theirs: correct "
                + "them, then the next run deletes what is missing"
        }
    }

    /// What became of the chunks of one transaction, and of the open direct manifests of their log.
    struct Direct {
        var closed: [LoadManifest] = []
        /// Chunks that are in the target now, by index of the work.
        var loaded: [Int] = []
        var failures: [ChunkFailure] = []
    }

    /// Loads chunks of direct modes, each with its ledger row; the head follows as far as all chunks are in.
    ///
    /// A chunk that fails is taken out of the transaction alone and reported. Savepoints, which that needs, keep the
    /// former content of each page: they come only once a chunk has failed.
    /// - Parameter log: the open direct manifests from head + 1 on, ascending, without gaps.
    func loadDirect(_ log: [OpenRun], works: [ChunkWork]) throws -> Direct {
        guard target.savepoints != nil else { return try loadInHalves(log, works) }
        let isSuspect = works.contains { $0.name.chunk.attempt > 0 }
        do { return try loadDirect(log, works, isIsolating: isSuspect) } catch is ChunkFailure {
            return try loadDirect(log, works, isIsolating: true)
        }
    }

    /// Without savepoints a chunk that fails takes its transaction with it: what it stood with is loaded again in halves, down to
    /// itself. Halves that are in stay in, each with its ledger rows.
    private func loadInHalves(_ log: [OpenRun], _ works: [ChunkWork]) throws -> Direct {
        do {
            do { return try loadDirect(log, works, isIsolating: false) } catch is TransactionSpoiled {
                return try loadDirect(log, works, isIsolating: false)
            }
        } catch let failure as ChunkFailure {
            guard works.count > 1 else { return Direct(failures: [failure]) }
            let middle = works.count / 2
            var all = try loadInHalves(log, Array(works[..<middle]))
            let closed = all.closed.map(\.number).max() ?? 0
            let rest = try loadInHalves(log.filter { $0.number > closed }, Array(works[middle...]))
            all.closed += rest.closed
            all.loaded += rest.loaded.map { $0 + middle }
            all.failures += rest.failures.map { ChunkFailure(work: $0.work + middle, error: $0.error) }
            return all
        }
    }

    private func loadDirect(_ log: [OpenRun], _ works: [ChunkWork], isIsolating: Bool) throws -> Direct {
        guard let first = log.first else { return Direct() }
        let numbers = Set(works.map(\.run.number))
        // Also for a run that found a table without rows.
        let runs = log.filter {
            numbers.contains($0.number) || $0.manifest.chunks.isEmpty && !$0.manifest.schema.isEmpty
        }
        let prepared =
            try prepare(runs) ?? TargetTable(name: first.manifest.table, columns: [], key: first.manifest.key)
        let table = TableNeeds.written(prepared, runs.map(\.manifest))
        let pipeline = try pipeline(works, runs, table)
        defer { spare = pipeline.end() }
        let chunks = ChunkLoader(
            target, seat: seat, works: works, table: table, pipeline: pipeline, isIsolating: isIsolating,
            isStopped: isStopped)
        chunks.way = .direct
        var direct = try inserting(chunks) {
            let head = try target.lockHead(first.manifest.log, isMoving: target.hasOneWriter)
            guard head.number == first.number - 1 else { throw HeadMoved() }
            try chunks.load()
            let closed = target.hasOneWriter ? try advance(log, from: head) : []
            return Direct(closed: closed, loaded: chunks.done, failures: chunks.failures)
        }
        if target.hasOneWriter { return direct }
        // Loaders of other chunks hold the head, too, while they load: it moves in a transaction that waits for them.
        direct.closed = try transaction {
            let head = try target.lockHead(first.manifest.log, isMoving: true)
            return head.number == first.number - 1 ? try advance(log, from: head) : []
        }
        return direct
    }

    /// Moves the head over the direct manifests of which all chunks are in the ledger, and closes them.
    private func advance(_ log: [OpenRun], from head: Head) throws -> [LoadManifest] {
        var head = head
        var closed: [LoadManifest] = []
        for run in log {
            let totals = try target.books.totals(run.manifest.run)
            guard totals.chunks == run.manifest.chunks.count else { break }
            var result = try loaded(run)
            let rows = head.rows + totals.rows
            guard
                try target.books.moveHead(
                    run.manifest.log, from: head, to: run.number, run: run.manifest.run, rows: rows,
                    table: run.manifest.table)
            else { throw HeadMoved() }
            head = Head(number: run.number, run: run.manifest.run.text, rows: rows)
            result.outcome = .loaded
            closed.append(result)
        }
        if let table = log.first?.manifest.table { try close(&closed, table) }
        return closed
    }

    /// Makes or widens the table for each run; `nil` when there is none.
    func prepare(_ runs: [OpenRun]) throws -> TargetTable? {
        var table: TargetTable?
        for run in runs {
            let made = try target.prepare(run.manifest)
            try TableNeeds.refuseKept(run.manifest, made)
            table = made
        }
        return table
    }

    /// - Parameter isStaged: `table` is a shared stage, whose last two columns are no record's.
    func pipeline(_ works: [ChunkWork], _ runs: [OpenRun], _ table: TargetTable, isStaged: Bool = false) throws
        -> DecodePipeline
    {
        var plans: [Int: ColumnPlan] = [:]
        let columns = isStaged ? Array(table.columns.dropLast(2)) : table.columns
        for run in runs {
            plans[run.number] = ColumnPlan(
                table: columns, manifest: run.manifest, number: isStaged ? run.number : nil)
        }
        // A chunk that killed a loader must be named when it does so again.
        let isGrouping = works.allSatisfy { $0.name.chunk.crashes == 0 }
        return DecodePipeline(
            files: seat.spool.files, works: works, plans: plans,
            sizes: DecodePipeline.Sizes(
                block: options.batchBytes, batch: options.batchBytes * target.batches(table), sorting: options.sortBytes
            ),
            isSortable: try target.comparesBytes(table), isGrouping: isGrouping, spare: spare,
            isAhead: options.decodesAhead)
    }

    private func result(_ run: OpenRun) -> LoadManifest {
        LoadManifest(
            run: run.manifest.run, number: run.number, target: queue, chunksTotal: run.manifest.chunks.count)
    }

    /// The result of a direct run so far, by the ledger.
    func loaded(_ run: OpenRun) throws -> LoadManifest {
        var result = result(run)
        let loaded = try target.books.loaded(run.manifest.run)
        result.chunks = loaded.values.sorted { $0.sequence < $1.sequence }
        result.rows = loaded.values.reduce(0) { $0 + $1.rows }
        result.rejects = loaded.values.reduce(0) { $0 + $1.rejects }
        return result
    }

    /// Closes manifests without loading them: a cancel, a discard, or a void generation.
    func close(
        _ runs: [OpenRun], as outcome: Outcome
    ) throws -> [LoadManifest] {
        guard let last = runs.last else { return [] }
        return try transaction {
            let head = try target.lockHead(last.manifest.log, isMoving: true)
            guard head.number < runs[0].number else { throw HeadMoved() }
            var results: [LoadManifest] = []
            for run in runs {
                // What waits in a stage is in no table.
                var result = run.manifest.mode.isDirect ? try loaded(run) : result(run)
                result.outcome = outcome
                results.append(result)
            }
            guard
                try target.books.moveHead(
                    last.manifest.log, from: head, to: last.number, run: last.manifest.run, rows: head.rows,
                    table: last.manifest.table)
            else { throw HeadMoved() }
            try close(&results, last.manifest.table)
            return results
        }
    }

    private func close(_ results: inout [LoadManifest], _ table: String) throws {
        for index in results.indices {
            results[index].updated = seat.spool.timestamp
            try target.books.close(results[index], table: table, loader: seat.id)
        }
    }

    func check(_ guards: Guards, rows: Int, _ head: Head) throws {
        if rows == 0, head.rows > 0, !guards.allowEmpty {
            throw GuardRefusal(reason: "the new generation is empty and would replace \(head.rows) rows")
        }
        if guards.minimumShare > 0, Double(rows) < guards.minimumShare * Double(head.rows) {
            throw GuardRefusal(
                reason: "\(rows) rows would replace \(head.rows), less than min_share \(guards.minimumShare) of them")
        }
    }
}
