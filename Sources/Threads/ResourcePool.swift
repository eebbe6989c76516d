/// A few resources shared by many threads; of those that wait, the lowest rank is served first, so that work which
/// began earlier also ends earlier.
package final class ResourcePool<Resource>: Sendable {
    private struct State {
        var free: [Resource]
        var waiting: [Int] = []
    }

    private let state: Condition<State>

    /// A pool of these resources, at least one.
    package init(_ resources: sending [Resource]) {
        state = Condition(State(free: resources))
    }

    /// Runs `body` with a resource of its own.
    package func with<Result>(rank: Int, _ body: (Resource) throws -> Result) rethrows -> Result {
        state.withLock { $0.waiting.append(rank) }
        let resource: Resource = state.wait { (state: inout State) -> Resource? in
            guard !state.free.isEmpty, state.waiting.min() == rank, let index = state.waiting.firstIndex(of: rank)
            else {
                return nil
            }
            state.waiting.remove(at: index)
            return state.free.removeLast()
        }
        // Another one may be free for the next in line.
        state.update { _ in }
        defer { state.update { $0.free.append(resource) } }
        return try body(resource)
    }
}
