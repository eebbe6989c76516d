internal import Extract
internal import Glibc
internal import Load
internal import Manifest
internal import Storage
internal import Threads

/// Shows on standard error what goes on: a live line on a terminal, otherwise a log line every few seconds.
final class Progress: Sendable {
    /// What loading made of one run in this invocation.
    struct Loaded: Sendable {
        var key: LogKey
        var run: RunID
        /// Its number in the log.
        var number: Int
        var target: String
        var outcome: Outcome?
        /// Why it was not loaded.
        var problem: String?
        /// What a person can do about it.
        var advice: String?
        /// Whether the spool still calls it loaded, and neither target nor archive has it.
        var isLost = false
        var extracted: Int
        var rows = 0
        var rejects = 0
        var chunks: Int
    }

    private struct State: Sendable {
        var extracted: [Partition: (rows: Int, bytes: Int)] = [:]
        var extractedRows = 0
        var extractedBytes = 0
        var loadedRows = 0
        /// The stream at work; they are extracted one after the other.
        var stream = ""
        /// Partitions of each stream that are to come or done.
        var partitions: [String: (all: Int, done: Int)] = [:]
        var chunks = 0
        var chunksDead = 0
        var rejects = 0
        var retries = 0
        var loaded: [Loaded] = []
        /// For what loaders of a target wait, and when that was said; until one of them gets on.
        var waits: [String: [String: Wait]] = [:]
        /// What need not be said again.
        var said: Set<String> = []
        var isEnded = false
    }

    /// A reason to wait that was said, and may be said again.
    private struct Wait: Sendable {
        var saidAt: Double
        var interval = 10.0

        /// Whether it is time to say it again; each time takes twice as long, up to ten minutes.
        mutating func isDue(_ now: Double) -> Bool {
            guard now - saidAt >= interval else { return false }
            saidAt = now
            interval = min(600, 2 * interval)
            return true
        }
    }

    private let state = Condition(State())
    private let clock: any Clock
    private let isQuiet: Bool
    private let began: Double
    private let stop = StopSignal()

    init(clock: any Clock, isQuiet: Bool) {
        self.clock = clock
        self.isQuiet = isQuiet
        began = clock.uptime()
        let interval = Console.isTerminal ? 0.2 : 5.0
        guard !isQuiet else { return }
        _ = ThreadHandle.start { [self] in
            while !stop.sleep(seconds: interval) { show() }
        }
    }

    /// So many partitions of a stream will be extracted.
    func expect(_ stream: String, partitions: Int) {
        state.withLock { $0.partitions[stream, default: (0, 0)].all += partitions }
    }

    func note(_ event: ExtractEvent) {
        switch event {
        case .started(let stream, _):
            state.withLock { $0.stream = stream }
        case .page(let partition, let rows, let bytes):
            state.withLock { state in
                let before = state.extracted[partition] ?? (0, 0)
                state.extracted[partition] = (rows, bytes)
                state.extractedRows += rows - before.rows
                state.extractedBytes += bytes - before.bytes
            }
        case .retry(let key, let reason, let seconds):
            state.withLock { $0.retries += 1 }
            log(
                "\(Format.stream(key)) \(key.partition): \(Progress.clause(reason)); again in \(Format.seconds(seconds))"
            )
        case .finished(let result):
            state.withLock { state in
                state.partitions[result.key.stream, default: (0, 0)].done += 1
                state.chunks += result.chunks
                state.extracted[result.key.partition] = nil
            }
            guard case .failed(let error) = result.end else { return }
            switch error.kind {
            // The stream stops for it: its other partitions have the same message.
            case .permission, .environment, .configuration:
                once("FAILED \(Format.stream(result.key)): \(error.message)")
            default: log("FAILED \(Format.stream(result.key)) \(result.key.partition): \(error.message)")
            }
        }
    }

    func note(_ event: LoadEvent, target: String) {
        switch event {
        case .closed(let manifest, let result):
            state.withLock { state in
                if result.outcome == .loaded { state.loadedRows += result.rows }
                state.rejects += result.rejects
                state.waits[target] = nil
                state.loaded.append(
                    Loaded(
                        key: manifest.log, run: manifest.run, number: result.number, target: target,
                        outcome: result.outcome,
                        extracted: manifest.rows, rows: result.rows, rejects: result.rejects + manifest.rejected,
                        chunks: manifest.chunks.count))
            }
        case .progress: break
        case .dead(let manifest, let sequence, let reason):
            state.withLock { $0.chunksDead += 1 }
            problem(manifest, target, "chunk \(sequence) is dead: \(reason)", "bobbin dead list")
            log(
                "DEAD \(Format.stream(manifest.log)) \(manifest.partition) run \(manifest.run) chunk \(sequence): \(reason) (\(Format.command("dead list")))"
            )
        case .retry(let manifest, let sequence, let reason):
            state.withLock { $0.retries += 1 }
            log("\(Format.stream(manifest.log)) \(manifest.partition) chunk \(sequence): \(reason); tried again")
        case .held(let manifest, let reason):
            problem(
                manifest, target, "guard: \(reason)",
                "\(Format.command("load --allow-shrink")), or mend the source and run again")
            once("HELD \(Format.stream(manifest.log)) \(manifest.partition): \(reason)")
        case .restoring(let partitions):
            log(
                "\(target) is older than the spool: \(Format.count(partitions, "partition")) to be filled again from the archive"
            )
        case .lost(let manifest, let reason):
            let again = Format.again(manifest, from: manifest.cursorFrom)
            let remedy =
                manifest.mode.isReplace
                ? again
                : "\(Format.command("load --allow-loss \(Format.argument(manifest.job))")) gives its "
                    + "\(Format.count(manifest.rows, "row")) up; \(again) reads the range again"
            problem(manifest, target, reason, remedy, isLost: true)
            once(
                "LOST \(Format.stream(manifest.log)) \(manifest.partition): \(reason): put the file back, or restore the target from a "
                    + "newer backup, or: \(remedy)")
        case .waiting(let reason, let seconds):
            let now = clock.uptime()
            let isDue = state.withLock { state in
                if state.waits[target]?[reason]?.isDue(now) == false { return false }
                if state.waits[target]?[reason] == nil { state.waits[target, default: [:]][reason] = Wait(saidAt: now) }
                return true
            }
            if isDue { log("\(target): \(Progress.clause(reason)); again in \(Format.seconds(seconds)), and so on") }
        case .stopped(let manifest, let reason):
            // The run keeps the table, columns and contract it was extracted with: not every mend reaches it.
            let id = "\(Format.argument(target))/\(manifest.run)"
            let advice =
                "mend the target, then \(Format.command("load \(Format.argument(manifest.job))")): its rows wait; a mended source "
                + "or configuration counts for runs to come: \(Format.command("dead discard \(id)")) gives this one up"
            problem(manifest, target, "stopped: \(reason)", advice)
            once("STOPPED \(Format.stream(manifest.log)) \(manifest.partition): \(reason)")
        }
    }

    private func problem(
        _ manifest: RunManifest, _ target: String, _ text: String, _ advice: String, isLost: Bool = false
    ) {
        state.withLock { state in
            state.loaded.append(
                Loaded(
                    key: manifest.log, run: manifest.run, number: manifest.base + 1, target: target, outcome: nil,
                    problem: text, advice: advice, isLost: isLost, extracted: manifest.rows,
                    chunks: manifest.chunks.count))
        }
    }

    /// A message as part of a sentence.
    private static func clause(_ text: String) -> Substring { text.hasSuffix(".") ? text.dropLast() : text[...] }

    private func once(_ line: String) {
        if state.withLock({ $0.said.insert(line).inserted }) { log(line) }
    }

    /// What loading did so far, in its order.
    var loaded: [Loaded] { state.withLock { $0.loaded } }

    /// Clears the live line.
    func end() {
        stop.stop()
        state.withLock { $0.isEnded = true }
        if !isQuiet, Console.isTerminal { Console.write(2, "\r\u{1B}[K") }
    }

    private func log(_ line: String) {
        Console.write(2, (Console.isTerminal && !isQuiet ? "\r\u{1B}[K" : "") + Format.visible(line) + "\n")
    }

    private func show() {
        let seconds = max(0.001, clock.uptime() - began)
        let line: String? = state.withLock { state in
            guard !state.isEnded else { return nil }
            let rate = Int(Double(max(state.extractedRows, state.loadedRows)) / seconds)
            var text = ""
            if let (all, done) = state.partitions[state.stream], all > 0 {
                text += "\(Format.visible(state.stream)): \(done)/\(all) partitions (\(100 * done / all) %), extracted "
                text += "\(Format.count(state.extractedRows)) rows, \(Format.bytes(state.extractedBytes)), "
                text += "\(Format.count(state.chunks)) chunks; "
            }
            text += "loaded \(Format.count(state.loadedRows)), \(Format.count(rate)) rows/s"
            if state.retries > 0 { text += ", \(state.retries) retries" }
            if state.rejects > 0 { text += ", \(state.rejects) rejected" }
            if state.chunksDead > 0 { text += ", \(state.chunksDead) dead" }
            return text
        }
        guard let line else { return }
        if Console.isTerminal {
            // A line that wraps could not be drawn over.
            Console.write(2, "\r\u{1B}[K" + line.prefix(max(1, Console.size(of: 2).columns - 1)))
        } else {
            Console.error(line)
        }
    }
}
