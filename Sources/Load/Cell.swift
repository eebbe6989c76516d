internal import Chunk

/// One value on its way into a target: 16 bytes, text by offset.
struct Cell {
    enum Kind: UInt8 {
        case null
        case integer
        case double
        /// Text in the batch's lines.
        case text
        /// Text in the batch's side buffer: unescaped strings and constants.
        case side
    }

    /// The integer, the float64's bits, or the offset of the text.
    var bits: Int64
    /// Bytes of the text.
    var length: Int32
    var kind: Kind

    static let null = Cell(bits: 0, length: 0, kind: .null)
}

/// A table of rows of one chunk: lines as they were decompressed, and cells that point into them.
///
/// `@unchecked Sendable`: a batch belongs to one thread at a time and is handed over through a queue.
final class RowBatch: @unchecked Sendable {
    let lines = RawBuffer()
    let side = RawBuffer()
    private(set) var cells: UnsafeMutablePointer<Cell>
    private var cellCapacity: Int
    /// Line number in the chunk of each row, and where the row lies in `lines`.
    private(set) var rows: UnsafeMutablePointer<(line: Int32, start: Int32, length: Int32)>
    private var rowCapacity: Int
    let columns: Int
    private(set) var count = 0
    /// Lines that could not become rows.
    var faults: [(line: Int, fault: RowFault, row: String)] = []

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
        faults.removeAll(keepingCapacity: true)
        side.removeAll()
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

    /// The cells of row `index`.
    @inline(__always)
    func row(_ index: Int) -> UnsafeMutablePointer<Cell> { cells + index &* columns }

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
