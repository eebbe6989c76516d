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

    /// All of which the stories must notice, each with a seed that does.
    static let all: [Mutant] = [
        .skips(.spoolSyncDirectory), .skips(.chunkSync), .skips(.sealSync), .skips(.sealSyncDirectory),
        .skips(.logSyncParent),
        .skips(.logSyncDirectory), .skips(.publishSyncParent), .skips(.publishSyncDirectory), .skips(.outcomeSync),
        .skips(.outcomeSyncDirectory), .skips(.retireSyncDirectory), .skips(.rejectsSync),
        .skips(.rejectsSyncDirectory),
        .overwrites(.logLink), .overwrites(.outcomeLink), .succeeds(.tokenClaim), .empties(.seatList),
        .skips(.discardUnlinkManifest),
        .locksNoHead, .comparesNoHead, .knowsNoChunk,
    ]
}
