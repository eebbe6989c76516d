package import Manifest

/// One table of a job.
package struct Stream: Sendable, Hashable {
    /// The job's name.
    package let job: String
    /// The name, unique in its job.
    package internal(set) var name: String
    /// Where rows come from.
    package internal(set) var source: Source
    /// The names of connections, each once; at least one.
    package let targets: [String]
    /// The table in each target. Of a database's tables by a pattern: `{table}` and `{schema}` stand for theirs.
    package internal(set) var table: String
    /// The columns in order; empty when there is no key, or it is the one of the source's catalogue.
    package internal(set) var primaryKey: [String]
    /// How rows change the table.
    package internal(set) var mode: WriteMode
    /// The partition columns in order; empty when there are none.
    package let partitions: [Partition]
    /// Partitions extracted at once.
    package let parallelism: Int
    /// 0 is first, 99 last.
    package let priority: Int
    /// Delays between attempts of a request or connection.
    package let retry: RetryPolicy
    /// Limits of this stream.
    package let timeouts: StreamTimeouts
    /// When a chunk file is closed.
    package let chunk: ChunkLimits
    /// Declared types; other columns are inferred.
    package let columns: [String: LogicalType]
    /// What is made of the records before they are stored; nil to store them as they come.
    package let shape: RecordShape?
    /// Which rows are deletions, and what becomes of those; `deletesMissing` is what runs do that read everything.
    package let changes: RowChanges
    /// What may change in the data without a person.
    package let contract: Contract
    /// Whether nothing may replace something.
    package let allowEmpty: Bool
    /// The least rows of a replacement, as a share (0 to 1) of what it replaces.
    package let minShare: Double
    /// Rejected rows of a chunk above which it is dead.
    package let maxRejects: RejectLimits
    /// Who is told when a run fails.
    package let onFailure: FailureHook

    /// The stream as one of the tables that it stands for.
    package func resolved(name: String, table: String, primaryKey: [String]) -> Stream {
        var stream = self
        if isPattern, case .sql(let source) = source {
            stream.source = .sql(
                SQLSourceSettings(
                    connection: source.connection, table: name, query: nil, cursor: source.cursor, namesTarget: true))
        }
        stream.name = name
        stream.table = table
        stream.primaryKey = primaryKey
        return stream
    }

    /// The stream for one run that reads everything anew and puts it in the place of what is there; the next run goes on from
    /// where it ended. What a replacement would take away (former versions, deleted rows, columns of others) stays: there the
    /// run only reads everything.
    package var refreshed: Stream {
        if mode == .scd2 || mode == .updateOnly || changes.isSoft { return self }
        var stream = self
        stream.mode = partitions.isEmpty ? .replace : .replacePartition
        return stream
    }

    /// Whether the name is a pattern for tables of a database (`public.*`).
    package var isPattern: Bool {
        guard case .sql(let source) = source else { return false }
        return source.query == nil && source.table == nil && name.utf8.contains(UInt8(ascii: "*"))
    }
}

/// Limits of one stream; nil is the connection's, or none.
package struct StreamTimeouts: Sendable, Hashable {
    /// No limits of a stream's own.
    package static let none = StreamTimeouts(connect: nil, request: nil, idle: nil, partition: nil)

    /// For the connection to stand.
    package let connect: Duration?
    /// For one request and its answer.
    package let request: Duration?
    /// Without a byte of the answer.
    package let idle: Duration?
    /// For the extraction of one partition.
    package let partition: Duration?
}

/// When a chunk file is closed; the first limit reached counts.
package struct ChunkLimits: Sendable, Hashable {
    /// Rows.
    package let rows: Int
    /// Before compression.
    package let bytes: Int
}

/// What may change in the data without a person.
package struct Contract: Sendable, Hashable {
    /// What becomes of columns that the table does not have.
    package let columns: ContractPolicy
    /// What becomes of values that do not fit their column.
    package let types: ContractPolicy
    /// Whether a run is refused whose table is not there yet.
    package let freezesTables: Bool
}

/// Rejected rows of a chunk above which it is dead: more than both limits.
package struct RejectLimits: Sendable, Hashable {
    /// Rows.
    package let rows: Int
    /// 0 to 1.
    package let share: Double
}

/// Who is told when a run fails.
package struct FailureHook: Sendable, Hashable {
    /// A program and its arguments; empty for none.
    package let command: [String]
    /// An address that gets a POST; nil for none.
    package let webhook: Secret?
}

/// Delays between attempts of a request or connection.
package struct RetryPolicy: Sendable, Hashable {
    /// How the delay grows.
    package enum Strategy: Sendable, Hashable {
        case exponential(initial: Duration, multiplier: Int, maximum: Duration)
        case linear(initial: Duration, increment: Duration, maximum: Duration)
        case fixed(Duration)
        /// The delays in order, `maxAttempts - 1` of them.
        case list([Duration])
    }

    /// How the delay grows.
    package let strategy: Strategy
    /// The first attempt included.
    package let maxAttempts: Int
    /// Whether a delay is drawn at random between half of it and all.
    package let jitter: Bool
}
