internal import Configuration
internal import Formats
internal import HTTP
internal import Manifest
internal import Spool
internal import Storage
internal import Threads

/// A stream of files made ready to extract: where they lie, and which there are.
struct FilePlan: Sendable {
    let settings: FileSourceSettings
    let options: ReadingOptions
    let store: any FileStore
    let partitions: [Manifest.Partition]
    /// Seconds that a run may go without a page.
    let deadline: Double
    private let retry: HTTP.RetryPolicy
    private let breaker: SourceBreaker
    /// Nil where they are known by name and looked at when they are read.
    private let listing: FileListing?
    private let templates: [URLTemplate]

    /// Looks for the files, unless they are known by name.
    ///
    /// - Parameters:
    ///   - wanted: the partitions whose values are listed.
    ///   - restriction: the only values of partitions that come from paths.
    /// - Throws: `ExtractError`.
    init(
        _ stream: Configuration.Stream, _ settings: FileSourceSettings, _ connection: Configuration.Connection,
        wanted: [Manifest.Partition], restriction: [String: [String]], files: any FileSystem, clock: any Clock
    ) throws {
        self.settings = settings
        do { options = try FileOptions.make(settings, stream.columns, stream.shape) } catch {
            throw ExtractError(.configuration, "\(stream.job): \(error)")
        }
        retry = HTTPOptions.retry(stream.retry)
        deadline = if case .files = connection { 600 } else { 2 * HTTP.RetryPolicy.retryAfterCap + 600 }
        store = try FilePlan.store(connection, stream.timeouts, files)
        guard settings.files.isEmpty else {
            let base = if case .http(let http) = connection { http.baseURL } else { "" }
            breaker = SourceBreaker(settings.connection, partitions: wanted.count, clock: clock)
            do {
                templates = try settings.files.map { try URLTemplate(baseURL: base, path: $0.description) }
            } catch { throw ExtractError(error) }
            listing = nil
            partitions = wanted
            return
        }
        templates = []
        let seeking = SourceBreaker(settings.connection, partitions: 1, clock: clock)
        let names = stream.partitions.map(\.name)
        let listing = try FileListing { [store, retry] in
            try FileDiscovery.find(
                settings.pattern, in: store, names: names, attempts: FilePlan.attempts(retry, seeking)
            ).filter { item in
                item.partition.fields.allSatisfy { field in
                    restriction[field.name]?.contains { $0.isSame(as: field.value) } ?? true
                }
            }
        }
        // Where nothing partitions the files, no file at all is still a (possibly empty) table.
        partitions = listing.partitions
        breaker = SourceBreaker(settings.connection, partitions: partitions.count, clock: clock)
        self.listing = listing
    }

    /// How many files were found; nil where they are known by name.
    var count: Int? { listing?.count }

    /// Where the files of a connection lie.
    ///
    /// - Throws: `ExtractError`.
    static func store(
        _ connection: Configuration.Connection, _ timeouts: StreamTimeouts, _ files: any FileSystem
    ) throws -> any FileStore {
        do {
            switch connection {
            case .files(let settings): return LocalStore(place: settings.path, files: files)
            case .s3(let settings): return try S3Store(settings)
            case .sftp(let settings): return SFTPStore(settings)
            case .http(let settings):
                return HTTPFileStore(
                    try HTTPClient(HTTPOptions.make(settings, timeouts)), baseURL: settings.baseURL)
            case .sqlite, .postgres, .mysql, .duckdb, .parquet, .odbc:
                throw ExtractError(.configuration, "a connection of type \(connection.type) has no files")
            }
        } catch { throw ExtractError(error) }
    }

    /// Attempts before there is a run: only a signal ends their waits.
    static func attempts(_ policy: HTTP.RetryPolicy, _ breaker: SourceBreaker) -> RemoteAttempts {
        RemoteAttempts(
            policy, breaker, partition: "", random: { Double.random(in: 0..<1) },
            sleep: { seconds in
                HTTPClock.system.sleep(seconds)
                return false
            }, report: { _, _ in })
    }

    /// Attempts of one partition's run.
    func attempts(_ log: LogKey, _ context: ExtractContext) -> RemoteAttempts {
        RemoteAttempts(
            retry, breaker, partition: log.partition.description,
            random: { Double(context.spool.random().0 >> 11) / 9_007_199_254_740_992 },
            sleep: { context.stop.sleep(seconds: $0) },
            report: { context.report(.retry(log, reason: $0, seconds: $1)) })
    }

    /// The files that a run which begins after manifest `base` is to compare with it; nil where they are known by name, and were looked at
    /// after it.
    func files(of partition: Manifest.Partition, after base: Int, lastNumber: (Manifest.Partition) throws -> Int) throws
        -> [SourceFile]?
    {
        try listing?.files(of: partition, after: base, lastNumber: lastNumber)
    }

    /// The files of a partition, as they were found, or as they are now where they are known by name.
    func files(
        of partition: Manifest.Partition, _ log: LogKey, _ context: ExtractContext, isCancelled: @escaping () -> Bool
    ) throws -> [SourceFile] {
        if let listing { return listing.files(of: partition) }
        let session = try store.connect(isCancelled: isCancelled)
        let attempts = attempts(log, context)
        var values: TemplateValues = [:]
        for field in partition.fields { values[field.name] = field.value }
        return try templates.map { template in
            let url = try template.url(values)
            let identity = try attempts.run { try session.identity(of: url) }
            return SourceFile(
                path: url,
                identity: FileIdentity(
                    path: HTTPFileStore.name(url, below: store.place), size: identity.size,
                    modifiedNanoseconds: identity.modifiedNanoseconds, contentHash: identity.contentHash))
        }
    }
}
