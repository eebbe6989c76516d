/// What a loader knows of one open manifest of a log, above the target's head.
package struct OpenEntry: Sendable {
    package var number: Int
    package var mode: WriteMode
    package var generation: RunID
    package var isFinal: Bool
    package var chunks: Int
    /// Chunks in the ledger.
    package var loaded: Int
    /// Chunks in `dead/`.
    package var dead: Int
    /// Chunks that lie in the queue and are due.
    package var available: Int
    /// The job is paused, or a guard holds the run back.
    package var isHeld = false
    /// Loaders bring the chunks of a staged mode together in a stage that they share; `loaded` says how many wait there.
    package var isShared = false

    /// An open manifest.
    package init(
        number: Int, mode: WriteMode, generation: RunID, isFinal: Bool, chunks: Int, loaded: Int, dead: Int,
        available: Int
    ) {
        self.number = number
        self.mode = mode
        self.generation = generation
        self.isFinal = isFinal
        self.chunks = chunks
        self.loaded = loaded
        self.dead = dead
        self.available = available
    }

    var isWhole: Bool { loaded + available >= chunks && dead == 0 }
    var isLoaded: Bool { loaded >= chunks && dead == 0 }
}

/// The next thing to do for one partition in a target that takes whole generations in one transaction.
package enum LoadStep: Sendable, Equatable {
    /// Nothing is open.
    case nothing
    /// Load what is available of these direct manifests; the head follows as far as they are complete.
    case direct(numbers: [Int])
    /// Apply a merge run: head from n - 1 to n.
    case merge(number: Int)
    /// Apply the replace generation of manifests `first...number`; the head jumps from anything below to `number`.
    case replace(first: Int, number: Int)
    /// Bring what is available of these manifests, one unit of a staged mode, into the stage that loaders share.
    case stage(numbers: [Int])
    /// A non-final generation that another one follows is void: the head passes it.
    case void(number: Int)
    /// Chunks are on their way, delayed, or with another loader.
    case wait(number: Int)
    /// A person must replay or discard the dead chunks of this manifest.
    case blocked(number: Int)
    /// Only an operator's request holds it back.
    case held(number: Int)
}

extension LoadStep {
    /// The manifests of a step that is done chunk by chunk.
    package var chunkwise: [Int]? {
        switch self {
        case .direct(let numbers), .stage(let numbers): numbers
        case .nothing, .merge, .replace, .void, .wait, .blocked, .held: nil
        }
    }
}

/// Decides the next step of a partition from what is open above its head. Pure.
///
/// Rules (`docs/spool-format.md` and the state table there): direct chunks load only behind direct manifests; merges
/// in order; of complete replace generations the newest one, which supersedes what is below it, unless loaders share an older one.
package enum LoadPlan {
    /// The step for `entries`, ascending and without gaps, all above the head.
    package static func next(_ entries: [OpenEntry]) -> LoadStep {
        guard let first = entries.first else { return .nothing }
        if let step = sharedReplace(entries) ?? newestReplace(entries) { return step }
        if first.isHeld { return .held(number: first.number) }
        switch first.mode {
        case .append, .insertOnly:
            var numbers: [Int] = []
            for entry in entries {
                guard entry.mode.isDirect, !entry.isHeld else { break }
                if entry.loaded + entry.dead < entry.chunks, entry.available == 0 { continue }
                if entry.available > 0 || entry.loaded == entry.chunks { numbers.append(entry.number) }
            }
            // Moving the head alone is work only for the first; behind it, chunks are.
            let works = entries.contains { numbers.contains($0.number) && $0.available > 0 }
            if works || (first.loaded == first.chunks) { return .direct(numbers: numbers) }
            return first.dead > 0 ? .blocked(number: first.number) : .wait(number: first.number)
        case .merge, .updateOnly, .scd2:
            if first.isShared, first.available > 0 { return .stage(numbers: [first.number]) }
            if first.isShared ? first.isLoaded : first.isWhole { return .merge(number: first.number) }
            return first.dead > 0 ? .blocked(number: first.number) : .wait(number: first.number)
        case .replace, .replacePartition:
            let generation = entries.prefix { $0.generation == first.generation }
            if let last = generation.last, !last.isFinal, entries.count > generation.count {
                return .void(number: last.number)
            }
            if generation.contains(where: { $0.dead > 0 }) {
                // What follows a dead replace may be a merge or append: they wait, too.
                return .blocked(number: first.number)
            }
            return .wait(number: first.number)
        }
    }

    /// A generation that loaders have begun to bring together keeps its turn: otherwise each that takes longer than the time to the
    /// next would be superseded by it, and the table would never change. Not one with dead chunks, which a person has to mend.
    private static func sharedReplace(_ entries: [OpenEntry]) -> LoadStep? {
        guard let begin = entries.first(where: { $0.isShared && $0.mode.isReplace }) else { return nil }
        let generation = entries.filter { $0.generation == begin.generation }
        guard let last = generation.last, last.isFinal, generation.allSatisfy({ $0.dead == 0 && !$0.isHeld }) else {
            return nil
        }
        let due = generation.filter { $0.available > 0 }.map(\.number)
        if !due.isEmpty { return .stage(numbers: due) }
        return generation.allSatisfy(\.isLoaded)
            ? .replace(first: begin.number, number: last.number) : .wait(number: begin.number)
    }

    private static func newestReplace(_ entries: [OpenEntry]) -> LoadStep? {
        var end = entries.count
        while end > 0 {
            let last = entries[end - 1]
            var start = end - 1
            while start > 0, entries[start - 1].generation == last.generation { start -= 1 }
            let generation = entries[start..<end]
            if last.mode.isReplace, last.isFinal, generation.allSatisfy({ $0.isWhole && !$0.isHeld && !$0.isShared }) {
                return .replace(first: entries[start].number, number: last.number)
            }
            end = start
        }
        return nil
    }
}
