internal import Chunk
package import Configuration
package import JSON
package import Manifest
package import Spool

/// What one thread needs to turn records into frames; a few are shared by all partitions.
package final class Workbench {
    let raw = RawBuffer()
    let frames = RawBuffer()
    let compressor: FrameCompressor

    /// A bench that compresses at `level`.
    package init(level: Int) throws {
        compressor = try FrameCompressor(level: level)
    }
}

/// Takes the records of one run page by page and cuts them into chunks.
///
/// A page counts as a whole: until ``endPage(_:cursor:)`` nothing of it is written, so that a page that turns out to be cut is
/// forgotten by ``forgetPage()``. Chunks are cut between pages, where the extraction can go on.
package final class RecordSink {
    /// Rows and bytes after which a chunk is cut.
    package struct Limits: Sendable {
        package var rows: Int
        package var bytes: Int

        /// A chunk's size.
        package init(rows: Int, bytes: Int) {
            self.rows = rows
            self.bytes = bytes
        }
    }

    /// Smaller pages are collected before they become a frame.
    private static let frameBytes = 256 << 10

    private let writer: RunWriter
    private let limits: Limits
    /// Records of the run at most; what comes behind is passed over.
    private let most: Int
    // One thread uses a sink, and these two with every record.
    @exclusivity(unchecked) private var schema: SchemaInference
    @exclusivity(unchecked) private var notes = RecordNotes()
    /// What records go through first; nil where they are stored as they come.
    private let shaper: RecordShaper?
    private let shape: RecordShape?
    private let carry = RawBuffer()
    private let scratch = RawBuffer()
    private var chunk: ChunkFile?
    private var chunkRows = 0
    private var chunkBytes = 0
    private var chunkHash = RowHash()
    private var lastCursor: JSONValue = .null

    // The page in hand.
    private var bench: Workbench?
    private var pageSchema: SchemaInference?
    private var pageHash = RowHash()
    /// Records of the page in hand.
    package private(set) var pageRows = 0
    /// Records of all finished pages, adopted ones included.
    package private(set) var rows = 0
    /// Bytes of all finished pages.
    package private(set) var bytes = 0

    /// A sink for the run of `writer`, going on after what it adopted.
    ///
    /// - Parameters:
    ///   - declarations: the types of shaped columns.
    ///   - shape: what is made of records before they are stored.
    ///   - most: records of the run at most; nil for no limit.
    package init(
        _ writer: RunWriter, limits: Limits, declarations: [String: LogicalType], shape: RecordShape? = nil,
        most: Int? = nil
    ) {
        self.most = most ?? .max
        self.writer = writer
        self.limits = limits
        self.shape = shape
        shaper = shape.map { RecordShaper($0, began: writer.manifest.started) }
        schema = SchemaInference(declarations: declarations)
        schema.adopt(writer.manifest.schema)
        rows = writer.manifest.rows
        bytes = writer.manifest.bytes
    }

    /// Begins a page on `bench`.
    package func beginPage(_ bench: Workbench) {
        self.bench = bench
        bench.raw.removeAll()
        bench.raw.append(carry.bytes)
        pageSchema = schema
        pageHash = RowHash()
        pageRows = 0
    }

    /// Takes one record, which the scanner has just scanned.
    ///
    /// - Returns: why it was not taken: no table could, so it does not shape one either.
    package func add(
        _ base: UnsafePointer<UInt8>, _ range: Range<Int>, _ scanner: borrowing RecordScanner
    ) throws(ExtractError) -> RecordFault? {
        if isAtLimit { return nil }
        guard let shaper else { return try take(base, range, scanner) }
        do { try shaper.apply(base, scanner) } catch { return error }
        return try take(UnsafePointer(shaper.record.base), 0..<shaper.record.count, shaper.scanner)
    }

    private func take(
        _ base: UnsafePointer<UInt8>, _ range: Range<Int>, _ scanner: borrowing RecordScanner
    ) throws(ExtractError) -> RecordFault? {
        guard let bench else { return nil }
        let hasRoom: Bool
        do { hasRoom = try schema.observe(scanner, base, &notes) } catch { return error }
        guard hasRoom else {
            throw ExtractError(
                .configuration,
                "the records have more than \(SchemaInference.limit) different keys: the source uses values as keys; "
                    + "choose another `records` pointer")
        }
        let start = bench.raw.count
        if scanner.sawNewline {
            scratch.removeAll()
            scratch.append(capacity: range.count) { room in compact(base + range.lowerBound, range.count, to: room) }
            bench.raw.append(scratch.bytes)
        } else {
            bench.raw.append(UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
        }
        pageHash.add(UnsafeRawBufferPointer(start: bench.raw.base + start, count: bench.raw.count &- start))
        bench.raw.append(10)
        pageRows &+= 1
        return nil
    }

    /// The columns that the source says it has, before any record comes.
    ///
    /// - Parameter isFixed: whether they hold what they are declared as; otherwise their values may widen them.
    package func expect(_ columns: [Column], isFixed: Bool) {
        guard let shape else { return schema.expect(columns, isFixed: isFixed) }
        for column in shape.shaped(columns) {
            // Objects become columns of other names; what is none is the column.
            if shape.flatten > 0, column.type == .json {
                schema.declare(column)
            } else {
                schema.expect([column], isFixed: isFixed)
            }
        }
    }

    /// Whether records are shaped, so that they have to come one by one.
    package var isShaping: Bool { shaper != nil }

    /// Takes `count` records whose columns are all expected, one a line; only where nothing is shaped.
    package func add(lines: UnsafeRawBufferPointer, count: Int) {
        guard let bench else { return }
        bench.raw.append(lines)
        _ = pageHash.addLines(lines)
        pageRows &+= count
    }

    /// Rows after which the chunk is full or the limit reached, the page in hand not counted.
    package var rowsToFullChunk: Int { min(limits.rows - chunkRows, most - rows) }

    /// Whether the run has all the records it may have, the page in hand counted: no more are taken.
    package var isAtLimit: Bool { rows &+ pageRows >= most }

    /// The sorts of values that came in an expected column with ``add(lines:count:)``, where they may widen it.
    func observe(_ column: String, _ kinds: UInt16) { schema.observe(column, kinds) }

    /// Whether the chunk is full with the page in hand: a source that may end its page here should.
    package var isChunkFull: Bool {
        guard let bench else { return false }
        return chunkRows + pageRows >= limits.rows || chunkBytes + bench.raw.count - carry.count >= limits.bytes
    }

    /// Forgets the page in hand.
    package func forgetPage() {
        if let pageSchema { schema = pageSchema }
        pageSchema = nil
        bench = nil
        pageRows = 0
    }

    /// The page is whole: its records become part of the chunk.
    ///
    /// - Parameter cursor: where the extraction stands after the page; null when it cannot go on from there.
    package func endPage(cursor: JSONValue) throws {
        guard let bench else { return }
        defer { self.bench = nil }
        pageSchema = nil
        let added = bench.raw.count - carry.count
        let taken = pageRows
        rows += taken
        bytes += added
        chunkRows += taken
        chunkBytes += added
        chunkHash.add(pageHash)
        pageRows = 0
        lastCursor = cursor
        let isFull = chunkRows >= limits.rows || chunkBytes >= limits.bytes
        if bench.raw.count >= RecordSink.frameBytes || isFull {
            try write(bench)
            carry.removeAll()
        } else {
            carry.removeAll()
            carry.append(bench.raw.bytes)
        }
        writer.touch()
        if isFull { try finishChunk(isLast: false) }
    }

    /// The last page was taken: finishes the last chunk.
    package func finish(_ bench: Workbench) throws {
        if carry.count > 0 {
            bench.raw.removeAll()
            bench.raw.append(carry.bytes)
            try write(bench)
            carry.removeAll()
        }
        if chunk != nil { try finishChunk(isLast: true) }
        writer.manifest.schema = schema.columns
    }

    /// Removes the unfinished chunk after a failure.
    package func abandon() {
        chunk?.abandon()
        chunk = nil
    }

    private func write(_ bench: Workbench) throws {
        guard bench.raw.count > 0 else { return }
        let file = try chunk ?? writer.beginChunk()
        chunk = file
        bench.frames.removeAll()
        try bench.compressor.compress(bench.raw.bytes, into: bench.frames)
        try file.append(bench.frames.bytes)
    }

    private func finishChunk(isLast: Bool) throws {
        guard let file = chunk else { return }
        chunk = nil
        writer.manifest.schema = schema.columns
        try writer.finish(
            file, rows: chunkRows, bytes: chunkBytes, content: chunkHash.value, cursor: lastCursor, isLast: isLast)
        chunkRows = 0
        chunkBytes = 0
        chunkHash = RowHash()
    }
}
