internal import ArgumentParser
internal import Chunk
internal import Configuration
internal import Extract
internal import Glibc
internal import JSON
internal import Manifest
internal import Spool
internal import Storage
internal import Threads

struct Preview: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows the first rows of a job and the schema inferred from them. Writes nothing.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var partitions: PartitionOptions

    @Argument(help: "The job.")
    var job: String

    @Option(help: "Rows to show.")
    var limit = 20

    func run() throws {
        guard limit > 0 else { throw CommandError(.usage, "--limit \(limit): give a number above 0") }
        let workspace = try Workspace(common, needs: [.source])
        let plans = try Session.plans(workspace, [job], partitions)
        let stop = StopSignal()
        Signals.stopOnInterrupt(stop)
        // The rows go through the real extraction into a spool that is thrown away: what is shown is what would be loaded.
        let scratch = try Scratch()
        defer { scratch.remove() }
        let spool = try Spool(
            root: scratch.path, create: true, files: workspace.files, clock: workspace.clock, host: LinuxProcesses(),
            random: SystemRandom.bits)
        let heart = Heart(files: workspace.files, clock: workspace.clock, seconds: spool.leaseSeconds)
        let context = ExtractContext(spool: spool, heart: heart, stop: stop, benches: [try Workbench(level: 1)]) { _ in
        }
        var streams: [JSONValue] = []
        for plan in plans {
            let preview: PartitionPreview
            do { preview = try PartitionPreview.first(plan, context: context, limit: limit) } catch {
                guard stop.isStopped else { throw error }
                throw CommandError(.interrupted, "interrupted")
            }
            if common.json { streams.append(document(plan, preview)) } else { print(plan, preview) }
        }
        if common.json {
            Console.document([("command", .string("preview")), ("job", .string(job)), ("streams", .array(streams))])
        }
    }

    private func print(_ plan: StreamPlan, _ preview: PartitionPreview) {
        Console.out("\(plan.settings.job): \(preview.partition), the first \(preview.rows.count) rows")
        Console.out(Format.table(["COLUMN", "TYPE"], preview.schema.map { [$0.name, $0.type.rawValue] }))
        for row in preview.rows { Console.out(row) }
        for warning in warnings(plan, preview) { Console.error("bobbin: warning: \(warning)") }
    }

    private func warnings(_ plan: StreamPlan, _ preview: PartitionPreview) -> [String] {
        var warnings: [String] = []
        if let refused = preview.refused {
            warnings.append("\(Format.count(refused.count)) records are refused; the first: \(refused.reason)")
        }
        if !preview.schema.isEmpty {
            warnings += preview.missingKey(plan).map { column in
                "no record of this page has the primary_key column \(column): without it every row is refused; "
                    + "the columns are those of the table above, letter for letter"
            }
        }
        return warnings
    }

    private func document(_ plan: StreamPlan, _ preview: PartitionPreview) -> JSONValue {
        .record([
            ("stream", .string(plan.settings.name)), ("partition", Document.partition(preview.partition)),
            ("schema", Column.json(preview.schema)),
            ("warnings", .array(warnings(plan, preview).map { .string($0) })),
            ("rows", .array(preview.rows.map { (try? JSONValue(parsing: $0, duplicateKeys: .kept)) ?? .string($0) })),
        ])
    }
}

/// A directory below TMPDIR that is removed again.
struct Scratch {
    let path: String

    init() throws {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/bobbin-preview-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw CommandError(.unavailable, "cannot make a directory in \(base): \(String(cString: strerror(errno)))")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func remove() {
        let files = POSIXFileSystem()
        func clear(_ path: String) {
            for name in (try? files.list(path, .doctorProbe)) ?? [] {
                let inner = "\(path)/\(name)"
                if (try? files.status(inner, .doctorProbe))?.kind == .directory {
                    clear(inner)
                } else {
                    try? files.unlink(inner, .doctorProbe)
                }
            }
            try? files.removeDirectory(path, .doctorProbe)
        }
        clear(path)
    }
}
