internal import ArgumentParser
internal import Configuration
internal import Load
internal import Threads

struct Load: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Loads what waits in the spool, until nothing is ready, delayed or claimed by a live loader.")

    @OptionGroup var common: CommonOptions

    @Argument(help: "Jobs; all when there are none.")
    var jobs: [String] = []

    @Option(help: "Only this target; may be repeated. All of the configuration when there is none.")
    var target: [String] = []

    @Option(
        help: "Loaders in this process. A target with one writer (SQLite, DuckDB) is served by one of them at a time.")
    var workers: Int?

    @Flag(help: "Go on waiting for work until interrupted.")
    var watch = false

    @Flag(help: "Apply generations that the guards refuse (allow_empty, min_share).")
    var allowShrink = false

    @Flag(help: "Give up the runs that a restored target lacks and the archive no longer has.")
    var allowLoss = false

    func run() throws {
        let workspace = try Workspace(common, needs: [.target])
        let session = try Session(workspace, create: true, isQuiet: common.json)
        var options = session.loadOptions
        options.jobs = Set(jobs)
        options.watch = watch
        options.allowShrink = allowShrink
        options.allowLoss = allowLoss
        if let workers, !(1...256).contains(workers) {
            throw CommandError(.usage, "--workers \(workers): give 1 to 256")
        }
        let streams = try workspace.streams(jobs)
        let known = session.targets(of: streams)
        for name in target where !known.contains(name) {
            throw CommandError(.usage, "--target \(name): no job writes to it; known: \(known.joined(separator: ", "))")
        }
        let names = target.isEmpty ? known : target
        let report = Report(
            command: "load", workspace: workspace, spool: session.spool, streams: streams, jobs: Set(jobs))
        let outcome = Condition<[(name: String, summary: LoadSummary?, error: LoadError?)]>([])
        let fixed = options
        let threads = names.flatMap { name in
            (0..<(workers ?? workspace.settings.load.workers)).map { _ in
                ThreadHandle.start {
                    do {
                        let summary = try session.load(target: name, options: fixed) { false }
                        outcome.withLock { $0.append((name, summary, nil)) }
                    } catch {
                        outcome.withLock { $0.append((name, nil, LoadError(error))) }
                    }
                }
            }
        }
        for thread in threads { thread.join() }
        session.progress.end()
        report.add([], session.progress)
        for (name, summary, error) in outcome.withLock({ $0 }) { report.add(target: name, summary, error) }
        try report.finish(json: common.json, isInterrupted: session.stop.isStopped && !watch)
    }
}
