internal import Chunk
internal import Manifest

/// The rows of one chunk in a batch.
struct BatchSegment {
    enum State {
        /// The chunk goes on in the next batch.
        case open
        /// The whole file was read and is what the manifest says.
        case whole
        case failed(LoadError)
    }

    /// Index of the chunk in the unit's works.
    let work: Int
    /// The chunk's first rows are here, not in a batch before.
    let isBegin: Bool
    var rows: Range<Int>
    var state = State.open
}

/// A table of rows: lines as they were decompressed, and cells that point into them.
///
/// It holds whole chunks, one or many, or a part of a single one: what one chunk does wrong never spoils a part of
/// another.
///
/// `@unchecked Sendable`: a batch belongs to one thread at a time and is handed over through a queue.
final class RowBatch: @unchecked Sendable {
    /// A line that could not become a row.
    struct Fault {
        let work: Int
        let line: Int
        let fault: RowFault
        let text: String
    }

    let lines = RawBuffer()
    let side = RawBuffer()
    private(set) var cells: UnsafeMutablePointer<Cell>
    private var cellCapacity: Int
    /// Line number in the chunk of each row, and where the row lies in `lines`.
    private(set) var rows: UnsafeMutablePointer<(line: Int32, start: Int32, length: Int32)>
    private var rowCapacity: Int
    let columns: Int
    private(set) var count = 0
    /// In the order of the file.
    var segments: [BatchSegment] = []
    /// Lines that could not become rows.
    var faults: [Fault] = []
    /// What contracts have left out, by chunk.
    private(set) var discards: [Int: Discards] = [:]
    /// The rows in the order in which they go into the target; `nil` is the order of the file.
    var order: [Int32]?

    init(columns: Int) {
        self.columns = columns
        rowCapacity = 4096
        cellCapacity = rowCapacity * max(1, columns)
        cells = .allocate(capacity: cellCapacity)
        rows = .allocate(capacity: rowCapacity)
    }

    deinit {
        cells.deallocate()
        rows.deallocate()
    }

    func removeAll() {
        count = 0
        segments.removeAll(keepingCapacity: true)
        faults.removeAll(keepingCapacity: true)
        if !discards.isEmpty { discards.removeAll(keepingCapacity: true) }
        order = nil
        lines.removeAll()
        side.removeAll()
    }

    /// Bytes in use, about.
    var weight: Int { lines.count + side.count + RowBatch.weight(rows: count, columns: columns) }

    /// Bytes that rows need besides their lines, about.
    static func weight(rows: Int, columns: Int) -> Int { rows * (columns * MemoryLayout<Cell>.stride + 16) }

    /// The chunk that row `index` comes from.
    func work(of index: Int) -> Int {
        segments.first { $0.rows.contains(index) }?.work ?? segments.last?.work ?? 0
    }

    /// The cells of a new row, all null.
    @inline(__always)
    func appendRow(line: Int, start: Int, length: Int) -> UnsafeMutablePointer<Cell> {
        if count == rowCapacity { grow() }
        rows[count] = (
            Int32(truncatingIfNeeded: line), Int32(truncatingIfNeeded: start), Int32(truncatingIfNeeded: length)
        )
        let row = cells + count &* columns
        row.update(repeating: .null, count: columns)
        count &+= 1
        return row
    }

    /// Takes the row back that was appended last.
    @inline(__always)
    func dropLast() { count &-= 1 }

    /// Counts what a contract has left out of a chunk.
    func discard(_ work: Int, rows: Int = 0, values: Int = 0) {
        discards[work, default: Discards()].add(Discards(rows: rows, values: values))
    }

    /// The cells of row `index`.
    @inline(__always)
    func row(_ index: Int) -> UnsafeMutablePointer<Cell> { cells + index &* columns }

    /// Finds the rows that can be kept, in the order in which they go in; the others are refused with SQLSTATE 22003.
    ///
    /// - Parameters:
    ///   - rows: is filled anew.
    ///   - problem: why a row cannot be kept as it is; nil when it can.
    func sift(
        into rows: inout [Int], _ problem: (_ row: Int) -> String?,
        reject: (_ row: Int, _ reason: String, _ code: String) throws -> Void
    ) rethrows {
        rows.removeAll(keepingCapacity: true)
        for place in 0..<(order?.count ?? count) {
            let row = if let order { Int(order[place]) } else { place }
            if let problem = problem(row) { try reject(row, problem, "22003") } else { rows.append(row) }
        }
    }

    /// The row as it stands in the chunk, cut at `limit`.
    func text(_ index: Int, limit: Int) -> String {
        let place = rows[index]
        let bytes = UnsafeRawBufferPointer(
            start: lines.base + Int(place.start), count: min(Int(place.length), limit))
        return String(decoding: bytes, as: UTF8.self)
    }

    private func grow() {
        let newRows = UnsafeMutablePointer<(line: Int32, start: Int32, length: Int32)>.allocate(
            capacity: rowCapacity * 2)
        newRows.moveInitialize(from: rows, count: count)
        rows.deallocate()
        rows = newRows
        rowCapacity *= 2
        let newCells = UnsafeMutablePointer<Cell>.allocate(capacity: rowCapacity * max(1, columns))
        newCells.moveInitialize(from: cells, count: count * columns)
        cells.deallocate()
        cells = newCells
        cellCapacity = rowCapacity * max(1, columns)
    }
}
