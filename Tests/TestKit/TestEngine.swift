package import Databases
package import Load
package import Storage
internal import Synchronization

/// The engines that every promise about targets is tested on.
package enum TestEngine: String, Sendable, CaseIterable, CustomStringConvertible {
    case sqlite
    case postgres
    case mariadb
    case duckdb
    case parquet

    package var description: String { rawValue }

    /// Those that keys and statements can be made in, to be read from.
    package static let databases = allCases.filter { $0 != .parquet }

    /// The code with which it refuses a second row of a unique key.
    package var uniqueViolation: String {
        switch self {
        case .sqlite: "SQLITE_CONSTRAINT_UNIQUE"
        case .postgres: "23505"
        case .mariadb: "23000"
        case .duckdb, .parquet: "Constraint"
        }
    }

    /// One server for all tests of the process that do not stop it.
    package static let postgresServer = Result { try PostgresServer.start() }
    /// The same of MariaDB; a commit outlives the server's process.
    package static let mariaDBServer = Result {
        try MariaDBServer.start(MariaDBServer.Options(arguments: ["--innodb-flush-log-at-trx-commit=2"]))
    }
}

extension World {
    /// Opens the world's target, as a loader of the given spool does.
    ///
    /// - Parameter files: how it sees files that are no database's.
    package func target(spool: String, files: any FileSystem = POSIXFileSystem()) throws -> any LoadTarget {
        if let odbc { return try odbcTarget(odbc, spool: spool) }
        return switch engine {
        case .sqlite:
            try SQLiteTarget(
                path: database, spool: spool, busySeconds: 0, cacheBytes: 1 << 20, checkpointPages: 1000)
        case .postgres: try PostgresTarget(try postgresSettings(), spool: spool, schema: schema)
        case .mariadb: try MySQLTarget(try loaderSettings(), spool: spool)
        case .duckdb: DuckDBTarget(duckDBSettings, spool: spool)
        case .parquet: try ParquetTarget(duckDBSettings, spool: spool, files: files, clock: clock)
        }
    }

    /// A file of the world's own; of Parquet it is a directory.
    package var duckDBSettings: DuckDBSettings {
        var settings = DuckDBFiles.settings(database)
        if let memory = duckDBMemory.withLock({ $0 }) { settings.memoryLimit = memory }
        return settings
    }

    /// As superuser of the shared server.
    package func postgresSettings() throws -> PostgresSettings {
        var settings = PostgresSettings(parameters: try TestEngine.postgresServer.get().superuserParameters)
        settings.lockSeconds = 10
        settings.statementSeconds = 60
        return settings
    }

    /// As root of the shared server, in a database of the world's own.
    package func mariaDBSettings() throws -> MySQLSettings {
        let server = try mariaDBServer.withLock { $0 } ?? TestEngine.mariaDBServer.get()
        try server.connect().execute("CREATE DATABASE IF NOT EXISTS `\(schema)` CHARACTER SET utf8mb4")
        return server.settings { settings in
            settings.database = self.schema
            settings.lockSeconds = 10
        }
    }

    private func loaderSettings() throws -> MySQLSettings {
        var settings = try mariaDBSettings()
        if let user = mariaDBUser.withLock({ $0 }) {
            settings.user = user
            settings.password = MySQLSecret("x")
        }
        return settings
    }

    /// The rows of a query, columns joined by `|`; NULL is `NULL`.
    package func query(_ sql: String) throws -> [String] {
        switch engine {
        case .sqlite:
            let connection = try SQLiteConnection(path: database, access: .readWriteCreate, busySeconds: 5)
            let statement = try connection.prepare(sql)
            var rows: [String] = []
            while try statement.step() {
                rows.append(
                    (0..<statement.columnCount).map { statement.isNull($0) ? "NULL" : statement.text($0) }
                        .joined(separator: "|"))
            }
            return rows
        case .postgres:
            let connection = try PostgresConnection(try postgresSettings())
            try connection.execute("SET search_path TO \(schema)")
            let result = try connection.query(sql)
            return (0..<result.rows).map { row in
                (0..<result.columns).map { result.text(row, $0) ?? "NULL" }.joined(separator: "|")
            }
        case .mariadb:
            let connection = try MySQLConnection(try mariaDBSettings())
            try connection.execute("SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')")
            let result = try connection.query(sql)
            return result.rows.indices.map { row in
                result.columns.indices.map { result.text(row, $0) ?? "NULL" }.joined(separator: "|")
            }
        case .duckdb: return try DuckDBFiles.query(duckDBSettings, sql)
        case .parquet:
            // Books, and what tests make themselves, lie in the file; rows are read as everybody reads them.
            var books = duckDBSettings
            books.path += "/\(ParquetTarget.database)"
            guard sql.hasPrefix("SELECT"), !sql.contains("_bobbin_"), !sql.contains("duckdb_") else {
                try DuckDBFiles.makeDirectory(database)
                return try DuckDBFiles.query(books, sql)
            }
            return try DuckDBFiles.queryParquet(database, sql)
        }
    }
}
