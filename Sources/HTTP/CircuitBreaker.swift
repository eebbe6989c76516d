/// Stops asking a source that fails for everyone: closed, open, half-open, as a pure value (Nygard, *Release It!*).
///
/// It opens after `failures` failures in a row that came from at least `keys` different partitions, so that one bad
/// partition never stops the others. While open nothing passes until the cool-down ends; then exactly one probe
/// decides. Each failed probe doubles the cool-down. Only transient failures are recorded. The caller holds the lock.
package struct CircuitBreaker: Sendable {
    /// When to open and for how long; times in seconds.
    package struct Settings: Sendable, Equatable {
        package let failures: Int
        package let keys: Int
        package let coolDown: Double
        package let maximumCoolDown: Double
        /// A probe that has not answered for so long is given up and another may start.
        package let probeTimeout: Double

        /// A source with fewer partitions than `keys` never opens: pass the smaller number.
        package init(
            failures: Int = 10, keys: Int = 3, coolDown: Double = 5, maximumCoolDown: Double = 300,
            probeTimeout: Double = 600
        ) {
            self.failures = max(failures, 1)
            self.keys = max(keys, 1)
            self.coolDown = coolDown
            self.maximumCoolDown = max(maximumCoolDown, coolDown)
            self.probeTimeout = probeTimeout
        }
    }

    /// Permission to make one attempt; brought back with its result. A result from before the last change of state
    /// says nothing about the present and is ignored.
    package struct Ticket: Sendable, Equatable {
        fileprivate let epoch: Int
    }

    /// The answer to `admit`.
    package enum Admission: Sendable, Equatable {
        case go(Ticket)
        /// Ask again at this clock value.
        case wait(until: Double)
    }

    /// Where the breaker stands.
    package enum State: Sendable, Equatable {
        case closed
        case open(until: Double)
        case halfOpen(probeUntil: Double)
    }

    package private(set) var state = State.closed
    private let settings: Settings
    private var epoch = 0
    private var failuresInRow = 0
    private var failingKeys: Set<String> = []
    private var coolDown: Double

    /// A closed breaker.
    package init(_ settings: Settings = Settings()) {
        self.settings = settings
        self.coolDown = settings.coolDown
    }

    /// Asks whether an attempt may start at clock value `now` (seconds).
    package mutating func admit(now: Double) -> Admission {
        switch state {
        case .closed: return .go(Ticket(epoch: epoch))
        case .open(let until), .halfOpen(let until):
            guard now >= until else { return .wait(until: until) }
            enter(.halfOpen(probeUntil: now + settings.probeTimeout))
            return .go(Ticket(epoch: epoch))
        }
    }

    /// The attempt reached a working source.
    package mutating func succeeded(_ ticket: Ticket) {
        guard ticket.epoch == epoch else { return }
        failuresInRow = 0
        failingKeys.removeAll()
        switch state {
        case .closed: break
        case .open, .halfOpen:
            coolDown = settings.coolDown
            enter(.closed)
        }
    }

    /// The attempt for partition `key` failed in a transient way at `now`.
    package mutating func failed(_ ticket: Ticket, key: String, now: Double) {
        guard ticket.epoch == epoch else { return }
        switch state {
        case .closed:
            failuresInRow = min(failuresInRow + 1, settings.failures)
            // Bounded: only whether there are enough different keys matters.
            if failingKeys.count < settings.keys { failingKeys.insert(key) }
            guard failuresInRow >= settings.failures, failingKeys.count >= settings.keys else { return }
            enter(.open(until: now + coolDown))
        case .open: break
        case .halfOpen:
            coolDown = min(coolDown * 2, settings.maximumCoolDown)
            enter(.open(until: now + coolDown))
        }
    }

    /// The attempt ended without a verdict (cancelled, or a fault of the caller): a probe frees its place.
    package mutating func abandoned(_ ticket: Ticket, now: Double) {
        guard ticket.epoch == epoch, case .halfOpen = state else { return }
        enter(.open(until: now))
    }

    private mutating func enter(_ next: State) {
        state = next
        epoch &+= 1
        failuresInRow = 0
        failingKeys.removeAll()
    }
}
