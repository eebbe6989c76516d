package import Storage
internal import Threads

/// Renews the leases of one process, as long as the work behind each meets its deadline.
///
/// A lease is rewritten by path and never created anew, so that an owner whose lease was taken away learns it.
package final class Heart: Sendable {
    private struct Beat: Sendable {
        var lease: Lease
        /// Bytes of the file: each content is as long as the longest, so that writing over it needs no truncation,
        /// after which a kill would leave an empty lease.
        var length: Int
        var deadline: Double
        var touched: Double
        var beaten: Double
        var isLost = false
    }

    private let files: any FileSystem
    private let clock: any Clock
    private let seconds: Double
    private let beats = Condition<[String: Beat]>([:])
    private let stop = StopSignal()

    /// A heart for leases of `seconds`; it beats six times in a TTL once ``start()`` was called.
    package init(files: any FileSystem, clock: any Clock, seconds: Double) {
        self.files = files
        self.clock = clock
        self.seconds = seconds
    }

    /// Beats on a thread of its own until ``end()``.
    package func start() {
        _ = ThreadHandle.start { [self] in
            while !stop.sleep(seconds: seconds / 6) { beat() }
        }
    }

    /// Stops the thread; leases are not removed.
    package func end() {
        stop.stop()
    }

    /// Creates the lease at `path` and keeps it alive while ``touch(_:)`` is called within `deadline` seconds.
    package func add(_ path: String, _ lease: Lease, deadline: Double) throws(StorageError) {
        let content = Heart.padded(lease.encoded(), 1024)
        try files.writeFile(path, content, create: .leaseCreate, write: .leaseWrite, close: .leaseClose)
        let time = clock.uptime()
        beats.withLock {
            $0[path] = Beat(lease: lease, length: content.count, deadline: deadline, touched: time, beaten: time)
        }
    }

    /// The work behind the lease goes on.
    package func touch(_ path: String) {
        let time = clock.uptime()
        beats.withLock { $0[path]?.touched = time }
    }

    /// Names the chunk in work, at once.
    package func setWork(_ path: String, _ work: String?) {
        let changed: Bool = beats.withLock { state in
            guard var beat = state[path], beat.lease.work != work else { return false }
            beat.lease.work = work
            beat.touched = clock.uptime()
            state[path] = beat
            return true
        }
        if changed { renew(path) }
    }

    /// Whether the lease is ours and was renewed within the TTL.
    package func holds(_ path: String) -> Bool {
        let time = clock.uptime()
        return beats.withLock { state in
            guard let beat = state[path] else { return false }
            return !beat.isLost && time - beat.beaten <= seconds
        }
    }

    /// Forgets the lease; the file is the caller's.
    package func remove(_ path: String) {
        beats.withLock { $0[path] = nil }
    }

    /// Renews every lease whose work meets its deadline.
    package func beat() {
        let time = clock.uptime()
        let due = beats.withLock { state in
            state.filter { !$0.value.isLost && time - $0.value.touched <= $0.value.deadline }.map(\.key)
        }
        for path in due { renew(path) }
    }

    /// JSON followed by spaces is the same JSON.
    private static func padded(_ content: [UInt8], _ length: Int) -> [UInt8] {
        content + [UInt8](repeating: 0x20, count: max(0, length - content.count))
    }

    private func renew(_ path: String) {
        let content: [UInt8]? = beats.withLock { state in
            guard var beat = state[path], !beat.isLost else { return nil }
            beat.lease.counter += 1
            let content = Heart.padded(beat.lease.encoded(), beat.length)
            beat.length = content.count
            state[path] = beat
            return content
        }
        guard let content else { return }
        do {
            try files.writeFile(
                path, content, mode: .rewrite, create: .leaseOpen, write: .leaseWrite, close: .leaseClose)
            let time = clock.uptime()
            beats.withLock { $0[path]?.beaten = time }
        } catch {
            // Gone: somebody took it. Anything else (disk full, a server away) only ages the lease.
            if error.code == .notFound { beats.withLock { $0[path]?.isLost = true } }
        }
    }
}
