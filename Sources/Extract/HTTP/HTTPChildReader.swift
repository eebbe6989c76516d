internal import Chunk
internal import Configuration
internal import HTTP
internal import JSON
internal import Manifest
internal import Spool
internal import Threads

/// Reads the records of each parent of one partition: page by page of the parents, and for each of them page by page of its
/// own records.
///
/// A run goes on at the parent, and the page of it, where it broke off, if the page of parents is the same as it was then.
final class HTTPChildReader: SourceReader {
    private let plan: HTTPChildPlan
    private let context: ExtractContext
    private let log: LogKey
    private let rank: Int
    private let rejects: InputRejects
    private let isCancelled: () -> Bool
    private let connection: HTTPConnection
    private let parentConnection: HTTPConnection
    private let buffer = BodyBuffer()
    private let prefetch: ChildPrefetch?
    private var scanner = RecordScanner()
    private let carrier: ParentCarrier
    private var watermark: Watermark?
    private let since: String?

    // The page of parents in hand.
    private var parentPager: Pager
    /// Where it begins; nil where that may hold a secret.
    private var pageStart: JSONValue?
    /// Where the one behind it begins.
    private var upcoming: JSONValue?
    private var pageMark = ""
    private var parents: [ParentRecord]?
    private var hasMoreParents = true
    /// The parent in work.
    private var index = 0
    /// Where its pages stand; nil before its first one.
    private var pager: Pager?
    /// Where a dead extractor's chunks end, until its page of parents was read again.
    private var resume: JSONValue
    private var refused: [(range: Range<Int>, element: Int, fault: RecordFault)] = []
    private(set) var retries = 0

    init(
        _ plan: HTTPChildPlan, context: ExtractContext, log: LogKey, rank: Int, resume: JSONValue, from: JSONValue,
        rejects: InputRejects, isCancelled: @escaping () -> Bool
    ) throws {
        self.plan = plan
        self.context = context
        self.log = log
        self.rank = rank
        self.rejects = rejects
        self.isCancelled = isCancelled
        self.resume = resume
        connection = try HTTPConnection(plan.endpoint.client, isCancelled: isCancelled)
        parentConnection = try HTTPConnection(plan.parentEndpoint.client, isCancelled: isCancelled)
        carrier = ParentCarrier(plan.parent.fields.map(\.name))
        let start = resume["parents"] ?? .null
        parentPager = try Pager(
            plan.parentSettings.pagination, pageSize: plan.parentSettings.pageSize,
            resume: start.text == nil ? start : .null)
        upcoming = start.isNull ? HTTPChildReader.first : start
        watermark = try Watermark(
            plan.parentSettings, from: from, resume: resume, stream: "\(log.job)/\(log.stream)")
        since = watermark?.since
        prefetch =
            plan.parent.atOnce > 1
            ? ChildPrefetch(
                plan.endpoint, atOnce: plan.parent.atOnce, partition: log.partition.description, stop: context.stop)
            : nil
    }

    deinit { prefetch?.close() }

    private static let first = JSONValue.string("start")

    var cursorTo: JSONValue { watermark?.json ?? .null }

    func nextPage(into sink: RecordSink) throws -> Bool {
        while true {
            guard let parents else {
                guard hasMoreParents else { return false }
                try repeating(plan.parentEndpoint, sink) { _ in try readParents() }
                continue
            }
            if index < parents.count {
                try readPage(of: parents[index], into: sink)
                return true
            }
            watermark?.commitPage()
            self.parents = nil
        }
    }

    // MARK: Parents

    private func readParents() throws {
        let request = try plan.parentEndpoint.request(
            plan.parentSettings, log.partition, parentPager, since: since)
        let answer = try ChildPrefetch.answer(
            request, plan.parentEndpoint, parentConnection, buffer, log.partition.description)
        var found: [ParentRecord] = []
        var moved = parentPager
        let page = try answer.body.withUnsafeBufferPointer { bytes -> HTTPPage in
            guard let base = bytes.baseAddress else { throw HTTPPage.Malformed(reason: "the answer is empty") }
            do {
                return try HTTPPage(
                    base, answer.count, records: plan.parentEndpoint.recordTokens, parentPager, &scanner,
                    take: { _, scanner in
                        found.append(try ParentRecord(plan.parent, scanner, base))
                        try watermark?.observe(scanner, base)
                        return nil
                        // What is no record is set aside by the parent's own stream.
                    }, refuse: { _, _, _ in })
            } catch let error as HTTPPage.Malformed {
                throw HTTPPage.error(error, answer.response, bytes: answer.count)
            }
        }
        hasMoreParents = try page.advance(
            &moved, followsLinks: plan.parentSettings.pagination == .link, answer.response, url: request.url)
        var text: [UInt8] = []
        for parent in found {
            for value in parent.values { text += Array(value.value.utf8) + [0] }
            text.append(1)
        }
        pageMark = fnv1a(text)
        index = 0
        pager = nil
        if !resume.isNull {
            guard resume["page"]?.text == pageMark, let number = resume["next"]?.int64, number <= found.count else {
                throw ExtractError(
                    .data,
                    "the parents (\(plan.parent.stream)) changed since the last run broke off: run again, it begins anew"
                )
            }
            index = Int(number)
            if let place = resume["place"], !place.isNull {
                pager = try Pager(plan.settings.pagination, pageSize: plan.settings.pageSize, resume: place)
            }
            resume = .null
        }
        pageStart = upcoming
        upcoming = moved.json
        parentPager = moved
        parents = found
        let first = pager == nil ? index : index + 1
        let requests = try found.map { parent in
            try plan.endpoint.request(
                plan.settings, log.partition, try fresh(), since: nil, parent: parent.values)
        }
        prefetch?.begin(requests, from: first)
    }

    private func fresh() throws -> Pager {
        try Pager(plan.settings.pagination, pageSize: plan.settings.pageSize, resume: .null)
    }

    // MARK: Their records

    private func readPage(of parent: ParentRecord, into sink: RecordSink) throws {
        let isFirst = pager == nil
        let standing = try pager ?? fresh()
        do {
            try repeating(plan.endpoint, sink) { attempt in
                let answer: ChildPrefetch.Answer
                let request = try plan.endpoint.request(
                    plan.settings, log.partition, standing, since: nil, parent: parent.values)
                let own = {
                    try ChildPrefetch.answer(
                        request, self.plan.endpoint, self.connection, self.buffer, self.log.partition.description)
                }
                if isFirst, attempt == 1, let prefetch {
                    answer = try prefetch.answer(index, isCancelled: isCancelled, own: own)
                } else {
                    answer = try own()
                }
                try context.benches.with(rank: rank) { bench in
                    try take(answer, request, standing, parent, bench, sink)
                }
            }
        } catch let failure as ExtractFailure {
            guard failure.status == 404, plan.parent.skipsMissing, isFirst else { throw failure.error }
            next()
            try context.benches.with(rank: rank) { bench in
                sink.beginPage(bench)
                try sink.endPage(cursor: place)
            }
        }
    }

    private func take(
        _ answer: ChildPrefetch.Answer, _ request: HTTPRequest, _ standing: Pager, _ parent: ParentRecord,
        _ bench: Workbench, _ sink: RecordSink
    ) throws {
        try answer.body.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return }
            sink.beginPage(bench)
            refused.removeAll(keepingCapacity: true)
            let page: HTTPPage
            do {
                page = try HTTPPage(
                    base, answer.count, records: plan.endpoint.recordTokens, standing, &scanner,
                    take: { range, scanner in
                        try carrier.add(base, range, scanner, parent, to: sink)
                    }, refuse: { refused.append((range: $0, element: $1, fault: $2)) })
            } catch let error as HTTPPage.Malformed {
                throw HTTPPage.error(error, answer.response, bytes: answer.count)
            }
            var moved = standing
            if try page.advance(
                &moved, followsLinks: plan.settings.pagination == .link, answer.response, url: request.url)
            {
                pager = moved
            } else {
                next()
            }
            try rejects.add(refused, base, of: "\(standing.place) of \(parent.described)")
            try sink.endPage(cursor: place)
            context.report(.page(log.partition, rows: sink.rows, bytes: sink.bytes))
        }
    }

    /// The parent in work has no more pages.
    private func next() {
        pager = nil
        index += 1
    }

    /// Where a successor goes on; null where that would need an address, which may hold a secret.
    private var place: JSONValue {
        guard let pageStart else { return .null }
        var inner = JSONValue.null
        if let pager {
            guard let place = pager.json else { return .null }
            inner = place
        }
        return .record([
            ("parents", pageStart), ("page", .string(pageMark)), ("next", .integer(Int64(index))), ("place", inner),
            ("watermark", watermark?.json ?? .null),
        ])
    }

    // MARK: Attempts

    /// Does `body` until it succeeds or its attempts are spent; an error for good comes as ``ExtractFailure``.
    private func repeating(_ endpoint: HTTPEndpoint, _ sink: RecordSink, _ body: (Int) throws -> Void) throws {
        var attempt = 1
        while true {
            do { return try body(attempt) } catch {
                sink.forgetPage()
                let failure = ExtractFailure(error)
                guard failure.error.kind == .transient else { throw failure }
                attempt += 1
                let delay = endpoint.retry.delay(
                    beforeAttempt: attempt,
                    random: Double(context.spool.random().0 >> 11) / 9_007_199_254_740_992,
                    retryAfter: failure.retryAfter)
                guard let delay else {
                    throw ExtractError(
                        .transient, "\(failure.error.message) (given up after \(attempt - 1) attempts)")
                }
                retries += 1
                context.report(.retry(log, reason: failure.error.message, seconds: delay))
                if context.stop.sleep(seconds: delay) { throw ExtractError(.cancelled, "interrupted") }
            }
        }
    }
}
