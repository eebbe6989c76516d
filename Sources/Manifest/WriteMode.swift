/// How a run's rows change the target table (design: write modes).
package enum WriteMode: String, Sendable, Hashable, CaseIterable {
    /// Each chunk's rows are added; a chunk is one transaction and the others stay.
    case append
    /// Rows whose key is already there leave the stored row as it is.
    case insertOnly = "insert-only"
    /// Upsert by key; of equal keys the greatest (manifest, seq, line) wins.
    case merge
    /// Rows whose key is there change the columns that they have; others are passed over.
    case updateOnly = "update-only"
    /// Each change of a row makes a version with the time it holds for (slowly changing dimension, type 2: R. Kimball,
    /// "Slowly Changing Dimensions", DM Review, 2008).
    case scd2
    /// The rows of one partition are replaced by the generation, in one transaction.
    case replacePartition = "replace-partition"
    /// The whole table is replaced by the generation, in one transaction.
    case replace

    /// Direct modes load each chunk straight into the table; staged modes become visible by an apply.
    package var isDirect: Bool {
        switch self {
        case .append, .insertOnly: true
        case .merge, .updateOnly, .scd2, .replacePartition, .replace: false
        }
    }

    /// Both replaces discard what stood before, so a later generation may jump over an earlier one.
    package var isReplace: Bool {
        switch self {
        case .replace, .replacePartition: true
        case .append, .insertOnly, .merge, .updateOnly, .scd2: false
        }
    }

    /// Whether rows are told apart by their key.
    package var needsKey: Bool {
        switch self {
        case .insertOnly, .merge, .updateOnly, .scd2: true
        case .append, .replacePartition, .replace: false
        }
    }
}
