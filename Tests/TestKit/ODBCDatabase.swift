package import Databases
internal import Foundation
internal import Glibc

/// The databases that are reached through ODBC drivers, those of the Debian packages odbc-postgresql, odbc-mariadb and
/// libsqliteodbc.
package enum ODBCDatabase: String, Sendable, CaseIterable, CustomStringConvertible {
    case postgres, mariaDB, sqlite

    package var description: String { rawValue }

    /// The engine itself.
    package var engine: TestEngine {
        switch self {
        case .postgres: .postgres
        case .mariaDB: .mariadb
        case .sqlite: .sqlite
        }
    }

    /// The driver's file.
    package var driver: String {
        let name =
            switch self {
            case .postgres: "psqlodbcw.so"
            case .mariaDB: "libmaodbc.so"
            case .sqlite: "libsqlite3odbc.so"
            }
        return "/usr/lib/\(Self.machine)-linux-gnu/odbc/\(name)"
    }

    private static var machine: String {
        var names = utsname()
        uname(&names)
        return withUnsafeBytes(of: names.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// Settings of the shared server's administrator, over TCP; for SQLite of a file.
    ///
    /// - Parameter database: the database, or the file.
    package func settings(_ database: String) throws -> ODBCSettings {
        switch self {
        case .postgres: return Self.settings(try TestEngine.postgresServer.get(), database)
        case .mariaDB: return Self.settings(try TestEngine.mariaDBServer.get(), database)
        case .sqlite: return ODBCSettings(driver: driver, [("Database", database)])
        }
    }

    /// Settings of the superuser, with more keywords of the driver.
    package static func settings(
        _ server: PostgresServer, _ database: String = "postgres", options: [(String, String)] = []
    ) -> ODBCSettings {
        var settings = ODBCSettings(
            driver: ODBCDatabase.postgres.driver,
            [("Servername", "127.0.0.1"), ("Port", String(server.port)), ("Database", database)] + options)
        settings.user = PostgresServer.superuser
        settings.password = ODBCSecret(server.password)
        settings.loginSeconds = 5
        return settings
    }

    /// Settings of root.
    package static func settings(_ server: MariaDBServer, _ database: String? = "test") -> ODBCSettings {
        settings(server, options: database.map { [("Database", $0)] } ?? [])
    }

    /// Settings of root, with more keywords of the driver.
    package static func settings(_ server: MariaDBServer, options: [(String, String)]) -> ODBCSettings {
        var settings = ODBCSettings(
            driver: ODBCDatabase.mariaDB.driver, [("Server", "127.0.0.1"), ("Port", String(server.port))] + options)
        settings.user = "root"
        settings.password = ODBCSecret(MariaDBServer.rootPassword)
        settings.loginSeconds = 5
        return settings
    }
}
