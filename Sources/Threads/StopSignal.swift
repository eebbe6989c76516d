/// Tells the threads of one invocation to end in order, and lets them sleep until then.
package final class StopSignal: Sendable {
    private let state = Condition(false)

    /// A signal that nobody has given.
    package init() {}

    /// Gives the signal; every sleeper wakes.
    package func stop() {
        state.update { $0 = true }
    }

    /// Whether it was given.
    package var isStopped: Bool { state.withLock { $0 } }

    /// Sleeps; `true` when it was ended by the signal.
    @discardableResult
    package func sleep(seconds: Double) -> Bool {
        state.wait(seconds: seconds) { $0 ? true : nil } ?? false
    }
}
