internal import Chunk
internal import JSON
package import Storage

/// One rejected row or line, with all a person needs to mend it.
package struct Reject: Sendable {
    /// The source file, for rejected input.
    package var file: String?
    /// Line in the chunk or in the source file, from 1.
    package var line: Int
    /// What is wrong, in words.
    package var reason: String
    /// The column at fault, when it is one.
    package var column: String?
    /// The target's code: an SQLSTATE or the engine's own.
    package var code: String?
    /// The row as it came, cut at 64 KB; bytes that are no UTF-8 are replaced.
    package var row: String

    /// A rejected row.
    package init(
        file: String? = nil, line: Int, reason: String, column: String? = nil, code: String? = nil, row: String
    ) {
        self.file = file
        self.line = line
        self.reason = reason
        self.column = column
        self.code = code
        self.row = row
    }

    /// The longest row that is kept, in bytes.
    package static let rowLimit = 64 << 10

    var json: JSONValue {
        .record([
            ("file", file.map { .string($0) } ?? .null), ("line", .integer(Int64(line))), ("reason", .string(reason)),
            ("column", column.map { .string($0) } ?? .null), ("code", code.map { .string($0) } ?? .null),
            ("row", .string(row)),
        ])
    }
}

/// A file of rejected rows (zstd NDJSON), made when the first one comes.
package final class RejectFile {
    /// Which fault points it uses.
    package enum Place: Sendable {
        /// While extracting.
        case input
        /// While loading.
        case load
    }

    private let files: any FileSystem
    private let path: String
    private let place: Place
    private var file: FileDescriptor?
    private var buffer = RawBuffer()
    private let frames = RawBuffer()
    private let compressor: FrameCompressor
    /// Rows set aside so far.
    package private(set) var count = 0

    /// Rejects go to `path`.
    package init(_ files: any FileSystem, _ path: String, _ place: Place) throws {
        self.files = files
        self.path = path
        self.place = place
        compressor = try FrameCompressor()
    }

    deinit {
        if let file { try? files.close(file, place == .input ? .inputRejectsClose : .rejectsClose) }
    }

    /// The file's name without its directory.
    package var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// Sets one row aside.
    package func add(_ reject: Reject) throws {
        if file == nil {
            file = try files.open(path, .replace, place == .input ? .inputRejectsCreate : .rejectsCreate)
        }
        let line = reject.json.serialized()
        line.withUnsafeBytes { buffer.append($0) }
        buffer.append(10)
        count += 1
        if buffer.count >= 256 << 10 { try flush() }
    }

    /// Makes what was set aside durable; does nothing when there is nothing.
    package func finish() throws {
        guard let file else { return }
        try flush()
        try files.synchronize(file, place == .input ? .inputRejectsSync : .rejectsSync)
        self.file = nil
        try files.close(file, place == .input ? .inputRejectsClose : .rejectsClose)
        let directory = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        if place == .load { try files.synchronizeDirectory(directory, .rejectsSyncDirectory) }
    }

    /// Throws away what was set aside: its transaction did not commit.
    package func abandon() {
        guard count > 0 else { return }
        if let file { try? files.close(file, .rejectsClose) }
        file = nil
        try? files.unlink(path, .rejectsSweep)
        count = 0
        buffer.removeAll()
    }

    private func flush() throws {
        guard let file, buffer.count > 0 else { return }
        frames.removeAll()
        try compressor.compress(buffer.bytes, into: frames)
        try files.write(file, frames.bytes, place == .input ? .inputRejectsWrite : .rejectsWrite)
        buffer.removeAll()
    }
}
