import Foundation
import TestKit
import Testing

/// Real processes, killed and stopped at random moments: every row arrives exactly once.
@Suite(.serialized) struct KillTests {
    private static let total = 2 * 3 * 4000

    private func site() throws -> Site {
        let site = try Site()
        try site.startUpstream(["--domains", "a,b", "--rows", "4000"])
        try site.configure(domains: ["a", "b"], load: "load: {lease: 1s}")
        return site
    }

    private func check(_ site: Site) throws {
        let last = try site.bobbin("run")
        #expect(last.status == 0, "\(last.errors)")
        #expect(try site.count("select count(*) from fault_record") == KillTests.total)
        #expect(
            try site.count("select count(distinct domain || '/' || data_date || '/' || rank) from fault_record")
                == KillTests.total)
        let left = try site.leftovers()
        #expect(left == [])
    }

    @Test(arguments: 0..<12) func killedAtAnyInstant(round: Int) throws {
        let site = try site()
        var random = SeededRandom(UInt64(round) &+ 1)
        for _ in 0..<3 {
            let running = try site.start("run")
            // The moment is the disturbance: it must not depend on anything that the program does.
            usleep(UInt32(random.below(350_000)))
            running.kill(SIGKILL)
            _ = try running.wait()
        }
        try check(site)
    }

    @Test func extractorAndLoadersInParallelAllKilledOnce() throws {
        let site = try site()
        #expect(try site.bobbin("extract", "--set", "domain=a").status == 0)
        let loaders = [try site.start("load"), try site.start("load")]
        let extractors = [try site.start("extract"), try site.start("extract")]
        #expect(
            try site.until("both kinds are at work") {
                try !site.names("spool/claimed").isEmpty && !site.names("spool/writing").isEmpty
            })
        loaders[0].kill(SIGKILL)
        extractors[0].kill(SIGKILL)
        for running in loaders + extractors { _ = try running.wait() }
        try check(site)
    }

    /// An extractor that sleeps beyond its lease and wakes has lost: its successor's rows stand.
    @Test func stoppedBeyondTheLeaseAndWoken() throws {
        let site = try site()
        let sleeper = try site.start("run")
        #expect(try site.until("it extracts") { try !site.names("spool/writing").isEmpty })
        sleeper.kill(SIGSTOP)
        let other = try site.bobbin("run")
        #expect([0, 1, 75].contains(other.status), "\(other.errors)")
        // The lease (1 s) of a stopped process expires only for an observer who looks for long enough.
        let loader = try site.start("load", "--watch")
        // Whatever the others can do meanwhile, three leases pass; the stopped one may hold SQLite's lock, and then they wait.
        usleep(3_000_000)
        sleeper.kill(SIGCONT)
        _ = try sleeper.wait()
        loader.kill(SIGTERM)
        _ = try loader.wait()
        try check(site)
    }

    @Test func interruptedInOrderIsResumable() throws {
        let site = try site()
        let running = try site.start("run")
        #expect(try site.until("it extracts") { try !site.names("spool/writing").isEmpty })
        running.kill(SIGTERM)
        let ended = try running.wait()
        #expect([0, 4].contains(ended.status), "\(ended.errors)")
        try check(site)
    }
}
