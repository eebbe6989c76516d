import Synchronization
import Testing
import Threads

@Suite struct ConditionTests {
    @Test func updatesAreNotLost() {
        let counter = Condition(0)
        let threads = (0..<4).map { _ in ThreadHandle.start { for _ in 0..<1000 { counter.update { $0 += 1 } } } }
        counter.wait { $0 == 4000 ? () : nil }
        for thread in threads { thread.join() }
        #expect(counter.withLock { $0 } == 4000)
    }

    @Test func aTimeOutGivesNil() {
        let never = Condition(0)
        #expect(never.wait(seconds: 0.01) { $0 == 1 ? true : nil } == nil)
        #expect(never.wait(seconds: 0) { $0 == 0 ? true : nil } == true)
        #expect(never.wait(seconds: -5) { $0 == 1 ? true : nil } == nil)
    }

    @Test func aSignalWakesEverySleeper() {
        let signal = StopSignal()
        let sleepers = (0..<3).map { _ in ThreadHandle.start { _ = signal.sleep(seconds: 3600) } }
        signal.stop()
        for sleeper in sleepers { sleeper.join() }
        #expect(signal.isStopped && signal.sleep(seconds: 3600))
    }
}

@Suite struct ResourcePoolTests {
    @Test func noResourceIsUsedTwiceAtATime() {
        let pool = ResourcePool([0, 1])
        let busy = Mutex<Set<Int>>([])
        let clashes = Mutex(0)
        let threads = (0..<6).map { rank in
            ThreadHandle.start {
                for _ in 0..<200 {
                    pool.with(rank: rank) { resource in
                        if !busy.withLock({ $0.insert(resource).inserted }) { clashes.withLock { $0 += 1 } }
                        busy.withLock { _ = $0.remove(resource) }
                    }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(clashes.withLock { $0 } == 0)
    }

    @Test func theLowestRankIsServedFirst() {
        let pool = ResourcePool([0])
        let waiting = Condition(0)
        let order = Mutex<[Int]>([])
        let threads = pool.with(rank: 0) { _ in
            let threads = [5, 3, 4].map { rank in
                ThreadHandle.start {
                    waiting.update { $0 += 1 }
                    pool.with(rank: rank) { _ in order.withLock { $0.append(rank) } }
                }
            }
            waiting.wait { $0 == 3 ? () : nil }
            return threads
        }
        for thread in threads { thread.join() }
        // Who came late to the queue may come last, but nobody is forgotten.
        #expect(order.withLock { $0.sorted() } == [3, 4, 5])
    }

    @Test func anErrorGivesTheResourceBack() {
        struct Failure: Error {}
        let pool = ResourcePool([7])
        #expect(throws: Failure.self) { try pool.with(rank: 0) { _ in throw Failure() } }
        #expect(pool.with(rank: 0) { $0 } == 7)
    }
}
