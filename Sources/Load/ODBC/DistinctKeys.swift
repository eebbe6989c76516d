internal import Chunk
internal import Glibc

/// Finds rows of a batch whose keys are the same, byte for byte. Nothing is allocated for a row.
struct DistinctKeys {
    /// Columns of the key.
    private let columns: [Int]
    /// Whether the last row of a key stays, else the first one.
    private let isLast: Bool
    /// Places of rows by the hash of their key, in a table twice as large as the most rows; -1 is none.
    private var slots: [Int32]

    /// - Parameter rows: at most so many are looked at together.
    init(_ columns: [Int], isLast: Bool, rows: Int) {
        self.columns = columns
        self.isLast = isLast
        var size = 4
        while size < 2 * rows { size *= 2 }
        slots = Array(repeating: -1, count: size)
    }

    /// Notes for each of these rows whether it stays.
    ///
    /// - Parameter stays: has room for all of them.
    mutating func find(_ rows: ArraySlice<Int>, _ batch: RowBatch, _ stays: inout [Bool]) {
        for index in slots.indices { slots[index] = -1 }
        for step in 0..<rows.count {
            let place = isLast ? rows.count - 1 - step : step
            let cells = batch.row(rows[rows.startIndex + place])
            var slot = Int(truncatingIfNeeded: hash(cells, batch)) & (slots.count - 1)
            stays[place] = true
            while slots[slot] >= 0 {
                if isSame(batch.row(rows[rows.startIndex + Int(slots[slot])]), cells, batch) {
                    stays[place] = false
                    break
                }
                slot = (slot + 1) & (slots.count - 1)
            }
            if stays[place] { slots[slot] = Int32(place) }
        }
    }

    /// FNV-1a (Fowler, Noll, Vo), whose upper bits are mixed into the lower ones.
    private func hash(_ cells: UnsafeMutablePointer<Cell>, _ batch: RowBatch) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for column in columns {
            let cell = cells[column]
            switch cell.kind {
            case .null, .integer, .double:
                hash = (hash ^ UInt64(bitPattern: cell.bits)) &* 0x100_0000_01b3
            case .text, .side, .bytes:
                for byte in batch.bytes(cell) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
                hash = (hash ^ UInt64(UInt32(bitPattern: cell.length))) &* 0x100_0000_01b3
            }
        }
        return hash ^ hash >> 32
    }

    private func isSame(
        _ left: UnsafeMutablePointer<Cell>, _ right: UnsafeMutablePointer<Cell>, _ batch: RowBatch
    ) -> Bool {
        for column in columns {
            let (one, other) = (left[column], right[column])
            switch (one.kind, other.kind) {
            case (.integer, .integer), (.double, .double), (.null, .null):
                if one.bits != other.bits { return false }
            case (.text, .text), (.text, .side), (.side, .text), (.side, .side), (.bytes, .bytes):
                let (one, other) = (batch.bytes(one), batch.bytes(other))
                guard one.count == other.count else { return false }
                if let start = one.baseAddress, let otherStart = other.baseAddress,
                    memcmp(start, otherStart, one.count) != 0
                {
                    return false
                }
            default: return false
            }
        }
        return true
    }
}

extension RowBatch {
    /// The bytes of a cell that is text or bytes.
    @inline(__always)
    func bytes(_ cell: Cell) -> UnsafeRawBufferPointer {
        let base = cell.kind == .text ? lines.base : side.base
        return UnsafeRawBufferPointer(start: base + Int(cell.bits), count: Int(cell.length))
    }
}
