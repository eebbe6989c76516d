package import Databases
internal import Foundation
internal import Storage

/// DuckDB as tests use it.
package enum DuckDBFiles {
    /// The library that `make test-deps` puts below `.build`.
    package static let library =
        #filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/\($1)" } + "/.build/duckdb/libduckdb.so"

    /// A file with little memory and two threads.
    package static func settings(_ path: String) -> DuckDBSettings {
        var settings = DuckDBSettings(path: path)
        settings.library = library
        settings.memoryLimit = 500_000_000
        settings.threads = 2
        return settings
    }

    /// Makes a directory, if there is none.
    package static func makeDirectory(_ path: String) throws {
        do { try POSIXFileSystem().makeDirectory(path, .parquetMakeDirectory) } catch {
            if error.code != .exists { throw error }
        }
    }

    /// The rows of a query on tables that are the Parquet files of a directory, read by a DuckDB that knows nothing of who wrote
    /// them.
    package static func queryParquet(_ directory: String, _ sql: String) throws -> [String] {
        let connection = try DuckDBConnection(settings(DuckDBSettings.memory))
        for name in try POSIXFileSystem().list(directory, .sourceList) where name.hasSuffix(".parquet") {
            let table = String(name.dropLast(".parquet".count)).removingPercentEncoding ?? name
            try connection.execute(
                """
                CREATE VIEW \(try DuckDBConnection.quote(identifier: table)) AS
                SELECT * FROM read_parquet(\(DuckDBConnection.quote(literal: "\(directory)/\(name)")))
                """)
        }
        return try query(connection, sql)
    }

    /// The rows of a query as texts, columns joined by `|`; NULL is `NULL`, truth values are 1 and 0.
    package static func query(_ settings: DuckDBSettings, _ sql: String) throws -> [String] {
        try query(try DuckDBConnection(settings), sql)
    }

    private static func query(_ connection: DuckDBConnection, _ sql: String) throws -> [String] {
        guard sql.lowercased().hasPrefix("select") else {
            try connection.execute(sql)
            return []
        }
        var texts: [String] = []
        let columns = try connection.describe(sql)
        for row in try connection.query("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (\(sql)\n)") {
            let values = zip(columns, row).map { column, value in
                guard let value else { return "NULL" }
                return column.type == .boolean ? (value == "true" ? "1" : "0") : value
            }
            texts.append(values.joined(separator: "|"))
        }
        return texts
    }
}
