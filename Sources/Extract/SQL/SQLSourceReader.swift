internal import Chunk
internal import Configuration
internal import Glibc
internal import HTTP
internal import JSON
internal import Manifest
internal import Spool
internal import Storage
internal import Threads

/// Reads one partition of a table or query, page by page.
///
/// A full read of a table with a key comes in the order of the key, an incremental one in the order of its cursor: after each
/// page it is known from where another run can go on. Both read one state of the database where it has that.
final class SQLSourceReader: SourceReader {
    /// Rows and bytes of a page.
    private static let pageRows = 5_000
    private static let pageBytes = 256 << 10

    private enum Phase {
        case rows
        /// Rows without a cursor.
        case nulls
        case done
    }

    private let plan: SQLPlan
    private let settings: SQLSourceSettings
    private let context: ExtractContext
    private let partition: Manifest.Partition
    private let rank: Int
    private let rejects: InputRejects
    private var watch: StopWatch?
    private let isCancelled: () -> Bool
    private let retry: HTTP.RetryPolicy
    private let read: SQLRead
    private let writer: RecordWriter
    private var session: (any SQLSession)?
    private var rows: (any SQLRows)?
    private var phase = Phase.rows
    private var cursor: SQLCursor?
    /// The order's values of the last row that was taken.
    private var after: [String]?
    /// What is in the sink ends here; null where the run cannot be taken up again.
    private var position: JSONValue
    private let from: JSONValue
    /// The values of the row that was read last, one after the other, and where each ends.
    private let values = RawBuffer()
    private var ends: [Int] = []
    private var scanner = RecordScanner()
    private var failures = 0
    private var wasSeen = 0
    private(set) var retries = 0

    init(
        _ plan: SQLPlan, context: ExtractContext, partition: Manifest.Partition, rank: Int, from: JSONValue,
        resume: JSONValue, rejects: InputRejects, isCancelled: @escaping () -> Bool
    ) throws {
        guard case .sql(let settings) = plan.stream.source else {
            throw ExtractError(.configuration, "\(plan.stream.job) reads no database")
        }
        self.plan = plan
        self.settings = settings
        self.context = context
        self.partition = partition
        self.rank = rank
        self.rejects = rejects
        self.isCancelled = isCancelled
        retry = HTTPOptions.retry(plan.stream.retry)
        writer = RecordWriter(plan.shape.columns)
        position = resume
        self.from = from
        let filters = try partition.fields.map { field in
            let column = plan.shape.column(field.name)
            let name = try plan.dialect.quote(field.name)
            let spelling = SQLRead(dialect: plan.dialect, source: "", columns: [], order: [], filters: [])
            guard let column else { return "\(name) = \(try plan.dialect.literal(field.value))" }
            let text = try spelling.literal(field.value, column, isNumber: false)
            let number = try spelling.literal(field.value, column)
            // Where a value may be either, a partition is both.
            return text == number ? "\(name) = \(text)" : "\(name) IN (\(text), \(number))"
        }
        read = SQLRead(
            dialect: plan.dialect, source: plan.source, columns: plan.shape.columns,
            order: plan.cursor.map { [$0] } ?? plan.order, filters: filters)
        if let column = plan.cursor, let settings = settings.cursor {
            let origin = CursorOrigin(column.name, of: plan.source)
            try origin.check(from, place, isExact: settings.isExact)
            let cursor = try SQLCursor(
                settings, column, origin, columns: plan.shape.columns, from: from, resume: resume)
            if cursor.hasForgotten, settings.isExact {
                throw ExtractError(
                    .configuration,
                    "\(place): its columns have changed since the last run, so that the rows at the boundary (\(settings.column) = "
                        + "\(cursor.start ?? "")) cannot be told from new ones: say where to begin with --since VALUE")
            }
            self.cursor = cursor
        } else {
            after = resume["after"]?.elements?.compactMap(\.text)
        }
    }

    /// Whether each row is a record that needs no second look: its keys are different, and not too many.
    private lazy var isPlain: Bool = {
        let names = plan.shape.columns.map(\.name.utf8).map(Array.init)
        return names.count <= SchemaInference.limit && Set(names).count == names.count
    }()

    private var place: String { "\(plan.stream.job)/\(plan.stream.name)" }

    var cursorTo: JSONValue { cursor?.json ?? .null }

    func nextPage(into sink: RecordSink) throws -> Bool {
        while true {
            if isCancelled() { throw ExtractError(.cancelled, "cancelled") }
            do {
                return try page(sink)
            } catch {
                let failure = ExtractError(error)
                rows = nil
                session = nil
                watch = nil
                if context.stop.isStopped { throw ExtractError(.cancelled, "interrupted") }
                sink.forgetPage()
                // What was taken stays, and the read goes on behind it, where it can.
                let canGoOn = sink.rows == 0 || !position.isNull
                failures += 1
                guard failure.kind == .transient, canGoOn,
                    let delay = retry.delay(
                        beforeAttempt: failures + 1,
                        random: Double(context.spool.random().0 >> 11) / 9_007_199_254_740_992)
                else { throw failure }
                retries += 1
                let log = LogKey(job: plan.stream.job, stream: plan.stream.name, partition: partition)
                context.report(.retry(log, reason: failure.message, seconds: delay))
                if context.stop.sleep(seconds: delay) { throw ExtractError(.cancelled, "cancelled") }
                try restart()
            }
        }
    }

    /// Takes the read up again from ``position``.
    private func restart() throws {
        // Of a row that was read and not taken.
        ends.removeAll()
        if let column = plan.cursor, let settings = settings.cursor {
            cursor = try SQLCursor(
                settings, column, CursorOrigin(column.name, of: plan.source), columns: plan.shape.columns, from: from,
                resume: position)
        } else {
            after = position["after"]?.elements?.compactMap(\.text)
        }
        phase = .rows
    }

    private func page(_ sink: RecordSink) throws -> Bool {
        guard phase != .done else { return false }
        let rows = try self.rows ?? open(sink)
        self.rows = rows
        writer.removeAll()
        let most = max(1, min(SQLSourceReader.pageRows, sink.rowsToFullChunk))
        var read = 0
        var isEnded = false
        while writer.rows < most, writer.page.count < SQLSourceReader.pageBytes {
            do {
                guard try rows.next(into: writer) else {
                    isEnded = true
                    break
                }
                read += 1
                try note(rows)
            } catch let fault as RecordFault {
                read += 1
                try setAside(fault)
            }
        }
        if !ends.isEmpty, phase == .rows, cursor == nil { after = currentValues }
        position = place(after: after)
        try context.benches.with(rank: rank) { bench in try take(bench, sink) }
        failures = 0
        context.report(.page(partition, rows: sink.rows, bytes: sink.bytes))
        if isEnded { try endStatement() }
        return phase != .done
    }

    /// Where a successor goes on once the page is taken.
    private func place(after: [String]?) -> JSONValue {
        if let cursor { return cursor.json }
        return after.map { .record([("after", .array($0.map { .string($0) }))]) } ?? .null
    }

    // MARK: Statements

    private func open(_ sink: RecordSink) throws -> any SQLRows {
        let session: any SQLSession
        if let known = self.session {
            session = known
        } else {
            session = try plan.open(settings.connection)
            self.session = session
            watch = StopWatch(context.stop, session.canceller)
            if plan.shape.hasSnapshot { try session.beginSnapshot() }
            try refuseNulls(session)
            sink.expect(
                plan.shape.columns.map { Column(name: $0.name, type: $0.type) }, isFixed: session.tellsTypes)
        }
        wasSeen = 0
        switch phase {
        case .rows where cursor != nil:
            return try session.rows(read.rows(from: cursor?.start, isNumber: cursor?.startIsNumber), read.columns)
        case .rows: return try session.rows(read.rows(after: after, limit: limit), read.columns)
        case .nulls, .done: return try session.rows(read.rowsWithoutCursor(), read.columns)
        }
    }

    /// Rows of one statement at most, where a long one would hold up those who write.
    private var limit: Int? {
        plan.shape.hasSnapshot || plan.order.isEmpty || cursor != nil ? nil : SQLSourceReader.pageRows
    }

    private func endStatement() throws {
        rows = nil
        switch phase {
        case .rows:
            if let limit, wasSeen >= limit { return }
            let takesNulls = settings.cursor?.nulls == .include && plan.cursor?.isNullable == true
            phase = takesNulls ? .nulls : .done
        case .nulls, .done: phase = .done
        }
    }

    private func refuseNulls(_ session: any SQLSession) throws {
        guard let cursor = settings.cursor, cursor.nulls == .fail, plan.cursor?.isNullable == true else { return }
        guard try session.value(read.rowWithoutCursor()) != nil else { return }
        throw ExtractError(
            .data,
            "\(place): there are rows whose cursor \(cursor.column) is NULL: say with null_cursor whether they are left out (skip) or, "
                + "under merge and insert-only, read with every run (include)")
    }

    // MARK: Rows

    /// Keeps the order's values of the row that was read last, and drops it if the run before had it.
    private func note(_ rows: any SQLRows) throws {
        wasSeen += 1
        guard phase == .rows, !read.positions.isEmpty else { return }
        values.removeAll()
        ends.removeAll(keepingCapacity: true)
        for position in read.positions {
            guard rows.appendText(position, to: values) else {
                if let cursor = plan.cursor {
                    throw ExtractError(
                        .configuration,
                        "\(place): its cursor \(cursor.name) holds values that the driver gives as NULL, as they do not fit the type "
                            + "\(cursor.native): choose another cursor, or read it by a connection of the database's own type"
                    )
                }
                // Only a table that was changed meanwhile has NULL here.
                throw ExtractError(.transient, "\(place): its key holds NULL: run again")
            }
            ends.append(values.count)
        }
        guard cursor != nil else { return }
        let isNumber = read.positions.first.flatMap { rows.isNumber($0) }
        let isNew = cursor?.note(values.bytes, isNumber: isNumber, writer.lastRow) ?? true
        if !isNew { writer.dropLastRow() }
        if settings.cursor?.isExact == true, cursor?.hasTooManyTies == true {
            throw ExtractError(
                .data,
                "\(place): more than \(SQLCursor.tieLimit) rows have one value of \(settings.cursor?.column ?? ""): mode append must know each of them "
                    + "to double none; choose a finer cursor, or use merge or insert-only with a primary_key")
        }
    }

    private var currentValues: [String] {
        var from = 0
        return ends.map { end in
            defer { from = end }
            return String(decoding: values.bytes[from..<end], as: UTF8.self)
        }
    }

    private func setAside(_ fault: RecordFault) throws {
        let row = writer.unfinished
        writer.undo()
        try rejects.add(
            Reject(
                line: wasSeen + 1, reason: fault.reason, column: fault.column,
                row: String(decoding: row.prefix(Reject.rowLimit), as: UTF8.self)))
        wasSeen += 1
    }

    private func take(_ bench: Workbench, _ sink: RecordSink) throws {
        sink.beginPage(bench)
        let page = writer.page
        if !sink.isShaping, session?.tellsTypes == true || isPlain {
            sink.add(lines: page.bytes, count: writer.rows)
            if session?.tellsTypes == false {
                for (index, column) in plan.shape.columns.enumerated() { sink.observe(column.name, writer.seen(index)) }
            }
            return try sink.endPage(cursor: position)
        }
        var start = 0
        let base = UnsafePointer(page.base)
        while start < page.count {
            let end = try scanner.scanObject(base, from: start, to: page.count)
            if let fault = try sink.add(base, start..<end, scanner) {
                let row = UnsafeBufferPointer(start: base + start, count: min(end - start, Reject.rowLimit))
                try rejects.add(
                    Reject(
                        line: wasSeen, reason: fault.reason, column: fault.column,
                        row: String(decoding: row, as: UTF8.self)))
            }
            start = end + 1
        }
        try sink.endPage(cursor: position)
    }
}

/// Ends a statement when the process is asked to stop: a server may work for long before it gives the next row.
private final class StopWatch {
    private let isOver = StopSignal()

    init(_ stop: StopSignal, _ cancel: @escaping @Sendable () -> Void) {
        let isOver = isOver
        let starter = pthread_self()
        _ = ThreadHandle.start {
            // Without a thread to be had this runs on the one that started it, which has other things to do.
            guard pthread_equal(pthread_self(), starter) == 0 else { return }
            while !isOver.sleep(seconds: 0.2) {
                if stop.isStopped { return cancel() }
            }
        }
    }

    deinit { isOver.stop() }
}
