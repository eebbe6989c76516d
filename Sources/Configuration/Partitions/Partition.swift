/// One partition column of a stream and the values that a run visits.
package struct Partition: Sendable, Hashable {
    /// The values of a partition column.
    package enum Values: Sendable, Hashable {
        /// In the order of the file; never empty, no value twice.
        case list([String])
        /// The days D-1 to D-n before today in the configuration's time zone; at least 1.
        case lastDays(Int)
        /// Every day from the first to the second, both included.
        case days(CivilDate, CivilDate)
        /// Whatever the paths of a file source tell.
        case fromPath
    }

    /// The column.
    package let name: String
    /// The values that a run visits.
    package let values: Values

    /// The values that a run visits.
    package init(name: String, values: Values) {
        self.name = name
        self.values = values
    }

    /// Whether values are dates, so that `--set` may name a day that is not among them.
    package var isDate: Bool {
        switch values {
        case .list(let values): values.allSatisfy { CivilDate($0) != nil }
        case .lastDays, .days: true
        case .fromPath: false
        }
    }

    /// How many values there are.
    package var count: Int {
        switch values {
        case .list(let values): values.count
        case .lastDays(let days): days
        case .days(let from, let to): to.daysSinceEpoch - from.daysSinceEpoch + 1
        case .fromPath: 1
        }
    }

    /// The values on a day: newest first for `lastDays`, else in the order of the file.
    func expanded(today: CivilDate) -> [String] {
        switch values {
        case .list(let values): values
        case .lastDays(let days): (1...max(1, days)).compactMap { today.adding(days: -$0)?.description }
        case .days(let from, let to):
            (from.daysSinceEpoch...max(from.daysSinceEpoch, to.daysSinceEpoch))
                .compactMap { CivilDate(daysSinceEpoch: $0)?.description }
        case .fromPath: []
        }
    }
}

/// One partition column and its value.
package struct PartitionValue: Sendable, Hashable {
    /// The column.
    package let name: String
    /// Its value.
    package let value: String

    /// A column and its value.
    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}
