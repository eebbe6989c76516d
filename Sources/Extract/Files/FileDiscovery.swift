internal import Configuration
internal import Formats
internal import Manifest
internal import Storage

/// Finds the files of a stream and sorts them into partitions by their paths.
enum FileDiscovery {
    /// The files that match `pattern` below `directory`, by partition, in the order of their paths.
    ///
    /// - Parameter names: the partition's columns; each must be captured by the pattern or by a `k=v` directory.
    static func find(
        _ pattern: String, in directory: String, names: [String], files: any FileSystem
    ) throws -> [(partition: Manifest.Partition, files: [SourceFile])] {
        let glob: Glob
        do { glob = try Glob(pattern) } catch { throw ExtractError(.configuration, error.message) }
        var order: [Manifest.Partition] = []
        var found: [Manifest.Partition: [SourceFile]] = [:]
        do {
            try glob.walk(list: { try entries($0, in: directory, files) }) { path in
                var fields: [Manifest.Partition.Field] = []
                let pairs = try glob.partition(of: path) ?? []
                for name in names {
                    guard let value = pairs.first(where: { $0.name.isSame(as: name) })?.value else {
                        throw ExtractError(
                            .configuration,
                            "\(directory)/\(path): its path does not tell the partition's \(name): write {\(name)} into source.path"
                        )
                    }
                    fields.append(Manifest.Partition.Field(name: name, value: value))
                }
                let partition = Manifest.Partition(fields)
                if found[partition] == nil { order.append(partition) }
                found[partition, default: []].append(
                    SourceFile(path: path, identity: try FileSourceReader.identity(path, in: directory, files)))
            }
        } catch let error as StorageError {
            switch error.code {
            case .notFound, .notDirectory:
                throw ExtractError(
                    .configuration, "\(error.description): make the directory, or correct `path` of the connection")
            case .permission: throw ExtractError(.permission, error.description)
            default: throw ExtractError(.environment, error.description)
            }
        } catch let error as FormatsError {
            throw ExtractError(.configuration, "\(directory)/\(error.message)")
        }
        return order.map { ($0, found[$0] ?? []) }
    }

    private static func entries(
        _ path: String, in directory: String, _ files: any FileSystem
    ) throws(StorageError) -> [DirectoryEntry] {
        let full = path.isEmpty ? directory : "\(directory)/\(path)"
        var entries: [DirectoryEntry] = []
        let names = try files.list(full, .sourceList) { odd in
            entries.append(DirectoryEntry(undecodable: odd.bytes, kind: kind(odd.kind)))
        }
        for name in names {
            do throws(StorageError) {
                let status = try files.status("\(full)/\(name)", .sourceStatus)
                entries.append(DirectoryEntry(name: name, kind: kind(status.kind)))
            } catch {
                // Renamed or removed since the listing.
                if error.code == .notFound { continue }
                throw error
            }
        }
        return entries
    }

    private static func kind(_ kind: FileStatus.Kind) -> DirectoryEntry.Kind {
        switch kind {
        case .file: .file
        case .directory: .directory
        case .symbolicLink: .symbolicLink
        case .other: .other
        }
    }
}
