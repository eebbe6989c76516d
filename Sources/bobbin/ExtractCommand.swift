internal import ArgumentParser
internal import Configuration
internal import Extract
internal import Threads

struct Extract: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Extracts jobs into the spool.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var partitions: PartitionOptions

    @Argument(help: "Jobs; all when there are none.")
    var jobs: [String] = []

    @OptionGroup var part: LimitOption

    @Flag(help: "Print what would be done, and do nothing.")
    var dryRun = false

    func run() throws {
        if dryRun {
            try PlanText.print(common, jobs, partitions)
            return
        }
        let workspace = try Workspace(common, needs: [.source])
        let plans = try Session.plans(workspace, jobs, partitions, limit: part.checked())
        let session = try Session(workspace, create: true, isQuiet: common.json)
        let report = Report(
            command: "extract", workspace: workspace, spool: session.spool, streams: plans.map(\.settings))
        let results = try session.extract(plans)
        session.progress.end()
        report.add(results, session.progress)
        try report.finish(json: common.json, isInterrupted: session.stop.isStopped)
    }
}
