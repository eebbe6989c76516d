internal import Configuration
internal import Formats
internal import HTTP
internal import JSON
internal import Manifest
internal import Spool
internal import Storage
internal import Threads

/// Reads the files of one partition, one after the other.
final class FileSourceReader: SourceReader {
    private let place: String
    private let session: any FileSession
    private let attempts: RemoteAttempts
    private let context: ExtractContext
    private let options: ReadingOptions
    private let settings: FileSourceSettings
    private let rank: Int
    private let pending: [SourceFile]
    private let rejects: InputRejects
    private let isCancelled: () -> Bool
    private let partition: Manifest.Partition
    private var seen: SeenSet
    private var index = 0
    private var reader: (any RecordReader)?
    private var source: ResumingSource?
    private var skip: UInt64 = 0
    private let block = RecordBlock()
    private var scanner = RecordScanner()
    var retries: Int { attempts.count }

    /// - Parameters:
    ///   - place: what stands before the files' paths in messages.
    ///   - session: the connection to where they lie.
    ///   - files: all files of the partition that are present.
    ///   - takesAll: also those that were seen before (a replace needs them all).
    ///   - from: `cursor.to` of the log's last manifest.
    ///   - resume: the cursor of the last adopted chunk.
    init(
        place: String, session: any FileSession, attempts: RemoteAttempts, files: [SourceFile], takesAll: Bool,
        options: ReadingOptions,
        settings: FileSourceSettings, context: ExtractContext,
        partition: Manifest.Partition, rank: Int, from: JSONValue, resume: JSONValue, rejects: InputRejects,
        isCancelled: @escaping () -> Bool
    ) {
        self.place = place
        self.session = session
        self.attempts = attempts
        self.options = options
        self.settings = settings
        self.context = context
        self.partition = partition
        self.rank = rank
        self.rejects = rejects
        self.isCancelled = isCancelled
        let before = FileSourceReader.set(from)
        let identities = files.map(\.identity)
        if takesAll {
            seen = resume.isNull ? SeenSet() : FileSourceReader.set(resume)
        } else {
            seen = resume.isNull ? before : FileSourceReader.set(resume)
        }
        seen.keep(present: identities)
        let wanted = Set(seen.pending(of: identities).map(\.file.pathKey))
        // A file that was begun goes first: the place in it is forgotten with the next one.
        let begun = seen.partial?.file.pathKey
        let open = files.filter { wanted.contains($0.identity.pathKey) }
        pending = open.filter { $0.identity.pathKey == begun } + open.filter { $0.identity.pathKey != begun }
    }

    private static func set(_ value: JSONValue) -> SeenSet {
        value["files"]?.text.flatMap { try? SeenSet(decoding: $0) } ?? SeenSet()
    }

    var cursorTo: JSONValue { json }

    private var json: JSONValue { .record([("files", .string(seen.encoded()))]) }

    func nextPage(into sink: RecordSink) throws -> Bool {
        while index < pending.count {
            if isCancelled() { throw ExtractError(.cancelled, "cancelled") }
            let file = pending[index]
            let reader = try self.reader ?? open(file)
            self.reader = reader
            var refused: [RejectedRecord] = []
            let path = file.identity.path
            do {
                guard try reader.read(into: block, reject: { refused.append($0) }) else {
                    try setAside(refused, path)
                    try close(file)
                    continue
                }
            } catch {
                throw failure(error, of: path)
            }
            try setAside(refused, path)
            try context.benches.with(rank: rank) { bench in try take(bench, sink, path) }
            context.report(.page(partition, rows: sink.rows, bytes: sink.bytes))
            return true
        }
        return false
    }

    private func open(_ file: SourceFile) throws -> any RecordReader {
        let source = ResumingSource(session, file, attempts)
        self.source = source
        skip = seen.nextOrdinal(of: file.identity)
        // Of an address the query is no part of the name.
        let name = settings.files.isEmpty ? file.identity.path : String(file.identity.path.prefix { $0 != "?" })
        return try FileOptions.options(options, for: name, settings).reader(source, path: name)
    }

    /// What stopped the reading: the store, the bytes, or whoever wrote the file meanwhile.
    private func failure(_ error: any Error, of path: String) -> ExtractError {
        switch error {
        case let known as ExtractError: known
        case is FileChanged: changed(path)
        case is HTTPError: ExtractError(error)
        default: ExtractError(.data, "\(place)/\(path): \(error): repair or replace the file, then run again")
        }
    }

    private func changed(_ path: String) -> ExtractError {
        ExtractError(
            .transient, "\(place)/\(path) changed while it was read: run again when its writer is done")
    }

    /// A file that changed while it was read is not what its identity says: the run is given up.
    private func close(_ file: SourceFile) throws {
        source?.close()
        source = nil
        reader = nil
        index += 1
        guard try attempts.run({ try session.isUnchanged(file) }) else { throw changed(file.identity.path) }
        seen.insert(file.identity)
    }

    private func take(_ bench: Workbench, _ sink: RecordSink, _ path: String) throws {
        sink.beginPage(bench)
        for place in block.records.indices {
            let position = block.records[place]
            if position.ordinal < skip { continue }
            if sink.isAtLimit { return try endPage(sink, next: position.ordinal) }
            if sink.isChunkFull {
                try endPage(sink, next: position.ordinal)
                sink.beginPage(bench)
            }
            let bytes = block.record(at: place)
            guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { continue }
            var count = bytes.count
            while count > 0, start[count - 1] == 10 || start[count - 1] == 13 { count -= 1 }
            if let fault = try takeLine(start, count, sink) { try setAside(fault, start, count, path, position.line) }
        }
        try endPage(sink, next: block.records.last.map { $0.ordinal + 1 } ?? 0)
    }

    /// The records before ordinal `next` of the file are in the sink: from there a successor can go on.
    private func endPage(_ sink: RecordSink, next: UInt64) throws {
        seen.partial = SeenSet.Partial(file: pending[index].identity, nextOrdinal: max(skip, next))
        try sink.endPage(cursor: json)
    }

    /// Hands the record of one line to the sink, without the white space around it; the reason when it is none.
    private func takeLine(_ start: UnsafePointer<UInt8>, _ count: Int, _ sink: RecordSink) throws -> RecordFault? {
        if let bad = validUTF8(start, count) { return RecordFault(reason: "no UTF-8 at byte \(bad) of the line") }
        let first = skipWhiteSpace(start, 0, count)
        let end: Int
        do { end = try scanner.scanObject(start, from: first, to: count) } catch {
            return RecordFault(reason: error.message)
        }
        guard skipWhiteSpace(start, end, count) == count else {
            return RecordFault(reason: "text after the record at byte \(end)")
        }
        return try sink.add(start, first..<end, scanner)
    }

    private func setAside(
        _ fault: RecordFault, _ start: UnsafePointer<UInt8>, _ count: Int, _ path: String, _ line: UInt64
    ) throws {
        let row = UnsafeBufferPointer(start: start, count: min(count, Reject.rowLimit))
        try rejects.add(
            Reject(
                file: path, line: Int(clamping: line), reason: fault.reason, column: fault.column,
                row: String(decoding: row, as: UTF8.self)))
    }

    private func setAside(_ refused: [RejectedRecord], _ path: String) throws {
        for record in refused where record.ordinal >= skip {
            try rejects.add(
                Reject(
                    file: path, line: Int(clamping: record.line), reason: record.reason,
                    row: String(decoding: record.raw, as: UTF8.self)))
        }
    }
}
