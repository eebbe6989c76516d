import Chunk
import Foundation
import Manifest
import Spool
import TestKit

@testable import Load

/// What a simulated world's sources held and what was committed: the truth that targets are compared with.
struct Records: Sendable {
    /// A committed run.
    struct Run: Sendable {
        var manifest: RunManifest
        /// The records of each chunk.
        var chunks: [[String]]
    }

    /// What a source's file held, one version after the other, by its path below the source.
    private(set) var files: [String: [[String]]] = [:]
    /// By log and number.
    private(set) var runs: [LogKey: [Int: Run]] = [:]

    private var cancelled: Set<String> = []

    /// Somebody cancels a job: what was open of a replacement is given up.
    mutating func noteCancel(_ job: String) { cancelled.insert(job) }

    /// Whether a job's table may lack what its source holds.
    func isCancelled(_ job: String) -> Bool { cancelled.contains(job) && ["whole", "parts"].contains(job) }

    /// A file has this content from now on.
    mutating func put(_ path: String, _ lines: [String]) { files[path, default: []].append(lines) }

    private static func isRefused(_ line: String) -> Bool { line.contains("refused") }

    /// The key of a record, which stands first in it.
    private static func key(_ line: String) -> Int64 {
        Int64(line.drop { !$0.isNumber }.prefix { $0.isNumber }) ?? 0
    }

    // MARK: The log

    /// A manifest was linked into its log.
    mutating func note(_ path: String, _ disk: Disk) throws {
        guard let bytes = disk.bytes(path), let name = path.split(separator: "/").last,
            let number = Int(name.dropLast(5))
        else { return }
        var decoder = ManifestDecoder()
        bytes.withUnsafeBytes { decoder.add($0) }
        let manifest = try decoder.finish()
        let chunks = try manifest.chunks.map { chunk in
            // Where the extraction wrote it, or where somebody has brought it who took the extraction for dead.
            let name = "\(manifest.run)/\(FileNames.chunk(chunk.sequence))"
            let bytes = ["writing", "trash"].lazy.compactMap { disk.bytes("\(World.root)/\($0)/\(name)") }.first
            return try ChunkDecoder.lines(of: bytes ?? [])
        }
        runs[manifest.log, default: [:]][number] = Run(manifest: manifest, chunks: chunks)
    }

    /// Forgets what a power cut has taken out of the logs: it was not committed yet.
    mutating func forgetLost(_ disk: Disk) {
        for (key, numbers) in runs {
            for (number, run) in numbers where !Records.stands(run.manifest, number, disk) { runs[key]?[number] = nil }
        }
    }

    private static func stands(_ manifest: RunManifest, _ number: Int, _ disk: Disk) -> Bool {
        let log =
            ["manifests", manifest.job, manifest.stream] + manifest.partition.fields.map { "\($0.name)=\($0.value)" }
        let path = ([World.root] + log + [FileNames.logEntry(number)]).joined(separator: "/")
        guard let bytes = disk.bytes(path) else { return false }
        var decoder = ManifestDecoder(.left)
        bytes.withUnsafeBytes { decoder.add($0) }
        return (try? decoder.finish())?.run == manifest.run
    }

    // MARK: Comparing

    /// What does not hold of a table of a store.
    ///
    /// - Parameter source: everything was loaded: the table is to hold what this says the sources held.
    func compare(_ data: StoreState, table: String, source: [String]?) -> [String] {
        var problems: [String] = []
        var expected: [String] = []
        for (key, numbers) in runs.sorted(by: { $0.key.partition.description < $1.key.partition.description })
        where key.stream == table {
            do { expected += try visible(key, numbers, data) } catch { problems.append(error.text) }
        }
        let actual = data.tables[table, default: []].map(\.line).sorted()
        if problems.isEmpty, actual != expected.sorted() {
            problems.append("\(table) holds \(actual), its head and ledger say \(expected.sorted())")
        }
        if let source, actual != source.sorted() {
            problems.append("\(table) holds \(actual), the source \(source.sorted())")
        }
        return problems
    }

    private struct Problem: Error { var text: String }

    /// The records of a log that its head and ledger say are visible.
    private func visible(_ key: LogKey, _ numbers: [Int: Run], _ data: StoreState) throws(Problem) -> [String] {
        let head = data.heads[key]?.number ?? 0
        var lines: [String] = []
        for number in numbers.keys.sorted() {
            guard let run = numbers[number] else { continue }
            let mode = run.manifest.mode
            if number > head {
                guard mode.isDirect else { continue }
                for entry in data.ledger.values where entry.run == run.manifest.run {
                    lines = fold(lines, run.chunks[entry.sequence], mode)
                }
                continue
            }
            guard let closed = data.closed[run.manifest.run] else {
                throw Problem(text: "\(key.stream) \(number) is below the head and was not closed")
            }
            guard closed.outcome == .loaded else { continue }
            lines = mode.isReplace ? kept(run.chunks) : fold(lines, run.chunks.flatMap { $0 }, mode)
        }
        if head > 0, numbers[head] == nil {
            throw Problem(text: "\(key.stream): the head is at \(head), which is not in the log")
        }
        return lines
    }

    private func kept(_ chunks: [[String]]) -> [String] { chunks.flatMap { $0 }.filter { !Records.isRefused($0) } }

    private func fold(_ lines: [String], _ more: [String], _ mode: WriteMode) -> [String] {
        var lines = lines
        for line in more where !Records.isRefused(line) {
            let place = mode.needsKey ? lines.firstIndex { Records.key($0) == Records.key(line) } : nil
            if let place { lines[place] = line } else { lines.append(line) }
        }
        return lines
    }

    /// Records that a store has refused, and that are not in `dead/` where its ledger says.
    func missingRejects(_ store: Store, _ disk: Disk) -> [String] {
        var problems: [String] = []
        for (run, closed) in store.data.closed where closed.outcome == .loaded {
            for chunk in closed.chunks where chunk.rejects > 0 {
                let name = FileNames.rejects(chunk.sequence, loader: chunk.loader, attempt: chunk.attempt)
                let bytes = disk.bytes("\(World.root)/dead/\(store.name)/\(run)/\(name)") ?? []
                let lines = (try? ChunkDecoder.lines(of: bytes)) ?? []
                if lines.count != chunk.rejects {
                    problems.append(
                        "\(store.name): \(lines.count) of \(chunk.rejects) refused records in \(run)/\(name)")
                }
            }
        }
        return problems.sorted()
    }

    /// What a table is to hold once everything that the sources held is loaded.
    func source(of table: String) -> [String] {
        switch table {
        case "added": return files.filter { $0.key.hasPrefix("added/") }.flatMap { kept($0.value) }
        case "merged":
            let paths = files.keys.filter { $0.hasPrefix("merged/") }.sorted()
            return paths.reduce([]) { fold($0, kept(files[$1] ?? []), .merge) }
        case "parts": return files.filter { $0.key.hasPrefix("parts-") }.flatMap { kept($0.value.suffix(1)) }
        default: return kept(files["whole.ndjson"]?.suffix(1) ?? [])
        }
    }
}
