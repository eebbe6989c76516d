/// The only place that prints and parses the names of files in a spool.
///
/// Grammar: `docs/spool-format.md`, "Tree". Every parser accepts exactly what its printer makes.
package enum FileNames {
    /// The suffix of every chunk file.
    package static let chunkSuffix = ".ndjson.zst"
    /// The name of a sealed or published manifest.
    package static let manifest = "manifest.json"
    /// Beside a log: how the last extraction failed.
    package static let failed = "failed.json"
    /// The name of a lease.
    package static let lease = "lease"
    /// The token of a target that has one writer.
    package static let writer = "writer"
    /// Input that could not become a record, while the run is being written.
    package static let inputRejects = "rejects.ndjson.zst"
    /// The same, set aside.
    package static let deadInputRejects = "input.rejects.ndjson.zst"

    /// `<n>.json`, the n-th manifest of a log.
    package static func logEntry(_ number: Int) -> String { "\(number).json" }

    /// n of `<n>.json`.
    package static func parseLogEntry(_ name: String) -> Int? {
        guard name.hasSuffix(".json"), let number = HexDigits.decimal(name.dropLast(5)), number > 0 else { return nil }
        return number
    }

    /// `<n>.<target>.outcome.json`.
    package static func outcome(_ number: Int, target: String) -> String { "\(number).\(target).outcome.json" }

    /// `<n>.<target>.load.json`.
    package static func loadManifest(_ number: Int, target: String) -> String { "\(number).\(target).load.json" }

    /// n and target of an outcome or load manifest.
    package static func parseTargetEntry(_ name: String, suffix: String) -> (number: Int, target: String)? {
        guard name.hasSuffix(suffix), let dot = name.firstIndex(of: "."),
            let number = HexDigits.decimal(name[..<dot]), number > 0
        else { return nil }
        let target = name[name.index(after: dot)...].dropLast(suffix.count)
        return NameEncoding.isEncoded(target) ? (number, String(target)) : nil
    }

    /// `<seq>.ndjson.zst`, a chunk in `writing/`, `trash/`, `loaded/` or `dead/`.
    package static func chunk(_ sequence: Int) -> String { "\(sequence)\(chunkSuffix)" }

    /// seq of `<seq>.ndjson.zst`.
    package static func parseChunk(_ name: String) -> Int? {
        name.hasSuffix(chunkSuffix) ? HexDigits.decimal(name.dropLast(chunkSuffix.count)) : nil
    }

    /// `<seq>.json`, the entry of a finished chunk beside it.
    package static func chunkEntry(_ sequence: Int) -> String { "\(sequence).json" }

    /// seq of `<seq>.json`.
    package static func parseChunkEntry(_ name: String) -> Int? {
        name.hasSuffix(".json") ? HexDigits.decimal(name.dropLast(5)) : nil
    }

    /// `<seq>.why.json`, the reason beside a dead chunk.
    package static func why(_ sequence: Int) -> String { "\(sequence).why.json" }

    /// seq of `<seq>.why.json`.
    package static func parseWhy(_ name: String) -> Int? {
        name.hasSuffix(".why.json") ? HexDigits.decimal(name.dropLast(9)) : nil
    }

    /// `<seq>.edited.json`, beside a replayed chunk that a person edited.
    package static func edited(_ sequence: Int) -> String { "\(sequence).edited.json" }

    /// seq of `<seq>.edited.json`.
    package static func parseEdited(_ name: String) -> Int? {
        name.hasSuffix(".edited.json") ? HexDigits.decimal(name.dropLast(12)) : nil
    }

    /// Rejected rows of a chunk under a name that no other loader or attempt uses.
    package static func rejects(_ sequence: Int, loader: String, attempt: Int) -> String {
        "\(sequence).\(loader).a\(attempt).rejects\(chunkSuffix)"
    }

    /// seq of a rejects file.
    package static func parseRejects(_ name: String) -> Int? {
        guard name.hasSuffix(".rejects\(chunkSuffix)"), let dot = name.firstIndex(of: ".") else { return nil }
        return HexDigits.decimal(name[..<dot])
    }

    /// `writer.<target>`, the token while a loader holds it.
    package static func heldWriter(_ target: String) -> String { "\(writer).\(target)" }

    /// The target of a held token.
    package static func parseHeldWriter(_ name: String) -> String? {
        let prefix = writer + "."
        guard name.hasPrefix(prefix) else { return nil }
        let target = name.dropFirst(prefix.count)
        return NameEncoding.isEncoded(target) ? String(target) : nil
    }
}

/// The directory of a published run: `<pp>-<run>`. Lexical order is the order of work.
package struct ReadyName: Sendable, Hashable, Comparable {
    /// 0 (first) to 99.
    package let priority: Int
    /// The run.
    package let run: RunID

    /// A published run of this priority.
    package init(priority: Int, run: RunID) {
        self.priority = priority
        self.run = run
    }

    /// Parses the one spelling.
    package init?(_ name: some StringProtocol) {
        let bytes = Array(name.utf8)
        guard bytes.count == 35, bytes[2] == UInt8(ascii: "-"),
            bytes[..<2].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let run = RunID(name.dropFirst(3))
        else { return nil }
        self.init(priority: Int(bytes[0] - 48) * 10 + Int(bytes[1] - 48), run: run)
    }

    /// The directory's name.
    package var text: String { (priority < 10 ? "0" : "") + "\(priority)-\(run)" }

    package static func < (left: ReadyName, right: ReadyName) -> Bool {
        (left.priority, left.run.text) < (right.priority, right.run.text)
    }
}

/// The name of a chunk that waits: its attempts and deaths are in the name, so that counting is one rename.
package struct ReadyChunkName: Sendable, Hashable {
    /// Place in the run.
    package var sequence: Int
    /// Failed attempts so far.
    package var attempt: Int
    /// Deaths of loaders with this chunk in work, in a row.
    package var crashes: Int
    /// Unix seconds before which nobody should try.
    package var notBefore: Int?

    /// A chunk's waiting name.
    package init(sequence: Int, attempt: Int = 0, crashes: Int = 0, notBefore: Int? = nil) {
        self.sequence = sequence
        self.attempt = attempt
        self.crashes = crashes
        self.notBefore = notBefore
    }

    /// Parses the one spelling.
    package init?(_ name: some StringProtocol) {
        guard name.hasSuffix(FileNames.chunkSuffix) else { return nil }
        let parts = name.dropLast(FileNames.chunkSuffix.count).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 || parts.count == 4, let sequence = HexDigits.decimal(parts[0]),
            let attempt = ReadyChunkName.counter(parts[1], "a"), let crashes = ReadyChunkName.counter(parts[2], "c")
        else { return nil }
        var notBefore: Int?
        if parts.count == 4 {
            guard let time = ReadyChunkName.counter(parts[3], "t") else { return nil }
            notBefore = time
        }
        self.init(sequence: sequence, attempt: attempt, crashes: crashes, notBefore: notBefore)
    }

    /// The file's name.
    package var text: String {
        let time = notBefore.map { ".t\($0)" } ?? ""
        return "\(sequence).a\(attempt).c\(crashes)\(time)\(FileNames.chunkSuffix)"
    }

    static func counter(_ text: some StringProtocol, _ letter: String) -> Int? {
        text.hasPrefix(letter) ? HexDigits.decimal(text.dropFirst()) : nil
    }
}

/// The name of a chunk in a loader's directory; it says all that is needed to hand it back.
package struct ClaimedName: Sendable, Hashable {
    /// The published run.
    package let ready: ReadyName
    /// The chunk, without a not-before.
    package var chunk: ReadyChunkName
    /// The target, encoded.
    package let target: String

    /// A claimed chunk's name.
    package init(ready: ReadyName, chunk: ReadyChunkName, target: String) {
        self.ready = ready
        self.chunk = chunk
        self.chunk.notBefore = nil
        self.target = target
    }

    /// Parses the one spelling.
    package init?(_ name: some StringProtocol) {
        guard name.hasSuffix(FileNames.chunkSuffix) else { return nil }
        let parts = name.dropLast(FileNames.chunkSuffix.count)
            .split(separator: ".", maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count == 5, let ready = ReadyName(parts[0]), let sequence = HexDigits.decimal(parts[1]),
            let attempt = ReadyChunkName.counter(parts[2], "a"), let crashes = ReadyChunkName.counter(parts[3], "c"),
            NameEncoding.isEncoded(parts[4])
        else { return nil }
        self.init(
            ready: ready, chunk: ReadyChunkName(sequence: sequence, attempt: attempt, crashes: crashes),
            target: String(parts[4]))
    }

    /// The file's name.
    package var text: String {
        "\(ready.text).\(chunk.sequence).a\(chunk.attempt).c\(chunk.crashes).\(target)\(FileNames.chunkSuffix)"
    }
}
