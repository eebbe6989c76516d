/// What a loader remembers of the keys of a table from one transaction to the next: rows of which the keys were known there
/// last time go the way for such rows at once.
///
/// Only speed depends on it. Used by one thread.
final class KnownKeys {
    /// After so many transactions the straight way is tried again.
    private static let trust = 16

    private(set) var isExpected = false
    private var transactions = 0

    /// A key was known.
    func meet() {
        isExpected = true
        transactions = 0
    }

    /// All rows of a transaction were given.
    ///
    /// - Parameter isStraight: they went straight into the table, since none of their keys was known.
    func end(isStraight: Bool) {
        transactions += 1
        if isStraight || transactions >= KnownKeys.trust { isExpected = false }
    }
}
