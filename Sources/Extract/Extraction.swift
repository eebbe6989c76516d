internal import Configuration
internal import Manifest
internal import Spool
internal import Threads

/// Extracts all partitions of some streams with a bounded number of threads.
package enum Extraction {
    /// Runs until every partition has its result.
    ///
    /// - Parameter streams: extracted one after the other in this order, each with its own parallelism.
    /// - Returns: a result for each partition, in the order of the streams and their partitions.
    package static func run(_ streams: [StreamPlan], context: ExtractContext) throws -> [PartitionResult] {
        var observer = LeaseObserver(seconds: context.spool.leaseSeconds)
        try context.spool.sweepRuns(observer: &observer)
        let abandoned = try context.spool.abandonedRuns(observer: &observer)
        var results: [PartitionResult] = []
        for stream in streams {
            results += run(stream, abandoned, context)
        }
        return results
    }

    private static func run(
        _ stream: StreamPlan, _ abandoned: [LogKey: [AdoptableRun]], _ context: ExtractContext
    ) -> [PartitionResult] {
        struct State: Sendable {
            var next = 0
            var results: [PartitionResult?]
            /// Set by a failure that stops the whole stream.
            var fatal: ExtractError?
            var succeeded = 0
            var misconfigured = 0
        }
        let state = Condition(State(results: Array(repeating: nil, count: stream.partitions.count)))
        let count = min(max(1, stream.settings.parallelism), max(1, stream.partitions.count))
        let threads = (0..<count).map { _ in
            ThreadHandle.start(isBackground: context.isBackground) {
                while true {
                    let task: (Int, ExtractError?)? = state.withLock { state in
                        guard state.next < stream.partitions.count else { return nil }
                        state.next += 1
                        return (state.next - 1, state.fatal)
                    }
                    guard let (rank, fatal) = task else { return }
                    let partition = stream.partitions[rank]
                    let key = LogKey(job: stream.settings.job, stream: stream.settings.name, partition: partition)
                    var result: PartitionResult
                    if let fatal {
                        result = PartitionResult(key: key, end: .failed(fatal))
                    } else if context.stop.isStopped {
                        result = PartitionResult(key: key, end: .cancelled)
                    } else {
                        result = PartitionExtraction(
                            context: context, stream: stream, partition: partition, rank: rank,
                            abandoned: abandoned[key] ?? [], files: stream.files(of: partition)
                        ).run()
                    }
                    state.withLock { state in
                        switch result.end {
                        case .failed(let error):
                            if error.kind == .configuration { state.misconfigured += 1 }
                            // One partition that the source refuses is no reason to give up the others.
                            let isHopeless =
                                error.kind == .permission || error.kind == .environment
                                || (state.misconfigured > 1 && state.succeeded == 0)
                            if isHopeless { state.fatal = state.fatal ?? error }
                        case .published, .unchanged: state.succeeded += 1
                        case .cancelled, .paused: break
                        }
                    }
                    let final = result
                    context.report(.finished(final))
                    state.update { $0.results[rank] = final }
                }
            }
        }
        for thread in threads { thread.join() }
        return state.withLock { $0.results.compactMap { $0 } }
    }
}
