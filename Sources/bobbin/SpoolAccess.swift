internal import Configuration
internal import JSON
internal import Manifest
internal import Spool
internal import Storage

/// The spool for commands that look at it or mend it: with --spool, they work without a configuration, too.
struct SpoolAccess {
    let spool: Spool
    /// nil when there is none.
    let workspace: Workspace?

    /// The path of the spool, and the configuration if there is one.
    static func locate(_ options: CommonOptions) throws -> (path: String, workspace: Workspace?) {
        let files = POSIXFileSystem()
        if let path = options.spool, (try? files.status(options.config, .inventoryStatus)) == nil { return (path, nil) }
        let workspace = try Workspace(options)
        return (workspace.spoolPath, workspace)
    }

    init(_ options: CommonOptions) throws {
        let (path, workspace) = try SpoolAccess.locate(options)
        self.workspace = workspace
        if let workspace {
            // A path that was typed may be mistyped; the configuration's spool is made when absent, by whoever comes first.
            spool = try workspace.openSpool(create: options.spool == nil)
        } else {
            spool = try Spool(
                root: path, create: false, files: POSIXFileSystem(), clock: SystemClock(), host: LinuxProcesses(),
                random: SystemRandom.bits)
        }
    }

    /// Refuses names that neither the configuration nor the log knows.
    func check(jobs: [String]) throws {
        for job in jobs {
            if workspace?.settings.jobs.contains(where: { $0.name == job }) == true { continue }
            if (try? spool.files.status("\(spool.root)/manifests/\(spool.encode(job))", .inventoryStatus)) != nil {
                continue
            }
            let known = workspace?.settings.jobs.map(\.name) ?? []
            throw CommandError(
                .usage,
                "there is no job \"\(job)\" in the configuration or in the spool"
                    + (known.isEmpty ? "" : "; known: \(known.joined(separator: ", "))"))
        }
    }

    /// The configuration, for commands that need the target.
    func required(_ why: String) throws -> Workspace {
        guard let workspace else { throw CommandError(.usage, "\(why) needs the configuration: name it with -c FILE") }
        return workspace
    }
}

/// Pieces of the JSON documents that several commands print.
enum Document {
    static func text(_ value: String?) -> JSONValue { value.flatMap { $0.isEmpty ? nil : .string($0) } ?? .null }
    static func count(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
    static func time(_ milliseconds: Int64) -> JSONValue { .string(Timestamp.render(milliseconds)) }
    static func partition(_ partition: Manifest.Partition) -> JSONValue {
        .object(partition.fields.map { .init($0.name, .string($0.value)) })
    }

    /// The members that name a log.
    static func key(_ key: LogKey) -> [(String, JSONValue)] {
        [("job", .string(key.job)), ("stream", .string(key.stream)), ("partition", partition(key.partition))]
    }

    /// A partition whose last extraction failed.
    static func failure(_ failed: FailedExtraction) -> JSONValue {
        .record(
            key(failed.log) + [
                ("run", .string(failed.run.text)), ("state", .string(RunState.failed.rawValue)),
                ("class", .string(failed.failure)), ("error", .string(failed.error)), ("rows", count(failed.rows)),
                ("chunks", count(failed.chunks)), ("retries", count(failed.retries)),
                ("started_at", text(failed.started)), ("ended_at", text(failed.ended)),
            ])
    }

    /// One run in one target.
    static func run(_ status: RunStatus) -> JSONValue {
        let manifest = status.manifest
        return .record(
            key(manifest.log) + [
                ("target", .string(status.target)), ("n", count(status.number)), ("run", .string(manifest.run.text)),
                ("kind", .string(manifest.kind.rawValue)), ("mode", .string(manifest.mode.rawValue)),
                ("state", .string(status.state.rawValue)), ("outcome", text(status.outcome?.rawValue)),
                ("rows_extracted", count(status.rowsExtracted)), ("rows_loaded", count(status.rowsLoaded)),
                ("rows_rejected", count(status.rowsRejected)), ("chunks", count(status.chunks)),
                ("chunks_loaded", count(status.chunksLoaded)), ("chunks_dead", count(status.chunksDead)),
                ("retries", count(manifest.retries)), ("error", text(status.error)),
                ("started_at", text(manifest.started)),
                ("sealed_at", text(manifest.sealed)), ("updated_at", text(status.updated)),
            ])
    }
}

/// Prints a JSON document whose long list is never held: members before, the list's items one by one, members after.
final class DocumentStream {
    private var buffer: [UInt8] = Array("{\"format\":1".utf8)
    private var isFirst = true

    func member(_ key: String, _ value: JSONValue) {
        buffer += Array(",\"\(key)\":".utf8) + value.serialized()
        flush(1 << 16)
    }

    func beginList(_ key: String) {
        buffer += Array(",\"\(key)\":[".utf8)
        isFirst = true
    }

    func item(_ value: JSONValue) {
        if !isFirst { buffer.append(UInt8(ascii: ",")) }
        isFirst = false
        buffer += value.serialized()
        flush(1 << 16)
    }

    func endList() { buffer.append(UInt8(ascii: "]")) }

    func end() {
        buffer += Array("}\n".utf8)
        flush(0)
    }

    private func flush(_ limit: Int) {
        guard buffer.count > limit else { return }
        Console.write(1, String(decoding: buffer, as: UTF8.self))
        buffer.removeAll(keepingCapacity: true)
    }
}

/// How long ago something was, for people.
enum Age {
    static func text(_ milliseconds: Int64, now: Int64) -> String {
        let seconds = max(0, (now - milliseconds) / 1000)
        if seconds < 120 { return "\(seconds) s" }
        if seconds < 7200 { return "\(seconds / 60) min" }
        if seconds < 172_800 { return "\(seconds / 3600) h" }
        return "\(seconds / 86_400) d"
    }

    /// A duration such as `90m` or `2d`, in seconds.
    static func seconds(_ text: String, option: String) throws -> Int64 {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let last = text.last, let unit = units[last], let number = Int64(text.dropLast()), number >= 0,
            number < 1_000_000_000
        else { throw CommandError(.usage, "\(option) \(text): write a number and s, m, h or d, such as 12h") }
        return number * unit
    }
}
