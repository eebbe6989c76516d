internal import ArgumentParser
internal import Configuration
internal import Glibc
internal import JSON
internal import Manifest
internal import Spool
internal import Storage

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows where each partition stands, what waits, what is dead, and who is at work.")

    @OptionGroup var common: CommonOptions

    @Argument(help: "Jobs; all when there are none.")
    var jobs: [String] = []

    @Flag(help: "Draw it anew every second, until interrupted.")
    var watch = false

    @Flag(help: "Every manifest of the log, not only the last of each partition.")
    var all = false

    /// More than a person reads; the rest is counted.
    private static let shown = 2_000

    func run() throws {
        let access = try SpoolAccess(common)
        try access.check(jobs: jobs)
        if common.json {
            if watch {
                throw CommandError(.usage, "--watch draws for people: call `status --json` again and again instead")
            }
            return try document(access)
        }
        guard watch else { return Console.out(try screen(access, rows: Status.shown)) }
        try redraw { try screen(access, rows: $0) }
    }

    /// Draws a screen every second until SIGINT or SIGTERM, which is the only end there is, or until nobody reads it any more.
    private func redraw(_ screen: (_ rows: Int) throws -> String) throws {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        sigprocmask(SIG_BLOCK, &signals, nil)
        guard isatty(1) == 1 else {
            while Console.write(1, "\(Format.visible(try screen(Status.shown), keepsLines: true))\n\n") {
                if Status.isAsked(signals) { return }
            }
            return
        }
        // The alternate screen, as pagers use it: what stood on the terminal before is there again at the end.
        Console.write(1, "\u{1B}[?1049h\u{1B}[?25l")
        defer { Console.write(1, "\u{1B}[?25h\u{1B}[?1049l") }
        repeat {
            let size = Console.size(of: 1)
            let text = Format.visible(try screen(max(1, size.rows - 8)), keepsLines: true)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.prefix(size.columns) }
            // The summary at the end is worth more than the last lines of the table.
            let tail = lines.suffix(min(lines.count, size.rows / 2))
            let shown = lines.count <= size.rows ? lines[...] : lines.prefix(size.rows - tail.count) + tail
            let frame = shown.joined(separator: "\u{1B}[K\r\n")
            guard Console.write(1, "\u{1B}[H\(frame)\u{1B}[K\u{1B}[J") else { return }
        } while !Status.isAsked(signals)
    }

    /// Waits a second for one of the signals.
    private static func isAsked(_ signals: sigset_t) -> Bool {
        var signals = signals
        var second = timespec(tv_sec: 1, tv_nsec: 0)
        return sigtimedwait(&signals, nil, &second) > 0
    }

    // MARK: For people

    private func screen(_ access: SpoolAccess, rows limit: Int) throws -> String {
        let spool = access.spool
        var inventory = try Inventory(spool)
        var lines: [[String]] = []
        var counts: [RunState: Int] = [:]
        try visit(access, &inventory) { status in
            counts[status.state, default: 0] += 1
            // What needs a person comes first where not all can be shown.
            if lines.count < limit || status.state == .failed { lines.append(line(status)) }
        }
        let hidden = counts.values.reduce(0, +) - lines.count
        for extraction in try Inventory.extractions(spool, jobs: Set(jobs)) {
            let state = extraction.isAlive ? RunState.running : .pending
            counts[state, default: 0] += 1
            lines.append([
                extraction.key?.job ?? "?", extraction.key?.stream ?? "?", extraction.key?.partition.description ?? "-",
                "-", state.rawValue,
                Format.count(extraction.rows), "", "", "\(extraction.chunks)", "",
                Age.text(extraction.started, now: spool.clock.now()),
                extraction.isAlive
                    ? "process \(extraction.process?.pid ?? 0) on \(extraction.process?.host ?? "?")"
                    : "interrupted; the next run goes on after these chunks",
            ])
        }
        try spool.visitFailures(jobs: Set(jobs)) { failed in
            counts[.failed, default: 0] += 1
            let age = Age.text(Int64(clamping: failed.run.milliseconds), now: spool.clock.now())
            lines.append([
                failed.log.job, failed.log.stream, failed.log.partition.description, "-", RunState.failed.rawValue,
                Format.count(failed.rows), "", "", "\(failed.chunks)", Format.count(failed.retries), age,
                "extraction: \(failed.error)",
            ])
        }
        for key in try pending(access) {
            counts[.pending, default: 0] += 1
            if lines.count < limit {
                lines.append([
                    key.job, key.stream, key.partition.description, "-", RunState.pending.rawValue, "", "", "", "", "",
                    "", "never run",
                ])
            }
        }
        var parts: [String] = []
        if lines.isEmpty {
            parts.append("Nothing was extracted yet.")
        } else {
            parts.append(
                Format.table(
                    [
                        "JOB", "STREAM", "PARTITION", "TARGET", "STATE", "EXTRACTED", "LOADED", "REJECTED", "CHUNKS",
                        "RETRIES",
                        "AGE", "NOTE",
                    ], lines,
                    right: [5, 6, 7, 8, 9, 10]))
        }
        if hidden > 0 { parts.append("... and \(Format.count(hidden)) more: name a job, or use --json") }
        let total = RunState.allCases.compactMap { state in
            counts[state].map { "\(Format.count($0)) \(state.rawValue)" }
        }
        if !total.isEmpty { parts.append(total.joined(separator: ", ")) }
        parts.append(try surroundings(spool))
        for problem in inventory.problems { parts.append("damaged: \(problem) (bobbin fsck)") }
        return parts.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private func line(_ status: RunStatus) -> [String] {
        let age = Int64(clamping: status.manifest.run.milliseconds)
        let chunks =
            status.state == .loaded || status.chunks == 0
            ? "\(status.chunks)" : "\(status.chunksLoaded)/\(status.chunks)"
        return [
            status.manifest.job, status.manifest.stream, status.manifest.partition.description, status.target,
            status.state.rawValue,
            Format.count(status.rowsExtracted), Format.count(status.rowsLoaded), Format.count(status.rowsRejected),
            chunks,
            Format.count(status.manifest.retries), Age.text(age, now: SystemClock().now()),
            status.error ?? (status.manifest.kind == .data ? "" : status.manifest.kind.rawValue),
        ]
    }

    private func surroundings(_ spool: Spool) throws -> String {
        var lines: [String] = []
        for queue in try Inventory.queues(spool) {
            var text =
                "\(queue.target): \(Format.count(queue.runs, "run")) waiting, \(Format.count(queue.chunks, "chunk")), \(Format.bytes(queue.bytes))"
            if queue.deadChunks > 0 { text += "; \(queue.deadChunks) dead chunks hold something up (bobbin dead list)" }
            if queue.pastDeadChunks > 0 { text += "; \(queue.pastDeadChunks) dead chunks of ended runs" }
            if queue.rejectFiles > 0 { text += "; \(queue.rejectFiles) files of rejected rows" }
            lines.append(text)
        }
        for loader in try Inventory.loaders(spool) {
            lines.append(
                "loader \(loader.id): \(loader.isAlive ? "alive" : "gone"), \(loader.chunks) chunks in hand"
                    + (loader.work.map { ", at work on \($0)" } ?? ""))
        }
        for request in try Inventory.requests(spool) {
            let ago = Age.text(request.asked, now: spool.clock.now())
            switch request.request {
            case .pause:
                lines.append(
                    "\(request.job) is paused, since \(ago) (\(Format.command("resume \(Format.argument(request.job))")))"
                )
            case .cancel: lines.append("\(request.job) was cancelled \(ago) ago")
            }
        }
        return lines.joined(separator: "\n")
    }

    // MARK: For programs

    private func document(_ access: SpoolAccess) throws {
        let spool = access.spool
        let stream = DocumentStream()
        var totals: [RunState: Int] = [:]
        var inventory = try Inventory(spool)
        var sums = (partitions: 0, extracted: 0, loaded: 0, rejected: 0, chunks: 0, retries: 0)
        stream.member("at", Document.time(spool.clock.now()))
        stream.member("spool", .string(spool.id))
        stream.beginList("partitions")
        try visit(access, &inventory) { status in
            totals[status.state, default: 0] += 1
            sums.partitions += 1
            sums.extracted += status.rowsExtracted
            sums.loaded += status.rowsLoaded
            sums.rejected += status.rowsRejected
            sums.chunks += status.chunks
            sums.retries += status.manifest.retries
            stream.item(Document.run(status))
        }
        stream.endList()
        let extractions = try Inventory.extractions(spool, jobs: Set(jobs))
        stream.member("extractions", .array(extractions.map(extraction)))
        let pending = try pending(access)
        stream.member(
            "pending",
            .array(
                pending.map { .record(Document.key($0)) }))
        var failures: [JSONValue] = []
        try spool.visitFailures(jobs: Set(jobs)) { failures.append(Document.failure($0)) }
        stream.member("failed", .array(failures))
        totals[.failed, default: 0] += failures.count
        for extraction in extractions { totals[extraction.isAlive ? .running : .pending, default: 0] += 1 }
        totals[.pending, default: 0] += pending.count
        stream.member(
            "totals",
            .record(
                [
                    ("partitions", Document.count(sums.partitions)), ("rows_extracted", Document.count(sums.extracted)),
                    ("rows_loaded", Document.count(sums.loaded)), ("rows_rejected", Document.count(sums.rejected)),
                    ("chunks", Document.count(sums.chunks)), ("retries", Document.count(sums.retries)),
                    ("states", .record(RunState.allCases.map { ($0.rawValue, Document.count(totals[$0] ?? 0)) })),
                ]))
        let queues = try Inventory.queues(spool)
        stream.member(
            "backlog",
            .array(
                queues.map {
                    .record([
                        ("target", .string($0.target)), ("runs", Document.count($0.runs)),
                        ("chunks", Document.count($0.chunks)),
                        ("bytes", Document.count($0.bytes)), ("writer", Document.text($0.writer)),
                    ])
                }))
        stream.member(
            "dead",
            .array(
                queues.map {
                    .record([
                        ("target", .string($0.target)), ("chunks", Document.count($0.deadChunks)),
                        ("chunks_of_ended_runs", Document.count($0.pastDeadChunks)),
                        ("reject_files", Document.count($0.rejectFiles)),
                    ])
                }))
        stream.member("loaders", .array(try Inventory.loaders(spool).map(loader)))
        stream.member(
            "requests",
            .array(
                try Inventory.requests(spool).map {
                    .record([
                        ("request", .string($0.request.rawValue)), ("job", .string($0.job)),
                        ("asked_at", Document.time($0.asked)),
                    ])
                }))
        stream.member("problems", .array(inventory.problems.map { .string($0) }))
        stream.end()
    }

    private func extraction(_ item: ExtractionStatus) -> JSONValue {
        .record(
            [
                ("job", Document.text(item.key?.job)), ("stream", Document.text(item.key?.stream)),
                ("partition", item.key.map { Document.partition($0.partition) } ?? .null),
                ("run", .string(item.run.text)),
                ("state", .string((item.isAlive ? RunState.running : .pending).rawValue)),
                ("host", Document.text(item.process?.host)), ("pid", Document.count(item.process?.pid)),
                ("chunks", Document.count(item.chunks)), ("rows", Document.count(item.rows)),
                ("started_at", Document.time(item.started)),
            ])
    }

    private func loader(_ item: LoaderStatus) -> JSONValue {
        .record([
            ("id", .string(item.id)), ("host", Document.text(item.process?.host)),
            ("pid", Document.count(item.process?.pid)),
            ("state", .string(item.isAlive ? "alive" : "gone")), ("work", Document.text(item.work)),
            ("chunks", Document.count(item.chunks)),
        ])
    }

    // MARK: What is told

    private func visit(_ access: SpoolAccess, _ inventory: inout Inventory, _ body: (RunStatus) -> Void) throws {
        try inventory.visit(jobs: Set(jobs), all: all, body)
    }

    /// Partitions of the configuration that no log has: they never ran.
    private func pending(_ access: SpoolAccess) throws -> [LogKey] {
        guard let workspace = access.workspace else { return [] }
        let wanted = jobs.filter { job in workspace.settings.jobs.contains { $0.name == job } }
        if !jobs.isEmpty, wanted.isEmpty { return [] }
        var found: [LogKey] = []
        let today = try workspace.today()
        let running = Set(try Inventory.extractions(access.spool).compactMap(\.key))
        for stream in try workspace.streams(wanted) {
            // The partitions of files are known by looking at the files, and tables by asking the database, which is `plan`.
            if case .files(let source) = stream.source, source.files.isEmpty { continue }
            if stream.isPattern { continue }
            for values in try expand(stream.partitions, today: today) {
                let partition = Manifest.Partition(values.map { .init(name: $0.name, value: $0.value) })
                let key = LogKey(job: stream.job, stream: stream.name, partition: partition)
                guard (try? access.spool.files.status(access.spool.log(key), .inventoryStatus)) == nil,
                    !running.contains(key)
                else {
                    continue
                }
                found.append(key)
            }
        }
        return found
    }
}
