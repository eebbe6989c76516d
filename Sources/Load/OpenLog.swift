internal import Manifest
internal import Spool
internal import Storage
internal import Threads

/// One partition's log as a loader sees it now: what is open above the head, and the moves on it.
struct OpenLog {
    /// What a step came to.
    enum Done {
        case worked
        case waiting
        case blocked(String)
    }

    /// The most manifests looked at in one go; a longer backlog is worked off piece by piece.
    private static let window = 256

    /// Seconds between two notes of a long load's progress.
    private static let noteSeconds = 2.0

    let worker: LoadWorker
    let key: LogKey
    let head: Head
    private(set) var entries: [OpenEntry] = []
    private(set) var runs: [Int: OpenRun] = [:]
    private var ready: [Int: [ReadyChunkName]] = [:]
    /// Units whose stage was given up: one loader takes them.
    private(set) var unshared: Set<RunID> = []
    /// Chunks by number that a person edited before their replay.
    private var edited: [Int: Set<Int>] = [:]
    /// What the first of the manifests had come to before the target went back; nothing behind it is looked at.
    private var past = LogPast.open

    var spool: Spool { worker.spool }
    var seat: LoaderSeat { worker.seat }

    /// Looks at the head, the log above it, the queue, `dead/` and the ledger.
    init(worker: LoadWorker, key: LogKey) throws {
        self.worker = worker
        self.key = key
        head = try worker.target.head(key)
        try checkPast()
        let pause = try worker.spool.asked(.pause, job: key.job) != nil
        let now = Int(worker.spool.clock.now() / 1000)
        var number = head.number + 1
        while runs.count < OpenLog.window, let manifest = try worker.spool.manifest(key, number) {
            runs[number] = OpenRun(number: number, manifest: manifest)
            number += 1
        }
        // What lies below the last complete replace generation will be passed over, whatever became of it.
        let needed = try (head.number + 1..<number).last { number in
            guard let manifest = runs[number]?.manifest, manifest.mode.isReplace, manifest.isFinal else { return false }
            return switch try past(manifest, number) {
            case .open, .archived, .inHand: true
            // It is not loaded (here), and so passes over nothing.
            case .lost, .ended: false
            }
        }
        for number in head.number + 1..<number {
            guard let manifest = runs[number]?.manifest else { continue }
            if let needed, let last = runs[needed]?.manifest, number < needed, manifest.generation != last.generation {
                try look(manifest, number, isHeld: pause, now: now)
                continue
            }
            switch try past(manifest, number) {
            case .open: break
            case .archived:
                // One loader does it; two would cross when one of them is stopped in between.
                guard worker.holdsToken else { return }
                try spool.republish(manifest, number: number, target: worker.queue)
            case let past:
                // What is open before it comes first.
                if entries.isEmpty, worker.holdsToken { self.past = past }
                return
            }
            try look(manifest, number, isHeld: pause, now: now)
        }
    }

    private mutating func look(_ manifest: RunManifest, _ number: Int, isHeld: Bool, now: Int) throws {
        let name = ReadyName(priority: manifest.priority, run: manifest.run)
        let isShared = try isShared(manifest)
        let loaded = manifest.mode.isDirect || isShared ? try worker.target.books.loadedSequences(manifest.run) : []
        let files = try spool.readyFiles(worker.queue, name)
        edited[number] = files.edited
        var open: [ReadyChunkName] = []
        for chunk in files.chunks where chunk.sequence < manifest.chunks.count && !loaded.contains(chunk.sequence) {
            // Of two spellings of one chunk, which stand together, the later attempt counts.
            if open.last?.sequence == chunk.sequence { open.removeLast() }
            if (chunk.notBefore ?? 0) <= now { open.append(chunk) }
        }
        let dead = try spool.deadChunks(worker.queue, manifest.run).filter { !loaded.contains($0) }
        var entry = OpenEntry(
            number: number, mode: manifest.mode, generation: manifest.generation, isFinal: manifest.isFinal,
            chunks: manifest.chunks.count, loaded: loaded.count, dead: dead.count, available: open.count)
        entry.isHeld = isHeld
        entry.isShared = isShared
        entries.append(entry)
        ready[number] = open
    }

    /// Whether loaders bring the chunks of a run together in a stage.
    private mutating func isShared(_ manifest: RunManifest) throws -> Bool {
        // A run of one chunk has nothing to share, and is not asked for.
        guard !manifest.mode.isDirect, manifest.chunks.count > 1 || worker.options.sharesAlways,
            let shared = try worker.target.shared
        else { return false }
        let unit = SharedStage.unit(manifest)
        switch try shared.state(of: unit) {
        case .none: return false
        case .open: return true
        case .givenUp:
            unshared.insert(unit)
            return false
        }
    }

    /// "Two pasts": the head names the run it stands on; another one in the log means that the spool went back or was copied.
    private func checkPast() throws {
        guard head.number > 0 else { return }
        guard let run = try spool.run(key, head.number) else {
            throw LoadError(
                .configuration,
                "\(key.stream) \(key.partition): the target is at manifest \(head.number), which the log does not have: the spool was "
                    + "restored from an older state or its log was deleted; restore the spool, or start anew with another spool"
            )
        }
        guard run.text == head.run else {
            throw LoadError(
                .configuration,
                "\(key.stream) \(key.partition): manifest \(head.number) is run \(run), the target knows it as run \(head.run): "
                    + "two copies of one spool load into this target; stop one of them")
        }
    }

    // MARK: Steps

    mutating func perform(_ step: LoadStep, _ summary: inout LoadSummary) throws -> Done {
        switch past {
        case .lost(let number, let chunk): return try settleLost(number, chunk, &summary)
        case .ended(let number, let outcome): return try close([number], as: outcome, &summary)
        case .inHand: return .waiting
        case .open, .archived: break
        }
        if let cancelled = try cancelled() { return try close(cancelled, as: .cancelled, &summary) }
        switch step {
        case .nothing: return .waiting
        case .wait: return .waiting
        case .held: return .blocked("paused: bobbin resume \(key.job)")
        case .blocked(let number):
            return .blocked("manifest \(number) has dead chunks: bobbin dead list")
        case .void(let number):
            return try close(entries.map(\.number).filter { $0 <= number }, as: .superseded, &summary)
        case .merge(let number): return try bringIn([number], passed: [], &summary)
        case .replace(let first, let number):
            let numbers = entries.map(\.number)
            return try bringIn(
                numbers.filter { $0 >= first && $0 <= number }, passed: numbers.filter { $0 < first }, &summary)
        case .stage(let numbers), .direct(let numbers): return try loadChunks(numbers, &summary)
        }
    }

    /// The open replace generations that were committed before an operator's cancel, when they come first.
    private func cancelled() throws -> [Int]? {
        guard let first = entries.first, first.mode.isReplace,
            let time = try spool.asked(.cancel, job: key.job)
        else { return nil }
        let numbers = entries.prefix { entry in
            entry.mode.isReplace && (runs[entry.number].map { Int64($0.manifest.run.milliseconds) <= time } ?? false)
        }
        return numbers.isEmpty ? nil : numbers.map(\.number)
    }

    func open(_ numbers: [Int]) -> [OpenRun] { numbers.compactMap { runs[$0] } }

    /// Claims the due chunks of these manifests, in order: all of them (`nil` when one is not to be had), or as many of one
    /// mode and key as a transaction takes.
    func claim(_ numbers: [Int], whole: Bool) throws -> [ChunkWork]? {
        var works: [ChunkWork] = []
        var bytes = 0
        for number in numbers {
            guard let run = runs[number] else { continue }
            let manifest = run.manifest
            if !whole, let first = works.first?.manifest, first.mode != manifest.mode || first.key != manifest.key {
                return works
            }
            let name = ReadyName(priority: manifest.priority, run: manifest.run)
            for chunk in ready[number] ?? [] {
                // A chunk that killed loaders before is tried alone, so that only it can be charged.
                let isAlone = chunk.crashes >= worker.options.aloneAfterCrashes
                if !whole, isAlone, !works.isEmpty { return works }
                guard let claimed = try seat.claim(chunk, of: name, target: worker.queue) else {
                    if whole {
                        try worker.handBackAll()
                        return nil
                    }
                    continue
                }
                var entry = manifest.chunks[chunk.sequence]
                if edited[number]?.contains(chunk.sequence) == true {
                    entry = try spool.editedEntry(worker.queue, name, entry)
                }
                works.append(
                    ChunkWork(name: claimed, path: seat.path(of: claimed), entry: entry, run: run))
                bytes += entry.bytes
                let most =
                    manifest.mode.isDirect
                    ? worker.options.transactionBytes : min(worker.options.stageBytes, manifest.bytes / 16)
                let isFull = bytes >= most || works.count >= worker.options.transactionChunks
                if !whole, isAlone || isFull { return works }
            }
        }
        return works
    }

    // MARK: Chunk by chunk

    /// One transaction with chunks of direct manifests, or of a unit that has a stage.
    private func load(_ works: [ChunkWork], of numbers: [Int], _ unit: LoadUnit) throws -> LoadUnit.Direct {
        let number = works.first?.run.number ?? numbers.first
        if let entry = entries.first(where: { $0.number == number }), entry.isShared {
            guard let shared = try worker.target.shared else { return LoadUnit.Direct() }
            let all = entries.filter { $0.isShared && $0.generation == entry.generation }.map(\.number)
            return try unit.stage(open(all), works: works, in: shared)
        }
        // The head moves through the log without gaps, also past manifests of which nothing is claimed now.
        let last = works.map(\.run.number).max() ?? numbers.last ?? 0
        return try unit.loadDirect(
            open(entries.prefix { $0.mode.isDirect && $0.number <= last }.map(\.number)), works: works)
    }

    /// Loads what is due, one transaction after the other, as long as nothing irregular happens.
    private mutating func loadChunks(_ numbers: [Int], _ summary: inout LoadSummary) throws -> Done {
        var numbers = numbers
        var noted = spool.clock.uptime()
        while true {
            guard let works = try claim(numbers, whole: false) else { return .waiting }
            if let looping = works.first, looping.name.chunk.crashes >= worker.options.maximumCrashes {
                try buryLooping(looping, &summary)
                return .worked
            }
            let unit = makeUnit()
            let result: LoadUnit.Direct
            do { result = try load(works, of: numbers, unit) } catch {
                try worker.handBackAll()
                throw error
            }
            for failure in result.failures { try settle(failure, works, &summary) }
            try finish(result.closed, result.loaded.map { works[$0] }, &summary)
            note(works, result)
            let next = LoadPlan.next(entries)
            let isRegular = try !works.isEmpty && result.failures.isEmpty && !isInterrupted()
            let now = spool.clock.uptime()
            if let more = next.chunkwise, isRegular {
                numbers = more
                guard now - noted >= OpenLog.noteSeconds else { continue }
            }
            noted = now
            for entry in entries where works.contains(where: { $0.run.number == entry.number }) {
                guard let run = runs[entry.number] else { continue }
                var progress = try unit.loaded(run)
                // What waits in a stage is in no table.
                if !run.manifest.mode.isDirect { progress.rows = 0 }
                progress.updated = spool.timestamp
                try spool.recordProgress(progress, of: run.manifest, seat: seat)
                worker.report(.progress(run.manifest, progress))
            }
            guard next.chunkwise != nil, isRegular else {
                return works.isEmpty && result.closed.isEmpty ? .waiting : .worked
            }
        }
    }

    /// Takes what a transaction did into account, so that the next one need not look at everything again.
    private mutating func note(_ works: [ChunkWork], _ result: LoadUnit.Direct) {
        var loaded: [Int: Set<Int>] = [:]
        for index in result.loaded {
            loaded[works[index].run.number, default: []].insert(works[index].entry.sequence)
        }
        entries.removeAll { entry in result.closed.contains { $0.number == entry.number } }
        for index in entries.indices {
            guard let sequences = loaded[entries[index].number] else { continue }
            entries[index].loaded += sequences.count
            entries[index].available -= sequences.count
            ready[entries[index].number]?.removeAll { sequences.contains($0.sequence) }
        }
    }

    /// Whether an operator wants the job to stop here.
    private func isInterrupted() throws -> Bool {
        try worker.stop.isStopped || spool.asked(.pause, job: key.job) != nil
    }

    func makeUnit() -> LoadUnit {
        LoadUnit(
            worker.target, queue: worker.queue, seat: seat, options: worker.options,
            isStopped: { [stop = worker.stop] in stop.isStopped })
    }

    func close(_ numbers: [Int], as outcome: Outcome, _ summary: inout LoadSummary) throws -> Done {
        let unit = makeUnit()
        try finish(try unit.close(open(numbers), as: outcome), [], &summary)
        return .worked
    }

    // MARK: After the transaction

    /// L3 and L4 for what the transaction decided.
    func finish(_ results: [LoadManifest], _ works: [ChunkWork], _ summary: inout LoadSummary) throws {
        for work in works {
            try seat.retire(work.name)
            summary.chunksLoaded += 1
        }
        for result in results {
            guard let manifest = runs[result.number]?.manifest else { continue }
            try spool.close(manifest, result, seat: seat)
            if result.outcome == .loaded {
                summary.rows += result.rows
                summary.rejects += result.rejects
                summary.discards.add(result.discards)
                if let note = result.note { summary.notes.append("\(manifest.stream) \(manifest.partition): \(note)") }
            }
            summary.runsClosed += 1
            worker.report(.closed(manifest, result))
        }
    }

    /// A failed chunk goes back with one more attempt, or to `dead/`; a damaged one dies at once, it was read twice.
    func settle(_ failure: ChunkFailure, _ works: [ChunkWork], _ summary: inout LoadSummary) throws {
        let work = works[failure.work]
        var next = work.name.chunk
        next.attempt += 1
        let limit = failure.error.kind == .corruption ? 2 : worker.options.maximumAttempts
        if next.attempt >= limit {
            try bury(work, failure.error, failure.error.kind.rawValue, &summary)
        } else {
            try seat.handBack(work.name, as: next)
            worker.report(.retry(work.manifest, sequence: work.entry.sequence, reason: failure.error.message))
        }
    }

    func buryLooping(_ work: ChunkWork, _ summary: inout LoadSummary) throws {
        let error = LoadError(
            .data, "loaders died \(work.name.chunk.crashes) times in a row with this chunk in work")
        try bury(work, error, "crash-looping", &summary)
    }

    private func bury(
        _ work: ChunkWork, _ error: LoadError, _ failure: String, _ summary: inout LoadSummary
    ) throws {
        let reason = DeadReason(
            reason: error.message, failure: failure, attempts: work.name.chunk.attempt + 1,
            crashes: work.name.chunk.crashes, loader: seat.id, at: spool.timestamp)
        try seat.bury(work.name, why: reason)
        summary.dead += 1
        worker.report(.dead(work.manifest, sequence: work.entry.sequence, reason: error.message))
    }
}
