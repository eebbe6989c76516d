internal import Configuration
internal import Formats
internal import HTTP
internal import Manifest

/// The configuration's words for an HTTP connection as the client's options.
enum HTTPOptions {
    static func make(_ settings: HTTPSettings, _ timeouts: StreamTimeouts) -> HTTPClientOptions {
        var options = HTTPClientOptions(baseURL: settings.baseURL)
        options.headers = settings.headers.map { ($0.name, $0.value.reveal()) }
        switch settings.authorization {
        case .bearer(let token)?: options.authorization = .bearer(token.reveal())
        case .basic(let user, let password)?:
            options.authorization = .basic(user: user, password: password.reveal())
        case .oauth2(let oauth)?:
            options.authorization = .oauth2(
                OAuth2Settings(
                    tokenURL: oauth.tokenURL, clientID: oauth.clientID, clientSecret: oauth.clientSecret.reveal(),
                    scopes: oauth.scopes, audience: oauth.audience, style: oauth.style == .basic ? .header : .body))
        case nil: options.authorization = .none
        }
        options.clientCertificate = settings.clientCertificate.map {
            HTTP.ClientCertificate(
                certificateFile: $0.certificate, keyFile: $0.key, keyPassword: $0.keyPassword?.reveal())
        }
        options.caFile = settings.caFile
        options.verifyTLS = settings.verifyTLS
        options.connectTimeout = seconds(timeouts.connect ?? settings.timeouts.connect)
        options.requestTimeout = seconds(timeouts.request ?? settings.timeouts.request)
        options.idleTimeout = seconds(timeouts.idle ?? settings.timeouts.idle)
        options.proxy = settings.proxy.map { Proxy(url: $0.reveal()) }
        if let rate = settings.rateLimit {
            options.requestsPerSecond = Double(rate.requests) / max(seconds(rate.interval), 1e-9)
        }
        options.userAgent = settings.userAgent
        return options
    }

    static func retry(_ policy: Configuration.RetryPolicy) -> HTTP.RetryPolicy {
        let strategy: HTTP.RetryPolicy.Strategy =
            switch policy.strategy {
            case .exponential(let initial, let multiplier, let maximum):
                .exponential(
                    initial: seconds(initial), multiplier: Double(multiplier), max: seconds(maximum),
                    jitter: policy.jitter ? 0.5 : 0)
            case .linear(let initial, let increment, let maximum):
                .linear(initial: seconds(initial), increment: seconds(increment), max: seconds(maximum))
            case .fixed(let delay): .fixed(seconds(delay))
            case .list(let delays): .list(delays.map(seconds))
            }
        return HTTP.RetryPolicy(strategy: strategy, maxAttempts: policy.maxAttempts)
    }

    static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }
}

/// The configuration's words for files as the readers' options.
enum FileOptions {
    /// - Parameter shape: declared columns are the shaped ones, and files have those of before.
    static func make(
        _ source: FileSourceSettings, _ columns: [String: LogicalType], _ shape: RecordShape?
    ) throws -> ReadingOptions {
        let format: FileFormat? =
            switch source.format {
            case .auto: nil
            case .ndjson: .ndjson
            case .json: .json
            case .csv: .csv
            case .tsv: .tsv
            }
        let decompression: Decompression =
            switch source.compression {
            case .auto: .auto
            case .none: .none
            case .gzip: .gzip
            case .zstd: .zstd
            }
        var dialect: CSVDialect?
        if !source.columns.isEmpty || source.delimiter != nil || !source.hasHeader || source.null != nil
            || !columns.isEmpty
        {
            dialect = CSVDialect.csv
            if let delimiter = source.delimiter { dialect?.delimiter = delimiter }
            if !source.columns.isEmpty {
                dialect?.names = .declared(source.columns, skippingFirstRow: source.hasHeader)
            }
            if let null = source.null { dialect?.nullMarker = null }
            let texts = columns.filter { $0.value == .text }.keys
            dialect?.textColumns = Set(texts.flatMap { shape?.origins(of: $0) ?? [$0] })
        }
        var options = ReadingOptions(
            format: format, decompression: decompression, dialect: dialect, records: try JSONPointer(source.records))
        options.limits.field = 16 << 20
        return options
    }

    /// The options for one file: unless a delimiter is configured, a TSV file's is the tab.
    static func options(_ options: ReadingOptions, for path: String, _ source: FileSourceSettings) -> ReadingOptions {
        var own = options
        if own.dialect != nil, source.delimiter == nil, (own.format ?? FileFormat(fileName: path)) == .tsv {
            own.dialect?.delimiter = CSVDialect.tsv.delimiter
        }
        return own
    }
}
