internal import Configuration
internal import Formats
internal import Manifest
internal import Storage

/// Finds the files of a stream and sorts them into partitions by their paths.
enum FileDiscovery {
    /// The files that match `pattern` in `store`, by partition, in the order of their paths.
    ///
    /// - Parameters:
    ///   - names: the partition's columns; each must be captured by the pattern or by a `k=v` directory.
    ///   - attempts: how what fails in a transient way is repeated.
    static func find(
        _ pattern: String, in store: any FileStore, names: [String], attempts: RemoteAttempts
    ) throws -> [(partition: Manifest.Partition, files: [SourceFile])] {
        var order: [Manifest.Partition] = []
        var found: [Manifest.Partition: [SourceFile]] = [:]
        try walk(pattern, in: store, attempts: attempts) { glob, file in
            var fields: [Manifest.Partition.Field] = []
            let pairs = try glob.partition(of: file.path) ?? []
            for name in names {
                guard let value = pairs.first(where: { $0.name.isSame(as: name) })?.value else {
                    throw ExtractError(
                        .configuration,
                        "\(store.place)/\(file.path): its path does not tell the partition's \(name): write {\(name)} into source.path"
                    )
                }
                fields.append(Manifest.Partition.Field(name: name, value: value))
            }
            let partition = Manifest.Partition(fields)
            if found[partition] == nil { order.append(partition) }
            found[partition, default: []].append(file)
        }
        return order.map { ($0, found[$0] ?? []) }
    }

    /// Calls `visit` for each file of `store` that matches `pattern`, in the order of their paths.
    ///
    /// - Throws: `ExtractError`.
    static func walk(
        _ pattern: String, in store: any FileStore, attempts: RemoteAttempts,
        visit: (Glob, SourceFile) throws -> Void
    ) throws {
        let glob: Glob
        do { glob = try Glob(pattern) } catch { throw ExtractError(.configuration, error.message) }
        do {
            let session = try store.connect(isCancelled: { false })
            try glob.walk(list: { path in try attempts.run { try session.list(path) } }) { path in
                let identity = try attempts.run { try session.identity(of: path) }
                try visit(glob, SourceFile(path: path, identity: identity))
            }
        } catch let error as StorageError {
            switch error.code {
            case .notFound, .notDirectory:
                throw ExtractError(.configuration, "\(error.description): \(store.advice)")
            case .permission: throw ExtractError(.permission, error.description)
            default: throw ExtractError(.environment, error.description)
            }
        } catch let error as FormatsError {
            throw ExtractError(.configuration, "\(store.place)/\(error.message)")
        } catch { throw ExtractError(error) }
    }
}
