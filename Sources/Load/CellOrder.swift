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

    @inline(__always)
    private static func rank(_ kind: Cell.Kind) -> Int {
        switch kind {
        case .null: 0
        case .integer, .double: 1
        case .text, .side: 2
        }
    }

    private static func number(_ cell: Cell) -> Double {
        cell.kind == .integer ? Double(cell.bits) : Double(bitPattern: UInt64(bitPattern: cell.bits))
    }

    @inline(__always)
    private static func start(_ cell: Cell, _ batch: RowBatch) -> UnsafePointer<UInt8> {
        UnsafePointer((cell.kind == .text ? batch.lines.base : batch.side.base) + Int(cell.bits))
    }
}
