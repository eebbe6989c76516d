internal import ArgumentParser
internal import Configuration
internal import Extract
internal import Load
internal import Manifest
internal import Threads

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Extracts jobs and loads them meanwhile, until everything is in the targets.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var partitions: PartitionOptions

    @OptionGroup(title: "Without a configuration") var line: OneLiner

    @Argument(help: "Jobs; all when there are none.")
    var jobs: [String] = []

    @OptionGroup var part: LimitOption

    @Flag(help: "Print what would be done, and do nothing.")
    var dryRun = false

    @Flag(help: "Apply generations that the guards refuse (allow_empty, min_share).")
    var allowShrink = false

    func run() throws {
        let text = try line.configuration()
        if dryRun {
            try PlanText.print(common, jobs, partitions, text: text)
            return
        }
        let workspace = try Workspace(common, needs: [.source, .target], text: text)
        let plans = try Session.plans(workspace, jobs, partitions, limit: part.checked(), isLoading: true)
        try line.check(plans)
        let session = try Session(workspace, create: true, isQuiet: common.json)
        var options = session.loadOptions
        options.jobs = Set(plans.map(\.settings.job))
        options.allowShrink = allowShrink
        let isExtracting = Condition(true)
        let report = Report(
            command: "run", workspace: workspace, spool: session.spool, streams: plans.map(\.settings),
            jobs: options.jobs)
        let names = session.targets(of: plans.map(\.settings))
        let outcome = Condition<[(name: String, summary: LoadSummary?, error: LoadError?)]>([])
        let fixed = options
        let threads = names.map { name in
            ThreadHandle.start {
                do {
                    let summary = try session.load(target: name, options: fixed) { isExtracting.withLock { $0 } }
                    outcome.withLock { $0.append((name, summary, nil)) }
                } catch {
                    outcome.withLock { $0.append((name, nil, LoadError(error))) }
                }
            }
        }
        let results: [PartitionResult]
        do {
            results = try session.extract(plans, isLoading: true)
        } catch {
            isExtracting.update { $0 = false }
            session.stop.stop()
            for thread in threads { thread.join() }
            throw error
        }
        isExtracting.update { $0 = false }
        session.wake.update { $0 += 1 }
        for thread in threads { thread.join() }
        session.progress.end()
        report.add(results, session.progress)
        for (name, summary, error) in outcome.withLock({ $0 }) {
            report.add(target: name, summary, error)
        }
        try report.finish(json: common.json, isInterrupted: session.stop.isStopped)
    }
}
