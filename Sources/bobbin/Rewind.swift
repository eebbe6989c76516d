internal import ArgumentParser
internal import Configuration
internal import JSON
internal import Load
internal import Manifest
internal import Spool
internal import Storage

struct Rewind: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sets an incremental job's cursor back, so that the next run reads the range again.",
        discussion: """
            A running extraction of these partitions is fenced off. Where rows have no key and some of the range are loaded, it is \
            refused: they would be there twice.
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "The job.") var job: String

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Only partitions with this value; may be repeated.", valueName: "column=value"))
    var set: [String] = []

    @Option(help: ArgumentHelp("The value of the cursor column to go back to, or start.", valueName: "value"))
    var to: String?

    @Option(help: "As many days before now, in the cursor column's format.") var days: Int?
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false

    func run() throws {
        guard (to == nil) != (days == nil) else {
            throw CommandError(.usage, "say where to: --to VALUE, --to start, or --days N")
        }
        let access = try SpoolAccess(common)
        let spool = access.spool
        try access.check(jobs: [job])
        var options = PartitionOptions()
        options.set = set
        let restriction = try options.restriction()
        let workspace = try Workspace(common, needs: [.target])
        let cursor = try cursor(workspace)
        var targets: [String: any LoadTarget] = [:]
        let plans = try spool.planRewind(
            job: job, to: cursor,
            wants: { partition in
                restriction.allSatisfy { column, values in
                    partition[column].map { value in values.contains { $0.isSame(as: value) } } ?? false
                }
            },
            loaded: { manifest, name in
                let target = try targets[name] ?? workspace.openTarget(name, spool: spool)
                targets[name] = target
                if let closed = try target.closed(manifest.run) { return closed.chunks.count }
                return try target.loaded(manifest.run).count
            })
        guard !plans.isEmpty else {
            throw CommandError(
                .usage,
                "\(job) has no partition in the spool that fits: see \(Format.command("status \(Format.argument(job))"))"
            )
        }
        let possible = plans.filter { $0.refusal == nil }
        for plan in plans {
            let name = "\(plan.last.stream) \(plan.last.partition)"
            if let refusal = plan.refusal {
                Console.error("\(name): not rewound: \(refusal)")
            } else {
                Console.error(
                    "\(name): \(plan.last.cursorTo.serializedText()) back to \(plan.cursor.serializedText()), \(plan.again) manifests are read again"
                )
            }
        }
        if !possible.isEmpty, !yes, !Console.confirm("Go on?") {
            throw CommandError(.usage, "nothing was changed: answer y, or give --yes")
        }
        let heart = Heart(files: spool.files, clock: spool.clock, seconds: spool.leaseSeconds)
        heart.start()
        defer { heart.end() }
        var items: [JSONValue] = []
        var failed = plans.count - possible.count
        for plan in plans {
            var number: Int?
            var refusal = plan.refusal
            if refusal == nil {
                number = try spool.rewind(plan, heart: heart)
                if number == nil {
                    failed += 1
                    refusal = "another run was published this instant; try again"
                    Console.error("\(plan.last.stream) \(plan.last.partition): \(refusal ?? "")")
                }
            }
            items.append(
                .record(
                    Document.key(plan.last.log) + [
                        ("n", Document.count(number)), ("cursor_from", plan.last.cursorTo), ("cursor_to", plan.cursor),
                        ("error", Document.text(refusal)),
                    ]))
        }
        if common.json {
            Console.document([("partitions", .array(items))])
        }
        if failed > 0 { throw ExitCode(ExitStatus.failed.rawValue) }
        if !common.json { Console.error("Rewound. Next: \(Format.command("run \(Format.argument(job))"))") }
    }

    private func cursor(_ workspace: Workspace) throws -> JSONValue {
        if to == "start" { return .null }
        var formats: Set<Incremental.Format> = []
        // A job that only the spool knows any more can be rewound, too.
        for stream in (try? workspace.streams([job])) ?? [] {
            if case .http(let source) = stream.source, let incremental = source.incremental {
                formats.insert(incremental.format)
            }
        }
        if let to {
            guard formats.isEmpty || formats.contains(where: { Rewind.fits(to, $0) }) else {
                throw CommandError(
                    .usage,
                    "--to \(to): that is no value of the cursor column, which is of format \(formats.map(\.rawValue).sorted().joined(separator: " or "))"
                )
            }
            return .record([("since", .string(to))])
        }
        guard let days, (1...36_500).contains(days) else { throw CommandError(.usage, "--days: give 1 to 36500") }
        guard formats.count == 1, let format = formats.first else {
            throw CommandError(.usage, "--days needs one incremental cursor in the job's streams; use --to VALUE")
        }
        let time = workspace.clock.now() - Int64(days) * 86_400_000
        let text = Timestamp.render(time)
        switch format {
        case .timestamp: return .record([("since", .string(text))])
        case .date: return .record([("since", .string(String(text.prefix(10))))])
        case .unix: return .record([("since", .string("\(time / 1000)"))])
        case .unixMilliseconds: return .record([("since", .string("\(time)"))])
        case .integer, .text: throw CommandError(.usage, "--days: the cursor column is no time; use --to VALUE")
        }
    }

    /// Whether a cursor column of that format can hold `text`.
    private static func fits(_ text: String, _ format: Incremental.Format) -> Bool {
        switch format {
        case .timestamp:
            CivilDate(text.prefix(10)) != nil
                && text.dropFirst(10).wholeMatch(
                    of: /([Tt ]([01]\d|2[0-3]):[0-5]\d(:([0-5]\d|60)([.,]\d+)?)?([Zz]|[+-]\d\d(:?\d\d)?)?)?/) != nil
        case .date: CivilDate(text) != nil
        case .unix, .unixMilliseconds, .integer: Int64(text) != nil
        case .text: true
        }
    }
}
