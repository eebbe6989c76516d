import Testing

@testable import HTTP

@Suite struct CircuitBreakerTests {
    /// One step of a table: at a time, an event, and the state after it.
    enum Event: Sendable {
        case fail(String), succeed, abandon, refused, probe
    }

    static let tables: [(String, [(Double, Event, CircuitBreaker.State)])] = [
        (
            "opens after three failures of two keys",
            [
                (0, .fail("a"), .closed), (1, .fail("b"), .closed), (2, .fail("a"), .open(until: 12)),
                (11.9, .refused, .open(until: 12)),
            ]
        ),
        ("one bad key never opens", (0..<20).map { (Double($0), .fail("a"), .closed) }),
        (
            "a second key opens once enough failed in a row",
            [
                (0, .fail("a"), .closed), (0, .fail("a"), .closed), (0, .fail("a"), .closed),
                (1, .fail("b"), .open(until: 11)),
            ]
        ),
        (
            "a success starts the count anew",
            [
                (0, .fail("a"), .closed), (0, .fail("b"), .closed), (0, .succeed, .closed), (0, .fail("a"), .closed),
                (0, .fail("b"), .closed),
            ]
        ),
        (
            "a good probe closes and forgets the cool-down",
            trip(at: 0) + [(10, .probe, .halfOpen(probeUntil: 110)), (11, .succeed, .closed)] + trip(at: 20)
        ),
        (
            "bad probes double up to the maximum",
            trip(at: 0) + [
                (10, .probe, .halfOpen(probeUntil: 110)), (10, .fail("c"), .open(until: 30)),
                (29, .refused, .open(until: 30)),
                (30, .probe, .halfOpen(probeUntil: 130)), (30, .fail("c"), .open(until: 65)),
                (65, .probe, .halfOpen(probeUntil: 165)), (70, .fail("c"), .open(until: 105)),
            ]
        ),
        (
            "one probe at a time, and a lost one is replaced",
            trip(at: 0) + [
                (10, .probe, .halfOpen(probeUntil: 110)), (50, .refused, .halfOpen(probeUntil: 110)),
                (110, .probe, .halfOpen(probeUntil: 210)), (111, .succeed, .closed),
            ]
        ),
        (
            "an abandoned probe frees its place",
            trip(at: 0) + [
                (10, .probe, .halfOpen(probeUntil: 110)), (12, .abandon, .open(until: 12)),
                (12, .probe, .halfOpen(probeUntil: 112)),
            ]
        ),
    ]

    private static func trip(at time: Double) -> [(Double, Event, CircuitBreaker.State)] {
        [(time, .fail("a"), .closed), (time, .fail("b"), .closed), (time, .fail("a"), .open(until: time + 10))]
    }

    @Test(arguments: tables.indices)
    func table(index: Int) throws {
        let (name, steps) = Self.tables[index]
        var breaker = CircuitBreaker(
            .init(failures: 3, keys: 2, coolDown: 10, maximumCoolDown: 35, probeTimeout: 100))
        var probe: CircuitBreaker.Ticket?
        for (step, (now, event, state)) in steps.enumerated() {
            switch event {
            case .fail(let key): breaker.failed(try probe ?? ticket(&breaker, now), key: key, now: now)
            case .succeed: breaker.succeeded(try probe ?? ticket(&breaker, now))
            case .abandon: breaker.abandoned(try #require(probe), now: now)
            case .refused:
                guard case .wait(let until) = breaker.admit(now: now) else {
                    Issue.record("\(name), step \(step): admitted"); return
                }
                #expect(until > now)
            case .probe: probe = try ticket(&breaker, now)
            }
            if case .probe = event {} else if case .refused = event {} else { probe = nil }
            #expect(breaker.state == state, "\(name), step \(step)")
        }
    }

    @Test func resultsOfAnEarlierStateAreIgnored() throws {
        var breaker = CircuitBreaker(.init(failures: 2, keys: 1, coolDown: 10, maximumCoolDown: 100))
        let old = try ticket(&breaker, 0)
        breaker.failed(old, key: "a", now: 0)
        breaker.failed(old, key: "a", now: 0)
        #expect(breaker.state == .open(until: 10))
        breaker.succeeded(old)
        breaker.failed(old, key: "b", now: 5)
        #expect(breaker.state == .open(until: 10))
        let probe = try ticket(&breaker, 10)
        breaker.succeeded(old)
        breaker.abandoned(old, now: 11)
        #expect(breaker.state != .closed && breaker.admit(now: 11) != .go(probe))
        breaker.succeeded(probe)
        #expect(breaker.state == .closed)
    }

    private func ticket(_ breaker: inout CircuitBreaker, _ now: Double) throws -> CircuitBreaker.Ticket {
        guard case .go(let ticket) = breaker.admit(now: now) else {
            throw HTTPError(.transient, .transfer, "refused at \(now)")
        }
        return ticket
    }
}
