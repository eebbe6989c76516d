import Glibc

/// The time and the waiting of a client, passed in so that tests own both.
package struct HTTPClock: Sendable {
    /// Seconds of a clock that never goes back and counts while the host is suspended.
    package let now: @Sendable () -> Double
    /// Seconds since 1970-01-01T00:00:00Z.
    package let wall: @Sendable () -> Double
    /// Blocks the calling thread for so many seconds.
    package let sleep: @Sendable (Double) -> Void

    /// Makes a clock of three functions.
    package init(
        now: @escaping @Sendable () -> Double, wall: @escaping @Sendable () -> Double,
        sleep: @escaping @Sendable (Double) -> Void
    ) {
        self.now = now
        self.wall = wall
        self.sleep = sleep
    }

    /// The host's own clocks.
    package static let system = HTTPClock(
        now: { read(CLOCK_BOOTTIME) }, wall: { read(CLOCK_REALTIME) },
        sleep: { seconds in
            guard seconds > 0 else { return }
            let bounded = min(seconds, 86_400)
            let whole = Int(bounded)
            var left = timespec(tv_sec: whole, tv_nsec: Int((bounded - Double(whole)) * 1e9))
            var unslept = timespec()
            while nanosleep(&left, &unslept) != 0 && errno == EINTR { left = unslept }
        })

    private static func read(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
