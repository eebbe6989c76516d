/// All fault records of one (domain, date): a pure function of seed, domain, date, epoch and the row's index, so that
/// any page is made at random access and two processes with the same options serve the same bytes.
package struct Partition: Sendable {
    /// The most rows a partition can have; keeps every timestamp of an epoch within its day.
    package static let maxRows = 50_000_000
    /// The highest epoch; bounds the search for the epoch that last changed a row.
    package static let maxEpoch = 100
    /// Rows that share one `updated_at`, so that a cursor by time meets ties.
    package static let rowsPerTimestamp = 7

    /// Domain as asked for, any text.
    package let domain: String
    /// The day the records belong to.
    package let date: Day
    /// Number of records, indices 0 ..< rows.
    package let rows: Int
    /// 0 for the first state of the data; each epoch changes about a tenth of the rows.
    package let epoch: Int

    let key: UInt64

    /// Describes a partition; rows and epoch are clamped to what is supported.
    package init(seed: UInt64, domain: String, date: Day, rows: Int, epoch: Int = 0) {
        self.domain = domain
        self.date = date
        self.rows = min(max(0, rows), Self.maxRows)
        self.epoch = min(max(0, epoch), Self.maxEpoch)
        key = SplitMix.hash(domain.utf8, into: seed ^ SplitMix.mix(UInt64(bitPattern: Int64(date.number))))
    }

    /// The rank of a row: ascending, from 1 on, each ten rows take eleven ranks, so one rank in eleven is a gap.
    @inline(__always)
    package func rank(at index: Int) -> Int {
        let block = index / 10, place = index % 10
        return block * 11 + place + (place >= gap(in: block) ? 2 : 1)
    }

    /// The index of the first row with a greater rank; `rows` when there is none.
    package func index(after rank: Int) -> Int {
        guard rank > 0 else { return 0 }
        var index = min((rank - 1) / 11, Self.maxRows / 10) * 10
        while index < rows && self.rank(at: index) <= rank { index += 1 }
        return min(index, rows)
    }

    private func gap(in block: Int) -> Int {
        Int(SplitMix.mix(key &+ UInt64(block)) % 10)
    }

    /// The epoch, 0 to `epoch`, that last changed a row.
    @inline(__always)
    func lastChange(of index: Int) -> Int {
        var candidate = epoch
        while candidate > 0 {
            if SplitMix.mix(key ^ SplitMix.mix(UInt64(candidate)) &+ UInt64(index)) % 10 == 0 { return candidate }
            candidate -= 1
        }
        return 0
    }

    /// When the row was last changed, in milliseconds since 1970: within the partition's date for epoch 0, a day later for
    /// each epoch; ascending in (epoch of the change, index).
    package func updatedAt(_ index: Int, changedIn change: Int) -> Int {
        (date.number + change) * 86_400_000 + index / Self.rowsPerTimestamp * 10
    }

    /// The state of the random sequence that a row's content is drawn from.
    @inline(__always)
    func state(of index: Int) -> UInt64 {
        let base = key ^ (UInt64(index) &* SplitMix.gamma)
        return epoch == 0
            ? SplitMix.mix(base) : SplitMix.mix(base &+ UInt64(lastChange(of: index)) &* 0xD6E8_FEB8_6659_FD93)
    }
}
