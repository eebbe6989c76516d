internal import Configuration
internal import Databases
internal import Extract
internal import Glibc
internal import Load
internal import Manifest
internal import Spool
internal import Storage
internal import Threads

/// The configuration and the spool of one invocation.
struct Workspace {
    let settings: Settings
    let files: any FileSystem = POSIXFileSystem()
    let clock: any Clock = SystemClock()
    let spoolPath: String

    /// Reads the configuration.
    ///
    /// - Parameters:
    ///   - needs: which connections' secrets the command needs.
    ///   - text: the configuration itself, in place of the file.
    init(_ options: CommonOptions, needs: Set<Connection.Role> = [], text: String? = nil) throws {
        let files = POSIXFileSystem()
        var bytes = text.map { Array($0.utf8) } ?? []
        do {
            if text == nil {
                bytes = try files.contents(
                    options.config, limit: 4 << 20, open: .inventoryRead, read: .inventoryRead, close: .inventoryRead)
            }
        } catch {
            let hint = error.code == .notFound ? "; `bobbin init` makes one, `-c FILE` names another" : ""
            throw CommandError(.usage, "\(options.config): \(error.reason)\(hint)")
        }
        let environment = Environment(
            variable: { name in getenv(name).map { String(cString: $0) } },
            readFile: { path in
                try files.contents(
                    path, limit: 1 << 20, open: .inventoryRead, read: .inventoryRead, close: .inventoryRead)
            }, needs: needs)
        settings = try Settings(
            yaml: bytes, file: text == nil ? options.config : "--from, --to", environment: environment)
        spoolPath = options.spool ?? settings.spool
    }

    /// Opens the spool; makes it when `create` is set.
    func openSpool(create: Bool) throws -> Spool {
        try Spool(
            root: spoolPath, create: create, files: files, clock: clock, host: LinuxProcesses(),
            random: SystemRandom.bits, leaseSeconds: seconds(settings.load.lease))
    }

    /// Today in the configuration's time zone.
    func today() throws -> CivilDate {
        guard let today = CivilDate.today(now: Int(clock.now() / 1000), timezone: settings.timezone) else {
            throw CommandError(
                .usage, "timezone: \(settings.timezone) is unknown on this host: install tzdata, or use UTC")
        }
        return today
    }

    /// The streams of the jobs named in `names`, all when there are none.
    func streams(_ names: [String]) throws -> [Configuration.Stream] {
        for name in names where !settings.jobs.contains(where: { $0.name == name }) {
            let known = settings.jobs.map(\.name).joined(separator: ", ")
            throw CommandError(.usage, "there is no job \"\(name)\" in the configuration; known: \(known)")
        }
        return settings.jobs.filter { names.isEmpty || names.contains($0.name) }.flatMap(\.streams)
    }

    /// Opens a target by its connection's name.
    ///
    /// SQLite itself waits at most a second for a lock, so that a stop is heard; the loader goes on trying for `busy_timeout`.
    func openTarget(_ name: String, spool: Spool) throws -> any LoadTarget {
        switch settings.connections[name] {
        case .sqlite(let sqlite)?: return try openSQLite(name, sqlite, spool: spool)
        case .postgres(let postgres)?:
            return try PostgresTarget(self.postgres(postgres), spool: spool.id, schema: postgres.schema)
        case .mysql(let mysql)?: return try MySQLTarget(self.mysql(mysql), spool: spool.id)
        case .duckdb(let duckdb)?: return DuckDBTarget(self.duckdb(duckdb), spool: spool.id)
        case .odbc(let odbc)?:
            return try ODBCTarget(self.odbc(odbc), spool: spool.id, lockSeconds: seconds(odbc.lockTimeout))
        case .parquet(let parquet)?:
            return try ParquetTarget(self.duckdb(parquet), spool: spool.id, files: files, clock: clock)
        case .http, .files, .s3, .sftp, nil:
            throw LoadError(
                .configuration,
                "the queue has chunks for target \"\(name)\", which no connection of the configuration is that rows can be written to"
            )
        }
    }

    /// Opens databases to read from, by the names of their connections.
    ///
    /// - Parameter isLoading: whether this process also writes to targets, which may be the same files.
    func sqlOpener(isLoading: Bool) -> SQLOpener {
        let workspace = self
        return { name in
            switch workspace.settings.connections[name] {
            case .sqlite(let sqlite)?:
                return try SQLiteSession(path: sqlite.path, busySeconds: workspace.seconds(sqlite.busyTimeout))
            case .postgres(let postgres)?:
                var made = workspace.postgres(postgres)
                // A read takes as long as the table is large; timeouts.partition limits it.
                made.statementSeconds = 0
                return try PostgresSession(made, schema: postgres.schema)
            case .mysql(let mysql)?:
                var made = workspace.mysql(mysql)
                made.statementSeconds = nil
                made.readSeconds = 86_400
                return try MySQLSession(made)
            case .duckdb(let duckdb)?:
                guard (try? workspace.files.status(duckdb.path, .inventoryStatus)) != nil else {
                    throw ExtractError(.configuration, "\(duckdb.path) is not there: mend `path` of connection \(name)")
                }
                var made = workspace.duckdb(duckdb)
                // Of one process all connections share the file as it was opened first. Whoever loads nothing must not write: to
                // close the file would put its log away, by which a loader knows that the last one was killed.
                let isTarget = workspace.settings.jobs.flatMap(\.streams).contains { $0.targets.contains(name) }
                made.isReadOnly = !(isLoading && isTarget)
                return try DuckDBSession(made)
            case .parquet(let parquet)?:
                return try DuckDBSession(
                    parquet: ParquetDirectory(parquet.path, files: workspace.files), workspace.duckdb(parquet))
            case .odbc(let odbc)?: return try ODBCSession(workspace.odbc(odbc))
            case .http, .files, .s3, .sftp, nil:
                throw ExtractError(.configuration, "connection \(name) is no database")
            }
        }
    }

    /// A PostgreSQL connection's settings, as its client takes them.
    func postgres(_ settings: PostgresConnectionSettings) -> PostgresSettings {
        var made = PostgresSettings(
            url: settings.url?.reveal(), parameters: settings.parameters, password: settings.password?.reveal())
        made.connectSeconds = seconds(settings.connectTimeout)
        made.statementSeconds = seconds(settings.statementTimeout)
        made.lockSeconds = seconds(settings.lockTimeout)
        return made
    }

    /// A MariaDB or MySQL connection's settings, as its client takes them.
    func mysql(_ settings: MySQLConnectionSettings) -> MySQLSettings {
        var made = MySQLSettings()
        made.host = settings.host
        made.port = settings.port
        made.socket = settings.socket
        made.user = settings.user
        made.password = settings.password.map { MySQLSecret($0.reveal()) }
        made.database = settings.database
        let mode: MySQLTLS.Mode =
            switch settings.tls {
            case .off: .off
            case .preferred: .preferred
            case .required: .required
            case .verified: .verified
            }
        made.tls = MySQLTLS(
            mode, authority: settings.authority, certificate: settings.certificate, key: settings.key)
        made.defaultsFile = settings.defaultsFile
        made.defaultsGroup = settings.defaultsFile == nil ? nil : "bobbin"
        made.connectSeconds = seconds(settings.connectTimeout)
        made.lockSeconds = seconds(settings.lockTimeout)
        let limit = seconds(settings.statementTimeout)
        made.statementSeconds = limit > 0 ? limit : nil
        made.readSeconds = limit > 0 ? limit + 30 : 86_400
        return made
    }

    /// A DuckDB file's settings, as its client takes them.
    func duckdb(_ settings: DuckDBConnectionSettings) -> DuckDBSettings {
        var made = DuckDBSettings(path: settings.path)
        made.library = settings.library
        made.memoryLimit = settings.memoryLimit
        made.threads = settings.threads
        return made
    }

    /// An ODBC connection's settings, as its client takes them.
    func odbc(_ settings: ODBCConnectionSettings) -> ODBCSettings {
        var made = ODBCSettings(
            connectionString: settings.connectionString?.reveal() ?? "", dataSource: settings.dataSource)
        made.user = settings.user
        if let password = settings.password { made.password = ODBCSecret(password.reveal()) }
        made.loginSeconds = seconds(settings.connectTimeout)
        return made
    }

    private func openSQLite(_ name: String, _ sqlite: SQLiteSettings, spool: Spool) throws -> any LoadTarget {
        // SQLite only says that it cannot open it. The dot at the end follows links, and is there in directories only.
        if (try? files.status("\(sqlite.path)/.", .inventoryStatus)) != nil {
            throw LoadError(
                .configuration,
                "\(sqlite.path) is a directory: `path` of connection \(name) names the database file itself")
        }
        if let slash = sqlite.path.lastIndex(of: "/"), slash > sqlite.path.startIndex,
            (try? files.status(String(sqlite.path[..<slash]), .inventoryStatus)) == nil
        {
            throw LoadError(
                .configuration,
                "\(sqlite.path[..<slash]) does not exist or cannot be looked at: make the directory, or mend `path` of connection \(name)"
            )
        }
        return try SQLiteTarget(
            path: sqlite.path, spool: spool.id, busySeconds: min(1, seconds(sqlite.busyTimeout)),
            cacheBytes: sqlite.cacheSize, checkpointPages: sqlite.walAutocheckpoint)
    }

    func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }
}

/// The system's generator.
enum SystemRandom {
    static let bits: @Sendable () -> (UInt64, UInt64) = {
        var generator = SystemRandomNumberGenerator()
        return (generator.next(), generator.next())
    }
}
