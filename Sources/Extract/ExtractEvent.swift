package import Manifest

/// What an extraction tells while it works.
package enum ExtractEvent: Sendable {
    case started(stream: String, Partition)
    case page(Partition, rows: Int, bytes: Int)
    case retry(LogKey, reason: String, seconds: Double)
    case finished(PartitionResult)
}

/// What became of one partition.
package struct PartitionResult: Sendable {
    /// How it ended.
    package enum End: Sendable {
        /// Published as manifest n.
        case published(Int)
        /// There was nothing new.
        case unchanged
        case failed(ExtractError)
        case cancelled
        /// Not begun or given up because the job is paused.
        case paused
    }

    package var key: LogKey
    package var run: RunID?
    package var end: End
    package var rows = 0
    package var bytes = 0
    package var chunks = 0
    package var rejected = 0
    package var retries = 0
    /// Chunks taken over from a dead extractor.
    package var adopted = 0
    /// Unix milliseconds.
    package var started: Int64 = 0
    package var ended: Int64 = 0

    /// A result of nothing extracted yet.
    package init(key: LogKey, end: End) {
        self.key = key
        self.end = end
    }
}
