internal import Chunk
package import Databases
package import Manifest
package import Storage

/// A directory of Parquet files as a target: one file for each table.
///
/// The rows and the books lie in a DuckDB file in the same directory, with all that ``DuckDBTarget`` promises; what is committed there
/// is then published: a table is written anew to a file beside, made durable, and renamed (``ParquetFiles``). Which tables are
/// ahead of their files stands in the books, so that whoever loads next publishes what a dead loader could not. Used by one thread.
package final class ParquetTarget: LoadTarget {
    /// The DuckDB file's name: it begins as what engines that read whole directories pass over.
    package static let database = "_bobbin.duckdb"

    private let inner: DuckDBTarget
    private let files: ParquetFiles
    private let clock: any Clock
    /// The table that was made ready last.
    private var prepared: String?
    /// Tables of the open transaction.
    private var changed: Set<String> = []
    /// Tables that have a name in the directory.
    private var claimed: Set<String> = []
    /// There may be something to publish; at first what a dead loader has left.
    private var isBehind = true
    private var hasLooked = false
    private var hasBooks = false
    private var publishedAt: Double
    private var lastSeconds = 0.0

    /// Makes the directory when it is absent; what lies there is opened once something is asked of it.
    ///
    /// - Parameters:
    ///   - settings: of DuckDB; the path is the directory.
    ///   - spool: the spool's id, part of every head's key.
    /// - Throws: `StorageError`.
    package init(_ settings: DuckDBSettings, spool: String, files: any FileSystem, clock: any Clock) throws {
        do throws(StorageError) { try files.makeDirectory(settings.path, .parquetMakeDirectory) } catch {
            if error.code != .exists { throw error }
        }
        self.files = ParquetFiles(directory: settings.path, files: files)
        self.clock = clock
        publishedAt = clock.uptime()
        var own = settings
        own.path = "\(settings.path)/\(ParquetTarget.database)"
        inner = DuckDBTarget(own, spool: spool)
    }

    /// The file of rows and books, with a row for each table: how often it was changed, and which of these changes its Parquet file
    /// has.
    private var connection: DuckDBConnection {
        get throws {
            let connection = try inner.connection
            if hasBooks { return connection }
            try connection.execute(
                """
                CREATE TABLE IF NOT EXISTS _bobbin_files(
                    target_table VARCHAR NOT NULL PRIMARY KEY, file VARCHAR NOT NULL, changed BIGINT NOT NULL,
                    published BIGINT NOT NULL)
                """)
            hasBooks = true
            return connection
        }
    }

    /// See ``LoadTarget``.
    package func head(_ key: LogKey) throws -> Head { try inner.head(key) }
    /// See ``LoadTarget``.
    package func heads(_ name: (LogKey) -> UInt64) throws -> [UInt64: Int] { try inner.heads(name) }
    /// See ``LoadTarget``.
    package func loaded(_ run: RunID) throws -> [Int: LoadedChunk] { try inner.loaded(run) }
    /// See ``LoadTarget``.
    package func closed(_ run: RunID) throws -> ClosedRun? { try inner.closed(run) }
    /// See ``LoadTarget``.
    package var engine: LoadEngine { LoadEngine(target: self) }
}

extension ParquetTarget: TargetEngine {
    var hasOneWriter: Bool { inner.hasOneWriter }
    var isFailedCommitUndone: Bool { inner.isFailedCommitUndone }
    var savepoints: (any TargetSavepoints)? { inner.savepoints }
    var books: any TargetBooks { get throws { try inner.books } }

    func begin() throws {
        changed = []
        try inner.begin()
    }

    func commit() throws {
        for table in changed.sorted() {
            try connection.change(
                "UPDATE _bobbin_files SET changed = changed + 1 WHERE target_table = ?", [.text(table)])
        }
        isBehind = isBehind || !changed.isEmpty
        try inner.commit()
    }

    func rollback() { inner.rollback() }
    func rest() { inner.rest() }

    func lockHead(_ key: LogKey, isMoving: Bool) throws -> Head { try inner.lockHead(key, isMoving: isMoving) }

    func prepare(_ manifest: RunManifest) throws -> TargetTable {
        let name = ParquetFiles.name(of: manifest.table)
        if !claimed.contains(manifest.table) {
            let known = try connection.query(
                "SELECT 1 FROM _bobbin_files WHERE target_table = ?", [.text(manifest.table)])
            if known.isEmpty, try files.holds(name) {
                throw LoadError(
                    .configuration,
                    "\(files.path(name)) is there, and this target did not make it: move it away, or give the stream another table"
                )
            }
        }
        let table = try inner.prepare(manifest)
        prepared = manifest.table
        // Without columns there is no table yet.
        if !claimed.contains(manifest.table), !table.columns.isEmpty {
            // A table without rows has a file, too.
            try connection.change(
                "INSERT INTO _bobbin_files VALUES (?, ?, 1, 0) ON CONFLICT DO NOTHING",
                [.text(manifest.table), .text(name)])
            claimed.insert(manifest.table)
            isBehind = true
        }
        return table
    }

    func comparesBytes(_ table: TargetTable) throws -> Bool { try inner.comparesBytes(table) }
    func batches(_ table: TargetTable) -> Int { inner.batches(table) }

    /// What waits there changes the table that was made ready for it.
    var staging: Staging {
        get throws {
            if let prepared { changed.insert(prepared) }
            return try inner.staging
        }
    }

    func writer(_ table: TargetTable, mode: WriteMode, key: [String]) throws -> any RowWriter {
        if table.name != StagedChanges.stage { changed.insert(table.name) }
        return try inner.writer(table, mode: mode, key: key)
    }

    func delete(_ manifest: RunManifest, _ table: TargetTable) throws {
        changed.insert(table.name)
        try inner.delete(manifest, table)
    }

    /// Writes the files of the tables that are ahead of them. While there is more to load only now and then: each time a table is
    /// written as a whole.
    func publish(isIdle: Bool) throws {
        guard isBehind else { return }
        let began = clock.uptime()
        // A tenth of the time at most, so that a backlog is not kept waiting.
        if !isIdle, began - publishedAt < max(60, 9 * lastSeconds) { return }
        let connection = try connection
        if !hasLooked { try lookForFiles(connection) }
        let tables = try connection.query(
            "SELECT target_table, file, changed FROM _bobbin_files WHERE changed > published ORDER BY target_table")
        for row in tables {
            guard let table = row[0], let name = row[1], let change = row[2].flatMap({ Int64($0) }) else { continue }
            try files.publish(table, as: name, from: connection)
            try connection.change(
                "UPDATE _bobbin_files SET published = ? WHERE target_table = ?", [.integer(change), .text(table)])
        }
        isBehind = false
        hasLooked = true
        publishedAt = clock.uptime()
        lastSeconds = publishedAt - began
    }

    /// Files that somebody took away are written again.
    private func lookForFiles(_ connection: DuckDBConnection) throws {
        for row in try connection.query("SELECT target_table, file FROM _bobbin_files WHERE published > 0") {
            guard let table = row[0], let name = row[1], try !files.holds(name) else { continue }
            try connection.change(
                "UPDATE _bobbin_files SET published = 0 WHERE target_table = ?", [.text(table)])
        }
    }
}
