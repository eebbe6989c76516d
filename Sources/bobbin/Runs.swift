internal import ArgumentParser
internal import JSON
internal import Manifest
internal import Spool
internal import Storage

struct Runs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows the history: every manifest with its outcome, newest first.")

    @OptionGroup var common: CommonOptions

    @Argument(help: "Jobs; all when there are none.")
    var jobs: [String] = []

    @Option(help: "At most as many, the newest.")
    var limit = 50

    func run() throws {
        guard limit > 0 else { throw CommandError(.usage, "--limit \(limit): give at least 1") }
        let access = try SpoolAccess(common)
        try access.check(jobs: jobs)
        var inventory = try Inventory(access.spool)
        // Ascending by run, never longer than the limit.
        var newest: [RunStatus] = []
        try inventory.visit(jobs: Set(jobs), all: true) { status in
            if newest.count == limit, let oldest = newest.first, status.manifest.run <= oldest.manifest.run { return }
            let place = newest.firstIndex { $0.manifest.run > status.manifest.run } ?? newest.count
            newest.insert(status, at: place)
            if newest.count > limit { newest.removeFirst() }
        }
        newest.reverse()
        if common.json {
            Console.document([
                ("runs", .array(newest.map(Document.run))),
                ("problems", .array(inventory.problems.map { .string($0) })),
            ])
            return
        }
        guard !newest.isEmpty else { return Console.out("Nothing was extracted yet.") }
        Console.out(
            Format.table(
                [
                    "SEALED", "JOB", "STREAM", "PARTITION", "N", "KIND", "TARGET", "STATE", "EXTRACTED", "LOADED",
                    "REJECTED",
                    "RUN", "NOTE",
                ],
                newest.map { status in
                    let manifest = status.manifest
                    return [
                        "\(manifest.sealed.prefix(19))Z", manifest.job, manifest.stream, manifest.partition.description,
                        "\(status.number)",
                        manifest.kind.rawValue, status.target, status.state.rawValue,
                        Format.count(status.rowsExtracted),
                        Format.count(status.rowsLoaded), Format.count(status.rowsRejected), manifest.run.text,
                        status.error ?? (status.outcome == .discarded ? "discarded" : ""),
                    ]
                }, right: [4, 8, 9, 10]))
        for problem in inventory.problems { Console.error("damaged: \(problem) (bobbin fsck)") }
    }
}
