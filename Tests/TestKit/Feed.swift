package import Manifest

/// One row of a test source.
package struct Row: Sendable, Hashable {
    package var id: Int
    package var value: String
    /// A bad row has an id that no integer column takes.
    package var isBad = false

    /// A row.
    package init(_ id: Int, _ value: String, isBad: Bool = false) {
        self.id = id
        self.value = value
        self.isBad = isBad
    }

    var line: String { isBad ? "{\"id\":\"bad \(id)\",\"v\":\"\(value)\"}" : "{\"id\":\(id),\"v\":\"\(value)\"}" }
}

/// A source of one partition: what each of its runs would extract, chunk by chunk.
package struct Feed: Sendable {
    package var job = "job"
    package var stream = "stream"
    package var table = "rows"
    package var targets = ["t"]
    package var partition: Partition
    package var mode: WriteMode
    package var guards = Guards()
    package var changes = RowChanges()
    package var priority = 50
    /// `runs[r][c]`: the rows of chunk c of run r.
    package var runs: [[[Row]]]
    /// Lines of input in each run that could not become records.
    package var rejectedInput = 0
    /// Runs that an operator cancelled: they leave no rows.
    package var cancelled: Set<Int> = []

    /// A source.
    package init(_ partition: [(String, String)] = [], _ mode: WriteMode, _ runs: [[[Row]]]) {
        self.partition = Partition(partition.map { Partition.Field(name: $0.0, value: $0.1) })
        self.mode = mode
        self.runs = runs
    }

    /// The key columns: those of the partition and the id, except for `append`.
    package var key: [String] { mode == .append ? [] : partition.fields.map(\.name) + ["id"] }

    /// Its log.
    package var log: LogKey { LogKey(job: job, stream: stream, partition: partition) }

    /// The rows that the table holds once everything is loaded, as `partition|id|value`, sorted.
    package var expected: [String] {
        let kept = runs.enumerated().filter { !cancelled.contains($0.offset) }.map(\.element)
        let prefix = partition.fields.map(\.value).joined(separator: "|")
        let all = kept.flatMap { $0.flatMap { $0 } }.filter { !$0.isBad }
        let rows: [Row]
        switch mode {
        case .append: rows = all
        // What the table held before, no feed knows.
        case .updateOnly: rows = []
        case .scd2: rows = versions(kept)
        case .insertOnly:
            rows = Array(Dictionary(all.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first }).values)
        case .merge where changes.deletesMissing: rows = Array(Feed.last(kept.last ?? []).values)
        case .merge: rows = Array(Dictionary(all.map { ($0.id, $0) }, uniquingKeysWith: { _, last in last }).values)
        case .replace, .replacePartition: rows = (kept.last ?? []).flatMap { $0 }.filter { !$0.isBad }
        }
        return rows.map { "\(prefix)|\($0.id)|\($0.value)" }.sorted()
    }

    /// The rows of a run by their ids, the last of each.
    private static func last(_ run: [[Row]]) -> [Int: Row] {
        Dictionary(run.flatMap { $0 }.filter { !$0.isBad }.map { ($0.id, $0) }, uniquingKeysWith: { _, last in last })
    }

    /// Each row that differs from the one before of its id.
    private func versions(_ runs: [[[Row]]]) -> [Row] {
        var current: [Int: Row] = [:]
        var rows: [Row] = []
        for run in runs {
            for row in Feed.last(run).values where current[row.id] != row {
                current[row.id] = row
                rows.append(row)
            }
        }
        return rows
    }
}
