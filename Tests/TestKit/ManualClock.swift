internal import Storage
internal import Synchronization

/// Clocks that only move when a test says so.
package final class ManualClock: Clock {
    private struct State {
        var now: Int64
        var uptime: Double
    }

    private let state: Mutex<State>

    /// Clocks that begin at these times.
    ///
    /// - Parameters:
    ///   - now: Unix milliseconds.
    ///   - uptime: seconds.
    package init(now: Int64 = 1_795_000_000_000, uptime: Double = 1000) {
        state = Mutex(State(now: now, uptime: uptime))
    }

    /// Both clocks move on.
    package func advance(seconds: Double) {
        state.withLock { state in
            state.now += Int64(seconds * 1000)
            state.uptime += seconds
        }
    }

    package func now() -> Int64 { state.withLock { $0.now } }

    package func uptime() -> Double { state.withLock { $0.uptime } }
}
