package import JSON

/// One column of a run's rows.
package struct Column: Sendable, Hashable {
    /// The record's key, unchanged.
    package var name: String
    /// What its values are.
    package var type: LogicalType
    /// Of a decimal: what its values stay within, where the source says so.
    package var precision: Precision?
    /// Of a target's table: somebody else made it. Rows that do not bring it leave it as it is, and it has its default in new ones.
    package var isForeign = false

    /// A column of this name and type.
    package init(name: String, type: LogicalType, precision: Precision? = nil) {
        self.name = name
        self.type = type
        self.precision = precision
    }

    /// Equal in name, byte for byte, type and precision.
    package static func == (left: Column, right: Column) -> Bool {
        left.name.isSame(as: right.name) && left.type == right.type && left.precision == right.precision
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(bytes: name)
        hasher.combine(type)
    }
}

/// What a manifest says of one chunk.
package struct ChunkEntry: Sendable {
    /// Place in the run, from 0.
    package var sequence: Int
    /// Lines in the file.
    package var rows: Int
    /// Uncompressed bytes.
    package var bytes: Int
    /// Bytes of the file.
    package var compressed: Int
    /// SHA-256 of the file.
    package var sha256: SHA256Value
    /// Order-free content hash of the rows.
    package var content: UInt64
    /// Where the extraction stood after this chunk; only its source understands it. Null where a loader reads the manifest.
    package var cursor: JSONValue

    /// An entry with all its facts.
    package init(
        sequence: Int, rows: Int, bytes: Int, compressed: Int, sha256: SHA256Value, content: UInt64, cursor: JSONValue
    ) {
        self.sequence = sequence
        self.rows = rows
        self.bytes = bytes
        self.compressed = compressed
        self.sha256 = sha256
        self.content = content
        self.cursor = cursor
    }
}

/// What becomes of data for which the table would have to change.
package enum ContractPolicy: String, Sendable, Hashable, CaseIterable {
    /// The table follows.
    case evolve
    /// The row is rejected.
    case freeze
    /// The row is left out, and counted.
    case discardRow = "discard_row"
    /// The value is left out, and counted; the rest of the row is loaded.
    case discardValue = "discard_value"
}

/// What is checked before anything is replaced, and how many rejects a chunk may have; the backlog keeps its own.
package struct Guards: Sendable, Hashable {
    /// Whether an empty generation may replace rows.
    package var allowEmpty = false
    /// The least share of the last generation's rows that may replace it; 0 asks nothing.
    package var minimumShare = 0.0
    /// A chunk is dead when more rows than this are rejected ...
    package var maximumRejectRows = 1000
    /// ... and also more than this share of its rows.
    package var maximumRejectShare = 0.01
    /// What becomes of columns that the table does not have.
    package var columns = ContractPolicy.evolve
    /// What becomes of values that do not fit their column.
    package var types = ContractPolicy.evolve
    /// Whether a run is refused whose table is not there yet.
    package var freezesTables = false

    /// The built-in guards.
    package init() {}

    /// Whether the table gets no new columns.
    package var freezesColumns: Bool { columns != .evolve }
    /// Whether its columns keep their types.
    package var freezesTypes: Bool { types != .evolve }
}

/// A sealed extraction of one partition: an entry of the log, immutable.
package struct RunManifest: Sendable {
    /// What sort of manifest it is.
    package enum Kind: String, Sendable {
        case data
        case rewind
        case replay
    }

    /// The newest format that this program reads, and every older one. It writes the oldest that says what is to be done.
    package static let format = 2
    /// The format of every other document, and of manifests that ask for nothing that was not there from the start.
    package static let firstFormat = 1

    package var kind = Kind.data
    package var spool: String
    package var run: RunID
    package var job: String
    package var stream: String
    package var targets: [String]
    package var partition: Partition
    package var mode: WriteMode
    package var key: [String]
    package var table: String
    package var priority: Int
    /// The id of the generation's first run.
    package var generation: RunID
    /// n of the manifest it started from; 0 when there was none.
    package var base: Int
    package var isFinal: Bool
    package var fingerprint: String
    package var guards = Guards()
    /// Whether the source's records were changed on the way (`shape`): refused input is what they were before.
    package var isShaped = false
    /// What the run does besides upserting its rows.
    package var changes = RowChanges()
    /// Whether a limit (`--limit`) ended the run before the source did.
    package var isPart = false
    package var cursorFrom: JSONValue = .null
    package var cursorTo: JSONValue = .null
    package var schema: [Column] = []
    package var chunks: [ChunkEntry] = []
    /// Input that could not become a record.
    package var rejected = 0
    package var retries = 0
    /// RFC 3339, UTC.
    package var started = ""
    /// RFC 3339, UTC.
    package var sealed = ""
    package var extractor = ""
    /// The run whose rows are replayed.
    package var parent: RunID?

    /// A manifest of no chunks yet.
    package init(
        spool: String, run: RunID, job: String, stream: String, targets: [String], partition: Partition,
        mode: WriteMode, key: [String], table: String, priority: Int, generation: RunID, base: Int, isFinal: Bool,
        fingerprint: String
    ) {
        self.spool = spool
        self.run = run
        self.job = job
        self.stream = stream
        self.targets = targets
        self.partition = partition
        self.mode = mode
        self.key = key
        self.table = table
        self.priority = priority
        self.generation = generation
        self.base = base
        self.isFinal = isFinal
        self.fingerprint = fingerprint
    }

    /// Rows in all chunks.
    package var rows: Int { chunks.reduce(0) { $0 + $1.rows } }
    /// Uncompressed bytes in all chunks.
    package var bytes: Int { chunks.reduce(0) { $0 + $1.bytes } }
    /// Its identity in the log.
    package var log: LogKey { LogKey(job: job, stream: stream, partition: partition) }
}

/// Names one log: a partition of a stream of a job.
package struct LogKey: Sendable, Hashable {
    /// The job's name.
    package let job: String
    /// The stream's name.
    package let stream: String
    /// The partition.
    package let partition: Partition

    /// The log of this partition.
    package init(job: String, stream: String, partition: Partition) {
        self.job = job
        self.stream = stream
        self.partition = partition
    }

    /// Equal byte for byte, as the directories of two logs are.
    package static func == (left: LogKey, right: LogKey) -> Bool {
        left.job.isSame(as: right.job) && left.stream.isSame(as: right.stream) && left.partition == right.partition
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(bytes: job)
        hasher.combine(bytes: stream)
        hasher.combine(partition)
    }
}
