package import Configuration
internal import Formats
internal import HTTP
package import Storage

/// Looks at a connection to files without a stream.
package enum FileProbe {
    /// A file that lies there.
    package struct Found: Sendable {
        /// Below the connection's directory or prefix.
        package let path: String
        /// Bytes; nil when the server does not say.
        package let size: Int64?
        /// Unix milliseconds; nil when the server does not say.
        package let modified: Int64?
    }

    /// Lists the top directory.
    ///
    /// - Returns: what can be read, in words.
    /// - Throws: `ExtractError` when it cannot be.
    package static func answer(_ connection: Configuration.Connection, files: any FileSystem) throws -> String {
        let store = try FilePlan.store(connection, .none, files)
        do {
            if let bucket = store as? S3Store {
                try bucket.probe()
                return "\(store.place) answers and can be listed"
            }
            let count = try store.connect(isCancelled: { false }).list("").count
            return "\(store.place) can be read; \(count) entries"
        } catch { throw ExtractError(error) }
    }

    /// The first files that match a glob, in the order of their paths.
    ///
    /// - Throws: `ExtractError`.
    package static func find(
        _ pattern: String, _ connection: Configuration.Connection, files: any FileSystem, clock: any Clock, limit: Int
    ) throws -> [Found] {
        struct Enough: Error {}
        let store = try FilePlan.store(connection, .none, files)
        let once = HTTP.RetryPolicy(strategy: .fixed(0), maxAttempts: 1)
        let attempts = FilePlan.attempts(once, SourceBreaker("", partitions: 1, clock: clock))
        var found: [Found] = []
        var isFull = false
        do {
            try FileDiscovery.walk(pattern, in: store, attempts: attempts) { _, file in
                guard found.count < limit else {
                    isFull = true
                    throw Enough()
                }
                let time = file.identity.modifiedNanoseconds
                found.append(
                    Found(
                        path: file.path, size: file.identity.size < 0 ? nil : file.identity.size,
                        modified: time == 0 ? nil : time / 1_000_000))
            }
        } catch { guard isFull else { throw error } }
        return found
    }
}
