import Glibc

/// How long to wait before which attempt: a pure value.
package struct RetryPolicy: Sendable, Equatable {
    /// How the delay grows. All times in seconds.
    package enum Strategy: Sendable, Equatable {
        /// `initial * multiplier^k`, at most `max`; `jitter` (0...1) is the share that is random and only shortens.
        case exponential(initial: Double, multiplier: Double, max: Double, jitter: Double)
        /// `initial + k * increment`, at most `max`.
        case linear(initial: Double, increment: Double, max: Double)
        /// Always the same.
        case fixed(Double)
        /// One after the other; the last repeats.
        case list([Double])
    }

    /// The longest wait that a server's Retry-After can ask for, in seconds.
    package static let retryAfterCap: Double = 3_600

    package let strategy: Strategy
    /// Attempts in all, the first included.
    package let maxAttempts: Int

    /// Makes a policy.
    package init(strategy: Strategy, maxAttempts: Int) {
        self.strategy = strategy
        self.maxAttempts = maxAttempts
    }

    /// Seconds to wait before attempt `n` (the first is 1 and waits 0), or nil to give up.
    ///
    /// `random` in 0..<1 chooses the jitter. `retryAfter`, what the server asked for, raises the delay up to the cap.
    package func delay(beforeAttempt n: Int, random: Double, retryAfter: Double? = nil) -> Double? {
        guard n <= maxAttempts else { return nil }
        guard n > 1 else { return 0 }
        let asked = min(retryAfter ?? 0, Self.retryAfterCap)
        return max(sane(base(retry: n - 2, random: random)), sane(asked))
    }

    private func base(retry k: Int, random: Double) -> Double {
        switch strategy {
        case .exponential(let initial, let multiplier, let limit, let jitter):
            let full = min(initial * pow(multiplier, Double(k)), limit)
            return full * (1 - min(max(jitter, 0), 1) * min(max(random, 0), 1))
        case .linear(let initial, let increment, let limit): return min(initial + Double(k) * increment, limit)
        case .fixed(let delay): return delay
        case .list(let delays): return k < delays.count ? delays[k] : delays.last ?? 0
        }
    }

    // A delay from settings may be negative or not a number; no one may sleep on that.
    private func sane(_ seconds: Double) -> Double { seconds.isFinite ? max(0, seconds) : 0 }
}
