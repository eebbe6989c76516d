/// A token bucket as a pure value: `burst` requests at once, then `rate` a second.
///
/// Tokens may go below zero: each caller takes its place at once and learns how long to wait, so that waiting threads
/// keep their order without a queue (virtual scheduling, ITU-T I.371).
package struct TokenBucket: Sendable {
    private let rate: Double
    private let burst: Double
    private var tokens: Double
    private var last: Double?

    /// `rate` requests a second (above 0, finite), `burst` at least 1.
    package init(rate: Double, burst: Int) {
        self.rate = rate
        self.burst = Double(max(burst, 1))
        self.tokens = self.burst
    }

    /// Takes one token at `now` (seconds) and returns the seconds to wait before using it.
    package mutating func take(now: Double) -> Double {
        tokens = min(burst, tokens + max(0, now - (last ?? now)) * rate)
        last = max(now, last ?? now)
        tokens -= 1
        return tokens >= 0 ? 0 : -tokens / rate
    }
}
