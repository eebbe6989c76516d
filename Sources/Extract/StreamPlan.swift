package import Configuration
internal import Formats
internal import HTTP
internal import JSON
package import Manifest
internal import Spool
package import Storage
internal import Threads

/// One stream of the configuration made ready to extract: its client, its partitions and its files.
package final class StreamPlan: Sendable {
    package let settings: Configuration.Stream
    package let partitions: [Manifest.Partition]
    /// Identifies the source's configuration; an unfinished run of another one is not continued.
    package let fingerprint: String
    let deadline: Double
    let lowWater: Int
    private let source: Kind

    private enum Kind: Sendable {
        case http(HTTPEndpoint, HTTPSourceSettings)
        case child(HTTPChildPlan)
        case files(FilePlan)
        case sql(SQLPlan)
        /// The database could not be asked.
        case failed(ExtractError)
    }

    /// What one invocation asks of all its streams.
    package struct Wish: Sendable {
        /// Where an incremental stream begins, in place of where the last run ended.
        package var since: String?
        /// Whether everything is read anew and put in the place of what is there.
        package var isFullRefresh = false

        /// Rows of each partition at most; nil for all of them.
        package var limit: Int?

        /// Nothing out of the ordinary.
        package init() {}
    }

    package let wish: Wish

    /// Prepares `stream`.
    ///
    /// - Parameters:
    ///   - wanted: the partitions of the invocation; for file sources the restriction `--set` of the columns.
    ///   - table: what the stream is in its database.
    /// - Throws: `ExtractError`.
    package init(
        _ stream: Configuration.Stream, of configuration: Settings, wanted: [Manifest.Partition],
        restriction: [String: [String]], files: any FileSystem, clock: any Clock, table: SQLPlan? = nil,
        wish: Wish = Wish()
    ) throws {
        settings = table?.stream ?? stream
        self.wish = wish
        let identity = configuration.fingerprint(of: settings)
        // A run that was begun with another wish or salt is another one.
        let salt = RecordShaper.mark(of: settings.shape) + (table?.orderMark ?? "")
        fingerprint =
            wish.since == nil && !wish.isFullRefresh && wish.limit == nil && salt.isEmpty
            ? identity
            : fnv1a(
                "\(identity)\0\(wish.since ?? "")\0\(wish.isFullRefresh)\(wish.limit.map { "\0\($0)" } ?? "")\(salt)"
                    .utf8)
        lowWater = configuration.load.lowWater
        try table?.refuseItself(in: configuration, files: files)
        switch (stream.source, configuration.connections[stream.source.connection]) {
        case (.http(let source), .http(let connection)?):
            let client: HTTPClient
            do {
                client = try HTTPClient(HTTPOptions.make(connection, stream.timeouts))
                let endpoint = try HTTPEndpoint(
                    name: source.connection, client: client, baseURL: connection.baseURL, settings: source,
                    retry: HTTPOptions.retry(stream.retry),
                    connectionHeaders: connection.headers.map(\.name), partitions: wanted.count, clock: clock)
                if let parent = source.parent {
                    let child = try HTTPChildPlan(
                        endpoint, source, parent, of: stream, configuration, partitions: wanted.count, clock: clock)
                    if stream.changes.deletesMissing, child.parentSettings.incremental != nil {
                        throw ExtractError(
                            .configuration,
                            "\(stream.job)/\(stream.name): delete_missing would delete what belongs to parents that \(parent.stream) does "
                                + "not bring, as that is incremental: take one of the two out")
                    }
                    self.source = .child(child)
                } else {
                    self.source = .http(endpoint, source)
                }
            } catch { throw ExtractError(error) }
            partitions = wanted
            deadline = 2 * client.options.requestTimeout + 2 * HTTP.RetryPolicy.retryAfterCap
        case (.files(let source), let connection?):
            let plan = try FilePlan(
                stream, source, connection, wanted: wanted, restriction: restriction, files: files, clock: clock)
            partitions = plan.partitions
            self.source = .files(plan)
            deadline = plan.deadline
        case (.sql, .sqlite?), (.sql, .postgres?), (.sql, .mysql?), (.sql, .duckdb?),
            (.sql, .parquet?), (.sql, .odbc?):
            guard let table else { throw ExtractError(.configuration, "\(stream.job): its table was not looked for") }
            source = .sql(table)
            partitions = wanted
            // A server may sort for long before the first row comes.
            deadline = 86_400
        default:
            throw ExtractError(
                .configuration,
                "\(stream.job): connection \(stream.source.connection) cannot be read from as `source` asks")
        }
    }

    /// A stream of a database or host that could not be asked: its partitions fail.
    package init(
        _ stream: Configuration.Stream, of configuration: Settings, wanted: [Manifest.Partition], wish: Wish,
        failure: ExtractError
    ) {
        settings = stream
        self.wish = wish
        fingerprint = ""
        lowWater = configuration.load.lowWater
        source = .failed(failure)
        partitions = wanted
        deadline = 600
    }

    private var hasIncrementalParent: Bool {
        if case .child(let plan) = source { plan.parentSettings.incremental != nil } else { false }
    }

    /// Whether a run that reads only a part goes on behind it the next time; otherwise its cursor stays where it was.
    var goesOnBehindLimit: Bool { isFileSource && !readsAll }

    /// Why a run of a part of the rows would lose or double some; nil when it would not.
    ///
    /// - Parameter base: the number of the partition's last manifest; 0 when there is none.
    func limitRefusal(base: Int) -> ExtractError? {
        if wish.isFullRefresh, wish.since != nil {
            return ExtractError(
                .configuration,
                "--full-refresh with --since would put a part in the place of all rows: leave one of the two out")
        }
        guard wish.limit != nil else { return nil }
        if settings.mode.isReplace, base > 0 {
            return ExtractError(
                .configuration,
                "--limit would put a part in the place of all rows of the partition (mode \(settings.mode.rawValue)): leave it out, or try with "
                    + "another spool and another target")
        }
        let isIncremental =
            switch settings.source {
            case .http(let source): source.incremental != nil || hasIncrementalParent
            case .sql(let source): source.cursor != nil
            case .files: false
            }
        if settings.mode == .append, isIncremental {
            return ExtractError(
                .configuration,
                "--limit would double the rows that it reads, as the next run begins with them again (mode append with a cursor): leave it out, use "
                    + "merge or insert-only with a primary_key, or try with another spool and another target")
        }
        return nil
    }

    /// Why the database could not be asked.
    package var failure: ExtractError? { if case .failed(let error) = source { error } else { nil } }

    /// What the cursor of an incremental stream belongs to; nil for other streams.
    var origin: CursorOrigin? {
        switch source {
        case .sql(let plan): plan.cursor.map { CursorOrigin($0.name, of: plan.source) }
        case .http(_, let settings): settings.origin
        case .child(let plan): plan.settings.origin
        case .files, .failed: nil
        }
    }

    /// Whether it reads files.
    package var isFileSource: Bool { if case .files = source { true } else { false } }

    /// The table or query that it reads; nil for other sources.
    package var table: SQLPlan? { if case .sql(let plan) = source { plan } else { nil } }

    /// Columns with what the source says of their precision, where they are still what the source declares.
    func precise(_ columns: [Column]) -> [Column] {
        guard let known = table?.columns.filter({ $0.precision != nil }), !known.isEmpty else { return columns }
        return columns.map { column in
            known.first { $0.type == column.type && $0.name.isSame(as: column.name) } ?? column
        }
    }

    /// Whether rows are still read in the order that a broken-off run ended in: a table of few rows is read in none.
    func canGoOn(from resume: JSONValue) -> Bool {
        guard case .sql(let plan) = source, plan.cursor == nil else { return true }
        return !plan.order.isEmpty && resume["after"]?.elements?.count == plan.order.count
    }

    /// Whether each run reads all that there is, as far as that is in the stream's hands.
    var readsAll: Bool { settings.mode.isReplace || settings.changes.deletesMissing && isFileSource }

    /// What a run does besides upserting its rows.
    ///
    /// - Parameter from: where it begins.
    func changes(from: JSONValue) -> RowChanges {
        var changes = settings.mode == .merge || settings.mode == .scd2 ? settings.changes : RowChanges()
        changes.isSoft = changes.isSoft && settings.mode == .merge
        // What was not read is not missing.
        let isWhole = wish.since == nil && wish.limit == nil && (from.isNull || readsAll)
        changes.deletesMissing = changes.deletesMissing && isWhole
        if settings.mode == .scd2, let column = settings.shape?.loadedAt { changes.unversioned = [column] }
        return changes
    }

    /// Whether it reads files that its configuration names, so that its partitions are listed there, too.
    package var isNamed: Bool { if case .files(let plan) = source { !plan.settings.files.isEmpty } else { false } }

    /// How it is read, in words, where that does not go without saying; nil for paged HTTP sources.
    package var reading: String? {
        switch source {
        case .http, .failed: return nil
        case .sql(let plan): return plan.reading
        case .child(let plan): return "\(plan.settings.path) for each record of \(plan.parent.stream)"
        case .files(let plan):
            guard let count = plan.count else { return "files by name from \(plan.store.place)" }
            return "\(count) \(count == 1 ? "file" : "files") of \(plan.store.place)"
        }
    }

    /// Where the files of a file source lie, for messages.
    package var place: String? { if case .files(let plan) = source { plan.store.place } else { nil } }

    /// The files of a partition as they are now; none of other sources.
    func files(
        of partition: Manifest.Partition, _ context: ExtractContext, isCancelled: @escaping () -> Bool
    ) throws -> [SourceFile] {
        guard case .files(let plan) = source else { return [] }
        return try plan.files(
            of: partition, LogKey(job: settings.job, stream: settings.name, partition: partition), context,
            isCancelled: isCancelled)
    }

    /// The files to compare with what manifest `base` says was read; nil where those that are known are newer than it.
    func files(of partition: Manifest.Partition, after base: Int, in spool: Spool) throws -> [SourceFile]? {
        guard case .files(let plan) = source else { return nil }
        return try plan.files(of: partition, after: base) { other in
            try spool.lastNumber(LogKey(job: settings.job, stream: settings.name, partition: other))
        }
    }

    var guards: Guards {
        var guards = Guards()
        guards.allowEmpty = settings.allowEmpty
        guards.minimumShare = settings.minShare
        guards.maximumRejectRows = settings.maxRejects.rows
        guards.maximumRejectShare = settings.maxRejects.share
        guards.columns = settings.contract.columns
        guards.types = settings.contract.types
        guards.freezesTables = settings.contract.freezesTables
        return guards
    }

    func reader(
        _ partition: Manifest.Partition, rank: Int, files: [SourceFile], context: ExtractContext, from: JSONValue,
        resume: JSONValue, rejects: InputRejects, isCancelled: @escaping () -> Bool
    ) throws -> any SourceReader {
        switch source {
        case .http(let endpoint, let source):
            return try HTTPSourceReader(
                endpoint, source, context: context,
                log: LogKey(job: settings.job, stream: settings.name, partition: partition), rank: rank, resume: resume,
                from: from, rejects: rejects, isCancelled: isCancelled)
        case .child(let plan):
            return try HTTPChildReader(
                plan, context: context,
                log: LogKey(job: settings.job, stream: settings.name, partition: partition), rank: rank, resume: resume,
                from: from, rejects: rejects, isCancelled: isCancelled)
        case .files(let plan):
            let log = LogKey(job: settings.job, stream: settings.name, partition: partition)
            return FileSourceReader(
                place: plan.store.place, session: try plan.store.connect(isCancelled: isCancelled),
                attempts: plan.attempts(log, context), files: files,
                takesAll: readsAll || wish.isFullRefresh, options: plan.options, settings: plan.settings,
                context: context, partition: partition, rank: rank, from: from, resume: resume, rejects: rejects,
                isCancelled: isCancelled)
        case .failed(let error): throw error
        case .sql(let plan):
            return try SQLSourceReader(
                plan, context: context, partition: partition, rank: rank, from: from, resume: resume, rejects: rejects,
                isCancelled: isCancelled)
        }
    }
}
