import FoundationEssentials
import Glibc
import Synchronization

/// A folder whose record files are served page by page. Only regular files that lie directly in it are reachable.
package final class Folder: Sendable {
    private struct Cached {
        let identity: [Int]
        let file: RecordFile
    }

    private let path: String
    private let descriptor: Int32
    private let ordinal: String
    private let files = Mutex<[String: Cached]>([:])

    /// Opens a folder; `ordinal` names the key under which each record gets its number, from 1 on.
    package init(path: String, ordinal: String) throws {
        self.path = path
        self.ordinal = ordinal
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw UpstreamError(
                .notFound, "The folder '\(path)' cannot be opened: \(String(cString: strerror(errno))).")
        }
    }

    deinit {
        close(descriptor)
    }

    /// Whether there is nothing to serve, now: records in folders below it do not count.
    package var isEmpty: Bool {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).allSatisfy { RecordFormat.of($0) == nil }
    }

    /// Lists the files with their sizes in bytes and their addresses.
    func list() throws -> Reply {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw UpstreamError(.unreadable, "The folder cannot be listed.")
        }
        let entries = names.sorted().compactMap { name -> JSONValue? in
            guard RecordFormat.of(name) != nil, let (descriptor, status) = try? openFile(name) else { return nil }
            close(descriptor)
            return .object([
                "name": .string(name), "bytes": .number(Int(status.st_size)),
                "url": .string("/files/" + Percent.encode(name)),
            ])
        }
        return Reply(["files": .list(entries)])
    }

    /// A page of a file: the records numbered above `after`, or the `page`-th run of `limit` records.
    func page(of name: String, _ parameters: Parameters) throws -> Reply {
        let limit = min(try parameters.integer("limit", default: 1000, from: 1), Service.maxPage)
        let file = try file(name)
        var start = min(max(0, try parameters.integer("after", default: 0, from: .min)), file.count)
        let page = try parameters.integer("page", default: 0, from: 1)
        if page > 0 {
            let (first, overflow) = (page - 1).multipliedReportingOverflow(by: limit)
            start = overflow ? file.count : min(first, file.count)
        }
        let end = min(start + limit, file.count)
        let encoder = RecordEncoder(header: file.header, format: file.format, ordinal: ordinal)
        var json = JSONText()
        json.raw(#"{"data":["#)
        for (offset, record) in try file.records(start..<end).enumerated() {
            if offset > 0 { json.raw(",") }
            try encoder.encode(record, number: start + offset + 1, into: &json)
        }
        let next = end < file.count ? String(page > 0 ? page + 1 : end) : "null"
        json.raw(#"],"next":\#(next)}"#)
        return Reply(json: json.bytes, rows: end - start)
    }

    private func file(_ name: String) throws -> RecordFile {
        guard let (format, isCompressed) = RecordFormat.of(name) else {
            throw UpstreamError(.notFound, "Only .csv, .tsv, .ndjson and .jsonl files are served, also with .gz.")
        }
        let (descriptor, status) = try openFile(name)
        let identity = [
            Int(truncatingIfNeeded: status.st_dev), Int(truncatingIfNeeded: status.st_ino), Int(status.st_size),
            status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
        ]
        // Under the lock, so that a large file is indexed once however many ask for it at the same time.
        return try files.withLock { files in
            if let cached = files[name], cached.identity == identity {
                close(descriptor)
                return cached.file
            }
            let plain = isCompressed ? try Gunzip.expand(closing: descriptor) : descriptor
            let file = try RecordFile(owning: plain, format: format)
            files[name] = Cached(identity: identity, file: file)
            return file
        }
    }

    private func openFile(_ name: String) throws -> (descriptor: Int32, status: stat) {
        var status = stat()
        // One component that is no link cannot leave the folder; NONBLOCK keeps a named pipe from holding us.
        guard !name.isEmpty, name != ".", name != "..",
            !name.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "/") })
        else { throw UpstreamError(.notFound, "There is no such file.") }
        let file = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw UpstreamError(.notFound, "There is no such file.") }
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(file)
            throw UpstreamError(.notFound, "There is no such file.")
        }
        return (file, status)
    }
}
