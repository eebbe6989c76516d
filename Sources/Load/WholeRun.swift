internal import Manifest
internal import Spool

/// How a log brings complete units of staged modes into the table: as a whole, or out of a stage that loaders share.
extension OpenLog {
    /// Brings a complete unit into the table: from the stage where it waits, else as a whole, unless it is worth sharing.
    func bringIn(_ numbers: [Int], passed: [Int], _ summary: inout LoadSummary) throws -> Done {
        guard let shared = try worker.target.shared else { return try apply(numbers, passed: passed, &summary) }
        if entries.contains(where: { $0.number == numbers.last && $0.isShared }) {
            return try applyShared(numbers, passed: passed, shared, &summary)
        }
        if try isWorthSharing(numbers), try makeUnit().share(open(numbers), in: shared) { return .worked }
        return try apply(numbers, passed: passed, &summary)
    }

    /// Sharing costs a second write of each row: only where it is long, and others would have nothing to do.
    private func isWorthSharing(_ numbers: [Int]) throws -> Bool {
        let unit = open(numbers)
        guard let last = unit.last, !unshared.contains(SharedStage.unit(last.manifest)) else { return false }
        if worker.options.sharesAlways { return true }
        guard unit.reduce(0, { $0 + $1.manifest.chunks.count }) > 1,
            unit.reduce(0, { $0 + $1.manifest.bytes }) >= worker.options.sharedBytes
        else { return false }
        return try spool.seats() > spool.readyRuns(worker.queue).count
    }

    private func applyShared(_ numbers: [Int], passed: [Int], _ shared: SharedStage, _ summary: inout LoadSummary)
        throws -> Done
    {
        do {
            let results = try makeUnit().applyShared(
                open(numbers), passed: open(passed), in: shared, allowShrink: worker.options.allowShrink)
            if let results { try finish(results, [], &summary) }
            return .worked
        } catch let refusal as GuardRefusal {
            return try hold(refusal, numbers)
        }
    }

    private func apply(_ numbers: [Int], passed: [Int], _ summary: inout LoadSummary) throws -> Done {
        guard let works = try claim(numbers, whole: true) else { return .waiting }
        if let looping = works.first(where: { $0.name.chunk.crashes >= worker.options.maximumCrashes }) {
            try buryLooping(looping, &summary)
            try worker.handBackAll()
            return .worked
        }
        let unit = makeUnit()
        do {
            let results = try unit.apply(
                open(numbers), passed: open(passed), works: works, allowShrink: worker.options.allowShrink)
            try finish(results, works, &summary)
            return .worked
        } catch let failure as ChunkFailure {
            try settle(failure, works, &summary)
            try worker.handBackAll()
            return .worked
        } catch let refusal as GuardRefusal {
            try worker.handBackAll()
            return try hold(refusal, numbers)
        } catch {
            try worker.handBackAll()
            throw error
        }
    }

    private func hold(_ refusal: GuardRefusal, _ numbers: [Int]) throws -> Done {
        guard let last = numbers.last, let manifest = runs[last]?.manifest else { return .waiting }
        try worker.note("guard: \(refusal.reason)", key, last)
        worker.report(
            .held(manifest, reason: "\(refusal.reason); if that is right: bobbin load --allow-shrink"))
        return .blocked(refusal.reason)
    }
}
