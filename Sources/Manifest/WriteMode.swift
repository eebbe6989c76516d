/// How a run's rows change the target table (design: write modes).
package enum WriteMode: String, Sendable, Hashable, CaseIterable {
    /// Each chunk's rows are added; a chunk is one transaction and the others stay.
    case append
    /// Rows whose key is already there leave the stored row as it is.
    case insertOnly = "insert-only"
    /// Upsert by key; of equal keys the greatest (manifest, seq, line) wins.
    case merge
    /// The rows of one partition are replaced by the generation, in one transaction.
    case replacePartition = "replace-partition"
    /// The whole table is replaced by the generation, in one transaction.
    case replace

    /// Direct modes load each chunk straight into the table; staged modes become visible by an apply.
    package var isDirect: Bool {
        switch self {
        case .append, .insertOnly: true
        case .merge, .replacePartition, .replace: false
        }
    }

    /// Both replaces discard what stood before, so a later generation may jump over an earlier one.
    package var isReplace: Bool {
        switch self {
        case .replace, .replacePartition: true
        case .append, .insertOnly, .merge: false
        }
    }
}
