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
        case files(FileSourceSettings, ReadingOptions, directory: String, [Manifest.Partition: [SourceFile]])
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
        let salt = RecordShaper.mark(of: settings.shape)
        fingerprint =
            wish.since == nil && !wish.isFullRefresh && salt.isEmpty
            ? identity : fnv1a("\(identity)\0\(wish.since ?? "")\0\(wish.isFullRefresh)\(salt)".utf8)
        lowWater = configuration.load.lowWater
        switch (stream.source, configuration.connections[stream.source.connection]) {
        case (.http(let source), .http(let connection)?):
            let client: HTTPClient
            do {
                client = try HTTPClient(HTTPOptions.make(connection, stream.timeouts))
                let endpoint = try HTTPEndpoint(
                    name: source.connection, client: client, baseURL: connection.baseURL, settings: source,
                    retry: HTTPOptions.retry(stream.retry),
                    connectionHeaders: connection.headers.map(\.name), partitions: wanted.count, clock: clock)
                self.source = .http(endpoint, source)
            } catch { throw ExtractError(error) }
            partitions = wanted
            deadline = 2 * client.options.requestTimeout + 2 * HTTP.RetryPolicy.retryAfterCap
        case (.files(let source), .files(let connection)?):
            let options: ReadingOptions
            do { options = try FileOptions.make(source, stream.columns, stream.shape) } catch {
                throw ExtractError(.configuration, "\(stream.job): \(error)")
            }
            let found = try FileDiscovery.find(
                source.pattern, in: connection.path, names: stream.partitions.map(\.name), files: files
            ).filter { item in
                item.partition.fields.allSatisfy { field in
                    restriction[field.name]?.contains { $0.isSame(as: field.value) } ?? true
                }
            }
            // Where nothing partitions the files, no file at all is still a (possibly empty) table.
            partitions = found.map(\.partition)
            self.source = .files(
                source, options, directory: connection.path,
                Dictionary(uniqueKeysWithValues: found.map { ($0.partition, $0.files) }))
            deadline = 600
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

    /// A stream of a database that could not be asked: its partitions fail.
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

    /// Why the database could not be asked.
    package var failure: ExtractError? { if case .failed(let error) = source { error } else { nil } }

    /// Whether it reads files.
    package var isFileSource: Bool { if case .files = source { true } else { false } }

    /// The table or query that it reads; nil for other sources.
    package var table: SQLPlan? { if case .sql(let plan) = source { plan } else { nil } }

    func files(of partition: Manifest.Partition) -> [SourceFile] {
        if case .files(_, _, _, let files) = source { files[partition] ?? [] } else { [] }
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
        case .files(let source, let options, let directory, _):
            return FileSourceReader(
                directory: directory, files: files, takesAll: settings.mode.isReplace || wish.isFullRefresh,
                options: options, settings: source, context: context,
                partition: partition, rank: rank, from: from, resume: resume, rejects: rejects,
                isCancelled: isCancelled)
        case .failed(let error): throw error
        case .sql(let plan):
            return try SQLSourceReader(
                plan, context: context, partition: partition, rank: rank, from: from, resume: resume, rejects: rejects,
                isCancelled: isCancelled)
        }
    }
}
