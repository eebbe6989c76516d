internal import JSON
package import Manifest
package import Storage

/// What a lease of an extraction says of its run, so that a successor can go on with it.
package struct LeasedRun: Sendable {
    package var key: LogKey
    package var generation: RunID
    package var base: Int
    package var fingerprint: String

    /// The run that an extractor works on.
    package init(key: LogKey, generation: RunID, base: Int, fingerprint: String) {
        self.key = key
        self.generation = generation
        self.base = base
        self.fingerprint = fingerprint
    }
}

/// The sign of life of an extractor or a loader.
package struct Lease: Sendable {
    package var counter: Int
    /// The claimed name of the chunk in work.
    package var work: String?
    package var process: ProcessIdentity
    package var run: LeasedRun?

    /// A lease that was never renewed.
    package init(process: ProcessIdentity, run: LeasedRun? = nil) {
        counter = 0
        self.process = process
        self.run = run
    }

    /// The document's bytes.
    package func encoded() -> [UInt8] {
        JSONValue.record([
            ("format", .integer(1)), ("counter", .integer(Int64(counter))),
            ("work", work.map { .string($0) } ?? .null), ("host", .string(process.host)),
            ("boot", .string(process.boot)), ("pidns", .string(process.namespace)),
            ("pid", .integer(Int64(process.pid))), ("start", .integer(Int64(clamping: process.start))),
            (
                "run",
                run.map { run in
                    .record([
                        ("job", .string(run.key.job)), ("stream", .string(run.key.stream)),
                        ("partition", run.key.partition.json), ("generation", .string(run.generation.text)),
                        ("base", .integer(Int64(run.base))), ("fingerprint", .string(run.fingerprint)),
                    ])
                } ?? .null
            ),
        ]).serialized()
    }

    /// Reads a lease; a torn one is `nil`.
    package init?(decoding bytes: [UInt8]) {
        guard let value = try? JSONValue(parsing: bytes), let reader = try? ObjectReader(value, "lease"),
            let counter = try? reader.integer("counter"), let host = try? reader.string("host"),
            let boot = try? reader.string("boot"), let namespace = try? reader.string("pidns"),
            let pid = try? reader.integer("pid"), let start = try? reader.integer("start")
        else { return nil }
        self.init(
            process: ProcessIdentity(
                host: host, boot: boot, namespace: namespace, pid: Int32(clamping: pid), start: UInt64(max(0, start))))
        self.counter = counter
        if case .string(let text) = reader.any("work") { work = text }
        if let inner = try? ObjectReader(reader.any("run"), "run"), let job = try? inner.string("job"),
            let stream = try? inner.string("stream"), let partition = try? inner.partition("partition"),
            let generation = try? inner.run("generation"), let base = try? inner.integer("base"),
            let fingerprint = try? inner.string("fingerprint")
        {
            run = LeasedRun(
                key: LogKey(job: job, stream: stream, partition: partition), generation: generation, base: base,
                fingerprint: fingerprint)
        }
    }
}

/// Decides, look by look, whether a lease is expired. Pure; one observer per process.
///
/// Rule: unchanged over a TTL of the observer's clock in at least four answered looks; a gap longer than TTL/4
/// starts anew, so that a frozen filesystem expires nobody.
package struct LeaseObserver: Sendable {
    private struct Seen: Sendable {
        var content: [UInt8]
        var since: Double
        var last: Double
        var looks: Int
    }

    private var seen: [String: Seen] = [:]
    private let seconds: Double

    /// An observer that has seen nothing.
    ///
    /// - Parameter seconds: the TTL.
    package init(seconds: Double) {
        self.seconds = seconds
    }

    /// The least time between two looks that is worth a read.
    package var interval: Double { seconds / 6 }

    /// Notes an answered look at `path` and tells whether its owner counts as dead.
    package mutating func look(_ path: String, _ content: [UInt8], at time: Double) -> Bool {
        guard var entry = seen[path], entry.content == content, time - entry.last <= seconds / 4 else {
            seen[path] = Seen(content: content, since: time, last: time, looks: 1)
            return false
        }
        entry.last = time
        entry.looks += 1
        seen[path] = entry
        return entry.looks >= 4 && time - entry.since > seconds
    }

    /// Forgets a lease that is gone.
    package mutating func forget(_ path: String) {
        seen[path] = nil
    }
}

/// What is known of the owner of a lease.
package enum LeaseState: Sendable {
    case alive(Lease?)
    /// The process is known to be dead: same boot, namespace, no such pid and start time.
    case dead(Lease?)
    /// Only its silence says so.
    case expired(Lease?)
    /// The directory is not there any more.
    case gone
}

extension Spool {
    /// Looks at the lease in `directory`, a run's or a loader's.
    ///
    /// The lease is the first thing that its owner makes there. So a directory without one is either just being made,
    /// and then it is empty and may be removed (its owner makes it again), or its owner is gone, if it stays so for a TTL.
    package func leaseState(in directory: String, observer: inout LeaseObserver) throws -> LeaseState {
        let path = "\(directory)/\(FileNames.lease)"
        var bytes = try leaseBytes(path)
        if bytes == nil {
            do throws(StorageError) {
                try files.removeDirectory(directory, .sweepRemoveEmpty)
                observer.forget(path)
                return .gone
            } catch {
                if error.code == .notFound {
                    observer.forget(path)
                    return .gone
                }
                if error.code != .notEmpty { throw error }
            }
            bytes = try leaseBytes(path)
        }
        guard let bytes else {
            // A host may not see yet what another one has made: no lease is silence, too.
            return observer.look(path, [], at: clock.uptime()) ? .expired(nil) : .alive(nil)
        }
        let lease = Lease(decoding: bytes)
        if let lease, host.isKnownDead(lease.process) { return .dead(lease) }
        return observer.look(path, bytes, at: clock.uptime()) ? .expired(lease) : .alive(lease)
    }

    func leaseBytes(_ path: String) throws -> [UInt8]? {
        do throws(StorageError) {
            return try files.contents(path, limit: 1 << 20, open: .leaseOpen, read: .leaseRead, close: .leaseClose)
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }

    /// Makes a directory whose first file is its owner's lease.
    func makeLeased(_ directory: String, _ operation: Operation, heart: Heart, _ lease: Lease, deadline: Double) throws
    {
        var attempts = 0
        while true {
            do throws(StorageError) {
                do throws(StorageError) { try files.makeDirectory(directory, operation) } catch {
                    if error.code != .exists { throw error }
                }
                try heart.add("\(directory)/\(FileNames.lease)", lease, deadline: deadline)
                return
            } catch {
                // A sweep took the empty directory for a leftover.
                attempts += 1
                if error.code == .notFound, attempts <= 20 { continue }
                if error.code != .exists {
                    // Half a lease would keep the others waiting for its silence.
                    try? files.unlink("\(directory)/\(FileNames.lease)", .leaseUnlink)
                    try? files.removeDirectory(directory, .sweepRemoveEmpty)
                }
                throw error
            }
        }
    }
}
