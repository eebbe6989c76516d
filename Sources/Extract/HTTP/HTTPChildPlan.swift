internal import Configuration
internal import HTTP
internal import Storage

/// A stream that is asked for each record of another one, made ready to extract.
struct HTTPChildPlan: Sendable {
    let endpoint: HTTPEndpoint
    let settings: HTTPSourceSettings
    let parent: ParentSource
    /// Where the parents come from: the stream reads them by itself, whatever its parent's own runs do.
    let parentEndpoint: HTTPEndpoint
    let parentSettings: HTTPSourceSettings

    /// - Throws: `ExtractError`, `HTTPError`.
    init(
        _ endpoint: HTTPEndpoint, _ settings: HTTPSourceSettings, _ parent: ParentSource,
        of stream: Configuration.Stream,
        _ configuration: Settings, partitions: Int, clock: any Clock
    ) throws {
        self.endpoint = endpoint
        self.settings = settings
        self.parent = parent
        guard let above = configuration.parent(of: stream), case .http(let source) = above.source,
            case .http(let connection)? = configuration.connections[source.connection]
        else { throw ExtractError(.configuration, "\(stream.job): the parent \(parent.stream) is no HTTP source") }
        parentSettings = source
        // One connection's rate limit and token are shared.
        let client =
            source.connection == settings.connection && above.timeouts == stream.timeouts
            ? endpoint.client : try HTTPClient(HTTPOptions.make(connection, above.timeouts))
        parentEndpoint = try HTTPEndpoint(
            name: source.connection, client: client, baseURL: connection.baseURL, settings: source,
            retry: HTTPOptions.retry(above.retry), connectionHeaders: connection.headers.map(\.name),
            partitions: partitions, clock: clock)
    }
}
