internal import HTTP
internal import Storage
internal import Threads

/// The circuit breaker of one connection for one stream, shared by its partitions.
final class SourceBreaker: Sendable {
    private let name: String
    private let clock: any Clock
    private let breaker: Condition<(state: CircuitBreaker, cause: String)>

    /// - Parameters:
    ///   - name: the connection's, for messages.
    ///   - partitions: how many the invocation has: the breaker never needs more of them to fail.
    init(_ name: String, partitions: Int, clock: any Clock) {
        self.name = name
        self.clock = clock
        breaker = Condition((CircuitBreaker(CircuitBreaker.Settings(keys: min(3, max(2, partitions)))), ""))
    }

    /// Leave to make one request; the breaker opens on failures across partitions.
    func admit() throws(ExtractError) -> CircuitBreaker.Ticket {
        let now = clock.uptime()
        let (admission, cause) = breaker.withLock { ($0.state.admit(now: now), $0.cause) }
        switch admission {
        case .go(let ticket): return ticket
        case .wait(let until):
            throw ExtractError(
                .transient,
                "connection \(name) is not asked for \(Int(max(0, until - now)) + 1) s after failures of several partitions, the last: \(cause)"
            )
        }
    }

    /// The result of a partition's request for the breaker; nil when it went well.
    func settle(_ ticket: CircuitBreaker.Ticket, _ partition: String, _ error: (any Error)?) {
        let now = clock.uptime()
        breaker.withLock { breaker in
            if let error {
                let failure = ExtractError(error)
                if failure.kind == .transient {
                    breaker.cause = failure.message
                    breaker.state.failed(ticket, key: partition, now: now)
                } else {
                    breaker.state.abandoned(ticket, now: now)
                }
            } else {
                breaker.state.succeeded(ticket)
            }
        }
    }
}
