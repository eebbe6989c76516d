package import Manifest

/// The head of a partition in a target.
package struct Head: Sendable, Equatable {
    /// The highest manifest closed there; 0 when none is.
    package var number: Int
    /// The run of that manifest.
    package var run: String
    /// Rows of the last applied generation, or all rows that direct runs added.
    package var rows: Int
}

/// How a closed manifest ended in a target.
package struct ClosedRun: Sendable {
    package var outcome: Outcome
    package var rows: Int
    package var rejects: Int
    package var chunks: [LoadedChunk]
}

/// A store that rows go into, as everybody sees it who is no loader. Used by one thread.
package protocol LoadTarget: AnyObject {
    /// The head of a partition.
    func head(_ key: LogKey) throws -> Head
    /// The number of each head of this spool.
    ///
    /// - Parameter name: what stands for a log in the answer.
    func heads(_ name: (LogKey) -> UInt64) throws -> [UInt64: Int]
    /// The chunks of an open run that are in the ledger, by sequence.
    func loaded(_ run: RunID) throws -> [Int: LoadedChunk]
    /// How a closed manifest ended; `nil` when it is not closed.
    func closed(_ run: RunID) throws -> ClosedRun?
    /// What loaders use of it.
    var engine: LoadEngine { get }
}

/// A target as loaders use it; opaque outside of this module.
package struct LoadEngine {
    let target: any TargetEngine
}

/// A table of a target: its columns with their logical types, and the key that a run asks for.
struct TargetTable {
    var name: String
    var columns: [Column]
    var key: [String]

    /// Whether values of the key are equal exactly if their cells are: of decimals and instants two spellings are one value.
    var isKeyedByBytes: Bool {
        !key.isEmpty
            && key.allSatisfy { name in
                switch columns.named(name)?.type {
                case .text, .integer, .bigint, .boolean, .date: true
                case .double, .decimal, .time, .datetime, .timestamp, .uuid, .bytes, .json, .null, nil: false
                }
            }
    }
}

/// What every engine does for a loader. `docs/targets.md` says what must hold.
///
/// Errors may be of any type of which `LoadError` knows the class.
protocol TargetEngine: LoadTarget {
    /// Whether one loader at a time writes to it, which the spool's token sees to. Otherwise the token is for what is done
    /// once for all loaders: filling a target that went back, and tidying up.
    var hasOneWriter: Bool { get }
    /// Whether a commit that failed did not happen; otherwise its answer may have been lost on the way.
    var isFailedCommitUndone: Bool { get }

    /// Begins a transaction that writes.
    func begin() throws
    /// Makes it durable.
    func commit() throws
    /// Undoes it; the engine may have done so already.
    func rollback()
    /// What undoes a part of a transaction; `nil` of an engine that cannot: there a failed chunk is left out by doing the
    /// transaction again in halves.
    var savepoints: (any TargetSavepoints)? { get }

    /// The head, which stays where it is until the transaction ends.
    ///
    /// - Parameter isMoving: whether this transaction moves it; otherwise others may look at it, too, and load beside it.
    func lockHead(_ key: LogKey, isMoving: Bool) throws -> Head

    /// Makes or widens the table of a run, in a transaction of its own, before any data.
    func prepare(_ manifest: RunManifest) throws -> TargetTable
    /// Whether the key's index orders texts by their bytes and changes no value: only then may rows be sorted before
    /// they are inserted, as of rows that the index holds to be equal the last must stay the last.
    func comparesBytes(_ table: TargetTable) throws -> Bool
    /// How many times ``LoadOptions/batchBytes`` a batch for the table is to have, as each costs a server answers to wait for and
    /// a savepoint; and more where a batch is moved on as a whole.
    func batches(_ table: TargetTable) -> Int
    /// What inserts rows as `mode` and `key` ask.
    func writer(_ table: TargetTable, mode: WriteMode, key: [String]) throws -> any RowWriter
    /// Deletes what a replacement replaces: the partition's rows, or all.
    func delete(_ manifest: RunManifest, _ table: TargetTable) throws

    /// Where rows wait of which some do more than take the place of others.
    var staging: Staging { get throws }
    /// Where loaders bring a long run together; nil where one takes it as a whole.
    var shared: SharedStage? { get throws }

    /// Shows readers what was committed, where that is a step of its own.
    ///
    /// - Parameter isIdle: nothing is to be done for now; otherwise an engine may leave it for later.
    func publish(isIdle: Bool) throws

    /// Nothing is to be done for now: a file that others cannot open meanwhile is let go.
    func rest()

    /// Head and ledger.
    var books: any TargetBooks { get throws }
}

extension TargetEngine {
    var shared: SharedStage? { nil }
    func publish(isIdle: Bool) throws {}
    func rest() {}
}

/// A part of a transaction that can be undone by itself.
protocol TargetSavepoints: AnyObject {
    /// Marks a place inside of the transaction, to which ``undoSavepoint()`` goes back; there is one at a time.
    func savepoint() throws
    func undoSavepoint() throws
    func releaseSavepoint() throws
}

/// Engines that have savepoints are their own.
extension TargetEngine where Self: TargetSavepoints {
    var savepoints: (any TargetSavepoints)? { self }
}

/// Head and ledger of a target; `docs/spool-format.md`, "In the target".
protocol TargetBooks {
    /// The number of each head of the spool; see ``LoadTarget/heads(_:)``.
    func heads(_ name: (LogKey) -> UInt64) throws -> [UInt64: Int]
    /// The chunks of an open run that are in the ledger, by sequence.
    func loaded(_ run: RunID) throws -> [Int: LoadedChunk]
    /// How a closed manifest ended; `nil` when it is not closed.
    func closed(_ run: RunID) throws -> ClosedRun?
    /// The sequences of a run's chunks that are in the ledger.
    func loadedSequences(_ run: RunID) throws -> Set<Int>
    /// How many chunks of a run are in the ledger, and their rows.
    func totals(_ run: RunID) throws -> (chunks: Int, rows: Int)
    /// The ledger row of a chunk, inserted before its rows; `false` when it is there already.
    func enter(
        _ id: ChunkID, table: String, manifest: Int, loader: String, attempt: Int, at: String
    ) throws -> Bool
    /// The counts of a chunk, known once its rows are in.
    func settle(_ id: ChunkID, _ chunk: LoadedChunk, rejectsFile: String?) throws
    /// Moves the head from `from` to `number` by compare-and-set; `false` when somebody else moved it.
    func moveHead(_ key: LogKey, from: Head, to number: Int, run: RunID, rows: Int, table: String) throws -> Bool
    /// Replaces the chunk rows of a run by the one row that says how its manifest ended, for ever.
    func close(_ result: LoadManifest, table: String, loader: String) throws
}

/// Inserts batches of rows into an open transaction.
protocol RowWriter: AnyObject {
    /// Inserts the rows of `batch` in its order.
    ///
    /// - Parameter reject: is called for each row that the engine refuses for its data, with its words and its code.
    func insert(_ batch: RowBatch, reject: (_ row: Int, _ reason: String, _ code: String) throws -> Void) throws
    /// All rows were given.
    func finish() throws
}
