internal import Configuration
internal import HTTP
internal import JSON
internal import Manifest
internal import Spool
internal import Threads

/// Reads one partition of a paged HTTP API.
final class HTTPSourceReader: SourceReader {
    private let source: HTTPEndpoint
    private let settings: HTTPSourceSettings
    private let context: ExtractContext
    private let log: LogKey
    private let rank: Int
    private let connection: HTTPConnection
    private let body = BodyBuffer()
    private let since: String?
    private let rejects: InputRejects
    /// Elements of the page in hand that are set aside with it: where in the body, which of its elements, and why.
    private var refused: [(range: Range<Int>, element: Int, fault: RecordFault)] = []
    private var scanner = RecordScanner()
    private var pager: Pager
    private var watermark: Watermark?
    private var isDone = false
    private(set) var retries = 0

    /// - Parameters:
    ///   - rank: place of the partition in the invocation; earlier ones are served first.
    ///   - resume: where a dead extractor's chunks end, if they were adopted.
    ///   - from: `cursor.to` of the log's last manifest.
    init(
        _ source: HTTPEndpoint, _ settings: HTTPSourceSettings, context: ExtractContext, log: LogKey, rank: Int,
        resume: JSONValue, from: JSONValue, rejects: InputRejects, isCancelled: @escaping () -> Bool
    ) throws {
        self.source = source
        self.settings = settings
        self.context = context
        self.log = log
        self.rank = rank
        self.rejects = rejects
        connection = try HTTPConnection(source.client, isCancelled: isCancelled)
        pager = try Pager(settings.pagination, pageSize: settings.pageSize, resume: resume)
        watermark = try Watermark(settings, from: from, resume: resume, stream: "\(log.job)/\(log.stream)")
        since = watermark?.since
    }

    var cursorTo: JSONValue { watermark?.json ?? .null }

    func nextPage(into sink: RecordSink) throws -> Bool {
        if isDone { return false }
        var attempt = 1
        while true {
            do {
                try fetch(into: sink)
                return true
            } catch {
                sink.forgetPage()
                let failure = ExtractError(error)
                guard failure.kind == .transient else { throw failure }
                attempt += 1
                let delay = source.retry.delay(
                    beforeAttempt: attempt, random: Double(context.spool.random().0 >> 11) / 9_007_199_254_740_992,
                    retryAfter: (error as? HTTPError)?.retryAfter)
                guard let delay else {
                    throw ExtractError(
                        .transient, "\(failure.message) (given up after \(attempt - 1) attempts)")
                }
                retries += 1
                context.report(.retry(log, reason: failure.message, seconds: delay))
                if context.stop.sleep(seconds: delay) { throw ExtractError(.cancelled, "interrupted") }
            }
        }
    }

    private func fetch(into sink: RecordSink) throws {
        let request = try source.request(settings, log.partition, pager, since: since)
        let ticket = try source.breaker.admit()
        let response: HTTPResponse
        do {
            body.removeAll()
            response = try connection.perform(request, into: body)
            try source.client.check(response, body: body)
        } catch {
            source.breaker.settle(ticket, log.partition.description, error)
            throw error
        }
        source.breaker.settle(ticket, log.partition.description, nil)
        try context.benches.with(rank: rank) { bench in
            try take(response, request, bench, sink)
        }
    }

    private func take(
        _ response: HTTPResponse, _ request: HTTPRequest, _ bench: Workbench, _ sink: RecordSink
    ) throws {
        let base = UnsafePointer(body.base.assumingMemoryBound(to: UInt8.self))
        sink.beginPage(bench)
        refused.removeAll(keepingCapacity: true)
        let page: HTTPPage
        do {
            page = try HTTPPage(
                base, body.count, records: source.recordTokens, pager, &scanner,
                take: { range, scanner in
                    if let fault = try sink.add(base, range, scanner) { return fault }
                    try watermark?.observe(scanner, base)
                    return nil
                }, refuse: { refused.append((range: $0, element: $1, fault: $2)) })
        } catch let error as HTTPPage.Malformed {
            throw HTTPPage.error(error, response, bytes: body.count)
        }
        let place = pager.place
        isDone = try !page.advance(
            &pager, followsLinks: settings.pagination == .link, response, url: request.url)
        watermark?.commitPage()
        try rejects.add(refused, base, of: place)
        try sink.endPage(cursor: resumeState)
        context.report(.page(log.partition, rows: sink.rows, bytes: sink.bytes))
    }

    /// Where a successor goes on: the pager's place, and the greatest value so far.
    private var resumeState: JSONValue {
        guard let place = pager.json else { return .null }
        guard let watermark else { return place }
        return .record([("place", place), ("watermark", watermark.json)])
    }
}
