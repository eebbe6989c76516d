internal import Chunk
internal import Glibc

/// The order of cells as a binary-collated index has it: null, numbers, text by bytes.
enum CellOrder {
    @inline(__always)
    static func compare(_ left: Cell, _ right: Cell, _ batch: RowBatch) -> Int {
        if left.kind == .integer, right.kind == .integer {
            return left.bits < right.bits ? -1 : left.bits > right.bits ? 1 : 0
        }
        let leftRank = rank(left.kind)
        let rightRank = rank(right.kind)
        if leftRank != rightRank { return leftRank < rightRank ? -1 : 1 }
        switch leftRank {
        case 0: return 0
        case 1:
            let a = number(left)
            let b = number(right)
            return a < b ? -1 : a > b ? 1 : 0
        default:
            let count = min(left.length, right.length)
            let result = Int(memcmp(start(left, batch), start(right, batch), Int(count)))
            return result != 0 ? result : Int(left.length) - Int(right.length)
        }
    }

    /// A number that is smaller for a smaller cell; equal ones say nothing. The two upper bits are the rank.
    @inline(__always)
    static func prefix(_ cell: Cell, _ batch: RowBatch) -> UInt64 {
        switch cell.kind {
        case .null: return 0
        case .integer, .double:
            // Floats order as their bits do, once negative ones are turned over; zero has two of them.
            let bits = (number(cell) + 0).bitPattern
            let ordered = bits >> 63 == 0 ? bits | 1 << 63 : ~bits
            return 1 << 62 | ordered >> 2
        case .text, .side, .bytes:
            let bytes = start(cell, batch)
            var value: UInt64 = 0
            // Buffers end in padding: eight bytes can always be read.
            memcpy(&value, bytes, 8)
            value = UInt64(bigEndian: value)
            if cell.length < 8 { value = cell.length == 0 ? 0 : value & ~(UInt64.max >> (8 &* UInt64(cell.length))) }
            return 2 << 62 | value >> 2
        }
    }

    @inline(__always)
    private static func rank(_ kind: Cell.Kind) -> Int {
        switch kind {
        case .null: 0
        case .integer, .double: 1
        case .text, .side, .bytes: 2
        }
    }

    @inline(__always)
    private static func number(_ cell: Cell) -> Double {
        cell.kind == .integer ? Double(cell.bits) : Double(bitPattern: UInt64(bitPattern: cell.bits))
    }

    @inline(__always)
    private static func start(_ cell: Cell, _ batch: RowBatch) -> UnsafePointer<UInt8> {
        UnsafePointer((cell.kind == .text ? batch.lines.base : batch.side.base) + Int(cell.bits))
    }
}
