internal import ArgumentParser
internal import JSON
internal import Spool
internal import Storage

/// What `pause`, `resume` and `cancel` share: `body` acts, and says what was done.
private func control(
    _ command: String, _ common: CommonOptions, _ job: String, _ body: (Spool) throws -> (changed: Bool, text: String)
) throws {
    let access = try SpoolAccess(common)
    try access.check(jobs: [job])
    let (changed, text) = try body(access.spool)
    guard common.json else { return Console.error(text) }
    Console.document([("command", .string(command)), ("job", .string(job)), ("changed", .bool(changed))])
}

struct Pause: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lets a job finish what it has in hand, and holds everything else until it is resumed.")

    @OptionGroup var common: CommonOptions
    @Argument(help: "The job.") var job: String

    func run() throws {
        try control("pause", common, job) { spool in
            let changed = try spool.asked(.pause, job: job) == nil
            try spool.ask(.pause, job: job)
            return (
                changed,
                "\(job) is paused: extractions do not begin, and nothing of it is loaded. "
                    + "Go on with: \(Format.command("resume \(Format.argument(job))"))"
            )
        }
    }
}

struct Resume: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lets a paused or cancelled job go on.")

    @OptionGroup var common: CommonOptions
    @Argument(help: "The job.") var job: String

    func run() throws {
        try control("resume", common, job) { spool in
            var withdrawn = false
            for request in Spool.Request.allCases where try spool.withdraw(request, job: job) { withdrawn = true }
            return (withdrawn, withdrawn ? "\(job) goes on." : "\(job) was neither paused nor cancelled.")
        }
    }
}

struct Cancel: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ends a job's running extractions, and drops its replacements that are not applied yet.",
        discussion: """
            What append, insert-only and merge have committed stays to be loaded: nothing would read it again. Pause holds that \
            back. Runs that begin later are not concerned.
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "The job.") var job: String

    func run() throws {
        try control("cancel", common, job) { spool in
            try spool.ask(.cancel, job: job)
            return (
                true,
                "\(job) is cancelled: running extractions end within two seconds; replacements not applied yet are dropped."
            )
        }
    }
}
