/// A counting semaphore that serves the lowest rank first, so that work started earlier also ends earlier.
package final class Permits: Sendable {
    private struct State: Sendable {
        var free: Int
        var waiting: [Int] = []
    }

    private let state: Condition<State>

    /// `count` permits.
    package init(_ count: Int) {
        state = Condition(State(free: max(1, count)))
    }

    /// Runs `body` with a permit.
    ///
    /// - Parameter rank: of those that wait, the lowest goes first.
    package func with<Result>(rank: Int, _ body: () throws -> Result) rethrows -> Result {
        state.withLock { $0.waiting.append(rank) }
        state.wait { (state: inout State) -> Void? in
            guard state.free > 0, state.waiting.min() == rank, let index = state.waiting.firstIndex(of: rank) else {
                return nil
            }
            state.free -= 1
            state.waiting.remove(at: index)
            return ()
        }
        // Another permit may be free for the next in line.
        state.update { _ in }
        defer { state.update { $0.free += 1 } }
        return try body()
    }
}
