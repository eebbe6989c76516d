package import Manifest
internal import Storage

/// What waits in a target's queue.
extension Spool {
    /// The published runs of a target (encoded), in the order of work.
    package func readyRuns(_ target: String) throws -> [ReadyName] {
        do {
            return try files.list(ready(target), .readyList).compactMap { ReadyName($0) }.sorted()
        } catch {
            if error.code == .notFound { return [] }
            throw error
        }
    }

    /// The manifest of a published run; `nil` while its publication is not complete, or once it ended.
    package func readyManifest(_ target: String, _ name: ReadyName) throws -> RunManifest? {
        try readManifest("\(ready(target, name))/\(FileNames.manifest)", .readyReadManifest)
    }

    /// The waiting chunks of a run, by sequence. Of two spellings of one chunk the later attempt counts.
    package func readyChunks(_ target: String, _ name: ReadyName) throws -> [ReadyChunkName] {
        try readyFiles(target, name).chunks
    }

    /// The waiting chunks of a run, and the sequences of those that were edited by a person before their replay.
    package func readyFiles(
        _ target: String, _ name: ReadyName
    ) throws -> (chunks: [ReadyChunkName], edited: Set<Int>) {
        let names: [String]
        do { names = try files.list(ready(target, name), .readyList) } catch {
            if error.code == .notFound { return ([], []) }
            throw error
        }
        let chunks = names.compactMap { ReadyChunkName($0) }.sorted {
            ($0.sequence, $0.attempt, $0.crashes) < ($1.sequence, $1.attempt, $1.crashes)
        }
        return (chunks, Set(names.compactMap(FileNames.parseEdited)))
    }

    /// The sequences of the dead chunks of a run.
    package func deadChunks(_ target: String, _ run: RunID) throws -> [Int] {
        do {
            return try files.list(dead(target, run), .deadList).compactMap(FileNames.parseChunk).sorted()
        } catch {
            if error.code == .notFound { return [] }
            throw error
        }
    }

    /// The targets that have a queue, encoded.
    package func targets() throws -> [String] {
        try files.list("\(root)/ready", .readyList).filter { NameEncoding.isEncoded($0) }.sorted()
    }
}
