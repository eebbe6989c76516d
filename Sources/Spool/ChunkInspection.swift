internal import Chunk
internal import Glibc
internal import JSON
package import Manifest
package import Storage

/// What a chunk file really holds.
package struct ChunkInspection: Sendable {
    /// A line that is no record.
    package struct BadLine: Sendable {
        /// From 1.
        package var line: Int
        package var reason: String
        /// Its beginning; bytes that are no UTF-8 are replaced.
        package var text: String
    }

    /// SHA-256 of the file.
    package var sha256: SHA256Value
    package var rows = 0
    package var bytes = 0
    package var compressed: Int
    /// Order-free content hash of the rows.
    package var content: UInt64
    /// Lines that are no JSON object, as many as were asked for.
    package var badLines: [BadLine] = []
    package var badCount = 0
    /// The first lines as they are.
    package var sample: [String] = []

    /// Whether the file is what `entry` says.
    package func matches(_ entry: ChunkEntry) -> Bool {
        sha256 == entry.sha256 && rows == entry.rows && content == entry.content
    }
}

extension Spool {
    /// Reads the chunk file at `path` to its end, with flat memory.
    ///
    /// - Parameters:
    ///   - checksRecords: whether each line is looked at, too.
    ///   - limit: how many bad lines and sample lines are kept.
    /// - Throws: `ChunkError` when it is not whole zstd frames of LF-ended lines, `StorageError`.
    package func inspectChunk(
        _ path: String, checksRecords: Bool = false, limit: Int = 0, _ operation: Operation = .fsckRead
    ) throws -> ChunkInspection {
        let file = try files.open(path, .read, operation)
        defer { try? files.close(file, operation) }
        var hash = SHA256Stream()
        var compressed = 0
        let blocks = try ChunkLineBlocks { room in
            let count = try self.files.read(file, into: room, operation)
            hash.update(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<count]))
            compressed += count
            return count
        }
        var found = ChunkInspection(sha256: SHA256Value([]), compressed: 0, content: 0)
        var content = RowHash()
        var scanner = RecordScanner()
        let block = RawBuffer()
        while try blocks.nextBlock(into: block) {
            found.bytes += block.count
            let lines = content.addLines(block.bytes)
            if checksRecords || found.sample.count < limit {
                look(block, firstLine: found.rows + 1, checksRecords, limit, &scanner, &found)
            }
            found.rows += lines
        }
        found.sha256 = hash.finalize()
        found.compressed = compressed
        found.content = content.value
        return found
    }

    private func look(
        _ block: RawBuffer, firstLine: Int, _ checksRecords: Bool, _ limit: Int, _ scanner: inout RecordScanner,
        _ found: inout ChunkInspection
    ) {
        let base = UnsafePointer(block.base)
        var position = 0
        var line = firstLine
        while position < block.count {
            let end = memchr(base + position, 10, block.count &- position)
            let stop = end.map { UnsafePointer($0.assumingMemoryBound(to: UInt8.self)) - base } ?? block.count
            func text() -> String {
                String(
                    decoding: UnsafeBufferPointer(
                        start: base + position, count: min(stop &- position, Reject.rowLimit)), as: UTF8.self)
            }
            if found.sample.count < limit { found.sample.append(text()) }
            if checksRecords {
                var reason: String?
                if let bad = validUTF8(base + position, stop &- position) {
                    reason = "no UTF-8 at byte \(bad + 1) of the line"
                } else {
                    do {
                        let after = try scanner.scanObject(base, from: position, to: stop)
                        if after != stop { reason = "text after the record" }
                    } catch { reason = error.message }
                }
                if let reason {
                    found.badCount += 1
                    if found.badLines.count < limit {
                        found.badLines.append(ChunkInspection.BadLine(line: line, reason: reason, text: text()))
                    }
                }
            } else if found.sample.count >= limit {
                return
            }
            position = stop &+ 1
            line &+= 1
        }
    }

    /// Reads the rejects file at `path`, reject by reject.
    ///
    /// - Parameter body: gets the line's number in the file and the reject; it ends the reading by returning `false`.
    package func readRejects(_ path: String, _ body: (Int, Reject) throws -> Bool) throws {
        let file = try files.open(path, .read, .deadRead)
        defer { try? files.close(file, .deadRead) }
        let blocks = try ChunkLineBlocks { room in try self.files.read(file, into: room, .deadRead) }
        let block = RawBuffer()
        var number = 0
        while try blocks.nextBlock(into: block) {
            for line in block.bytes.split(separator: 10) {
                number += 1
                guard let reject = Reject(decoding: Array(line)) else {
                    throw SpoolError(
                        .damaged,
                        "\(path): line \(number) is no rejected row: a JSON object with \"row\", or the mended row itself, is due there"
                    )
                }
                guard try body(number, reject) else { return }
            }
        }
    }
}

extension Reject {
    /// Reads a line of a rejects file; a bare record stands for itself, since people mend files as they like.
    init?(decoding bytes: [UInt8]) {
        guard let value = try? JSONValue(parsing: bytes), value.members != nil else { return nil }
        guard let row = value["row"]?.text, let reason = value["reason"]?.text, let line = value["line"]?.int64 else {
            self.init(line: 0, reason: "", row: String(decoding: bytes, as: UTF8.self))
            return
        }
        self.init(
            file: value["file"]?.text, line: Int(clamping: line), reason: reason, column: value["column"]?.text,
            code: value["code"]?.text, row: row)
    }
}
