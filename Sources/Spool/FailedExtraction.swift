internal import JSON
package import Manifest
internal import Storage

/// The last extraction of a partition, when it failed: for people, beside the log, until one succeeds.
///
/// Never evidence: it is written in place and not fsynced, and one that cannot be read is none.
package struct FailedExtraction: Sendable {
    package var log: LogKey
    /// n of the manifest it started from; with a newer one in the log it is history.
    package var base: Int
    package var run: RunID
    /// The failure's class, as `docs/json.md` names them.
    package var failure: String
    /// What happened, where, and what to do next.
    package var error: String
    /// Rows that were read, and whether the next run goes on behind them is told by `writing/`.
    package var rows: Int
    package var chunks: Int
    /// Requests that were repeated.
    package var retries: Int
    /// RFC 3339, UTC.
    package var started: String
    package var ended: String

    /// All of it.
    package init(
        log: LogKey, base: Int, run: RunID, failure: String, error: String, rows: Int, chunks: Int, retries: Int,
        started: String, ended: String
    ) {
        self.log = log
        self.base = base
        self.run = run
        self.failure = failure
        self.error = error
        self.rows = rows
        self.chunks = chunks
        self.retries = retries
        self.started = started
        self.ended = ended
    }

    func encoded() -> [UInt8] {
        JSONValue.record([
            ("format", .integer(Int64(RunManifest.firstFormat))), ("job", .string(log.job)),
            ("stream", .string(log.stream)),
            ("partition", log.partition.json), ("base", .integer(Int64(base))), ("run", .string(run.text)),
            ("class", .string(failure)), ("error", .string(error)), ("rows", .integer(Int64(rows))),
            ("chunks", .integer(Int64(chunks))), ("retries", .integer(Int64(retries))), ("started", .string(started)),
            ("ended", .string(ended)),
        ]).serialized()
    }

    init(decoding bytes: [UInt8]) throws {
        let reader = try ObjectReader(try JSONValue(parsing: bytes), "a failed extraction")
        try reader.checkFormat()
        self.init(
            log: LogKey(
                job: try reader.string("job"), stream: try reader.string("stream"),
                partition: try reader.partition("partition")),
            base: try reader.integer("base"), run: try reader.run("run"), failure: try reader.string("class"),
            error: try reader.string("error"), rows: try reader.integer("rows"), chunks: try reader.integer("chunks"),
            retries: try reader.integer("retries"), started: try reader.string("started"),
            ended: try reader.string("ended"))
    }
}

extension Spool {
    private func failurePath(_ key: LogKey) -> String { "\(log(key))/\(FileNames.failed)" }

    /// Notes that an extraction failed. That it cannot be noted is no failure of its own.
    package func note(_ failed: FailedExtraction) {
        try? files.makeDirectories(
            "\(root)/manifests", logComponents(failed.log), .failureMakeDirectory, sync: nil)
        try? files.writeFile(
            failurePath(failed.log), failed.encoded(), mode: .replace, create: .failureCreate, write: .failureWrite,
            close: .failureClose)
    }

    /// An extraction of the partition succeeded.
    package func forgetFailure(_ key: LogKey) {
        try? files.unlink(failurePath(key), .failureUnlink)
    }

    /// Visits the partitions whose last extraction failed.
    ///
    /// - Parameter jobs: only these; all when empty.
    package func visitFailures(jobs: Set<String> = [], _ body: (FailedExtraction) throws -> Void) throws {
        try visitLogs(jobs: jobs) { directory in
            guard directory.names.contains(FileNames.failed) else { return }
            let bytes = try? files.contents(
                "\(directory.path)/\(FileNames.failed)", limit: 1 << 20, open: .inventoryRead, read: .inventoryRead,
                close: .inventoryRead)
            guard let bytes, let failed = try? FailedExtraction(decoding: bytes) else { return }
            // A commit that could not remove it has made it history.
            if failed.base >= directory.numbers.last ?? 0 { try body(failed) }
        }
    }
}
