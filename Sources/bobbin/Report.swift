internal import ArgumentParser
internal import Configuration
internal import Extract
internal import JSON
internal import Load
internal import Manifest
internal import Spool
internal import Storage

/// The summary of `run`, `extract` and `load`: a table for people, or one JSON document, and the exit code.
final class Report {
    private let command: String
    private let workspace: Workspace
    private let spool: Spool
    private let streams: [Configuration.Stream]
    /// The jobs that it was asked for; none when it is about all, also of those that the configuration does not have.
    private let jobs: Set<String>
    private let began: Int64
    private var results: [PartitionResult] = []
    private var loaded: [Progress.Loaded] = []
    private var loads: [(target: String, summary: LoadSummary?, error: LoadError?)] = []

    /// - Parameter streams: what the invocation was about.
    init(
        command: String, workspace: Workspace, spool: Spool, streams: [Configuration.Stream], jobs: Set<String> = []
    ) {
        self.command = command
        self.jobs = jobs
        self.workspace = workspace
        self.spool = spool
        self.streams = streams
        began = workspace.clock.now()
    }

    func add(_ results: [PartitionResult], _ progress: Progress) {
        self.results = results
        loaded = progress.loaded
    }

    func add(target: String, _ summary: LoadSummary?, _ error: LoadError?) { loads.append((target, summary, error)) }

    /// One line of the summary.
    private struct Line {
        var key: LogKey
        var run: String
        var state: RunState
        var extracted: Int
        var loaded: Int
        var rejected: Int
        var chunks: Int
        var retries: Int
        var error: String?
        /// What to do about it, where `bobbin run` alone does not help.
        var advice: String?
        var started: Int64
        var ended: Int64
        /// A failed run before it must be settled by a person first.
        var isHeldUp = false

        var isFailed: Bool { state == .failed || isHeldUp }
        var isDone: Bool { state == .loaded || state == .superseded }
    }

    /// - Parameter isStopped: this process was told to end; a partition that stopped short was not cancelled by anybody.
    private func lines(isStopped: Bool) throws -> [Line] {
        var lines: [Line] = []
        let byRun = Dictionary(grouping: loaded, by: \.run)
        for result in results {
            var line = Line(
                key: result.key, run: result.run?.text ?? "", state: .pending, extracted: result.rows, loaded: 0,
                rejected: result.rejected, chunks: result.chunks, retries: result.retries, error: nil,
                started: result.started, ended: result.ended)
            switch result.end {
            case .published(let number):
                line.state = .published
                let stream = streams.first { $0.job == line.key.job && $0.name == line.key.stream }
                if command == "run" {
                    try settle(&line, result.run.flatMap { byRun[$0] } ?? [], number, stream?.targets ?? [])
                }
            case .unchanged:
                line.state = .loaded
                line.run = ""
            case .failed(let error):
                line.state = .failed
                line.error = error.message
            case .cancelled where isStopped:
                line.error = "interrupted\(result.chunks > 0 ? "; the next run goes on behind what is finished" : "")"
            case .cancelled: line.state = .cancelled
            case .paused: line.error = "paused: \(Format.command("resume \(Format.argument(result.key.job))"))"
            }
            lines.append(line)
        }
        let known = Set(results.compactMap(\.run))
        var seen: Set<RunID> = []
        for item in loaded where !known.contains(item.run) && seen.insert(item.run).inserted {
            var line = Line(
                key: item.key, run: item.run.text, state: .published, extracted: item.extracted, loaded: 0, rejected: 0,
                chunks: item.chunks, retries: 0, error: nil, started: 0, ended: 0)
            let items = byRun[item.run] ?? []
            try settle(&line, items, item.number, items.map(\.target))
            lines.append(line)
        }
        return lines
    }

    /// What became of a published run in its targets: by this invocation's own words, else by what the spool says, where
    /// other processes write, too.
    private func settle(
        _ line: inout Line, _ items: [Progress.Loaded], _ number: Int, _ targets: [String]
    ) throws {
        // The last word of each target counts.
        let last = Dictionary(items.map { ($0.target, $0) }, uniquingKeysWith: { $1 })
        let ended = last.values.filter { $0.outcome != nil }
        var outcomes = ended.compactMap(\.outcome)
        line.loaded = ended.map(\.rows).max() ?? 0
        line.rejected = max(line.rejected, ended.map(\.rejects).max() ?? 0)
        var open: [RunStatus] = []
        if let manifest = try Set(targets).isSubset(of: ended.map(\.target)) ? nil : spool.manifest(line.key, number) {
            let inventory = try Inventory(spool)
            for target in Set(targets).subtracting(ended.map(\.target)).sorted() {
                let status = try inventory.status(manifest, number, target)
                line.loaded = max(line.loaded, status.rowsLoaded)
                line.rejected = max(line.rejected, status.rowsRejected)
                if let outcome = status.outcome { outcomes.append(outcome) } else { open.append(status) }
            }
        }
        let problem = last.values.filter { $0.outcome == nil }.compactMap(\.problem).first
        let isLost = last.values.contains(where: \.isLost)
        // What the spool calls loaded is not there.
        if isLost { line.loaded = 0 }
        if let failure = problem ?? open.first(where: { $0.state == .failed })?.error, !open.isEmpty || isLost {
            line.state = .failed
            line.error = failure
            line.advice = last.values.compactMap(\.advice).first
        } else if let status = open.first(where: { $0.waitsFor != nil }) ?? open.first {
            line.state = status.state == .loading ? .loading : .published
            line.isHeldUp = status.waitsFor != nil
            if line.isHeldUp {
                line.error = "\(status.error ?? ""): \(Format.command("dead list"))"
            } else if try spool.asked(.pause, job: line.key.job) != nil {
                line.error = "paused: \(Format.command("resume \(Format.argument(line.key.job))"))"
            } else {
                line.error = "not in \(status.target) yet: \(Format.command("status"))"
            }
        } else {
            line.state = RunState(outcomes.first { $0 == .loaded } ?? outcomes.first ?? .loaded)
        }
    }

    /// Prints the summary and ends with the exit code of this invocation.
    func finish(json: Bool, isInterrupted: Bool) throws {
        let lines = try lines(isStopped: isInterrupted)
        let seconds = Double(workspace.clock.now() - began) / 1000
        var waiting: [Waiting] = []
        if command != "extract", lines.isEmpty || loads.contains(where: { ($0.summary?.blocked ?? 0) > 0 }) {
            waiting = try Waiting.look(
                spool, jobs: jobs,
                served: Set(workspace.settings.jobs.flatMap(\.streams).flatMap(\.targets)))
        }
        if json {
            Console.document(document(lines, seconds))
        } else {
            printTable(lines, waiting, seconds)
        }
        let failed = lines.filter(\.isFailed)
        FailureHooks.run(failed.map { ($0.key, $0.error ?? "") }, streams)
        let status = status(lines, waiting, isInterrupted)
        if !json, status != .done, let hint = hint(status, failed, waiting, isDead: hasDead(lines)) {
            Console.error(hint)
        }
        if status != .done { throw ExitCode(status.rawValue) }
    }

    /// Whether this invocation has set something aside.
    private func hasDead(_ lines: [Line]) -> Bool {
        lines.contains { $0.rejected > 0 }
            || loads.contains { load in load.summary.map { $0.dead + $0.rejects > 0 } ?? false }
    }

    private func status(_ lines: [Line], _ waiting: [Waiting], _ isInterrupted: Bool) -> ExitStatus {
        if isInterrupted { return .interrupted }
        // Loaders of one target say the same.
        var said: Set<String> = []
        for load in loads {
            guard let error = load.error, case let line = "target \(load.target): \(error.message)" else { continue }
            if said.insert(line).inserted { Console.error("bobbin: \(line)") }
        }
        if let error = loads.compactMap(\.error).first { return ExitStatus(error.kind) }
        let summaries = loads.compactMap(\.summary)
        let isUnavailable = summaries.contains { $0.unavailable != nil }
        for load in loads {
            if let reason = load.summary?.unavailable { Console.error("bobbin: target \(load.target): \(reason)") }
        }
        let didSomething = lines.contains { $0.state != .failed && $0.state != .pending && !$0.run.isEmpty }
        let isWithoutRoom =
            !results.isEmpty
            && results.allSatisfy { result in
                // A source that is away is a partition that failed; a spool without room is nothing that could be done.
                if case .failed(let error) = result.end { return error.kind == .environment }
                return false
            }
        if isUnavailable || (isWithoutRoom && !didSomething) { return .unavailable }
        if results.contains(where: {
            if case .failed(let error) = $0.end { error.kind == .configuration } else { false }
        }), !didSomething {
            return .usage
        }
        if lines.contains(where: { $0.isFailed || $0.rejected > 0 })
            || summaries.contains(where: { $0.dead + $0.rejects > 0 })
        {
            return .failed
        }
        let isPaused = lines.contains { $0.state == .pending } || waiting.contains { $0.cause == .paused }
        // What is blocked and not by a pause waits for a person.
        let isBlocked = summaries.contains { $0.blocked > 0 }
        if isBlocked, !isPaused || waiting.contains(where: { $0.cause == .failed }) { return .failed }
        // A job that was cancelled goes on by the same command.
        if command != "load", lines.contains(where: { $0.state == .cancelled }) { return .interrupted }
        if isPaused { return .limit }
        return command == "run" && !lines.allSatisfy(\.isDone) ? .unavailable : .done
    }

    private func hint(_ status: ExitStatus, _ lines: [Line], _ waiting: [Waiting], isDead: Bool) -> String? {
        let failed = results.filter { if case .failed = $0.end { true } else { false } }.map(\.key)
        switch status {
        case .failed:
            if let advice = lines.compactMap(\.advice).first {
                return "Next: \(advice)   (or \(Format.command("status")))"
            }
            // What was extracted and cannot be loaded is not mended by extracting it again.
            guard let first = failed.first else {
                let status = Format.command("status")
                return isDead || waiting.contains(where: \.isDead)
                    ? "Next: \(Format.command("dead list"))   (or \(status))" : "Next: \(status)"
            }
            var jobs: [String] = []
            for key in failed where !jobs.contains(key.job) { jobs.append(key.job) }
            // A job's failed partitions together, where there are several: the others find nothing new, or the same again.
            let what =
                failed.count == 1
                ? Format.argument(first.job) + Format.restriction(first.partition)
                : jobs.map { Format.argument($0) }.joined(separator: " ")
            return "Next: \(Format.command("\(command) \(what)"))   (or \(Format.command("status")))"
        case .usage where !failed.isEmpty && loads.allSatisfy { $0.error == nil }:
            return
                "Next: mend what the source refuses (above), then \(Format.command("\(command) \(Format.argument(failed[0].job))"))"
        case .interrupted: return "Next: the same command again goes on where this one stopped."
        case .unavailable: return "Next: the same command again, later; nothing is lost."
        case .limit:
            let paused = Set(results.filter { if case .paused = $0.end { true } else { false } }.map(\.key.job))
                .union(waiting.filter { $0.cause == .paused }.map(\.job)).sorted()
            let resume = paused.map { Format.command("resume \(Format.argument($0))") }.joined(separator: "; ")
            return "Next: \(resume); then the same command again; nothing is lost."
        case .usage, .done, .fatal: return nil
        }
    }

    private func printTable(_ lines: [Line], _ waiting: [Waiting], _ seconds: Double) {
        let shown = lines.count > 40 ? lines.filter { $0.state != .loaded || $0.rejected > 0 } : lines
        if !shown.isEmpty {
            Console.out(
                Format.table(
                    [
                        "JOB", "STREAM", "PARTITION", "STATE", "EXTRACTED", "LOADED", "REJECTED", "CHUNKS", "RETRIES",
                        "ERROR",
                    ],
                    shown.map { line in
                        [
                            line.key.job, line.key.stream, line.key.partition.description, line.state.rawValue,
                            Format.count(line.extracted), Format.count(line.loaded), Format.count(line.rejected),
                            Format.count(line.chunks), Format.count(line.retries), line.error ?? "",
                        ]
                    }, right: [4, 5, 6, 7, 8]))
        }
        let succeeded = lines.filter { $0.isDone || ($0.state == .published && command == "extract") }.count
        let failed = lines.filter { $0.state == .failed }.count
        let rest = lines.count - succeeded - failed
        let extracted = lines.reduce(0) { $0 + $1.extracted }
        let loaded = lines.reduce(0) { $0 + $1.loaded }
        if lines.isEmpty {
            let isUsable = loads.allSatisfy { $0.error == nil && $0.summary?.unavailable == nil }
            let isIdle = waiting.isEmpty && isUsable
            Console.out(isIdle ? "Nothing to do: nothing waits." : "Nothing could be done.")
        } else if lines.allSatisfy({ $0.run.isEmpty && $0.state == .loaded }) {
            Console.out("Nothing to do: the source has nothing new.")
        } else {
            let rows = command == "extract" ? extracted : loaded
            Console.out(
                "\(Format.count(lines.count, "partition")): \(succeeded) succeeded, \(failed) failed"
                    + (rest > 0 ? ", \(rest) not done" : "") + "; \(Format.count(extracted)) rows extracted"
                    + (command == "extract" ? "" : ", \(Format.count(loaded)) loaded")
                    + " in \(Format.seconds(seconds)) (\(Format.count(Int(Double(rows) / max(seconds, 0.001)))) rows/s)"
            )
        }
        for load in loads {
            guard let discards = load.summary?.discards, !discards.isEmpty else { continue }
            Console.out(
                "\(load.target): \(Format.count(discards.rows, "row")) and \(Format.count(discards.values, "value")) left out by contract"
            )
        }
        for load in loads {
            for note in load.summary?.notes ?? [] { Console.out("\(load.target): \(Format.visible(note))") }
        }
        for item in waiting { Console.out(item.text) }
    }

    private func document(_ lines: [Line], _ seconds: Double) -> [(String, JSONValue)] {
        let items: [JSONValue] = lines.map { line in
            let time: (Int64) -> JSONValue = { $0 == 0 ? .null : .string(Timestamp.render($0)) }
            return .record([
                ("job", .string(line.key.job)), ("stream", .string(line.key.stream)),
                ("partition", Document.partition(line.key.partition)),
                ("run", line.run.isEmpty ? .null : .string(line.run)), ("state", .string(line.state.rawValue)),
                ("rows_extracted", .integer(Int64(line.extracted))), ("rows_loaded", .integer(Int64(line.loaded))),
                ("rows_rejected", .integer(Int64(line.rejected))), ("chunks", .integer(Int64(line.chunks))),
                ("retries", .integer(Int64(line.retries))), ("error", line.error.map { .string($0) } ?? .null),
                ("started_at", time(line.started)), ("ended_at", time(line.ended)),
            ])
        }
        func total(_ value: (Line) -> Int) -> JSONValue { .integer(Int64(lines.reduce(0) { $0 + value($1) })) }
        return [
            ("command", .string(command)),
            ("started_at", .string(Timestamp.render(began))), ("seconds", .double(seconds)),
            ("partitions", .array(items)),
            (
                "totals",
                .record([
                    ("partitions", .integer(Int64(lines.count))),
                    ("failed", total { $0.state == .failed ? 1 : 0 }), ("rows_extracted", total(\.extracted)),
                    ("rows_loaded", total(\.loaded)), ("rows_rejected", total(\.rejected)), ("chunks", total(\.chunks)),
                    ("retries", total(\.retries)),
                ])
            ),
            (
                "loads",
                .array(
                    loads.map { load in
                        .record([
                            ("target", .string(load.target)),
                            ("rows", .integer(Int64(load.summary?.rows ?? 0))),
                            ("rejected", .integer(Int64(load.summary?.rejects ?? 0))),
                            ("discarded", .integer(Int64(load.summary?.discards.rows ?? 0))),
                            ("discarded_values", .integer(Int64(load.summary?.discards.values ?? 0))),
                            ("chunks", .integer(Int64(load.summary?.chunksLoaded ?? 0))),
                            ("dead", .integer(Int64(load.summary?.dead ?? 0))),
                            ("blocked", .integer(Int64(load.summary?.blocked ?? 0))),
                            ("notes", .array((load.summary?.notes ?? []).map { .string($0) })),
                            ("error", (load.error?.message ?? load.summary?.unavailable).map { .string($0) } ?? .null),
                        ])
                    })
            ),
        ]
    }
}
