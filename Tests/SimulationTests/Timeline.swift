import Synchronization
import TestKit
import Threads

/// The one course of a simulated world: of all processes one runs at a time, and which one goes on is drawn at each of its steps.
///
/// Each process has a thread, so that the program's code runs as it is; a thread goes on only when it is handed the turn. Time is made
/// of steps and of what nobody has anything to do in. The same seed gives the same course again (as in FoundationDB's simulation:
/// J. Zhou et al., "FoundationDB: A Distributed Unbundled Transactional Key Value Store", SIGMOD 2021, section 4).
final class Timeline: Sendable {
    /// A thread of a process.
    private final class Turn: Sendable {
        let gate = Condition(false)
        let name: String

        init(_ name: String) { self.name = name }

        func wait() {
            gate.wait { (isOpen: inout Bool) -> Void? in
                guard isOpen else { return nil }
                isOpen = false
                return ()
            }
        }

        func open() { gate.update { $0 = true } }
    }

    private enum Place {
        case ready
        /// Asleep until then.
        case asleep(Double)
        /// Until somebody lets go of something, or until then.
        case waiting(Double)
    }

    private struct State {
        var time = 0.0
        var random: SeededRandom
        var turns: [Int: Turn] = [:]
        var places: [Int: Place] = [:]
        var current = 0
        var next = 1
        /// Steps taken.
        var steps = 0
        /// What has its own times: heartbeats.
        var bells: [Int: (time: Double, every: Double, ring: @Sendable () -> Void)] = [:]
        var isRinging = false
    }

    private let state: Mutex<State>

    /// The thread that makes a timeline has its first turn, as number 0.
    init(seed: UInt64) {
        var state = State(random: SeededRandom(seed))
        state.turns[0] = Turn("world")
        state.places[0] = .ready
        self.state = Mutex(state)
    }

    /// Seconds since the beginning.
    var time: Double { state.withLock { $0.time } }

    /// Steps of all processes so far.
    var steps: Int { state.withLock { $0.steps } }

    /// Whose turn it is.
    var current: Int { state.withLock { $0.current } }

    /// Processes that have not ended, the world's own course not counted.
    var running: Int { state.withLock { $0.turns.count - 1 } }

    /// Starts a process; it has its turn when it is drawn.
    @discardableResult
    func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> Int {
        let turn = Turn(name)
        let number = state.withLock { state in
            let number = state.next
            state.next += 1
            state.turns[number] = turn
            state.places[number] = .ready
            return number
        }
        _ = ThreadHandle.start { [self] in
            turn.wait()
            body()
            end(number)
        }
        return number
    }

    private func end(_ number: Int) {
        let next = state.withLock { state in
            state.turns[number] = nil
            state.places[number] = nil
            state.bells[number] = nil
            return Timeline.draw(&state)
        }
        next.open()
    }

    /// A step of the process whose turn it is: some time passes, and perhaps another one goes on.
    func step() {
        let change: (own: Turn, next: Turn)? = state.withLock { state in
            state.steps += 1
            state.time += Double(1 + state.random.below(8)) / 1000
            if state.isRinging { return nil }
            return state.random.below(4) == 0 ? Timeline.change(&state) : nil
        }
        settle(change)
    }

    /// The process does nothing for a while.
    func sleep(_ seconds: Double) {
        let change: (own: Turn, next: Turn)? = state.withLock { state in
            state.places[state.current] = .asleep(state.time + seconds)
            return Timeline.change(&state)
        }
        settle(change)
    }

    /// Stops the process whose turn it is, and its heart, for so many seconds.
    func stop(_ seconds: Double) {
        state.withLock { state in state.bells[state.current]?.time = state.time + seconds }
        sleep(seconds)
    }

    /// Stops a process where it is, and its heart, for so many seconds.
    func freeze(_ number: Int, _ seconds: Double) {
        state.withLock { state in
            guard number != state.current, state.places[number] != nil else { return }
            state.places[number] = .asleep(state.time + seconds)
            state.bells[number]?.time = state.time + seconds
        }
    }

    /// Waits until somebody calls ``wake()``, or `deadline`.
    ///
    /// - Returns: whether there is time left.
    func wait(until deadline: Double) -> Bool {
        let change: (own: Turn, next: Turn)? = state.withLock { state in
            state.places[state.current] = .waiting(deadline)
            return Timeline.change(&state)
        }
        settle(change)
        return time < deadline
    }

    /// Something was let go of: all who wait look again.
    func wake() {
        state.withLock { state in
            for (number, place) in state.places {
                if case .waiting = place { state.places[number] = .ready }
            }
        }
    }

    /// Calls `ring` every so many seconds as long as the process of this number runs; it takes no turns.
    func bell(_ number: Int, every seconds: Double, _ ring: @escaping @Sendable () -> Void) {
        state.withLock { $0.bells[number] = ($0.time + seconds, seconds, ring) }
    }

    /// No bell rings for the process any more.
    func silence(_ number: Int) { state.withLock { $0.bells[number] = nil } }

    private func settle(_ change: (own: Turn, next: Turn)?) {
        if let change {
            change.next.open()
            change.own.wait()
        }
        ring()
    }

    /// Rings what is due, one after the other.
    private func ring() {
        while true {
            let due: (@Sendable () -> Void)? = state.withLock { state in
                guard !state.isRinging else { return nil }
                guard
                    let number = state.bells.keys.sorted().first(where: {
                        state.bells[$0].map { $0.time <= state.time } ?? false
                    }),
                    let bell = state.bells[number]
                else { return nil }
                state.bells[number]?.time = max(bell.time + bell.every, state.time)
                state.isRinging = true
                return bell.ring
            }
            guard let due else { return }
            due()
            state.withLock { $0.isRinging = false }
        }
    }

    /// Draws who goes on; nil when that is who had the turn.
    private static func change(_ state: inout State) -> (own: Turn, next: Turn)? {
        let before = state.current
        guard let own = state.turns[before] else { return nil }
        let next = draw(&state)
        return state.current == before ? nil : (own, next)
    }

    private static func draw(_ state: inout State) -> Turn {
        while true {
            var ready: [Int] = []
            var earliest = Double.infinity
            for number in state.places.keys.sorted() {
                switch state.places[number] {
                case .ready?: ready.append(number)
                case .asleep(let time)?, .waiting(let time)?:
                    if time <= state.time { ready.append(number) } else { earliest = min(earliest, time) }
                case nil: break
                }
            }
            if ready.isEmpty {
                // Nobody has anything to do until then. Whoever goes on rings what is due first.
                state.time = max(state.time, earliest)
                continue
            }
            let number = ready[state.random.below(ready.count)]
            state.places[number] = .ready
            state.current = number
            if let turn = state.turns[number] { return turn }
        }
    }
}
