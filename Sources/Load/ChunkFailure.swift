/// One chunk of a transaction failed; the others are innocent.
struct ChunkFailure: Error {
    /// Index of the chunk in the unit's work.
    var work: Int
    var error: LoadError
}

/// A guard refused to replace what readers see.
struct GuardRefusal: Error {
    var reason: String
}

/// Somebody else moved the head meanwhile; look again.
struct HeadMoved: Error {}

/// A row was refused by an engine that then undoes the whole transaction: it is done again in a way that finds such rows first.
struct TransactionSpoiled: Error {}
