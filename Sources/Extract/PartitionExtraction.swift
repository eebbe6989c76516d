internal import Chunk
internal import Configuration
internal import JSON
internal import Manifest
internal import Spool
internal import Storage
internal import Threads

/// Extracts one partition: opens its log, reads the source to its end, commits and publishes the run.
struct PartitionExtraction {
    let context: ExtractContext
    let stream: StreamPlan
    let partition: Manifest.Partition
    /// Place in the invocation; earlier ones are served first.
    let rank: Int
    let abandoned: [AdoptableRun]
    private var spool: Spool { context.spool }
    private var key: LogKey { LogKey(job: stream.settings.job, stream: stream.settings.name, partition: partition) }

    /// Does the work; every error is part of the result.
    func run() -> PartitionResult {
        var result = PartitionResult(key: key, end: .unchanged)
        result.started = context.clock.now()
        do {
            try extract(&result)
        } catch {
            let failure = ExtractError(error)
            switch failure.kind {
            case .cancelled: result.end = .cancelled
            case .paused: result.end = .paused
            case .superseded: result.end = .unchanged
            case .transient, .configuration, .permission, .environment, .data: result.end = .failed(failure)
            }
        }
        result.ended = context.clock.now()
        note(result)
        return result
    }

    /// What became of it, for those who look at the spool later.
    private func note(_ result: PartitionResult) {
        // Of files that could not be listed the partitions are not known: a note of none of them would stay for ever.
        guard partition.fields.count == stream.settings.partitions.count else { return }
        switch result.end {
        case .published, .unchanged: spool.forgetFailure(key)
        case .cancelled, .paused: return
        case .failed(let failure):
            spool.note(
                FailedExtraction(
                    log: key, base: (try? spool.lastNumber(key)) ?? 0, run: result.run ?? spool.newRun(),
                    failure: failure.kind.rawValue, error: failure.message, rows: result.rows, chunks: result.chunks,
                    retries: result.retries, started: Timestamp.render(result.started),
                    ended: Timestamp.render(result.ended)))
        }
    }

    private func extract(_ result: inout PartitionResult) throws {
        let began = context.clock.now()
        if try spool.asked(.pause, job: key.job) != nil { throw ExtractError(.paused, "paused") }
        if let failure = stream.failure { throw failure }
        try checkSpace()
        let base = try spool.lastNumber(key)
        if let refusal = stream.limitRefusal(base: base) { throw refusal }
        let last = base > 0 ? try spool.knownManifest(key, base) : nil
        let mode = stream.settings.mode
        var from =
            mode.isReplace && !stream.isFileSource || stream.wish.isFullRefresh
            ? JSONValue.null : last?.cursorTo ?? .null
        /// What the last run reached is no place to go on from.
        var isStopped = stream.origin?.isForeign(from) ?? false
        if !from.isNull, let read = try lastRead(last, base) {
            let added = stream.settings.targets.filter { !read.targets.contains($0) }
            if !added.isEmpty, stream.readsAll { from = .null }
            if !added.isEmpty, !stream.readsAll {
                guard stream.wish.since != nil else { throw unread(added, from["since"]?.text) }
                isStopped = true
            }
        }
        if let since = stream.wish.since {
            if mode == .append, let reached = last?.cursorTo["since"]?.text, reached != since {
                // Of another cursor no value is where the rows end that are there.
                try stream.origin?.check(from, "\(key.job)/\(key.stream)", isExact: true)
                throw ExtractError(
                    .configuration,
                    "\(key.job)/\(key.stream): under append rows from \(since) on may come twice, as the last run ended at \(reached.prefix(200)): "
                        + "begin there (--since '\(reached.prefix(200))'), or read all of it anew (--full-refresh)")
            }
            from = CursorOrigin.place(since, reached: mode == .append ? last?.cursorTo ?? .null : .null)
        }
        let isCancelled: () -> Bool = { [context, key] in
            if context.stop.isStopped { return true }
            return ((try? context.spool.asked(.cancel, job: key.job)) ?? nil).map { $0 >= began } ?? false
        }
        var files = try stream.files(of: partition, context, isCancelled: isCancelled)
        if stream.isFileSource {
            // Most of the time nothing is new, and what was found is good enough to tell that.
            if nothingNew(files, from) { return }
            files = try stream.files(of: partition, after: base, in: spool) ?? files
            if nothingNew(files, from) { return }
        }
        let found = abandoned.first { run in
            guard run.lease.fingerprint == stream.fingerprint, run.lease.base == base,
                let resume = run.checkpoints.last?.entry.cursor, !resume.isNull, stream.canGoOn(from: resume)
            else { return false }
            return !stream.isFileSource || FileSeen.isCurrent(files, resume, allowingGone: !stream.readsAll)
        }
        let run = spool.newRun()
        var manifest = RunManifest(
            spool: spool.id, run: run, job: key.job, stream: key.stream, targets: stream.settings.targets,
            partition: partition, mode: mode, key: stream.settings.primaryKey, table: stream.settings.table,
            priority: stream.settings.priority, generation: run, base: base, isFinal: true,
            fingerprint: stream.fingerprint)
        manifest.guards = stream.guards
        manifest.changes = stream.changes(from: from)
        manifest.isShaped = stream.settings.shape != nil
        manifest.cursorFrom = from
        manifest.started = spool.timestamp
        result.run = run
        context.report(.started(stream: key.stream, partition))
        let writer = try RunWriter(spool, manifest, heart: context.heart, deadline: stream.deadline)
        if let found {
            try writer.adopt(found)
            result.adopted = writer.manifest.chunks.count
        }
        for old in abandoned { try spool.discard(old.run, ownerIsGone: old.isDead) }
        do {
            let start = Start(from: from, before: last?.cursorTo ?? .null, isStopped: isStopped)
            try read(writer, files, start, isCancelled: isCancelled, &result)
        } catch {
            let failure = ExtractError(error)
            result.rows = writer.manifest.rows
            result.chunks = writer.manifest.chunks.count
            // Finished chunks wait for the next run of the partition; a cancelled or void run has no successor, and one
            // that failed by its data is read anew once that is mended.
            if writer.manifest.chunks.isEmpty || failure.kind == .cancelled || failure.kind == .superseded
                || failure.kind == .data
            {
                if !context.stop.isStopped || writer.manifest.chunks.isEmpty {
                    try? writer.discard()
                } else {
                    writer.release()
                }
            } else {
                writer.release()
            }
            throw failure
        }
    }

    /// The last manifest that came of the source: rows that are replayed go where those of their own run went.
    private func lastRead(_ last: RunManifest?, _ base: Int) throws -> RunManifest? {
        var (found, number) = (last, base)
        while found?.kind == .replay, number > 1 {
            number -= 1
            found = try spool.knownManifest(key, number)
        }
        return found
    }

    /// A target that an incremental stream has got since its last run would only get what is new.
    private func unread(_ targets: [String], _ reached: String?) -> ExtractError {
        let names = targets.joined(separator: ", ")
        let onward =
            reached.map { " (if it has the rows already, under another name: --since '\($0.prefix(200))')" } ?? ""
        return ExtractError(
            .configuration,
            "\(key.job)/\(key.stream): the last run was not for target \(names), which would get only what is new from now on: read all of it for "
                + "each target (--full-refresh), or give \(names) a job of its own\(onward)")
    }

    /// Whether no file is new or changed since the last run.
    private func nothingNew(_ files: [SourceFile], _ from: JSONValue) -> Bool {
        guard !files.isEmpty else { return true }
        return FileSeen.isUnchanged(files, from)
    }

    /// Where a read begins.
    private struct Start {
        var from: JSONValue
        /// Where the last run ended.
        var before: JSONValue
        /// See ``extract(_:)``: what somebody says of where to begin counts for the runs to come, too.
        var isStopped: Bool
    }

    private func read(
        _ writer: RunWriter, _ files: [SourceFile], _ start: Start, isCancelled: @escaping () -> Bool,
        _ result: inout PartitionResult
    ) throws {
        let from = start.from
        let settings = stream.settings
        let sink = RecordSink(
            writer, limits: RecordSink.Limits(rows: settings.chunk.rows, bytes: settings.chunk.bytes),
            declarations: settings.declarations, shape: settings.shape, most: stream.wish.limit)
        defer { sink.abandon() }
        let resume = writer.manifest.chunks.last?.cursor ?? .null
        let rejects = InputRejects(writer)
        let reader = try stream.reader(
            partition, rank: rank, files: files, context: context, from: from, resume: resume, rejects: rejects,
            isCancelled: isCancelled)
        defer { result.retries = reader.retries }
        let deadline = stream.settings.timeouts.partition.map { context.clock.uptime() + seconds($0) }
        var nextLook = context.clock.uptime() + 1
        while try !sink.isAtLimit && reader.nextPage(into: sink) {
            let now = context.clock.uptime()
            if let deadline, now > deadline {
                throw ExtractError(
                    .transient,
                    "the partition took longer than timeouts.partition allows: the next run goes on from here")
            }
            guard now >= nextLook else { continue }
            nextLook = now + 1
            if isCancelled() { throw ExtractError(.cancelled, "cancelled") }
            try checkSpace()
        }
        try context.benches.with(rank: rank) { try sink.finish($0) }
        writer.manifest.schema = stream.precise(writer.manifest.schema)
        writer.manifest.retries = reader.retries
        // The rows behind the limit are read by the next run: with the ones before it, where the source knows no better.
        writer.manifest.isPart = sink.isAtLimit
        let isHeld = sink.isAtLimit && !stream.goesOnBehindLimit
        writer.manifest.cursorTo = isHeld ? from : reader.cursorTo
        result.rows = writer.manifest.rows
        result.bytes = writer.manifest.bytes
        result.chunks = writer.manifest.chunks.count
        result.rejected = writer.manifest.rejected
        try rejects.check()
        // An increment without rows needs no manifest. An empty replacement is one, and so is the first look at a table whose
        // columns are known, which is to be made.
        let isFirstLook = writer.manifest.base == 0 && !writer.manifest.schema.isEmpty
        // Where somebody said to begin a stream that was stopped, the next run goes on, also when there was nothing yet. Of any other
        // stream it is for this run alone, and one that found nothing moves nothing.
        let isElsewhere = stream.wish.since != nil && start.isStopped
        if let since = stream.wish.since, !start.isStopped, isAt(since, reader.cursorTo) {
            writer.manifest.cursorTo = start.before
        }
        if !writer.manifest.isWholePartition, writer.manifest.chunks.isEmpty, writer.manifest.rejected == 0,
            !stream.isFileSource, !isFirstLook, !isElsewhere
        {
            try writer.discard()
            return
        }
        switch try writer.commit() {
        case .lost:
            throw ExtractError(.superseded, "another extractor published this partition first")
        case .committed(let number):
            try writer.publish(number)
            result.end = .published(number)
        }
    }

    /// Whether a read that somebody wanted to begin at `since` has seen no cursor from there on: rows without one tell nothing.
    private func isAt(_ since: String, _ cursor: JSONValue) -> Bool {
        cursor["since"]?.text == since && cursor["seen"] == nil
    }

    private func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    /// Stops in order before the disk is full, so that loaders can still rename.
    private func checkSpace() throws {
        let free = try context.files.freeSpace(spool.root, .spaceStatus)
        guard free >= stream.lowWater else {
            throw ExtractError(
                .environment,
                "\(spool.root) has \(free / 1_000_000) MB left, less than load.low_water "
                    + "(\((stream.lowWater + 999_999) / 1_000_000) MB): make room, let loaders drain what waits (bobbin load), "
                    + "or let them thin the archive in \(spool.root)/loaded sooner (load.min_retention); then run again, "
                    + "nothing is lost")
        }
    }
}
