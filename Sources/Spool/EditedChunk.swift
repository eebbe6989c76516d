internal import Chunk
internal import JSON
package import Manifest
internal import Storage

/// What stands beside a dead chunk that a person edited and gave back: what the loader checks in place of the manifest.
package struct EditedChunk: Sendable, Equatable {
    package var sha256: SHA256Value
    package var rows: Int
    package var bytes: Int
    package var compressed: Int
    /// Order-free content hash of the rows.
    package var content: UInt64
    /// RFC 3339, UTC.
    package var editedAt: String

    func encoded() -> [UInt8] {
        JSONValue.record([
            ("format", .integer(1)), ("sha256", .string(sha256.description)), ("rows", .integer(Int64(rows))),
            ("bytes", .integer(Int64(bytes))), ("compressed", .integer(Int64(compressed))),
            ("content", .string(HexDigits.render(content))), ("edited_at", .string(editedAt)),
        ]).serialized()
    }

    init(sha256: SHA256Value, rows: Int, bytes: Int, compressed: Int, content: UInt64, editedAt: String) {
        self.sha256 = sha256
        self.rows = rows
        self.bytes = bytes
        self.compressed = compressed
        self.content = content
        self.editedAt = editedAt
    }

    init(decoding bytes: [UInt8]) throws {
        let reader = try ObjectReader(try JSONValue(parsing: bytes), "an edited chunk's note")
        try reader.checkFormat()
        self.init(
            sha256: try reader.sha256("sha256"), rows: try reader.integer("rows"), bytes: try reader.integer("bytes"),
            compressed: try reader.integer("compressed"), content: try reader.content("content"),
            editedAt: try reader.string("edited_at"))
    }
}

extension Spool {
    /// The note beside an edited chunk in `directory`; `nil` when there is none.
    ///
    /// - Throws: `SpoolError.damaged` when it cannot be read.
    package func editedChunk(_ directory: String, _ sequence: Int) throws -> EditedChunk? {
        let path = "\(directory)/\(FileNames.edited(sequence))"
        let bytes: [UInt8]
        do {
            bytes = try files.contents(path, limit: 1 << 16, open: .editedRead, read: .editedRead, close: .editedRead)
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
        do { return try EditedChunk(decoding: bytes) } catch {
            throw SpoolError(.damaged, "\(path): \(error); bobbin fsck --repair sets it aside")
        }
    }

    /// The manifest's entry of a waiting chunk, with the facts of its edited file where a person edited it.
    package func editedEntry(_ target: String, _ name: ReadyName, _ entry: ChunkEntry) throws -> ChunkEntry {
        guard let edited = try editedChunk(ready(target, name), entry.sequence) else { return entry }
        return entry.with(edited)
    }
}

extension ChunkEntry {
    /// The entry with the facts of an edited file.
    package func with(_ edited: EditedChunk) -> ChunkEntry {
        var entry = self
        entry.sha256 = edited.sha256
        entry.rows = edited.rows
        entry.bytes = edited.bytes
        entry.compressed = edited.compressed
        entry.content = edited.content
        return entry
    }
}
