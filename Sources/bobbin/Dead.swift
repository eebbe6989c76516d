internal import ArgumentParser
internal import JSON
internal import Manifest
internal import Spool
internal import Storage

struct Dead: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What was set aside for a person: chunks that cannot be loaded, and rejected rows.",
        discussion: """
            Each item is named TARGET/RUN/SEQ; the first digits of the run are enough when they are unique. To mend an item, \
            decompress its file, edit it, compress it again under the same name with any zstd, and replay it.
            """,
        subcommands: [DeadList.self, DeadShow.self, DeadReplay.self, DeadDiscard.self], defaultSubcommand: DeadList.self
    )

    /// One item as JSON.
    static func document(_ item: DeadItem, rows: Int?, reason: String, spool: Spool) -> [(String, JSONValue)] {
        let manifest = item.manifest
        let kind: String
        switch item.content {
        case .chunk: kind = "chunk"
        case .rejects: kind = "rejected_rows"
        case .input: kind = "rejected_input"
        }
        return [
            ("id", .string(item.id)), ("kind", .string(kind)), ("target", .string(spool.display(item.queue))),
            ("run", .string(item.run.text)), ("job", Document.text(manifest?.job)),
            ("stream", Document.text(manifest?.stream)),
            ("partition", manifest.map { Document.partition($0.partition) } ?? .null),
            ("n", Document.count(manifest.map { $0.base + 1 })), ("open", .bool(item.isOpen)),
            ("class", Document.text(item.why?.failure ?? (item.why == nil && kind != "chunk" ? "data" : nil))),
            ("reason", Document.text(reason)), ("attempts", Document.count(item.why?.attempts)),
            ("crashes", Document.count(item.why?.crashes)), ("loader", Document.text(item.why?.loader)),
            ("rows", Document.count(rows)), ("bytes", Document.count(item.size)),
            ("file", .string("\(spool.root)/\(item.path)")),
            ("at", item.why.map { .string($0.at) } ?? Document.time(item.modified)),
        ]
    }

    /// Why an item is dead and how many rows it has; a rejects file is read for that, and its first reject speaks for it.
    static func look(_ item: DeadItem, _ spool: Spool) -> (reason: String, rows: Int?) {
        if case .chunk = item.content {
            return (item.why?.reason ?? "unknown: its reason is missing (bobbin fsck)", item.rows)
        }
        var first: String?
        var count = 0
        do {
            try spool.readRejects("\(spool.root)/\(item.path)") { number, reject in
                if first == nil { first = reject.column.map { "column \($0): \(reject.reason)" } ?? reject.reason }
                count = number
                return true
            }
        } catch { return ("its file cannot be read: \(error)", nil) }
        return ((first ?? "no row is left in it") + (count > 1 ? " (and \(count - 1) more)" : ""), count)
    }
}

struct DeadList: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists what is dead.")

    @OptionGroup var common: CommonOptions

    @Option(help: "Only this job; may be repeated.")
    var job: [String] = []

    @Option(help: "Only where the reason or its class has this text, in any case.")
    var reason: String?

    @Option(help: ArgumentHelp("Only what is older, such as 12h or 7d.", valueName: "age"))
    var olderThan: String?

    func run() throws {
        let spool = try SpoolAccess(common).spool
        let now = spool.clock.now()
        let before = try olderThan.map { now - 1000 * (try Age.seconds($0, option: "--older-than")) }
        var letters = DeadLetters(spool)
        let stream = common.json ? DocumentStream() : nil
        stream?.beginList("dead")
        var lines: [[String]] = []
        var count = 0
        try letters.visit { item in
            guard job.isEmpty || item.manifest.map({ job.contains($0.job) }) == true else { return }
            if let before, item.modified > before { return }
            let (text, rows) = Dead.look(item, spool)
            if let reason, !"\(text) \(item.why?.failure ?? "")".lowercased().contains(reason.lowercased()) { return }
            count += 1
            if let stream { return stream.item(.record(Dead.document(item, rows: rows, reason: text, spool: spool))) }
            guard lines.count < 1000 else { return }
            lines.append([
                item.id, item.manifest?.job ?? "?", item.manifest?.stream ?? "?",
                item.manifest?.partition.description ?? "?",
                item.why?.failure ?? "data", rows.map(Format.count) ?? "?", Age.text(item.modified, now: now),
                String(text.prefix(160)),
            ])
        }
        if let stream {
            stream.endList()
            stream.member("count", Document.count(count))
            return stream.end()
        }
        guard count > 0 else { return Console.out("Nothing is dead.") }
        Console.out(
            Format.table(["ID", "JOB", "STREAM", "PARTITION", "CLASS", "ROWS", "AGE", "REASON"], lines, right: [5, 6]))
        if count > lines.count {
            Console.out("... and \(Format.count(count - lines.count)) more: use --job, or --json")
        }
    }
}

struct DeadShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows one item: why, where, and its first bad rows.")

    @OptionGroup var common: CommonOptions
    @Argument(help: "TARGET/RUN/SEQ.") var id: String
    @Option(help: "As many rows.") var limit = 5

    func run() throws {
        let spool = try SpoolAccess(common).spool
        var letters = DeadLetters(spool)
        let item = try Refusal.usage { try letters.item(id) }
        let limit = max(0, min(limit, 1000))
        var bad: [(line: Int, reason: String, row: String)] = []
        var sample: [String] = []
        var unreadable: String?
        let (reason, rows) = Dead.look(item, spool)
        do {
            switch item.content {
            case .chunk:
                let found = try spool.inspectChunk(
                    "\(spool.root)/\(item.path)", checksRecords: true, limit: limit, .deadRead)
                bad = found.badLines.map { ($0.line, $0.reason, $0.text) }
                if bad.isEmpty { sample = found.sample }
            case .rejects, .input:
                if limit > 0 {
                    try spool.readRejects("\(spool.root)/\(item.path)") { _, reject in
                        let column = reject.column.map { "column \($0): " } ?? ""
                        let file = reject.file.map { "\($0): " } ?? ""
                        bad.append(
                            (
                                reject.line, "\(file)\(column)\(reject.reason)\(reject.code.map { " (\($0))" } ?? "")",
                                reject.row
                            ))
                        return bad.count < limit
                    }
                }
            }
        } catch { unreadable = "\(error)" }
        if common.json {
            let badRows: [JSONValue] = bad.map { row in
                .record([
                    ("line", Document.count(row.line)), ("reason", .string(row.reason)), ("row", .string(row.row)),
                ])
            }
            Console.document(
                Dead.document(item, rows: rows, reason: reason, spool: spool) + [
                    ("bad_rows", .array(badRows)), ("sample", .array(sample.map { .string($0) })),
                    ("unreadable", Document.text(unreadable)),
                ])
            return
        }
        let manifest = item.manifest
        Console.out(
            "\(item.id)  \(manifest?.job ?? "?") \(manifest?.stream ?? "") \(manifest?.partition.description ?? "")")
        Console.out("  reason   \(reason)")
        if let why = item.why {
            Console.out(
                "  class    \(why.failure), after \(why.attempts) attempts and \(why.crashes) deaths, by \(why.loader) at \(why.at)"
            )
        }
        Console.out("  file     \(spool.root)/\(item.path) (\(Format.bytes(item.size)))")
        Console.out("  its run  \(item.isOpen ? "is open: something waits for it" : "has ended")")
        if let unreadable { Console.out("  cannot be read: \(unreadable)") }
        for row in bad { Console.out("  line \(row.line): \(row.reason)\n    \(shortened(row.row))") }
        if !sample.isEmpty { Console.out("  every line is a JSON object; the first:") }
        for row in sample { Console.out("    \(shortened(row))") }
        Console.out(
            "Next: \(Format.command("dead replay \(item.id)"))   (mended or as it is), or \(Format.command("dead discard \(item.id)"))"
        )
    }

    private func shortened(_ row: String) -> String { row.count > 400 ? "\(row.prefix(400)) ..." : row }
}

/// The spool's refusals are usage where a name is wrong.
enum Refusal {
    static func usage<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as SpoolError {
            guard error.code == .refused else { throw error }
            throw CommandError(.usage, error.message)
        }
    }
}
