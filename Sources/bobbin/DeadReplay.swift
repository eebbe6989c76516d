internal import ArgumentParser
internal import Configuration
internal import Extract
internal import JSON
internal import Manifest
internal import Spool
internal import Storage

struct DeadReplay: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Gives dead chunks and rejected rows back, edited or as they are.",
        discussion: """
            A chunk goes back into its queue under the same identity. Rejected rows become a run of their own: with a key, rows \
            that are there already stay as they are; without one they are appended.
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "TARGET/RUN/SEQ; several, if you like.") var ids: [String] = []
    @Flag(help: "Everything that is dead and whose run is open, and all rejected rows.") var all = false
    @Option(help: "With --all: only this job; may be repeated.") var job: [String] = []

    func run() throws {
        guard all != !ids.isEmpty else {
            throw CommandError(.usage, "name what is to be replayed (bobbin dead list), or --all")
        }
        guard all || job.isEmpty else { throw CommandError(.usage, "--job goes with --all") }
        let access = try SpoolAccess(common)
        let spool = access.spool
        var letters = DeadLetters(spool)
        var items: [DeadItem] = []
        if all {
            try letters.visit { item in
                guard job.isEmpty || item.manifest.map({ job.contains($0.job) }) == true else { return }
                if case .chunk = item.content, !item.isOpen { return }
                var light = item
                // A manifest may be large, and there may be many items: it is read again when its turn comes.
                light.manifest = nil
                items.append(light)
            }
        } else {
            for id in ids { items.append(try Refusal.usage { try letters.item(id) }) }
        }
        let heart = Heart(files: spool.files, clock: spool.clock, seconds: spool.leaseSeconds)
        heart.start()
        defer { heart.end() }
        var results: [JSONValue] = []
        var failed = 0
        for item in items {
            do {
                let result = try replay(try letters.item(item.id), access, heart)
                results.append(.record([("id", .string(item.id)), ("replayed", true)] + result))
            } catch let error as SpoolError {
                failed += 1
                Console.error("bobbin: \(error.message)")
                results.append(
                    .record([("id", .string(item.id)), ("replayed", false), ("error", .string(error.message))]))
            }
        }
        if common.json {
            Console.document([("items", .array(results)), ("failed", Document.count(failed))])
        } else if items.isEmpty {
            Console.error("Nothing is dead that could be replayed.")
        } else if failed < items.count {
            Console.error("\(items.count - failed) of \(items.count) given back. Next: \(Format.command("load"))")
        }
        if failed > 0 { throw ExitCode(ExitStatus.failed.rawValue) }
    }

    private func replay(_ item: DeadItem, _ access: SpoolAccess, _ heart: Heart) throws -> [(String, JSONValue)] {
        switch item.content {
        case .chunk:
            let done = try access.spool.replayChunk(item)
            Console.error("\(item.id): \(Format.count(done.rows)) rows\(done.isEdited ? ", edited," : "") wait again")
            return [("edited", .bool(done.isEdited)), ("rows", Document.count(done.rows))]
        case .rejects, .input:
            let done = try RejectReplay.publish(item, spool: access.spool, heart: heart, shape: try shape(item, access))
            Console.error("\(item.id): \(Format.count(done.rows)) rows wait as run \(done.run)")
            return [
                ("run", .string(done.run.text)), ("n", Document.count(done.number)),
                ("rows", Document.count(done.rows)),
            ]
        }
    }

    /// What the item's stream makes of its source's records today; of a pattern's tables all have one.
    private func shape(_ item: DeadItem, _ access: SpoolAccess) throws -> RecordShape? {
        guard item.content == .input, let manifest = item.manifest, manifest.isShaped else { return nil }
        let streams = access.workspace?.settings.jobs.first { $0.name.isSame(as: manifest.job) }?.streams ?? []
        let own = streams.first { $0.name.isSame(as: manifest.stream) } ?? streams.first { $0.isPattern }
        // A secret that is not there reads as nothing for those who need none.
        if own?.shape?.salt?.reveal().isEmpty == true {
            throw SpoolError(
                .refused, "\(item.id): its rows are hashed with the salt of `shape`, which is not set: set its variable"
            )
        }
        return own?.shape
    }
}
