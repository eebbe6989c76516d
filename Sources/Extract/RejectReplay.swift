internal import Chunk
package import Configuration
internal import JSON
package import Manifest
package import Spool
internal import Storage

/// Gives rejected rows, mended or as they are, back as a run of their own (`kind: replay`).
package struct RejectReplay: Sendable {
    /// The manifest that holds the rows.
    package var number: Int
    package var run: RunID
    package var rows: Int

    /// A page of the sink.
    private static let pageRows = 4096

    /// Publishes the rows of a rejects file and moves the file into quarantine.
    ///
    /// Rows whose key is there already leave the stored row as it is; without a key they are appended. May be repeated:
    /// a replay that was published before is found in the log by its fingerprint.
    /// - Parameter shape: what the stream makes of its source's records, which refused input still is.
    /// - Throws: `SpoolError.refused` when older rows would be put over newer ones, or a row is no JSON object.
    package static func publish(
        _ item: DeadItem, spool: Spool, heart: Heart, shape: RecordShape? = nil
    ) throws -> RejectReplay {
        guard let parent = item.manifest else {
            throw SpoolError(.refused, "\(item.id): the log has no manifest of its run any more")
        }
        let isRaw = item.content == .input && parent.isShaped
        guard !isRaw || shape != nil else {
            throw SpoolError(
                .refused,
                "\(item.id): these rows are as the source sent them, before `shape`: name the configuration that has the job with -c FILE"
            )
        }
        let fingerprint = "replay:\(item.queue)/\(item.file)"
        let base = try spool.lastNumber(parent.log)
        var last = parent
        for number in stride(from: parent.base + 2, through: base, by: 1) {
            let newer = try spool.knownManifest(parent.log, number)
            last = newer
            if newer.kind == .replay, newer.parent == parent.run, newer.fingerprint == fingerprint {
                try spool.publish(newer, number: number)
                try spool.setAside(item)
                return RejectReplay(number: number, run: newer.run, rows: newer.rows)
            }
            if newer.kind == .data, !parent.mode.isDirect {
                throw SpoolError(
                    .refused,
                    "\(item.id): manifest \(number) of \(parent.stream) \(parent.partition) is newer, and these older rows would be put "
                        + "among its rows: correct them at the source and run the partition again, then `bobbin dead discard`"
                )
            }
        }
        guard !parent.key.isEmpty || parent.targets.count == 1 else {
            throw SpoolError(
                .refused,
                "\(item.id): the job has \(parent.targets.count) targets and no key, so that targets which took the rows would have them "
                    + "twice")
        }
        var manifest = RunManifest(
            spool: spool.id, run: spool.newRun(), job: parent.job, stream: parent.stream, targets: parent.targets,
            partition: parent.partition,
            mode: parent.isStaged ? parent.mode : parent.key.isEmpty ? .append : .insertOnly, key: parent.key,
            table: parent.table, priority: parent.priority, generation: parent.run, base: base, isFinal: true,
            fingerprint: fingerprint)
        manifest.generation = manifest.run
        manifest.kind = .replay
        manifest.parent = parent.run
        manifest.guards = parent.guards
        manifest.changes = parent.changes
        // A few rows are not all there are.
        manifest.changes.deletesMissing = false
        manifest.schema = parent.schema
        manifest.cursorFrom = last.cursorTo
        manifest.cursorTo = last.cursorTo
        manifest.started = spool.timestamp
        let writer = try RunWriter(spool, manifest, heart: heart, deadline: 600)
        do {
            try fill(writer, item, spool, schema: parent.schema, shape: isRaw ? shape : nil)
            guard case .committed(let number) = try writer.commit() else {
                throw SpoolError(
                    .refused, "\(item.id): another run of the partition was published this instant; replay again")
            }
            try writer.publish(number)
            try spool.setAside(item)
            return RejectReplay(number: number, run: manifest.run, rows: writer.manifest.rows)
        } catch {
            try? writer.discard()
            throw error
        }
    }

    private static func fill(
        _ writer: RunWriter, _ item: DeadItem, _ spool: Spool, schema: [Column], shape: RecordShape?
    ) throws {
        var declared: [String: LogicalType] = [:]
        for column in schema {
            switch column.type {
            // A row that is replayed as it was is refused again, and does not make the whole column a text.
            case .boolean, .integer, .bigint, .double, .decimal, .date, .time, .datetime, .timestamp, .uuid, .bytes:
                declared[column.name] = column.type
            case .null, .json, .text: break
            }
        }
        let bench = try Workbench(level: 3)
        let sink = RecordSink(
            writer, limits: .init(rows: 50_000, bytes: 16 << 20), declarations: declared, shape: shape)
        defer { sink.abandon() }
        var scanner = RecordScanner()
        let row = RawBuffer()
        var isInPage = false
        try spool.readRejects("\(spool.root)/\(item.path)") { number, reject in
            func refuse(_ reason: String) -> SpoolError {
                SpoolError(
                    .refused,
                    "\(item.id), line \(number): \(reason): mend \"row\" there (zstdcat, edit, zstd), or take the line out, and replay again"
                )
            }
            // What was no UTF-8 stands there replaced; only a person can say what it was.
            if !reject.reason.isEmpty, reject.row.unicodeScalars.contains("\u{FFFD}") {
                throw refuse("the row has U+FFFD, which may stand for bytes that were no UTF-8")
            }
            row.removeAll()
            Array(reject.row.utf8).withUnsafeBytes { row.append($0) }
            let base = UnsafePointer(row.base)
            do {
                let start = skipWhiteSpace(base, 0, row.count)
                let end = try scanner.scanObject(base, from: start, to: row.count)
                guard skipWhiteSpace(base, end, row.count) == row.count else { throw refuse("text after the record") }
                if !isInPage { sink.beginPage(bench) }
                isInPage = true
                if let fault = try sink.add(base, start..<end, scanner) {
                    throw refuse(fault.column.map { "\($0): \(fault.reason)" } ?? fault.reason)
                }
            } catch let error as JSONError {
                throw refuse("the row is no JSON object (\(error.message))")
            }
            if sink.pageRows >= pageRows {
                try sink.endPage(cursor: .null)
                isInPage = false
            }
            return true
        }
        if isInPage { try sink.endPage(cursor: .null) }
        try sink.finish(bench)
    }
}
