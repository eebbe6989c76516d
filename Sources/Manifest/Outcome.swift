internal import JSON

/// How a manifest ended in one target; terminal, written from the target's head.
package enum Outcome: String, Sendable {
    case loaded
    case superseded
    case cancelled
    case discarded
}

/// States of a partition as people see them, everywhere the same words.
package enum RunState: String, Sendable, CaseIterable {
    case pending = "PENDING"
    case running = "RUNNING"
    case published = "PUBLISHED"
    case loading = "LOADING"
    case loaded = "LOADED"
    case failed = "FAILED"
    case superseded = "SUPERSEDED"
    case cancelled = "CANCELLED"

    /// The state which an outcome shows as; a discarded run is cancelled by a person.
    package init(_ outcome: Outcome) {
        switch outcome {
        case .loaded: self = .loaded
        case .superseded: self = .superseded
        case .cancelled, .discarded: self = .cancelled
        }
    }
}

/// How much a contract (`discard_row`, `discard_value`) has left out.
package struct Discards: Sendable, Hashable {
    /// Whole rows.
    package var rows = 0
    /// Values of rows that were loaded without them.
    package var values = 0

    /// Nothing, or so much.
    package init(rows: Int = 0, values: Int = 0) {
        self.rows = rows
        self.values = values
    }

    /// Reads what ``text`` wrote; nothing of anything else.
    package init(parsing text: String?) {
        guard let value = text.flatMap({ try? JSONValue(parsing: $0) }) else { return }
        if case .integer(let number)? = value["discarded"] { rows = Int(number) }
        if case .integer(let number)? = value["discarded_values"] { values = Int(number) }
    }

    /// Whether nothing was left out.
    package var isEmpty: Bool { rows == 0 && values == 0 }

    /// Adds what was left out elsewhere.
    package mutating func add(_ other: Discards) {
        rows += other.rows
        values += other.values
    }

    /// As it stands with a chunk in the ledger; nil for nothing.
    package var text: String? { isEmpty ? nil : JSONValue.record(members).serializedText() }

    var members: [(String, JSONValue)] {
        isEmpty ? [] : [("discarded", .integer(Int64(rows))), ("discarded_values", .integer(Int64(values)))]
    }
}

/// What a load manifest says of one chunk.
package struct LoadedChunk: Sendable {
    package var sequence: Int
    package var rows: Int
    package var rejects: Int
    /// What a contract has left out: neither loaded nor set aside.
    package var discards = Discards()
    package var loader: String
    package var attempt: Int
    /// RFC 3339, UTC.
    package var at: String

    /// A loaded chunk's facts.
    package init(sequence: Int, rows: Int, rejects: Int, loader: String, attempt: Int, at: String) {
        self.sequence = sequence
        self.rows = rows
        self.rejects = rejects
        self.loader = loader
        self.attempt = attempt
        self.at = at
    }
}

/// Progress of one run in one target (`<n>.<target>.load.json`), and how it ended (`<n>.<target>.outcome.json`).
package struct LoadManifest: Sendable {
    package var run: RunID
    package var number: Int
    package var target: String
    /// nil while the run is open.
    package var outcome: Outcome?
    package var chunksTotal: Int
    package var chunks: [LoadedChunk] = []
    /// Rows now in the table because of this run.
    package var rows = 0
    package var rejects = 0
    /// What contracts have left out of all chunks.
    package var discards: Discards { chunks.reduce(into: Discards()) { $0.add($1.discards) } }
    /// Why an open run does not go on, for people: a guard that refused it.
    package var note: String?
    /// RFC 3339, UTC.
    package var updated = ""

    /// The progress of a run of which nothing is loaded yet.
    package init(run: RunID, number: Int, target: String, chunksTotal: Int) {
        self.run = run
        self.number = number
        self.target = target
        self.chunksTotal = chunksTotal
    }

    /// The document's bytes.
    package func encoded() -> [UInt8] {
        JSONValue.record([
            ("format", .integer(Int64(RunManifest.firstFormat))), ("run", .string(run.text)),
            ("n", .integer(Int64(number))), ("target", .string(target)),
            ("outcome", outcome.map { .string($0.rawValue) } ?? .null),
            ("chunks_total", .integer(Int64(chunksTotal))), ("chunks_loaded", .integer(Int64(chunks.count))),
            ("rows", .integer(Int64(rows))), ("rejects", .integer(Int64(rejects))),
            ("discarded", .integer(Int64(discards.rows))), ("discarded_values", .integer(Int64(discards.values))),
            ("note", note.map { .string($0) } ?? .null),
            ("updated", .string(updated)),
        ]).serialized(with: "chunks", chunks.lazy.map(\.json), .record([]))
    }

    /// Reads a document.
    package init(decoding bytes: [UInt8]) throws(ManifestError) {
        var list = ListDecoder<LoadedChunk>("chunks")
        bytes.withUnsafeBytes { list.add($0) { value throws(ManifestError) in try LoadedChunk(value) } }
        let (value, loaded) = try list.finish("the load manifest")
        let reader = try ObjectReader(value, "the load manifest")
        self.init(
            run: try reader.run("run"), number: try reader.integer("n"), target: try reader.string("target"),
            chunksTotal: try reader.integer("chunks_total"))
        if case .string(let text) = reader.any("outcome") {
            guard let known = Outcome(rawValue: text) else {
                throw ManifestError(.malformed, "unknown outcome \"\(text)\"")
            }
            outcome = known
        }
        rows = try reader.integer("rows")
        rejects = try reader.integer("rejects")
        updated = try reader.string("updated")
        if case .string(let text) = reader.any("note") { note = text }
        chunks = loaded
    }
}

extension LoadedChunk {
    var json: JSONValue {
        .record(
            [
                ("seq", .integer(Int64(sequence))), ("rows", .integer(Int64(rows))),
                ("rejects", .integer(Int64(rejects))),
                ("loader", .string(loader)), ("attempt", .integer(Int64(attempt))), ("at", .string(at)),
            ] + discards.members)
    }

    init(_ value: JSONValue) throws(ManifestError) {
        let reader = try ObjectReader(value, "a loaded chunk")
        self.init(
            sequence: try reader.integer("seq"), rows: try reader.integer("rows"),
            rejects: try reader.integer("rejects"), loader: try reader.string("loader"),
            attempt: try reader.integer("attempt"), at: try reader.string("at"))
        if reader.any("discarded") != .null {
            discards = Discards(
                rows: try reader.integer("discarded"), values: try reader.integer("discarded_values"))
        }
    }
}
