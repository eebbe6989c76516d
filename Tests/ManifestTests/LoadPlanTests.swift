import Manifest
import Testing

@Suite struct LoadPlanTests {
    static let generations = (0..<6).map { RunID(milliseconds: UInt64($0 + 1), random: (0, 0)) }

    /// An open manifest with all chunks waiting.
    private func entry(
        _ number: Int, _ mode: WriteMode, generation: Int? = nil, final: Bool = true, chunks: Int = 2, loaded: Int = 0,
        dead: Int = 0, available: Int? = nil, held: Bool = false, shared: Bool = false
    ) -> OpenEntry {
        var entry = OpenEntry(
            number: number, mode: mode, generation: Self.generations[generation ?? number], isFinal: final,
            chunks: chunks,
            loaded: loaded, dead: dead, available: available ?? chunks - loaded - dead)
        entry.isHeld = held
        entry.isShared = shared
        return entry
    }

    @Test func nothingOpen() { #expect(LoadPlan.next([]) == .nothing) }

    @Test(arguments: [WriteMode.append, .insertOnly]) func directChunksLoadBehindDirectManifestsOnly(_ mode: WriteMode)
    {
        #expect(
            LoadPlan.next([entry(1, mode), entry(2, .append), entry(3, .insertOnly)]) == .direct(numbers: [1, 2, 3]))
        // Hole 5: what stands behind an unapplied replace or merge waits.
        #expect(LoadPlan.next([entry(1, mode), entry(2, .merge), entry(3, mode)]) == .direct(numbers: [1]))
        #expect(LoadPlan.next([entry(1, .replace, available: 1), entry(2, mode)]) == .wait(number: 1))
        #expect(LoadPlan.next([entry(1, .merge, available: 1), entry(2, mode)]) == .wait(number: 1))
    }

    @Test func aDeadDirectChunkHoldsTheHeadAndNothingElse() {
        #expect(LoadPlan.next([entry(1, .append, dead: 1)]) == .direct(numbers: [1]))
        #expect(LoadPlan.next([entry(1, .append, loaded: 1, dead: 1), entry(2, .append)]) == .direct(numbers: [2]))
        #expect(
            LoadPlan.next([entry(1, .append, loaded: 1, dead: 1), entry(2, .append, loaded: 2)]) == .blocked(number: 1))
        #expect(LoadPlan.next([entry(1, .append, loaded: 1, available: 0)]) == .wait(number: 1))
    }

    @Test func completeDirectManifestsCloseWithoutChunks() {
        #expect(LoadPlan.next([entry(1, .append, loaded: 2)]) == .direct(numbers: [1]))
        #expect(LoadPlan.next([entry(1, .append, chunks: 0)]) == .direct(numbers: [1]))
    }

    @Test func mergesApplyInOrder() {
        #expect(LoadPlan.next([entry(1, .merge), entry(2, .merge)]) == .merge(number: 1))
        #expect(LoadPlan.next([entry(1, .merge, dead: 1), entry(2, .merge)]) == .blocked(number: 1))
        #expect(LoadPlan.next([entry(1, .merge, available: 1), entry(2, .merge)]) == .wait(number: 1))
    }

    @Test(arguments: [WriteMode.replace, .replacePartition]) func theNewestCompleteGenerationWins(_ mode: WriteMode) {
        #expect(LoadPlan.next([entry(1, mode), entry(2, mode)]) == .replace(first: 2, number: 2))
        // Hole 11: a complete generation is applied though a newer, incomplete one waits.
        #expect(LoadPlan.next([entry(1, mode), entry(2, mode, available: 1)]) == .replace(first: 1, number: 1))
        // A failed one is superseded by a later one.
        #expect(LoadPlan.next([entry(1, mode, dead: 1), entry(2, mode)]) == .replace(first: 2, number: 2))
        #expect(LoadPlan.next([entry(1, mode, dead: 1), entry(2, .append)]) == .blocked(number: 1))
    }

    /// Hole 4: direct and merge manifests below a complete replace are passed over with it.
    @Test(arguments: [WriteMode.append, .insertOnly, .merge]) func aCompleteReplaceJumpsOverWhatIsBelow(
        _ mode: WriteMode
    ) {
        #expect(LoadPlan.next([entry(1, mode), entry(2, .replace), entry(3, mode)]) == .replace(first: 2, number: 2))
        #expect(LoadPlan.next([entry(1, mode, dead: 1), entry(2, .replace)]) == .replace(first: 2, number: 2))
    }

    /// Hole 10: generations of several runs.
    @Test func aGenerationIsAppliedWholeOrVoid() {
        let open = [entry(1, .replace, generation: 1, final: false), entry(2, .replace, generation: 1, final: false)]
        #expect(LoadPlan.next(open) == .wait(number: 1))
        #expect(LoadPlan.next(open + [entry(3, .replace, generation: 1)]) == .replace(first: 1, number: 3))
        #expect(LoadPlan.next(open + [entry(3, .replace, generation: 1, available: 1)]) == .wait(number: 1))
        // Another generation follows: what is not final is void.
        #expect(LoadPlan.next(open + [entry(3, .append, generation: 3)]) == .void(number: 2))
        #expect(LoadPlan.next(open + [entry(3, .replace, generation: 3)]) == .replace(first: 3, number: 3))
        #expect(LoadPlan.next(open + [entry(3, .replace, generation: 3, available: 1)]) == .void(number: 2))
    }

    @Test(arguments: [WriteMode.merge, .updateOnly, .scd2]) func sharedMergesAreStagedThenApplied(_ mode: WriteMode) {
        let next = entry(2, mode)
        #expect(LoadPlan.next([entry(1, mode, shared: true), next]) == .stage(numbers: [1]))
        #expect(LoadPlan.next([entry(1, mode, loaded: 1, shared: true), next]) == .stage(numbers: [1]))
        #expect(LoadPlan.next([entry(1, mode, loaded: 1, available: 0, shared: true), next]) == .wait(number: 1))
        #expect(LoadPlan.next([entry(1, mode, loaded: 2, shared: true), next]) == .merge(number: 1))
        #expect(LoadPlan.next([entry(1, mode, loaded: 1, dead: 1, shared: true), next]) == .blocked(number: 1))
    }

    @Test(arguments: [WriteMode.replacePartition, .replace]) func aSharedGenerationKeepsItsTurn(_ mode: WriteMode) {
        let next = entry(3, mode)
        #expect(LoadPlan.next([entry(1, .append), entry(2, mode, shared: true), next]) == .stage(numbers: [2]))
        #expect(LoadPlan.next([entry(2, mode, loaded: 1, available: 0, shared: true), next]) == .wait(number: 2))
        #expect(LoadPlan.next([entry(2, mode, loaded: 2, shared: true), next]) == .replace(first: 2, number: 2))
        // But for one that a person has to mend.
        #expect(
            LoadPlan.next([entry(2, mode, loaded: 1, dead: 1, shared: true), next]) == .replace(first: 3, number: 3))
        let open = [
            entry(2, mode, generation: 2, final: false, loaded: 2, shared: true),
            entry(3, mode, generation: 2, shared: true),
        ]
        #expect(LoadPlan.next(open) == .stage(numbers: [3]))
    }

    @Test(arguments: WriteMode.allCases) func whatIsHeldWaits(_ mode: WriteMode) {
        #expect(LoadPlan.next([entry(1, mode, held: true)]) == .held(number: 1))
    }

    /// Whatever is open: the step names manifests that are open, and a replace only whole, final generations.
    @Test(arguments: 0..<40) func everyStepIsSound(_ seed: Int) {
        var random = SeededNumbers(seed: UInt64(seed))
        for _ in 0..<500 {
            var entries: [OpenEntry] = []
            var generation = 0
            var mode = WriteMode.append
            var isShared = false
            for number in 1...(1 + random.below(5)) {
                if number == 1 || random.below(3) > 0 {
                    generation = number
                    mode = WriteMode.allCases[random.below(WriteMode.allCases.count)]
                    isShared = !mode.isDirect && random.below(3) == 0
                }
                let chunks = random.below(3)
                let loaded = mode.isDirect || isShared ? random.below(chunks + 1) : 0
                let dead = random.below(3) == 0 ? random.below(chunks - loaded + 1) : 0
                entries.append(
                    entry(
                        number, mode, generation: generation, final: random.below(3) > 0, chunks: chunks,
                        loaded: loaded,
                        dead: dead, available: random.below(chunks - loaded - dead + 1), held: random.below(6) == 0,
                        shared: isShared))
            }
            switch LoadPlan.next(entries) {
            case .nothing: Issue.record("something is open: \(entries)")
            case .direct(let numbers):
                #expect(!numbers.isEmpty)
                #expect(entries.prefix { $0.number <= (numbers.max() ?? 0) }.allSatisfy { $0.mode.isDirect })
            case .stage(let numbers):
                let unit = entries.filter { numbers.contains($0.number) }
                #expect(!unit.isEmpty && unit.allSatisfy { $0.isShared && $0.available > 0 && !$0.isHeld })
                #expect(Set(unit.map(\.generation)).count == 1)
                #expect(unit[0].mode.isReplace || numbers == [1])
            case .merge(let number):
                #expect(
                    number == 1 && !entries[0].mode.isDirect && !entries[0].mode.isReplace && entries[0].dead == 0
                        && !entries[0].isHeld)
                #expect(!entries[0].isShared || entries[0].loaded == entries[0].chunks)
            case .replace(let first, let number):
                let generation = entries[(first - 1)..<number]
                #expect(Set(generation.map(\.generation)).count == 1)
                #expect(entries[number - 1].isFinal && entries[number - 1].mode.isReplace)
                #expect(
                    generation.allSatisfy {
                        $0.dead == 0 && ($0.isShared ? $0.loaded : $0.available) >= $0.chunks && !$0.isHeld
                    })
                #expect(first == 1 || entries[first - 2].generation != entries[first - 1].generation)
            case .void(let number):
                #expect(!entries[number - 1].isFinal && number < entries.count)
            case .wait(let number): #expect(number == 1 || entries[number - 1].isShared)
            case .blocked(let number), .held(let number): #expect(number == 1)
            }
        }
    }
}

private struct SeededNumbers {
    var seed: UInt64

    mutating func below(_ bound: Int) -> Int {
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((seed >> 33) % UInt64(max(1, bound)))
    }
}
