package import Chunk
internal import Databases
internal import Foundation
package import Load
package import Manifest
internal import Spool
internal import Storage

/// A healthy loader could not use the target.
package struct TargetUnavailable: Error {
    let reason: String
}

extension World {
    /// Extracts and loads all that is left, as the next invocations of healthy processes would, until nothing is.
    package func recover(_ feeds: [Feed], _ options: LoadOptions = LoadOptions()) throws {
        // Of some dead processes only their silence tells.
        for patient in [false, true] {
            let extractor = process()
            try Extractor(extractor).run(feeds, patient: patient)
            extractor.end()
            if files("writing").isEmpty { break }
        }
        try drain(options)
        if files("trash").isEmpty, files("claimed").isEmpty { return }
        // What was set aside in the trash goes after a day; a loader that watches also sees who is silent.
        clock.advance(seconds: 2 * 86_400)
        let watcher = process()
        let spool = try watcher.spool()
        let seat = try LoaderSeat(spool, heart: watcher.heart, deadline: 300)
        var observer = LeaseObserver(seconds: spool.leaseSeconds)
        for _ in 0..<8 {
            try spool.sweepLoaders(seat: seat, observer: &observer)
            try spool.sweepRuns(observer: &observer)
            clock.advance(seconds: 6)
        }
        try seat.leave()
        watcher.end()
        try drain(options)
    }

    /// Runs a loader to its end.
    @discardableResult
    package func drain(_ options: LoadOptions = LoadOptions()) throws -> LoadOutcome {
        let loader = process()
        defer { loader.end() }
        let outcome = try loader.load(options)
        if let reason = outcome.summary.unavailable { throw TargetUnavailable(reason: reason) }
        return outcome
    }

    /// The rows of a table, columns joined by `|`, sorted.
    package func rows(_ columns: [String], table: String = "rows") throws -> [String] {
        let list = columns.map(SQLiteConnection.quote).joined(separator: ", ")
        return try query("SELECT \(list) FROM \(SQLiteConnection.quote(table))").sorted()
    }

    /// What of the spool's promises does not hold once everything is loaded; empty when all does.
    ///
    /// - Parameter outcomes: how the manifests of each log ended, when not all were loaded.
    package func violations(_ feeds: [Feed], outcomes: [[Outcome]]? = nil, rejects: Int = 0) throws -> [String] {
        var found: [String] = []
        for table in Set(feeds.map(\.table)) {
            let own = feeds.filter { $0.table == table }
            let columns = (own.first?.partition.fields.map(\.name) ?? []) + ["id", "v"]
            let expected = own.flatMap(\.expected).map { $0.hasPrefix("|") ? String($0.dropFirst()) : $0 }.sorted()
            let actual = expected.isEmpty && !hasTable(table) ? [] : try rows(columns, table: table)
            if actual != expected { found.append("table \(table): \(actual) instead of \(expected)") }
        }
        let spool = try process().spool()
        for (index, feed) in feeds.enumerated() {
            found += try logViolations(spool, feed, outcomes?[index])
        }
        found += try ledgerViolations(feeds)
        for name in ["writing", "trash", "claimed", "quarantine", "control"] {
            let left = files(name)
            if !left.isEmpty { found.append("left in \(name)/: \(left)") }
        }
        let ready = files("ready").filter { $0.hasPrefix("t/") && !$0.hasSuffix("/writer") }
        if !ready.isEmpty { found.append("left in ready/: \(ready)") }
        let dead = files("dead").filter { !$0.hasPrefix("u/") }
        let rejected = dead.filter { $0.hasSuffix(".rejects.ndjson.zst") }
        if dead.count != rejected.count { found.append("left in dead/: \(dead)") }
        let lines = try rejected.reduce(0) { try $0 + lineCount("\(root)/dead/\($1)") }
        if lines != rejects { found.append("\(lines) rejected rows in dead/ instead of \(rejects): \(rejected)") }
        return found
    }

    private func hasTable(_ table: String) -> Bool {
        (try? query("SELECT 1 FROM \(SQLiteConnection.quote(table)) LIMIT 1")) != nil
    }

    private func logViolations(_ spool: Spool, _ feed: Feed, _ outcomes: [Outcome]?) throws -> [String] {
        var found: [String] = []
        let last = try spool.lastNumber(feed.log)
        if last != feed.runs.count {
            found.append("\(feed.partition): \(last) manifests instead of \(feed.runs.count)")
        }
        var names: Set<String> = []
        for number in stride(from: 1, through: last, by: 1) {
            guard let manifest = try spool.manifest(feed.log, number) else {
                found.append("\(feed.partition): manifest \(number) is missing")
                continue
            }
            names.insert(FileNames.logEntry(number))
            for target in feed.targets where target == "t" {
                names.insert(FileNames.outcome(number, target: target))
                let outcome = try spool.outcome(feed.log, number, target: target)
                let expected = outcomes?[number - 1] ?? .loaded
                if outcome?.outcome != expected {
                    found.append(
                        "\(feed.partition): manifest \(number) ended as \(String(describing: outcome?.outcome))")
                }
                found += archiveViolations(manifest, target)
            }
            let closed = try query("SELECT outcome FROM _bobbin_ledger WHERE chunk_id = '\(spool.id)/\(manifest.run)'")
            if closed != [(outcomes?[number - 1] ?? .loaded).rawValue] {
                found.append("ledger of \(number): \(closed)")
            }
            if number == last {
                let head = try query("SELECT n FROM _bobbin_head WHERE run = '\(manifest.run)'")
                if head != ["\(number)"] { found.append("head of \(feed.partition): \(head) instead of \(number)") }
            }
        }
        let present = Set(try spool.files.list(spool.log(feed.log), .fsckList).filter { $0.hasSuffix(".json") })
        if present != names { found.append("log of \(feed.partition): \(present) instead of \(names)") }
        return found
    }

    private func archiveViolations(_ manifest: RunManifest, _ target: String) -> [String] {
        var found: [String] = []
        let directory = "\(root)/loaded/\(target)/\(manifest.run)"
        for chunk in manifest.chunks {
            let bytes = FileManager.default.contents(atPath: "\(directory)/\(FileNames.chunk(chunk.sequence))")
            let digest = bytes.map { data in data.withUnsafeBytes { SHA256Stream.digest(of: $0) } }
            if digest != chunk.sha256 {
                found.append("chunk \(chunk.sequence) of \(manifest.run) is not in the archive")
            }
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let expected = manifest.chunks.isEmpty ? 0 : manifest.chunks.count + 1
        if names.count != expected { found.append("archive of \(manifest.run): \(names.sorted())") }
        return found
    }

    private func ledgerViolations(_ feeds: [Feed]) throws -> [String] {
        var found: [String] = []
        let chunks = try query("SELECT chunk_id FROM _bobbin_ledger WHERE seq IS NOT NULL")
        if !chunks.isEmpty { found.append("chunks left in the ledger: \(chunks)") }
        let heads = try query("SELECT count(*) FROM _bobbin_head")
        if heads != ["\(feeds.count)"] { found.append("\(heads) heads instead of \(feeds.count)") }
        let rows = try query(
            "SELECT coalesce(sum(\(engine == .postgres || engine == .mariadb ? "row_count" : "rows")), 0) FROM _bobbin_ledger WHERE outcome = 'loaded'"
        )
        let expected = feeds.allSatisfy({ $0.mode == .append }) ? feeds.reduce(0) { $0 + $1.expected.count } : nil
        if let expected, rows != ["\(expected)"] {
            found.append("the ledger counts \(rows) rows instead of \(expected)")
        }
        return found
    }

    /// Everything below a directory of the spool: files by path, and empty or left-over directories with a slash.
    package func files(_ name: String) -> [String] {
        var found: [String] = []
        func visit(_ relative: String) {
            let path = relative.isEmpty ? "\(root)/\(name)" : "\(root)/\(name)/\(relative)"
            for entry in ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() {
                let next = relative.isEmpty ? entry : "\(relative)/\(entry)"
                var isDirectory: ObjCBool = false
                _ = FileManager.default.fileExists(atPath: "\(root)/\(name)/\(next)", isDirectory: &isDirectory)
                if isDirectory.boolValue {
                    // The directories of targets and runs are made at publication and are no litter by themselves.
                    let isExpected = ["ready", "dead"].contains(name) && !next.contains("/")
                    let inner = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(name)/\(next)")) ?? []
                    if inner.isEmpty, !isExpected { found.append("\(next)/") }
                    visit(next)
                } else {
                    found.append(next)
                }
            }
        }
        visit("")
        return found
    }

    /// The lines of a compressed file; none when there is no such file.
    package func lines(_ path: String) throws -> [String] {
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        return try ChunkDecoder.lines(of: Array(data))
    }

    private func lineCount(_ path: String) throws -> Int { try lines(path).count }
}

extension ChunkDecoder {
    /// The lines of a whole compressed file.
    package static func lines(of bytes: [UInt8]) throws -> [String] {
        let decoder = try ChunkDecoder()
        let output = RawBuffer()
        try bytes.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                offset += try decoder.feed(
                    UnsafeRawBufferPointer(rebasing: bytes[offset...]), into: output, limit: output.count + (1 << 20))
            }
        }
        return String(decoding: output.bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
