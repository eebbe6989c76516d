import Databases
import Load
import Manifest
import Spool
import TestKit
import Testing

/// One run to be loaded, as lines.
struct Batch {
    var chunks: [[String]]
    var schema: [Column]
    var mode = WriteMode.append
    var key: [String] = []
    var partition: [(String, String)] = []
    var guards = Guards()
    var changes = RowChanges()
    /// Rows that the extraction refused.
    var rejected = 0
    var job = "job"
    var stream = "stream"
    var table = "rows"

    /// A run of one chunk with columns of these types.
    init(
        _ lines: [String], _ columns: KeyValuePairs<String, LogicalType>, mode: WriteMode = .append, key: [String] = []
    ) {
        chunks = lines.isEmpty ? [] : [lines]
        schema = columns.map { Column(name: $0.key, type: $0.value) }
        self.mode = mode
        self.key = key
    }

    /// The batch after a change.
    func with(_ change: (inout Batch) -> Void) -> Batch {
        var copy = self
        change(&copy)
        return copy
    }
}

extension World {
    /// Publishes a run.
    func put(_ batch: Batch) throws {
        let process = process()
        var feed = Feed(batch.partition, batch.mode, [])
        feed.job = batch.job
        feed.stream = batch.stream
        feed.table = batch.table
        feed.guards = batch.guards
        let spool = try process.spool()
        let extractor = try Extractor(process)
        let writer = try extractor.begin(feed, after: try spool.lastNumber(feed.log))
        writer.manifest.key = batch.key
        writer.manifest.schema = batch.schema
        writer.manifest.changes = batch.changes
        writer.manifest.rejected = batch.rejected
        for (index, lines) in batch.chunks.enumerated() {
            try extractor.write(lines, to: writer, isLast: index == batch.chunks.count - 1)
        }
        guard case .committed(let number) = try writer.commit() else { throw NotCommitted() }
        try writer.publish(number)
        process.end()
    }

    /// Publishes a run and loads it.
    @discardableResult
    func load(_ batch: Batch, _ options: LoadOptions = LoadOptions()) throws -> LoadOutcome {
        try put(batch)
        return try drain(options)
    }

    /// How the last manifest ended in the target.
    func lastOutcome() throws -> LoadManifest {
        let process = process()
        defer { process.end() }
        let spool = try process.spool()
        let key = LogKey(job: "job", stream: "stream", partition: Partition([]))
        return try #require(try spool.outcome(key, spool.lastNumber(key), target: "t"))
    }

    /// The rejected rows that lie in `dead/`.
    func rejects() throws -> [String] {
        try files("dead").filter { $0.hasSuffix(".rejects.ndjson.zst") }.flatMap { try lines("\(root)/dead/\($0)") }
    }

    /// How SQLite holds the values of a column: type and text, by rowid.
    func stored(_ column: String, table: String = "rows") throws -> [String] {
        let name = SQLiteConnection.quote(column)
        return try query("SELECT typeof(\(name)), \(name) FROM \(SQLiteConnection.quote(table)) ORDER BY rowid")
    }
}

struct NotCommitted: Error {}
