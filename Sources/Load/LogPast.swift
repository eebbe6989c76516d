internal import Manifest
internal import Spool

/// The other past: an outcome above the head means that the target went back.
enum LogPast {
    /// It had not ended: the usual.
    case open
    /// It was loaded, and its chunks are there to be loaded again.
    case archived
    /// It was loaded, or committed and taken out of the queue by hand, and chunks of it are gone.
    case lost(number: Int, chunk: Int)
    /// It was loaded, and a loader that holds some of it has still to give it back.
    case inHand
    /// It ended without being loaded, and does so again.
    case ended(number: Int, Outcome)
}

extension OpenLog {
    /// What had become of a manifest above the head.
    func past(_ manifest: RunManifest, _ number: Int) throws -> LogPast {
        // A target that the job got later: what was extracted before is none of its business.
        guard manifest.targets.contains(where: { spool.encode($0) == worker.queue }) else {
            return .ended(number: number, .superseded)
        }
        guard let outcome = try spool.outcome(key, number, target: worker.queue)?.outcome else {
            guard worker.isStuck, worker.holdsToken, try !spool.isOnItsWay(manifest.run) else { return .open }
            // Nothing comes by itself any more: somebody moved files, or the target went back while the run was open.
            // Of a stage, too: what is in none goes back into the queue.
            let loaded = try worker.target.books.loadedSequences(manifest.run)
            let places = try spool.places(of: manifest, target: worker.queue, loaded: loaded)
            // What another loader has brought in meanwhile lies where it belongs.
            try checkHead()
            guard try worker.target.books.loadedSequences(manifest.run) == loaded else { throw HeadMoved() }
            if let chunk = places.lost { return .lost(number: number, chunk: chunk) }
            if places.isArchived {
                try spool.republish(manifest, number: number, target: worker.queue, except: loaded)
            } else if places.isHidden {
                try spool.putUp(manifest, number: number, target: worker.queue)
            }
            return .open
        }
        // An outcome is written after the head has moved: seen in this order, a head below it is one that went back.
        try checkHead()
        guard outcome == .loaded else { return .ended(number: number, outcome) }
        let places = try spool.places(of: manifest, target: worker.queue)
        if places.isInHand { return .inHand }
        return places.lost.map { .lost(number: number, chunk: $0) } ?? .archived
    }

    /// Whether the head still is what everything here goes by.
    private func checkHead() throws {
        guard try worker.target.head(key) == head else { throw HeadMoved() }
    }

    /// A loaded run that neither the target nor the archive has any more: a person decides.
    func settleLost(_ number: Int, _ chunk: Int, _ summary: inout LoadSummary) throws -> Done {
        guard let manifest = runs[number]?.manifest else { return .waiting }
        if worker.options.allowLoss {
            // Its outcome says loaded: whoever finds it in the queue, and the head behind it, writes what became of it.
            try spool.putUp(manifest, number: number, target: worker.queue)
            return try close([number], as: .discarded, &summary)
        }
        let isClosed = try spool.outcome(key, number, target: worker.queue) != nil
        let reason =
            isClosed
            ? "the target is older than manifest \(number), and the archive no longer has chunk \(chunk) of run \(manifest.run)"
            : "manifest \(number) was committed, and chunk \(chunk) of run \(manifest.run) is neither in the queue nor in the archive"
        try worker.note("lost: \(reason)", key, number)
        worker.report(.lost(manifest, reason: reason))
        return .blocked(reason)
    }
}
