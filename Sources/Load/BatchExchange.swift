internal import Threads

/// Hands batches from the decoding thread to the writing one and empty ones back, with a bounded weight on the way.
final class BatchExchange: Sendable {
    private struct State: Sendable {
        var ready: [RowBatch] = []
        var spare: [RowBatch] = []
        /// Bytes in batches that were pushed and not yet recycled.
        var weight = 0
        var isEnded = false
        var isCancelled = false
    }

    private let state = Condition(State())
    private let limit: Int

    /// - Parameters:
    ///   - limit: bytes on the way; one batch is let through, however large.
    ///   - spare: empty batches to begin with.
    init(limit: Int, spare: [RowBatch]) {
        self.limit = limit
        state.update { $0.spare = spare }
    }

    /// The empty batches, for another exchange; their memory has been touched already.
    func takeSpare() -> [RowBatch] {
        state.withLock { state in
            defer { state.spare.removeAll() }
            return state.spare
        }
    }

    /// An empty batch of that many columns.
    func spare(columns: Int) -> RowBatch {
        let found: RowBatch? = state.withLock { state in
            guard state.spare.last?.columns == columns else { return nil }
            return state.spare.popLast()
        }
        return found ?? RowBatch(columns: columns)
    }

    /// Waits for room and hands a batch over; `false` when the writer lost interest.
    func push(_ batch: RowBatch) -> Bool {
        let weight = batch.weight
        let pushed: Bool = state.wait { state in
            if state.isCancelled { return false }
            guard state.weight == 0 || state.weight + weight <= limit else { return nil }
            state.weight += weight
            state.ready.append(batch)
            return true
        }
        state.update { _ in }
        return pushed
    }

    /// No further batch will come.
    func end() { state.update { $0.isEnded = true } }

    /// Waits for the next batch; `nil` after the last.
    func pop() -> RowBatch? {
        let batch: RowBatch?? = state.wait { state in
            if !state.ready.isEmpty { return .some(state.ready.removeFirst()) }
            return state.isEnded || state.isCancelled ? .some(nil) : nil
        }
        return batch ?? nil
    }

    /// Gives a batch back to be filled again.
    func recycle(_ batch: RowBatch) {
        let weight = batch.weight
        batch.removeAll()
        state.update { state in
            state.weight -= weight
            state.spare.append(batch)
        }
    }

    /// The writer lost interest: a producer in ``push(_:)`` goes on.
    func cancel() {
        state.update { state in
            state.isCancelled = true
            state.ready.removeAll()
        }
    }
}
