internal import Manifest
package import Spool
internal import Storage
package import Threads

/// A loader of one target: claims, applies, closes, until nothing is left. Used by one thread.
package final class LoadWorker {
    let spool: Spool
    let heart: Heart
    let target: any TargetEngine
    /// The target's name, encoded.
    let queue: String
    let options: LoadOptions
    let stop: StopSignal
    let report: @Sendable (LoadEvent) -> Void
    /// Waits for the target to come back.
    private let pause: (_ seconds: Double) -> Void
    private var observer: LeaseObserver
    var seat: LoaderSeat
    package private(set) var summary = LoadSummary()
    /// Logs that wait for a person, with the reason; not visited again by this loader until something changes.
    private var blocked: [LogKey: String] = [:]
    private var stopped = StoppedStreams()
    private var lastSweep = -Double.infinity
    private var lastThinning = -Double.infinity
    private var hasCompared = false
    /// Logs whose last run is committed and not in the queue, looked for once, when nothing else is left.
    private var missing: [LogKey: RunManifest] = [:]
    private var hasLookedForMissing = false
    /// Whether this loader has the target's token now.
    private(set) var holdsToken = false
    /// Since when another loader has the token and nothing in hand.
    private var leftSince: Double?
    /// Since when nothing could be done, on the clock that only goes forward.
    private var idleSince: Double?
    /// Whether that is longer than any publication or lease needs: what is missing now does not come by itself.
    var isStuck: Bool { idleSince.map { spool.clock.uptime() - $0 > spool.leaseSeconds } ?? false }

    /// A loader that has its seat but no token yet.
    ///
    /// - Parameters:
    ///   - queue: the target's name, encoded.
    ///   - pause: waits for the target to come back; on the host's clock, or until `stop` is given, when there is none.
    package init(
        _ spool: Spool, heart: Heart, target: any LoadTarget, queue: String, options: LoadOptions, stop: StopSignal,
        pause: ((_ seconds: Double) -> Void)? = nil, report: @escaping @Sendable (LoadEvent) -> Void
    ) throws {
        self.spool = spool
        self.heart = heart
        self.target = target.engine.target
        self.queue = queue
        self.options = options
        self.stop = stop
        self.pause = pause ?? { stop.sleep(seconds: $0) }
        self.report = report
        observer = LeaseObserver(seconds: spool.leaseSeconds)
        seat = try LoaderSeat(spool, heart: heart, deadline: options.deadline)
    }

    /// Works until the queue is drained, or for ever when watching.
    ///
    /// - Parameters:
    ///   - wake: counts up when something was published in this process.
    ///   - moreToCome: whether an extraction in this process may still publish.
    package func run(wake: Condition<Int>, moreToCome: @Sendable () -> Bool) throws -> LoadSummary {
        defer { try? seat.leave() }
        var failures = 0
        var failingSince = 0.0
        while !stop.isStopped {
            let seen = wake.withLock { $0 }
            let isLast = !moreToCome()
            do {
                try sweepWhenDue()
                holdsToken = try seat.takeWriter(queue)
                if holdsToken || !target.hasOneWriter {
                    if holdsToken, !hasCompared {
                        try restore()
                        try dropStages()
                        hasCompared = true
                    }
                    let worked = try pass()
                    // Also for a loader that died before it could.
                    seat.touch()
                    if !stop.isStopped { try target.publish(isIdle: !worked) }
                    failures = 0
                    idleSince = worked ? nil : idleSince ?? spool.clock.uptime()
                    if worked { continue }
                }
                if holdsToken, !hasLookedForMissing, try isDrained() { try lookForMissing() }
                if isLast, !options.watch {
                    if try isDrained(), missing.isEmpty { break }
                    if let holder = try idleHolder() {
                        summary.unavailable =
                            "loader \(holder) has the target and nothing in hand: what is left waits for a person or its time "
                            + "(`bobbin status`)"
                        break
                    }
                }
                target.rest()
                // Looks at leases must not be further apart than a quarter of their TTL.
                _ = wake.wait(seconds: min(options.idleSeconds, spool.leaseSeconds / 10)) { $0 != seen ? true : nil }
            } catch {
                let failure = LoadError(error)
                guard failure.kind == .transient || failure.kind == .environment else { throw failure }
                try handBackAll()
                if stop.isStopped { break }
                failures += 1
                if failures == 1 { failingSince = spool.clock.uptime() }
                if spool.clock.uptime() - failingSince >= options.patience, !options.watch {
                    summary.unavailable = failure.message
                    break
                }
                let seconds = min(options.watch ? 30 : 2, 0.25 * Double(1 << min(failures, 10)))
                target.rest()
                report(.waiting(reason: failure.message, seconds: seconds))
                pause(seconds)
            }
        }
        summary.blocked = blocked.count
        return summary
    }

    /// Finishes what dead processes left; at start, and then a few times in a TTL.
    private func sweepWhenDue() throws {
        let now = spool.clock.uptime()
        guard now - lastSweep > observer.interval else { return }
        lastSweep = now
        if !seat.isHeld {
            // Stopped for longer than the lease: what we had may be somebody else's now.
            try? seat.leave()
            seat = try LoaderSeat(spool, heart: heart, deadline: options.deadline)
        }
        try spool.sweepLoaders(seat: seat, observer: &observer)
        try spool.sweepRuns(observer: &observer)
        try handBackAll()
        if now - lastThinning > 60 {
            lastThinning = now
            try thin()
        }
    }

    /// Thins the archive by age, and by need when the disk runs short.
    private func thin() throws {
        try spool.thinArchive(queue, olderThan: options.retention) { false }
        if holdsToken { try dropStages() }
        let isShort = { [spool, options] in try spool.files.freeSpace(spool.root, .spaceStatus) < options.lowWater }
        guard try isShort() else { return }
        try spool.thinArchive(queue, olderThan: options.minimumRetention) { try !isShort() }
    }

    /// Drops stages of runs that have ended, which a crash or a cancel left: one loader does it.
    private func dropStages() throws {
        guard let shared = try target.shared else { return }
        for unit in try shared.all() where try target.closed(unit) != nil { try shared.drop(unit) }
    }

    /// Whether nothing is ready, delayed or claimed for this target that this loader could still do.
    private func isDrained() throws -> Bool {
        for name in try spool.readyRuns(queue) {
            guard let manifest = try readManifest(name) else { continue }
            if blocked[manifest.log] == nil, wants(manifest) { return false }
        }
        return true
    }

    /// The loader that has had the token for two leases and nothing in hand, if one has: what is left is not for loaders to do. One that
    /// died is gone by then.
    private func idleHolder() throws -> String? {
        guard target.hasOneWriter, !holdsToken, let holder = try seat.writerHolder(queue),
            try spool.holdsNothing(holder)
        else {
            leftSince = nil
            return nil
        }
        let now = spool.clock.uptime()
        let since = leftSince ?? now
        leftSince = since
        return now - since > 2 * spool.leaseSeconds ? holder : nil
    }

    private func readManifest(_ name: ReadyName) throws -> RunManifest? {
        do { return try spool.readyManifest(queue, name) } catch let error as SpoolError {
            // One damaged manifest must not stop the others; fsck names it.
            blocked[damaged(name)] = error.message
            return nil
        }
    }

    /// Stands for the log of a manifest that cannot be read.
    private func damaged(_ name: ReadyName) -> LogKey {
        LogKey(job: name.run.text, stream: "", partition: Partition())
    }

    private func wants(_ manifest: RunManifest) -> Bool {
        (options.jobs.isEmpty || options.jobs.contains(manifest.job)) && !stopped.holds(manifest.log)
    }

    /// Visits every log that has something in the queue, once; `true` when anything was done.
    private func pass() throws -> Bool {
        var visited: Set<LogKey> = []
        var worked = false
        for name in try spool.readyRuns(queue) {
            if stop.isStopped { break }
            guard var manifest = try readManifest(name) else {
                if holdsToken, blocked[damaged(name)] == nil { try spool.tidyEnded(queue, name) }
                continue
            }
            guard wants(manifest), !visited.contains(manifest.log) else {
                continue
            }
            seat.touch()
            if try closeWhenPassed(manifest) {
                worked = true
                continue
            }
            visited.insert(manifest.log)
            // The log is looked at as a whole now; the chunks of two manifests at once are too many.
            manifest.chunks = []
            if try visit(manifest) { worked = true }
        }
        if try visitMissing() { worked = true }
        return worked
    }

    /// "Two pasts", once in a loader's life: logs of which the target has less than the spool has seen there are visited, though
    /// nothing of them waits.
    private func restore() throws {
        let heads = try target.heads { LoadWorker.hash(of: spool.log($0)) }
        var behind: [RunManifest] = []
        try spool.visitEnded(queue, jobs: options.jobs) { path, number in
            guard number > heads[LoadWorker.hash(of: path)] ?? 0,
                let manifest = try spool.readManifest(
                    "\(path)/\(FileNames.logEntry(number))", .logRead, chunks: .left),
                // Another loader may have moved it since then.
                wants(manifest), try target.head(manifest.log).number < number
            else { return }
            behind.append(manifest)
        }
        if !behind.isEmpty { report(.restoring(partitions: behind.count)) }
        for manifest in behind {
            if stop.isStopped { break }
            seat.touch()
            _ = try visit(manifest)
        }
    }

    /// Looks for logs whose last run is committed, and neither ended nor in the queue.
    private func lookForMissing() throws {
        hasLookedForMissing = true
        try spool.visitUnqueued(queue, jobs: options.jobs) { manifest in
            if wants(manifest), blocked[manifest.log] == nil { missing[manifest.log] = manifest }
        }
        // From now on a lease long, so that who publishes has the time to do it.
        idleSince = nil
    }

    /// Once it is sure that what is missing does not come by itself: what can be done is done, or said.
    private func visitMissing() throws -> Bool {
        if missing.isEmpty { return false }
        missing = try missing.filter { try spool.isUnqueued($0.value, target: queue) }
        guard isStuck else { return false }
        var worked = false
        for manifest in missing.values.sorted(by: { $0.run < $1.run }) {
            seat.touch()
            if try visit(manifest) { worked = true }
        }
        missing = [:]
        return worked
    }

    /// Leaves word, for people, why an open run does not go on.
    func note(_ text: String, _ key: LogKey, _ number: Int) throws {
        guard let manifest = try spool.manifest(key, number) else { return }
        var progress = LoadManifest(
            run: manifest.run, number: number, target: queue, chunksTotal: manifest.chunks.count)
        let loaded = try target.loaded(manifest.run)
        progress.chunks = loaded.values.sorted { $0.sequence < $1.sequence }
        progress.rows = manifest.mode.isDirect ? loaded.values.reduce(0) { $0 + $1.rows } : 0
        progress.rejects = loaded.values.reduce(0) { $0 + $1.rejects }
        progress.note = text
        progress.updated = spool.timestamp
        try spool.recordProgress(progress, of: manifest, seat: seat)
    }

    /// Stands for the path of a log: of a hundred thousand logs the texts would be megabytes.
    private static func hash(of path: String) -> UInt64 { Array(path.utf8).withUnsafeBytes { xxh64($0) } }

    /// Ends, in the spool, a run that the target's head has passed (L4); `true` when it had.
    private func closeWhenPassed(_ manifest: RunManifest) throws -> Bool {
        guard let closed = try target.closed(manifest.run) else { return false }
        var result = LoadManifest(
            run: manifest.run, number: manifest.base + 1, target: queue, chunksTotal: manifest.chunks.count)
        result.outcome = closed.outcome
        result.rows = closed.rows
        result.rejects = closed.rejects
        result.chunks = closed.chunks
        result.updated = spool.timestamp
        try spool.close(manifest, result, seat: seat)
        return true
    }

    /// Does what can be done for one log; `true` when anything was.
    private func visit(_ manifest: RunManifest) throws -> Bool {
        let key = manifest.log
        var worked = false
        do {
            while !stop.isStopped {
                var state = try OpenLog(worker: self, key: key)
                let done = try state.perform(LoadPlan.next(state.entries), &summary)
                switch done {
                case .worked:
                    worked = true
                    stopped.noteWork(key)
                    blocked[key] = nil
                case .waiting: return worked
                case .blocked(let reason):
                    if blocked.updateValue(reason, forKey: key) == nil { worked = true }
                    return worked
                }
            }
        } catch is HeadMoved {
            return true
        } catch {
            let failure = LoadError(error)
            // Of data only where a whole table is changed: what is wrong with a chunk is settled with it.
            guard [.configuration, .permission, .data].contains(failure.kind) else { throw failure }
            // The stream stops with one clear message; the others go on.
            stopped.note(key, failure.kind)
            blocked[key] = failure.message
            try handBackAll()
            // Only for people: that it cannot be written must not hide why the job stopped.
            try? note("stopped: \(failure.message)", key, manifest.base + 1)
            report(.stopped(manifest, reason: failure.message))
            return true
        }
        return worked
    }

    /// Hands back what lies in the own directory and is not in work.
    func handBackAll() throws {
        for name in try seat.holdings() { try seat.handBack(name, as: name.chunk) }
    }
}
