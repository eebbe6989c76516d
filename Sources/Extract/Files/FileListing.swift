internal import Manifest
internal import Threads

/// The files of a stream by partition, as they were listed, and how long the logs were before that.
///
/// What a run has read is told by its manifest, and a listing may only be compared with a manifest that is older than it: an extractor
/// that is stopped between its listing and its look at the log would take files for gone which another one has found and read meanwhile,
/// forget them, and they would be read twice.
final class FileListing: Sendable {
    private struct State: Sendable {
        var found: [Manifest.Partition: [SourceFile]]
        /// The numbers of the logs' last manifests before the listing; of the first one nothing is known.
        var bases: [Manifest.Partition: Int] = [:]
    }

    private let state: Condition<State>
    private let list: @Sendable () throws -> [(partition: Manifest.Partition, files: [SourceFile])]
    /// The partitions that were found first, in the order of their files.
    let partitions: [Manifest.Partition]
    /// How many files were found first.
    let count: Int

    /// Lists once.
    init(_ list: @escaping @Sendable () throws -> [(partition: Manifest.Partition, files: [SourceFile])]) throws {
        self.list = list
        let found = try list()
        partitions = found.map(\.partition)
        count = found.reduce(0) { $0 + $1.files.count }
        state = Condition(State(found: FileListing.sorted(found)))
    }

    private static func sorted(_ found: [(partition: Manifest.Partition, files: [SourceFile])])
        -> [Manifest.Partition: [SourceFile]]
    {
        Dictionary(uniqueKeysWithValues: found.map { ($0.partition, $0.files) })
    }

    /// The files of a partition as they were listed last.
    func files(of partition: Manifest.Partition) -> [SourceFile] { state.withLock { $0.found[partition] ?? [] } }

    /// The files of a partition as they were at some time after its log had `base` manifests; listed again unless that is known, once for
    /// all partitions.
    ///
    /// - Parameter lastNumber: the number of a log's last manifest now.
    func files(
        of partition: Manifest.Partition, after base: Int, lastNumber: (Manifest.Partition) throws -> Int
    ) throws -> [SourceFile] {
        try state.withLock { state in
            // The first manifest of a log is compared with nothing.
            if base > 0, state.bases[partition] != base {
                var bases: [Manifest.Partition: Int] = [partition: base]
                for other in state.found.keys where other != partition { bases[other] = try lastNumber(other) }
                state.found = FileListing.sorted(try list())
                state.bases = bases
            }
            return state.found[partition] ?? []
        }
    }
}
