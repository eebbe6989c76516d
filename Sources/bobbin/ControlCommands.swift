internal import ArgumentParser
internal import Spool
internal import Storage

/// What `pause`, `resume` and `cancel` share.
private func control(_ common: CommonOptions, _ job: String, _ body: (Spool) throws -> Void) throws {
    let access = try SpoolAccess(common)
    try access.check(jobs: [job])
    try body(access.spool)
}

struct Pause: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lets a job finish what it has in hand, and holds everything else until it is resumed.")

    @OptionGroup var common: CommonOptions
    @Argument(help: "The job.") var job: String

    func run() throws {
        try control(common, job) { spool in
            try spool.ask(.pause, job: job)
            Console.error(
                "\(job) is paused: extractions do not begin, and nothing of it is loaded. Go on with: bobbin resume \(job)"
            )
        }
    }
}

struct Resume: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lets a paused or cancelled job go on.")

    @OptionGroup var common: CommonOptions
    @Argument(help: "The job.") var job: String

    func run() throws {
        try control(common, job) { spool in
            var withdrawn = false
            for request in Spool.Request.allCases where try spool.withdraw(request, job: job) { withdrawn = true }
            Console.error(withdrawn ? "\(job) goes on." : "\(job) was neither paused nor cancelled.")
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
        try control(common, job) { spool in
            try spool.ask(.cancel, job: job)
            Console.error(
                "\(job) is cancelled: running extractions end within two seconds; replacements not applied yet are dropped."
            )
        }
    }
}
