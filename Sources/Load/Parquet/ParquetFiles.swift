internal import Chunk
internal import Databases
internal import Manifest
internal import Storage

/// The published files of a directory. A reader opens the old file of a table or the new one, each whole.
struct ParquetFiles {
    /// What is being written; no name of a table becomes it, and what reads `*.parquet` passes over it.
    static let temporary = "_bobbin.parquet.part"

    let directory: String
    let files: any FileSystem

    /// The file's name for a table: names come from outside.
    static func name(of table: String) -> String {
        let name = NameEncoding.encode(table) { bytes in
            bytes.withUnsafeBytes { SHA256Stream.digest(of: $0).description }
        }
        return "\(name).parquet"
    }

    /// Where a file lies.
    func path(_ name: String) -> String { "\(directory)/\(name)" }

    /// Whether there is something of that name.
    func holds(_ name: String) throws(StorageError) -> Bool {
        do throws(StorageError) { _ = try files.status(path(name), .parquetStatus) } catch {
            if error.code == .notFound { return false }
            throw error
        }
        return true
    }

    /// Writes a table to its file, durable on return.
    func publish(_ table: String, as name: String, from connection: DuckDBConnection) throws {
        let part = path(ParquetFiles.temporary)
        do {
            try connection.execute(
                """
                COPY \(try DuckDBConnection.quote(identifier: table)) TO \(DuckDBConnection.quote(literal: part))
                (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)
                """)
            let file = try files.open(part, .read, .parquetOpen)
            do throws(StorageError) { try files.synchronize(file, .parquetSync) } catch {
                try? files.close(file, .parquetClose)
                throw error
            }
            try files.close(file, .parquetClose)
            try files.rename(part, path(name), .parquetRename)
        } catch {
            // A full disk gets its room back.
            try? files.unlink(part, .parquetUnlinkTemporary)
            throw error
        }
        try files.synchronizeDirectory(directory, .parquetSyncDirectory)
    }
}
