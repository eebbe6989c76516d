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
    private let endpoint: HTTPEndpoint?
    private let directory: String
    private let filesByPartition: [Manifest.Partition: [SourceFile]]
    private let options: ReadingOptions?

    /// Prepares `stream`.
    ///
    /// - Parameters:
    ///   - wanted: the partitions of the invocation; for file sources the restriction `--set` of the columns.
    /// - Throws: `ExtractError`.
    package init(
        _ stream: Configuration.Stream, of configuration: Settings, wanted: [Manifest.Partition],
        restriction: [String: [String]], files: any FileSystem, clock: any Clock
    ) throws {
        settings = stream
        fingerprint = configuration.fingerprint(of: stream)
        lowWater = configuration.load.lowWater
        switch (stream.source, configuration.connections[stream.source.connection]) {
        case (.http(let source), .http(let connection)?):
            let client: HTTPClient
            do {
                client = try HTTPClient(HTTPOptions.make(connection, stream.timeouts))
                endpoint = try HTTPEndpoint(
                    name: source.connection, client: client, baseURL: connection.baseURL, settings: source,
                    retry: HTTPOptions.retry(stream.retry),
                    connectionHeaders: connection.headers.map(\.name), partitions: wanted.count, clock: clock)
            } catch { throw HTTPEndpoint.failure(error).error }
            partitions = wanted
            directory = ""
            filesByPartition = [:]
            options = nil
            deadline = 2 * client.options.requestTimeout + 2 * HTTP.RetryPolicy.retryAfterCap
        case (.files(let source), .files(let connection)?):
            endpoint = nil
            directory = connection.path
            do { options = try FileOptions.make(source, stream.columns) } catch {
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
            filesByPartition = Dictionary(uniqueKeysWithValues: found.map { ($0.partition, $0.files) })
            deadline = 600
        default:
            throw ExtractError(
                .configuration,
                "\(stream.job): connection \(stream.source.connection) cannot be read from as `source` asks")
        }
    }

    /// Whether it reads files.
    package var isFileSource: Bool { endpoint == nil }

    func files(of partition: Manifest.Partition) -> [SourceFile] { filesByPartition[partition] ?? [] }

    var guards: Guards {
        var guards = Guards()
        guards.allowEmpty = settings.allowEmpty
        guards.minimumShare = settings.minShare
        guards.maximumRejectRows = settings.maxRejects.rows
        guards.maximumRejectShare = settings.maxRejects.share
        guards.freezesColumns = settings.contract.columns == .freeze
        guards.freezesTypes = settings.contract.types == .freeze
        return guards
    }

    func reader(
        _ partition: Manifest.Partition, rank: Int, files: [SourceFile], context: ExtractContext, from: JSONValue,
        resume: JSONValue, rejects: InputRejects, isCancelled: @escaping () -> Bool
    ) throws -> any SourceReader {
        if let endpoint, case .http(let source) = settings.source {
            return try HTTPSourceReader(
                endpoint, source, context: context,
                log: LogKey(job: settings.job, stream: settings.name, partition: partition), rank: rank, resume: resume,
                from: from, rejects: rejects, isCancelled: isCancelled)
        }
        guard let options, case .files(let source) = settings.source else {
            throw ExtractError(.configuration, "\(settings.job) has no source")
        }
        return FileSourceReader(
            directory: directory, files: files, takesAll: settings.mode.isReplace, options: options,
            settings: source, context: context,
            partition: partition, rank: rank, from: from, resume: resume, rejects: rejects,
            isCancelled: isCancelled)
    }
}
