internal import ArgumentParser
internal import Configuration
internal import JSON
internal import Load
internal import Manifest
internal import Spool
internal import Storage

struct DeadDiscard: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard", abstract: "Gives a dead item, or a run that waits, up.",
        discussion: """
            Of a dead chunk, its whole run is given up: the target's head moves past it, and its rows that are not loaded are lost to \
            the target (the files stay in quarantine/). Rejects files only move to quarantine/. TARGET/RUN, without a chunk, gives a \
            run up that waits and cannot be loaded, such as one that stopped its job: its files go to the archive.
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "TARGET/RUN/SEQ, or TARGET/RUN.") var id: String
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false

    func run() throws {
        let access = try SpoolAccess(common)
        let spool = access.spool
        if let (queue, manifest) = try Refusal.usage({ try spool.waitingRun(id) }) {
            return try discard(manifest, queue, access)
        }
        var letters = DeadLetters(spool)
        let item = try Refusal.usage { try letters.item(id) }
        if case .chunk = item.content, item.isOpen, let manifest = item.manifest {
            return try discard(manifest, item.queue, access)
        }
        Console.error(
            "\(item.id): \(Dead.look(item, spool).reason). Its file moves to \(spool.root)/quarantine/; nothing in the target changes."
        )
        try confirm()
        let moved = try spool.setAside(item)
        finish([("id", .string(item.id)), ("moved_to", .array(moved.map { .string("\(spool.root)/\($0)") }))], "done")
    }

    private func discard(_ manifest: RunManifest, _ queue: String, _ access: SpoolAccess) throws {
        let spool = access.spool
        let workspace = try Workspace(common, needs: [.target])
        guard let name = manifest.targets.first(where: { spool.encode($0) == queue }) else {
            throw CommandError(.usage, "\(id): its manifest does not name target \(queue)")
        }
        let target = try workspace.openTarget(name, spool: spool)
        let plan: RunDiscard
        do { plan = try RunDiscard(manifest, spool: spool, target: target) } catch let error as SpoolError {
            throw CommandError(.failed, error.message)
        }
        let numbers = plan.runs.map { "\($0.number)" }.joined(separator: ", ")
        let rewind = Format.again(manifest, from: plan.cursorFrom)
        Console.error(
            "Discards manifest \(numbers) of \(manifest.job) \(manifest.stream) \(manifest.partition) in \(name):")
        Console.error(
            "  lost   \(Format.count(plan.rowsLost)) rows that are not in the target\(plan.rowsLoaded > 0 ? "; \(Format.count(plan.rowsLoaded)) are there and stay" : "")"
        )
        Console.error(
            "  range  cursor \(plan.cursorFrom.serializedText()) to \(plan.cursorTo.serializedText()): nothing reads it again by itself"
        )
        Console.error("  then   \(rewind)   reads it again")
        try confirm()
        let heart = Heart(files: spool.files, clock: spool.clock, seconds: spool.leaseSeconds)
        heart.start()
        defer { heart.end() }
        try plan.perform(spool: spool, heart: heart, target: target, queue: queue)
        finish(
            [
                ("id", .string(id)), ("target", .string(name)),
                ("manifests", .array(plan.runs.map { Document.count($0.number) })),
                ("rows_lost", Document.count(plan.rowsLost)), ("rows_loaded", Document.count(plan.rowsLoaded)),
                ("cursor_from", plan.cursorFrom), ("cursor_to", plan.cursorTo), ("next", .string(rewind)),
            ], "Discarded. To read the range again: \(rewind)")
    }

    private func confirm() throws {
        if yes || Console.confirm("Go on?") { return }
        throw CommandError(.usage, "nothing was changed: answer y, or give --yes")
    }

    private func finish(_ members: [(String, JSONValue)], _ text: String) {
        if common.json {
            Console.document(members)
        } else {
            Console.error(text)
        }
    }
}
