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
        /// The stream that began a partition last; they are extracted one after the other.
        var stream = ""
        var partitions = 0
        var partitionsDone = 0
        var chunks = 0
        var chunksDead = 0
        var rejects = 0
        var retries = 0
        var loaded: [Loaded] = []
        /// What was said of the same kind last, or at all, and need not be said again.
        var waiting: String?
        var said: Set<String> = []
        var isEnded = false
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

    /// So many partitions will be extracted.
    func expect(partitions: Int) { state.withLock { $0.partitions += partitions } }

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
        case .retry(let partition, let reason, let seconds):
            state.withLock { $0.retries += 1 }
            log("\(partition): \(reason); again in \(Format.seconds(seconds))")
        case .finished(let result):
            state.withLock { state in
                state.partitionsDone += 1
                state.chunks += result.chunks
                state.extracted[result.key.partition] = nil
            }
            guard case .failed(let error) = result.end else { return }
            switch error.kind {
            // The stream stops for it: its other partitions have the same message.
            case .permission, .environment: once("FAILED \(result.key.job): \(error.message)")
            default: log("FAILED \(result.key.job) \(result.key.partition): \(error.message)")
            }
        }
    }

    func note(_ event: LoadEvent, target: String) {
        switch event {
        case .closed(let manifest, let result):
            state.withLock { state in
                if result.outcome == .loaded { state.loadedRows += result.rows }
                state.rejects += result.rejects
                state.waiting = nil
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
                "DEAD \(manifest.job) \(manifest.partition) run \(manifest.run) chunk \(sequence): \(reason) (bobbin dead show)"
            )
        case .retry(let manifest, let sequence, let reason):
            state.withLock { $0.retries += 1 }
            log("\(manifest.job) \(manifest.partition) chunk \(sequence): \(reason); tried again")
        case .held(let manifest, let reason):
            problem(
                manifest, target, "guard: \(reason)", "bobbin load --allow-shrink, or mend the source and run again")
            once("HELD \(manifest.job) \(manifest.partition): \(reason)")
        case .restoring(let partitions):
            log(
                "\(target) is older than the spool: \(Format.count(partitions)) partitions are filled again from what the archive has"
            )
        case .lost(let manifest, let reason, let remedy):
            problem(manifest, target, reason, remedy, isLost: true)
            once("LOST \(manifest.job) \(manifest.partition): \(reason)")
        case .waiting(let reason, let seconds):
            let isNew = state.withLock { state in
                defer { state.waiting = reason }
                return state.waiting != reason
            }
            if isNew { log("\(reason); again in \(Format.seconds(seconds)), and so on") }
        case .stopped(let manifest, let reason):
            let advice =
                "mend what stopped \(manifest.job) (above), then bobbin load: its rows wait, and nothing is extracted again"
            problem(manifest, target, "stopped: \(reason)", advice)
            once("STOPPED \(manifest.job): \(reason)")
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
            if state.partitions > 0 {
                let percent = 100 * state.partitionsDone / state.partitions
                if !state.stream.isEmpty { text += "\(Format.visible(state.stream)): " }
                text += "\(state.partitionsDone)/\(state.partitions) partitions (\(percent) %), extracted "
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
            Console.write(2, "\r\u{1B}[K" + line)
        } else {
            Console.error(line)
        }
    }
}
