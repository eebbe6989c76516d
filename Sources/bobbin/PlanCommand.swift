internal import ArgumentParser
internal import Configuration
internal import Extract
internal import JSON
internal import Manifest
internal import Spool

struct Plan: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what a run would do: partitions, modes, keys, cursors. Writes nothing.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var partitions: PartitionOptions

    @Argument(help: "Jobs; all when there are none.")
    var jobs: [String] = []

    func run() throws { try PlanText.print(common, jobs, partitions) }
}

/// The text of `plan` and of `--dry-run`.
enum PlanText {
    /// - Parameter text: the configuration itself, in place of the file.
    static func print(
        _ common: CommonOptions, _ jobs: [String], _ partitions: PartitionOptions, text: String? = nil
    ) throws {
        let workspace = try Workspace(common, needs: [.source], text: text)
        let plans = try Session.plans(workspace, jobs, partitions)
        let spool = try existing(workspace)
        if common.json {
            Console.document(try document(plans, spool))
            return try refuse(plans)
        }
        for plan in plans {
            let stream = plan.settings
            Console.out(
                "\(name(plan)): \(stream.mode.rawValue) into \(stream.table) of \(stream.targets.joined(separator: ", "))"
            )
            Console.out(
                "  key: \(stream.primaryKey.isEmpty ? "none" : stream.primaryKey.joined(separator: ", ")); priority \(stream.priority); parallelism \(stream.parallelism)"
            )
            if let failure = plan.failure {
                Console.out("  cannot be asked: \(Format.visible(failure.message))")
                continue
            }
            if let table = plan.table {
                PlanText.print(table)
            } else if let reading = plan.reading {
                Console.out("  source: \(Format.visible(reading))")
            }
            Console.out(
                "  retry: \(retry(stream.retry)); chunk: \(Format.count(stream.chunk.rows)) rows or \(Format.bytes(stream.chunk.bytes))"
            )
            if let shape = stream.shape { Console.out("  shape: \(shape.summary)") }
            if stream.shape != nil, let table = plan.table {
                Console.out("  columns: \(table.columns.map(\.name).joined(separator: ", "))")
            }
            if let changes = stream.changesText { Console.out("  deletes: \(Format.visible(changes))") }
            Console.out("  guards: allow_empty \(stream.allowEmpty), min_share \(stream.minShare)")
            Console.out(
                "  partitions: \(plan.partitions.count)\(spool == nil ? "" : "; n is the last manifest of the log, and its cursor")"
            )
            for partition in plan.partitions.prefix(50) {
                let (number, cursor) = try last(
                    LogKey(job: stream.job, stream: stream.name, partition: partition), spool)
                Console.out(
                    "    \(Format.visible(partition.description))  n=\(number)\(cursor.map { "  cursor=\($0)" } ?? "")")
            }
            if plan.partitions.count > 50 { Console.out("    ... and \(plan.partitions.count - 50) more") }
            for warning in try warnings(plan, spool) { Console.error("bobbin: warning: \(warning)") }
        }
        try refuse(plans)
    }

    private static func name(_ plan: StreamPlan) -> String {
        let stream = plan.settings
        return stream.name == stream.job ? stream.job : "\(stream.job)/\(stream.name)"
    }

    /// Ends a plan of which a part can only fail as it is configured; what is away now may be there when it runs.
    private static func refuse(_ plans: [StreamPlan]) throws {
        var isRefused = false
        for plan in plans {
            guard let failure = plan.failure, failure.kind == .configuration else { continue }
            Console.error("bobbin: \(name(plan)): \(Format.visible(failure.message))")
            isRefused = true
        }
        if isRefused { throw ExitCode(ExitStatus.usage.rawValue) }
    }

    private static func print(_ plan: SQLPlan) {
        let rows = plan.relation?.rows.map { ", about \(Format.count($0)) rows" } ?? ""
        let name = plan.relation.map { "\($0.kind.rawValue) \(Format.visible($0.fullName))" } ?? "a query"
        Console.out("  source: \(name)\(rows); reads \(plan.reading)")
        let columns = plan.shape.columns.map { "\($0.name) \($0.type.rawValue)" }
        let more = columns.count > 30 ? ", ... (\(columns.count))" : ""
        Console.out("  columns: \(Format.visible(columns.prefix(30).joined(separator: ", ")))\(more)")
    }

    /// The spool; nil when there is none yet.
    private static func existing(_ workspace: Workspace) throws -> Spool? {
        do { return try workspace.openSpool(create: false) } catch let error as SpoolError {
            guard error.code == .absent else { throw error }
            return nil
        }
    }

    /// The last manifest of a log, 0 when there is none, and where an incremental one's next run begins.
    private static func last(_ key: LogKey, _ spool: Spool?) throws -> (number: Int, cursor: String?) {
        guard let spool, case let number = try spool.lastNumber(key), number > 0 else { return (0, nil) }
        return (number, try spool.manifest(key, number)?.cursorTo["since"]?.text)
    }

    /// What the last manifest of the first partition that has one shows; without any, `preview` looks at the source.
    private static func warnings(_ plan: StreamPlan, _ spool: Spool?) throws -> [String] {
        guard let spool, !plan.settings.primaryKey.isEmpty else { return [] }
        for partition in plan.partitions.prefix(50) {
            let key = LogKey(job: plan.settings.job, stream: plan.settings.name, partition: partition)
            let number = try spool.lastNumber(key)
            guard number > 0, let last = try spool.manifest(key, number), !last.schema.isEmpty else { continue }
            let known = Set(last.schema.map(\.name.bytes) + partition.fields.map(\.name.bytes))
            return plan.settings.primaryKey.filter { !known.contains($0.bytes) }.map { column in
                "\(plan.settings.job): no record of manifest \(number) (\(partition)) has the primary_key column \(column): without it "
                    + "every row is refused"
            }
        }
        return []
    }

    private static func retry(_ policy: Configuration.RetryPolicy) -> String {
        let jitter = policy.jitter ? ", jitter" : ""
        return switch policy.strategy {
        case .exponential(let initial, let multiplier, let maximum):
            "exponential \(initial) x\(multiplier) up to \(maximum)\(jitter), \(policy.maxAttempts) attempts"
        case .linear(let initial, let increment, let maximum):
            "linear \(initial) + \(increment) up to \(maximum)\(jitter), \(policy.maxAttempts) attempts"
        case .fixed(let delay): "fixed \(delay)\(jitter), \(policy.maxAttempts) attempts"
        case .list(let delays): "list \(delays)\(jitter)"
        }
    }

    private static func document(_ plans: [StreamPlan], _ spool: Spool?) throws -> [(String, JSONValue)] {
        let streams: [JSONValue] = try plans.map { plan in
            let stream = plan.settings
            let partitions: [JSONValue] = try plan.partitions.map { partition in
                let (number, cursor) = try last(
                    LogKey(job: stream.job, stream: stream.name, partition: partition), spool)
                return .record([
                    ("partition", Document.partition(partition)), ("last_manifest", Document.count(number)),
                    ("cursor", Document.text(cursor)),
                ])
            }
            return .record([
                ("job", .string(stream.job)), ("stream", .string(stream.name)), ("mode", .string(stream.mode.rawValue)),
                ("table", .string(stream.table)), ("targets", .array(stream.targets.map { .string($0) })),
                ("primary_key", .array(stream.primaryKey.map { .string($0) })),
                ("shape", Document.text(stream.shape?.summary)), ("deletes", Document.text(stream.changesText)),
                ("warnings", .array(try warnings(plan, spool).map { .string($0) })), ("partitions", .array(partitions)),
                ("reading", Document.text(plan.reading)), ("error", Document.text(plan.failure?.message)),
                (
                    "columns",
                    .array(
                        (plan.table?.shape.columns ?? []).map { column in
                            .record([("name", .string(column.name)), ("type", .string(column.type.rawValue))])
                        })
                ),
            ])
        }
        return [("command", .string("plan")), ("streams", .array(streams))]
    }
}

extension Configuration.Stream {
    /// What the stream's runs delete, in words; nil for nothing.
    fileprivate var changesText: String? {
        guard mode == .merge || mode == .scd2 else { return nil }
        var parts: [String] = []
        if let marker = changes.marker {
            let values = marker.values.isEmpty ? "says so" : "is \(marker.values.joined(separator: " or "))"
            parts.append("rows whose \(marker.column) \(values)")
        }
        if changes.deletesMissing { parts.append("rows that a run which reads everything does not hold") }
        if parts.isEmpty { return nil }
        let how =
            mode == .scd2
            ? "their versions end" : changes.isSoft ? "\(RowChanges.deletedAt) is set" : "they are removed"
        return "\(parts.joined(separator: ", and ")): \(how)"
    }
}
