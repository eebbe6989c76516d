internal import Manifest
internal import Spool

/// What is staged cannot change the table as it is.
private struct StageUnfit: Error {}

extension Error {
    /// Whether a stage is no way for a run: its rows break a rule of the table, which only the other way finds row by row, or the stage
    /// is not what the ledger says.
    fileprivate var givesStageUp: Bool {
        switch self {
        case is StageUnfit: true
        case is HeadMoved, is GuardRefusal, is ChunkFailure: false
        default: [.data, .configuration].contains(LoadError(self).kind)
        }
    }
}

/// A long run of a staged mode that several loaders share: they stage its chunks side by side, and one lets them change the table.
extension LoadUnit {
    /// Opens a stage for a unit.
    ///
    /// - Returns: whether it has one now, or may have none.
    func share(_ runs: [OpenRun], in shared: SharedStage) throws -> Bool {
        guard let last = runs.last, let table = try prepare(runs) else { return false }
        let manifest = last.manifest
        let unit = SharedStage.unit(manifest)
        let given = given(table, runs)
        guard SharedStage.fits(given) else { return false }
        var isAllowed = true
        do { try shared.make(unit, given, key: manifest.changes.deletesMissing ? manifest.key : []) } catch {
            // Who only loads need not have the right to make tables, and some servers make none from a SELECT.
            guard [.permission, .configuration].contains(LoadError(error).kind) else { throw error }
            isAllowed = false
        }
        try transaction {
            _ = try lockHead(runs)
            try shared.enter(
                unit, isAllowed ? given : nil, manifest: last.number, loader: seat.id, at: seat.spool.timestamp)
        }
        return true
    }

    /// Brings chunks into the stage, each with its ledger row.
    ///
    /// - Parameter runs: the whole unit, ascending.
    func stage(_ runs: [OpenRun], works: [ChunkWork], in shared: SharedStage) throws -> Direct {
        let isSuspect = works.contains { $0.name.chunk.attempt > 0 }
        do {
            do { return try stage(runs, works, shared, isIsolating: isSuspect) } catch is ChunkFailure {
                return try stage(runs, works, shared, isIsolating: true)
            }
        } catch {
            guard error.givesStageUp else { throw error }
            // What is wrong, if it is not the stage, the other way meets again and says.
            try giveUp(runs, shared)
            throw HeadMoved()
        }
    }

    private func stage(_ runs: [OpenRun], _ works: [ChunkWork], _ shared: SharedStage, isIsolating: Bool) throws
        -> Direct
    {
        guard let last = runs.last, case .open(let stage) = try shared.state(of: SharedStage.unit(last.manifest)) else {
            throw HeadMoved()
        }
        let pipeline = try pipeline(works, runs, stage, isStaged: true)
        defer { spare = pipeline.end() }
        let chunks = ChunkLoader(
            target, seat: seat, works: works, table: stage, pipeline: pipeline, isIsolating: isIsolating,
            isStopped: isStopped)
        chunks.way = .sharedStage
        return try inserting(chunks) {
            // Whoever lets the rows change the table, or gives the stage up, waits for this transaction.
            let head = try target.lockHead(last.manifest.log, isMoving: false)
            guard head.number < runs[0].number, case .open = try shared.state(of: SharedStage.unit(last.manifest))
            else {
                throw HeadMoved()
            }
            try chunks.load()
            return Direct(loaded: chunks.done, failures: chunks.failures)
        }
    }

    /// Lets the rows of a stage change the table.
    ///
    /// - Returns: see ``apply(_:passed:works:allowShrink:)``; nil when the stage was given up, and its chunks are to be loaded by one
    ///   loader.
    func applyShared(_ runs: [OpenRun], passed: [OpenRun], in shared: SharedStage, allowShrink: Bool) throws
        -> [LoadManifest]?
    {
        guard let last = runs.last, let table = try prepare(runs) else { return [] }
        do {
            let results = try transaction { try move(runs, passed, table, shared, allowShrink) }
            // If this fails, or a crash comes before it, the next who looks for stages drops it.
            try? shared.drop(SharedStage.unit(last.manifest))
            return results
        } catch let refusal as GuardRefusal {
            // It may wait for long, and would keep its turn before newer ones.
            try giveUp(runs, shared)
            throw refusal
        } catch {
            guard error.givesStageUp else { throw error }
            try giveUp(runs, shared)
            return nil
        }
    }

    /// Gives a stage up for good: chunks that are in none go back into the queue, and one loader takes them all.
    private func giveUp(_ runs: [OpenRun], _ shared: SharedStage) throws {
        guard let last = runs.last else { return }
        let unit = SharedStage.unit(last.manifest)
        try transaction {
            _ = try lockHead(runs)
            for run in runs { try shared.books.forget(run.manifest.run) }
            try shared.enter(unit, nil, manifest: last.number, loader: seat.id, at: seat.spool.timestamp)
        }
        try shared.drop(unit)
        // A crash before this leaves them in the archive, where the next loader finds them once it is idle. Those that loaders hold
        // are handed back by them.
        for run in runs { try seat.spool.unarchive(run.manifest, target: queue) }
    }

    private func move(
        _ runs: [OpenRun], _ passed: [OpenRun], _ table: TargetTable, _ shared: SharedStage, _ allowShrink: Bool
    ) throws -> [LoadManifest] {
        guard let last = runs.last else { throw StageUnfit() }
        let manifest = last.manifest
        let unit = SharedStage.unit(manifest)
        let head = try lockHead(runs, passed: passed)
        guard case .open(let stage) = try shared.state(of: unit) else { throw HeadMoved() }
        // Somebody changed the table since then.
        guard Array(stage.columns.dropLast(2)) == given(table, runs).columns else { throw StageUnfit() }
        var results = try runs.map { try loaded($0) }
        let counts = try shared.counts(unit)
        for (run, result) in zip(runs, results) {
            guard result.chunks.count == run.manifest.chunks.count,
                result.chunks.allSatisfy({ $0.rows == counts[run.number]?[$0.sequence] ?? 0 })
            else { throw StageUnfit() }
        }
        if manifest.isWholePartition, !allowShrink {
            try check(manifest.guards, rows: results.reduce(0) { $0 + $1.rows }, head)
        }
        let staging = try target.staging
        if manifest.mode == .merge, !manifest.isStaged {
            try staging.run(shared.dialect.merge(given(table, runs), from: stage.name, key: manifest.key))
        } else {
            if manifest.mode.isReplace {
                try target.delete(manifest, table)
            } else {
                try staging.run(shared.dialect.deleteEarlier(stage.name, key: manifest.key))
            }
            try change(staging, runs, table, from: stage.name, &results)
        }
        try moveHead(head, runs, passed, &results)
        return results
    }
}
