internal import Manifest
internal import Spool

/// What lies in the spool and is not in its target, with the reason: what a person has to know when nothing was done.
struct Waiting {
    enum Cause: Int {
        /// A dead chunk, a guard, or a failed run before it.
        case failed
        case paused
        /// No job of the configuration loads into the target.
        case unserved
        /// Nothing is known to be wrong.
        case open
    }

    var cause: Cause
    var target: String
    var job: String
    var partitions = 0
    /// Whether some of it is dead; otherwise a guard, or what the target cannot hold, keeps it.
    var isDead = false

    /// What waits, by target, job and cause.
    ///
    /// - Parameters:
    ///   - jobs: only these; all when empty.
    ///   - served: the targets of the configuration.
    static func look(_ spool: Spool, jobs: Set<String>, served: Set<String>) throws -> [Waiting] {
        // Looking at every log takes time; most of the time the queue is empty.
        guard try Inventory.queues(spool).contains(where: { $0.runs > 0 }) else { return [] }
        let paused = Set(try Inventory.requests(spool).filter { $0.request == .pause }.map(\.job))
        var found: [Waiting] = []
        var inventory = try Inventory(spool)
        try inventory.visit(jobs: jobs, all: false) { status in
            guard status.outcome == nil else { return }
            let cause: Cause
            if !served.contains(status.target) {
                cause = .unserved
            } else if status.state == .failed || status.waitsFor != nil {
                cause = .failed
            } else {
                cause = paused.contains(status.manifest.job) ? .paused : .open
            }
            let place = found.firstIndex {
                $0.cause == cause && $0.target == status.target && $0.job == status.manifest.job
            }
            if place == nil { found.append(Waiting(cause: cause, target: status.target, job: status.manifest.job)) }
            let index = place ?? found.count - 1
            // The failed run before it is told by the one that waits for it.
            found[index].partitions += status.waitsFor == nil ? 1 : 0
            if status.chunksDead > 0 { found[index].isDead = true }
        }
        return found
    }

    /// One line: what waits, why, and what to do next.
    var text: String {
        let many = partitions == 1 ? "1 partition waits" : "\(Format.count(partitions)) partitions wait"
        let what = "\(target): \(self.job): \(many)"
        let job = Format.argument(self.job)
        return switch cause {
        case .failed:
            "\(what) for a person. Next: \(Format.command("status \(job)"))\(isDead ? ", \(Format.command("dead list --job \(job)"))" : "")"
        case .paused: "\(what), the job is paused. Next: \(Format.command("resume \(job)"))"
        case .unserved: "\(what), and no job of this configuration loads into it: bobbin load with one that does"
        case .open: "\(what) to be loaded. Next: \(Format.command("load \(job)"))"
        }
    }
}
