import Storage

/// A rule of the protocol taken away, so that it shows whether the simulation would notice.
enum Mutant: Sendable, Hashable, CustomStringConvertible {
    /// What is to be made durable is not.
    case skips(Operation)
    /// A name that is taken is taken over.
    case overwrites(Operation)
    /// A rename that found nothing counts as done.
    case succeeds(Operation)
    /// A directory seems to be empty.
    case empties(Operation)
    /// Heads are not locked; they move whatever they are at; a chunk is loaded whatever the ledger says.
    case locksNoHead, comparesNoHead, knowsNoChunk

    var description: String {
        switch self {
        case .skips(let operation): "without \(operation.rawValue)"
        case .overwrites(let operation): "\(operation.rawValue) replaces what is there"
        case .succeeds(let operation): "\(operation.rawValue) always succeeds"
        case .empties(let operation): "\(operation.rawValue) finds nothing"
        case .locksNoHead: "without locks on heads"
        case .comparesNoHead: "heads move without a comparison"
        case .knowsNoChunk: "the ledger refuses no chunk"
        }
    }

    /// Those that the stories must notice, most within a hundred seeds.
    static let noticed: [Mutant] = [
        .skips(.spoolSyncDirectory), .skips(.chunkSync), .skips(.sealSync), .skips(.sealSyncDirectory),
        .skips(.logSyncDirectory), .skips(.publishSyncParent), .skips(.publishSyncDirectory), .skips(.outcomeSync),
        .skips(.outcomeSyncDirectory), .skips(.retireSyncDirectory), .skips(.rejectsSync),
        .skips(.rejectsSyncDirectory),
        .skips(.discardUnlinkManifest), .overwrites(.logLink), .empties(.seatList),
    ]

    /// Those that a thousand seeds do not notice yet: of head and ledger each other rule stands in for one that is gone, and two loaders are
    /// seldom in one transaction with the same chunk; an outcome is copied from the head, so that a second one is the same; a writer too many
    /// waits at the store's own lock; the directories of a log are durable by the entry that rests on them.
    static let unnoticed: [Mutant] = [
        .skips(.logSyncParent), .overwrites(.outcomeLink), .succeeds(.tokenClaim), .locksNoHead, .comparesNoHead,
        .knowsNoChunk,
    ]
}
