package import Databases
package import Load
internal import Synchronization

/// What every promise about targets is tested on: the engines by their own clients, and some of them through their ODBC drivers.
package enum TestTarget: Sendable, Hashable, CaseIterable, CustomStringConvertible {
    case native(TestEngine)
    case odbc(ODBCDatabase)
    /// By its own client, and every run of a staged mode goes by way of a stage that loaders share.
    case sharing(TestEngine)

    package static let allCases =
        TestEngine.allCases.map { TestTarget.native($0) } + throughODBC + sharing
    /// Those that are reached through their drivers.
    package static let throughODBC = ODBCDatabase.allCases.map { TestTarget.odbc($0) }
    /// Those that any number of loaders write to.
    package static let servers: [TestTarget] =
        [
            .native(.postgres), .native(.mariadb), .odbc(.postgres), .odbc(.mariaDB),
        ] + sharing
    /// Those whose loaders share runs.
    package static let sharing: [TestTarget] = [.sharing(.postgres), .sharing(.mariadb)]

    package var description: String {
        switch self {
        case .native(let engine): engine.description
        case .odbc(let database): "\(database) through ODBC"
        case .sharing(let engine): "\(engine), sharing runs"
        }
    }

    /// The engine behind it.
    package var engine: TestEngine {
        switch self {
        case .native(let engine), .sharing(let engine): engine
        case .odbc(let database): database.engine
        }
    }

    /// The driver's database, when it is reached through one.
    package var odbc: ODBCDatabase? {
        if case .odbc(let database) = self { database } else { nil }
    }

    /// Whether loaders share every run of a staged mode.
    package var isSharing: Bool {
        if case .sharing = self { true } else { false }
    }

    /// The code with which it refuses a second row of a unique key.
    package var uniqueViolation: String { self == .odbc(.sqlite) ? "HY000/19" : engine.uniqueViolation }
}

extension World {
    /// A world whose target is reached so.
    package convenience init(_ target: TestTarget, seed: UInt64 = 1) throws {
        try self.init(target.engine, odbc: target.odbc, isSharing: target.isSharing, seed: seed)
    }

    /// Settings of the world's target through its driver.
    package func odbcSettings(_ database: ODBCDatabase) throws -> ODBCSettings {
        switch database {
        case .sqlite: return try database.settings(self.database)
        case .mariaDB:
            _ = try mariaDBSettings()
            var options = [("Database", schema)]
            if let statement = mariaDBStatement.withLock({ $0 }) { options.append(("INITSTMT", statement)) }
            return ODBCDatabase.settings(
                try mariaDBServer.withLock { $0 } ?? TestEngine.mariaDBServer.get(), options: options)
        case .postgres:
            let connection = try PostgresConnection(try postgresSettings())
            try connection.execute("CREATE SCHEMA IF NOT EXISTS \(schema)")
            let server = try TestEngine.postgresServer.get()
            var settings = ODBCSettings(
                driver: database.driver,
                [
                    ("Servername", "127.0.0.1"), ("Port", String(server.port)), ("Database", "postgres"),
                    ("ConnSettings", "SET search_path TO \(schema)"),
                ])
            settings.user = PostgresServer.superuser
            settings.password = ODBCSecret(server.password)
            settings.loginSeconds = 5
            return settings
        }
    }

    /// The world's target through its driver.
    package func odbcTarget(_ database: ODBCDatabase, spool: String) throws -> ODBCTarget {
        try ODBCTarget(
            try odbcSettings(database), spool: spool, lockSeconds: 10, limits: odbcLimits.withLock { $0 })
    }
}
