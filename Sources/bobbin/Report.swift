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
    private let began: Int64
    private var results: [PartitionResult] = []
    private var loaded: [Progress.Loaded] = []
    private var loads: [(target: String, summary: LoadSummary?, error: LoadError?)] = []

    init(command: String, workspace: Workspace, spool: Spool) {
        self.command = command
        self.workspace = workspace
        self.spool = spool
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
    }

    private func lines() -> [Line] {
        var lines: [Line] = []
        let byRun = Dictionary(grouping: loaded, by: \.run)
        for result in results {
            var line = Line(
                key: result.key, run: result.run?.text ?? "", state: .pending, extracted: result.rows, loaded: 0,
                rejected: result.rejected, chunks: result.chunks, retries: result.retries, error: nil,
                started: result.started, ended: result.ended)
            switch result.end {
            case .published:
                line.state = .published
                if command == "run" { settle(&line, result.run.flatMap { byRun[$0] } ?? []) }
            case .unchanged:
                line.state = .loaded
                line.run = ""
            case .failed(let error):
                line.state = .failed
                line.error = error.message
            case .cancelled: line.state = .cancelled
            case .paused: line.error = "paused: bobbin resume \(result.key.job)"
            }
            lines.append(line)
        }
        let known = Set(results.compactMap(\.run))
        var seen: Set<RunID> = []
        for item in loaded where !known.contains(item.run) && seen.insert(item.run).inserted {
            var line = Line(
                key: item.key, run: item.run.text, state: .published, extracted: item.extracted, loaded: 0, rejected: 0,
                chunks: item.chunks, retries: 0, error: nil, started: 0, ended: 0)
            settle(&line, byRun[item.run] ?? [])
            lines.append(line)
        }
        return lines
    }

    /// What the targets made of a published run: the last word of each counts.
    private func settle(_ line: inout Line, _ items: [Progress.Loaded]) {
        let last = Dictionary(items.map { ($0.target, $0) }, uniquingKeysWith: { $1 })
        let ended = last.values.filter { $0.outcome != nil }
        if let outcome = ended.first?.outcome {
            line.state = RunState(outcome)
            line.loaded = ended.map(\.rows).max() ?? 0
            line.rejected = ended.map(\.rejects).max() ?? 0
            return
        }
        line.state = .failed
        line.advice = items.compactMap(\.advice).last
        line.error = items.compactMap(\.problem).last ?? "published, not loaded yet: bobbin status"
    }

    /// Prints the summary and ends with the exit code of this invocation.
    func finish(json: Bool, isInterrupted: Bool, streams: [Configuration.Stream]) throws {
        let lines = lines()
        let seconds = Double(workspace.clock.now() - began) / 1000
        if json {
            Console.out(document(lines, seconds).serializedText())
        } else {
            printTable(lines, seconds)
        }
        let failed = lines.filter { $0.state == .failed }
        FailureHooks.run(failed.map { ($0.key, $0.error ?? "") }, streams)
        let status = status(lines, isInterrupted)
        if !json, status != .done, let hint = hint(status, failed) { Console.error(hint) }
        if status != .done { throw ExitCode(status.rawValue) }
    }

    private func status(_ lines: [Line], _ isInterrupted: Bool) -> ExitStatus {
        if isInterrupted { return .interrupted }
        for load in loads {
            guard let error = load.error else { continue }
            Console.error("bobbin: target \(load.target): \(error.message)")
            switch error.kind {
            case .transient, .environment: return .unavailable
            case .configuration, .permission: return .usage
            case .data, .corruption: return .failed
            }
        }
        let summaries = loads.compactMap(\.summary)
        let isUnavailable = summaries.contains { $0.unavailable != nil }
        for load in loads {
            if let reason = load.summary?.unavailable { Console.error("bobbin: target \(load.target): \(reason)") }
        }
        let failures = lines.filter { $0.state == .failed || $0.rejected > 0 }
        let blocked = summaries.reduce(0) { $0 + $1.blocked + $1.dead + $1.rejects }
        let didSomething = lines.contains { $0.state != .failed && $0.state != .pending && !$0.run.isEmpty }
        let isTransient =
            !results.isEmpty
            && results.allSatisfy { result in
                if case .failed(let error) = result.end {
                    return error.kind == .transient || error.kind == .environment
                }
                return false
            }
        if isUnavailable || (isTransient && !didSomething) { return .unavailable }
        if results.contains(where: {
            if case .failed(let error) = $0.end { error.kind == .configuration } else { false }
        }), !didSomething {
            return .usage
        }
        if !failures.isEmpty || blocked > 0 { return .failed }
        return .done
    }

    private func hint(_ status: ExitStatus, _ failed: [Line]) -> String? {
        switch status {
        case .failed:
            if let advice = failed.compactMap(\.advice).first { return "Next: \(advice)   (or bobbin status)" }
            if let key = failed.first?.key, command != "load" {
                let set = key.partition.fields.map { " --set '\($0.name)=\($0.value)'" }.joined()
                return "Next: bobbin \(command) '\(key.job)'\(set)   (or bobbin dead list, bobbin status)"
            }
            return "Next: bobbin dead list   (or bobbin status)"
        case .interrupted: return "Next: the same command again goes on where this one stopped."
        case .unavailable: return "Next: the same command again, later; nothing is lost."
        case .usage, .done, .limit, .fatal: return nil
        }
    }

    private func printTable(_ lines: [Line], _ seconds: Double) {
        let shown = lines.count > 40 ? lines.filter { $0.state != .loaded || $0.rejected > 0 } : lines
        if !shown.isEmpty {
            Console.out(
                Format.table(
                    ["JOB", "PARTITION", "STATE", "EXTRACTED", "LOADED", "REJECTED", "CHUNKS", "RETRIES", "ERROR"],
                    shown.map { line in
                        [
                            line.key.job, line.key.partition.description, line.state.rawValue,
                            Format.count(line.extracted), Format.count(line.loaded), Format.count(line.rejected),
                            Format.count(line.chunks), Format.count(line.retries), line.error ?? "",
                        ]
                    }, right: [3, 4, 5, 6, 7]))
        }
        let succeeded = lines.filter { $0.state != .failed && $0.state != .pending && $0.state != .cancelled }.count
        let failed = lines.filter { $0.state == .failed }.count
        let extracted = lines.reduce(0) { $0 + $1.extracted }
        let loaded = lines.reduce(0) { $0 + $1.loaded }
        if lines.isEmpty || lines.allSatisfy({ $0.run.isEmpty && $0.state == .loaded }) {
            Console.out("Nothing to do: \(lines.isEmpty ? "nothing waits" : "no file is new or changed").")
        } else {
            let rows = command == "extract" ? extracted : loaded
            Console.out(
                "\(Format.count(lines.count)) partitions: \(succeeded) succeeded, \(failed) failed; "
                    + "\(Format.count(extracted)) rows extracted"
                    + (command == "extract" ? "" : ", \(Format.count(loaded)) loaded")
                    + " in \(Format.seconds(seconds)) (\(Format.count(Int(Double(rows) / max(seconds, 0.001)))) rows/s)"
            )
        }
    }

    private func document(_ lines: [Line], _ seconds: Double) -> JSONValue {
        let items: [JSONValue] = lines.map { line in
            let time: (Int64) -> JSONValue = { $0 == 0 ? .null : .string(Timestamp.render($0)) }
            return .record([
                ("job", .string(line.key.job)), ("stream", .string(line.key.stream)),
                ("partition", .object(line.key.partition.fields.map { .init($0.name, .string($0.value)) })),
                ("run", line.run.isEmpty ? .null : .string(line.run)), ("state", .string(line.state.rawValue)),
                ("rows_extracted", .integer(Int64(line.extracted))), ("rows_loaded", .integer(Int64(line.loaded))),
                ("rows_rejected", .integer(Int64(line.rejected))), ("chunks", .integer(Int64(line.chunks))),
                ("retries", .integer(Int64(line.retries))), ("error", line.error.map { .string($0) } ?? .null),
                ("started_at", time(line.started)), ("ended_at", time(line.ended)),
            ])
        }
        func total(_ value: (Line) -> Int) -> JSONValue { .integer(Int64(lines.reduce(0) { $0 + value($1) })) }
        return .record([
            ("format", .integer(1)), ("command", .string(command)),
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
                            ("chunks", .integer(Int64(load.summary?.chunksLoaded ?? 0))),
                            ("dead", .integer(Int64(load.summary?.dead ?? 0))),
                            ("blocked", .integer(Int64(load.summary?.blocked ?? 0))),
                            ("error", (load.error?.message ?? load.summary?.unavailable).map { .string($0) } ?? .null),
                        ])
                    })
            ),
        ])
    }
}
