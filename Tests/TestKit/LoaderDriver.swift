package import Load
internal import Spool
internal import Synchronization
internal import Threads

/// What a driven loader said.
package struct LoadOutcome: Sendable {
    package var summary: LoadSummary
    package var events: [LoadEvent]
}

/// The loader did not come to an end.
package struct StuckLoader: Error {}

extension SimulatedProcess {
    /// More than any loader needs.
    private static let rounds = 300

    /// Runs a loader of target `t` to its end on this thread; the clocks and the heart go on with each of its rounds.
    ///
    /// - Parameters:
    ///   - step: seconds that a round takes.
    ///   - end: whether it is told to stop upon an event.
    package func load(
        _ options: LoadOptions = LoadOptions(), queue: String = "t", step: Double = 6,
        until end: @escaping @Sendable (LoadEvent) -> Bool = { _ in false }
    ) throws -> LoadOutcome {
        var options = options
        options.patience = 0
        options.idleSeconds = 0
        // Small, so that few rows make many batches and transactions; a test that asks for other sizes gets them.
        let standard = LoadOptions()
        if options.batchBytes == standard.batchBytes { options.batchBytes = 2 << 10 }
        if options.transactionChunks == standard.transactionChunks { options.transactionChunks = 2 }
        options.sharesAlways = world.isSharing
        let spool = try spool()
        let target = try world.target(spool: spool.id, files: files)
        let stop = StopSignal()
        let events = Mutex<[LoadEvent]>([])
        let rounds = Condition(0)
        let worker = try LoadWorker(
            spool, heart: heart, target: target, queue: queue, options: options, stop: stop,
            report: { event in
                events.withLock { $0.append(event) }
                if end(event) { stop.stop() }
            })
        // Counting up here also keeps the loader from waiting on the host's clock.
        let summary = try worker.run(
            wake: rounds,
            moreToCome: { [world, heart] in
                let round = rounds.update { count in
                    count += 1
                    return count
                }
                if round > SimulatedProcess.rounds { stop.stop() }
                world.clock.advance(seconds: step)
                heart.beat()
                return false
            })
        if rounds.withLock({ $0 }) > SimulatedProcess.rounds { throw StuckLoader() }
        return LoadOutcome(summary: summary, events: events.withLock { $0 })
    }
}
