internal import Glibc

/// Brings the rows of a batch into the order of its key's index.
///
/// Keys in order keep the index's pages hot: random keys cost several times as much. The sort goes column by column
/// and compares eight bytes of a value at once; only equal ones are looked at in full.
struct KeyOrder {
    private struct Item {
        var prefix: UInt64
        var row: Int32
    }

    private var items: [Item] = []

    /// Whether the rows come in key order; rows of equal keys count as ordered.
    func isSorted(_ batch: RowBatch, _ key: [Int]) -> Bool {
        guard !key.isEmpty, batch.count > 1 else { return true }
        for row in 1..<batch.count where compare(batch, row &- 1, row, key) > 0 { return false }
        return true
    }

    /// Sets `batch.order` when the rows do not come in key order; of equal keys the later stays later.
    ///
    /// - Returns: whether a sort was needed.
    mutating func sort(_ batch: RowBatch, _ key: [Int]) -> Bool {
        if isSorted(batch, key) { return false }
        var items: [Item] = []
        swap(&items, &self.items)
        items.removeAll(keepingCapacity: true)
        for row in 0..<batch.count { items.append(Item(prefix: 0, row: Int32(row))) }
        KeyOrder.sort(&items, 0..<items.count, batch, key[...])
        batch.order = items.map(\.row)
        swap(&items, &self.items)
        return true
    }

    /// Sorts a range of rows that are equal in the columns before `key`.
    private static func sort(_ items: inout [Item], _ range: Range<Int>, _ batch: RowBatch, _ key: ArraySlice<Int>) {
        guard range.count > 1 else { return }
        guard let column = key.first else {
            // Equal in all columns: the order of arrival decides.
            items[range].sort { $0.row < $1.row }
            return
        }
        for index in range {
            items[index].prefix = CellOrder.prefix(batch.row(Int(items[index].row))[column], batch)
        }
        items[range].sort { left, right in
            if left.prefix != right.prefix { return left.prefix < right.prefix }
            return CellOrder.compare(batch.row(Int(left.row))[column], batch.row(Int(right.row))[column], batch) < 0
        }
        var start = range.lowerBound
        while start < range.upperBound {
            let first = batch.row(Int(items[start].row))[column]
            var end = start + 1
            while end < range.upperBound, items[end].prefix == items[start].prefix,
                CellOrder.compare(first, batch.row(Int(items[end].row))[column], batch) == 0
            {
                end += 1
            }
            sort(&items, start..<end, batch, key.dropFirst())
            start = end
        }
    }

    @inline(__always)
    private func compare(_ batch: RowBatch, _ left: Int, _ right: Int, _ key: [Int]) -> Int {
        let a = batch.row(left)
        let b = batch.row(right)
        for column in key {
            let result = CellOrder.compare(a[column], b[column], batch)
            if result != 0 { return result }
        }
        return 0
    }
}
