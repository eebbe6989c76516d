internal import Manifest
package import Storage

/// A directory of the log, as it was listed.
package struct LogDirectory: Sendable {
    /// Its path.
    package var path: String
    /// Components below `manifests/`, as they are spelled there.
    package var components: [String]
    /// The names in it, without its partitions below.
    package var names: [String]
    /// The numbers of its manifests, ascending.
    package var numbers: [Int]
}

/// Walking the log without holding it.
extension Spool {
    /// The names in a directory; none when it is gone or is no directory.
    package func listing(_ path: String, _ operation: Operation) throws(StorageError) -> [String] {
        do { return try files.list(path, operation) } catch {
            if error.code == .notFound || error.code == .notDirectory { return [] }
            throw error
        }
    }

    /// Visits every directory of the log that has files, in the order of names, one at a time.
    ///
    /// What vanishes meanwhile is left out.
    /// - Parameter jobs: only these jobs, by their names from outside; all when empty.
    package func visitLogs(
        jobs: Set<String> = [], _ operation: Operation = .inventoryList, _ body: (LogDirectory) throws -> Void
    ) throws {
        let wanted = Set(jobs.map { encode($0) })
        for job in try listing("\(root)/manifests", operation).sorted() where wanted.isEmpty || wanted.contains(job) {
            for stream in try listing("\(root)/manifests/\(job)", operation).sorted() {
                try visitLog([job, stream], operation, body)
            }
        }
    }

    private func visitLog(
        _ components: [String], _ operation: Operation, _ body: (LogDirectory) throws -> Void
    ) throws {
        let path = "\(root)/manifests/" + components.joined(separator: "/")
        var names = try listing(path, operation)
        // An equals sign is never part of an encoded name: only directories of partition values have one.
        let below = names.filter { $0.utf8.contains(UInt8(ascii: "=")) }.sorted()
        names.removeAll { $0.utf8.contains(UInt8(ascii: "=")) }
        if !names.isEmpty {
            let numbers = names.compactMap(FileNames.parseLogEntry).sorted()
            try body(LogDirectory(path: path, components: components, names: names, numbers: numbers))
        }
        for name in below { try visitLog(components + [name], operation, body) }
    }

    /// A component as people wrote it; one that was cut stays as it is.
    package func display(_ component: String) -> String {
        if component == "%" { return "" }
        let bytes = Array(component.utf8)
        guard !bytes.contains(UInt8(ascii: "~")) else { return component }
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let byte = UInt8(String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
            {
                decoded.append(byte)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }
}
