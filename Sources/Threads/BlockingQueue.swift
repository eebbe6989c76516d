/// A bounded queue between threads: back-pressure by blocking.
package final class BlockingQueue<Element: Sendable>: Sendable {
    private struct State: Sendable {
        var items: [Element] = []
        var head = 0
        var isClosed = false

        var count: Int { items.count - head }

        mutating func take() -> Element? {
            guard head < items.count else { return nil }
            let item = items[head]
            head += 1
            if head == items.count {
                items.removeAll(keepingCapacity: true)
                head = 0
            }
            return item
        }
    }

    private let state = Condition(State())
    private let capacity: Int

    /// A queue of at most `capacity` elements.
    package init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    /// Waits for room and appends; `false` when the queue is closed.
    @discardableResult
    package func push(_ element: Element) -> Bool {
        let pushed: Bool = state.wait { state in
            if state.isClosed { return false }
            guard state.count < capacity else { return nil }
            state.items.append(element)
            return true
        }
        state.update { _ in }
        return pushed
    }

    /// Waits for an element; `nil` when the queue is closed and empty.
    package func pop() -> Element? {
        let item: Element?? = state.wait { state in
            if let item = state.take() { return .some(item) }
            return state.isClosed ? .some(nil) : nil
        }
        state.update { _ in }
        return item ?? nil
    }

    /// Takes the first element if there is one and it suits; never waits.
    package func tryPop(where suits: (Element) -> Bool) -> Element? {
        state.update { state in
            guard state.head < state.items.count, suits(state.items[state.head]) else { return nil }
            return state.take()
        }
    }

    /// Appends unless the queue is full or closed; never waits.
    package func tryPush(_ element: Element) {
        state.update { state in
            if !state.isClosed, state.count < capacity { state.items.append(element) }
        }
    }

    /// Ends the queue: pushes fail, and pops give what is left.
    package func close() {
        state.update { $0.isClosed = true }
    }

    /// Ends the queue and drops what is left, so that a producer in ``push(_:)`` goes on.
    package func cancel() {
        state.update { state in
            state.isClosed = true
            state.items.removeAll()
            state.head = 0
        }
    }
}
