import Chunk
import Configuration
import Databases
import Extract
import Foundation
import JSON
import Manifest
import Spool
import Storage
import TestKit
import Threads

/// A database of some engine to read from, and a spool to read it into.
final class SourceWorld {
    let engine: TestEngine
    let world: World
    /// The driver that the engine is read through; nil for its own client.
    let odbc: ODBCDatabase?
    /// What a session through PostgreSQL's driver begins with.
    var statement: String?
    private let files = POSIXFileSystem()
    /// What opens a session, in place of the engine's own.
    var opener: (@Sendable (any SQLSession) -> any SQLSession)?

    /// A database that is read through its ODBC driver.
    convenience init(odbc: ODBCDatabase) throws { try self.init(odbc.engine, odbc: odbc) }

    init(_ engine: TestEngine, odbc: ODBCDatabase? = nil) throws {
        self.engine = engine
        self.odbc = odbc
        world = try World(engine)
        switch engine {
        case .sqlite: try run("PRAGMA journal_mode = WAL")
        case .postgres:
            try PostgresConnection(world.postgresSettings()).execute("CREATE SCHEMA IF NOT EXISTS \(world.schema)")
        case .mariadb: _ = try world.mariaDBSettings()
        case .duckdb: try run("SELECT 1")
        case .parquet: try DuckDBFiles.makeDirectory(world.database)
        }
    }

    /// The schema that tables lie in, as streams name it with the dot behind; empty where there is none.
    var prefix: String {
        engine == .sqlite || odbc == .mariaDB
            ? "" : engine == .duckdb || engine == .parquet ? "main." : "\(world.schema)."
    }

    /// Runs statements, separated by semicolons.
    func run(_ sql: String) throws {
        switch engine {
        case .sqlite:
            let connection = try SQLiteConnection(path: world.database, access: .readWriteCreate, busySeconds: 5)
            if sql.hasPrefix("PRAGMA") {
                let pragma = try connection.prepare(sql)
                while try pragma.step() {}
            } else {
                try connection.execute(sql)
            }
        case .postgres:
            try PostgresConnection(world.postgresSettings()).execute("SET search_path TO \(world.schema); \(sql)")
        case .duckdb: try DuckDBConnection(world.duckDBSettings).execute(sql)
        case .parquet:
            var memory = world.duckDBSettings
            memory.path = DuckDBSettings.memory
            try DuckDBConnection(memory).execute(sql)
        case .mariadb:
            let connection = try MySQLConnection(world.mariaDBSettings())
            try connection.execute("SET sql_mode = 'ANSI_QUOTES,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO'")
            for statement in sql.components(separatedBy: ";\n") where !statement.allSatisfy(\.isWhitespace) {
                try connection.execute(statement)
            }
        }
    }

    /// The statements that make a table of numbered rows: `id` from 1 to `rows` and `v`.
    func numbered(_ table: String, rows: Int, key: String = "PRIMARY KEY") -> String {
        let values = (1...max(1, rows)).map { "(\($0), 'v\($0)')" }.joined(separator: ", ")
        return "CREATE TABLE \"\(table)\"(id bigint \(key), v varchar(100));\n"
            + (rows == 0 ? "" : "INSERT INTO \"\(table)\" VALUES \(values);\n")
    }

    /// Opens the database as a source.
    func open() throws -> any SQLSession {
        let session: any SQLSession
        if let odbc {
            session = try ODBCSession(odbcSettings(odbc))
            return opener?(session) ?? session
        }
        switch engine {
        case .sqlite: session = try SQLiteSession(path: world.database, busySeconds: 5)
        case .postgres: session = try PostgresSession(world.postgresSettings(), schema: world.schema)
        case .mariadb: session = try MySQLSession(world.mariaDBSettings())
        case .duckdb: session = try DuckDBSession(world.duckDBSettings)
        case .parquet:
            session = try DuckDBSession(parquet: ParquetDirectory(world.database, files: files), world.duckDBSettings)
        }
        return opener?(session) ?? session
    }

    func odbcSettings(_ odbc: ODBCDatabase) throws -> ODBCSettings {
        switch odbc {
        case .postgres:
            ODBCDatabase.settings(
                try TestEngine.postgresServer.get(), options: statement.map { [("ConnSettings", $0)] } ?? [])
        case .mariaDB: try odbc.settings(world.schema)
        case .sqlite: try odbc.settings(world.database)
        }
    }

    private var type: String {
        if odbc != nil { return "odbc, dsn: unused" }
        switch engine {
        case .sqlite: return "sqlite, path: unused"
        case .postgres: return "postgres"
        case .mariadb: return "mysql"
        case .duckdb: return "duckdb, path: unused"
        case .parquet: return "parquet, path: unused"
        }
    }

    /// The plans of a job, written as the keys of a job in one line.
    func plans(_ job: String, wish: StreamPlan.Wish = .init(), partitions: [[String: String]] = [[:]]) throws
        -> [StreamPlan]
    {
        let yaml = """
            connections: {db: {type: \(type)}, same: {type: \(type)}, out: {type: sqlite, path: x.db}}
            jobs:
              job: {\(job.contains("source:") ? "" : "source: {connection: db}, ")target: out, retry: {strategy: fixed, delay: 0s, max_attempts: 1}, \(job)}
            """
        let settings = try Settings(
            yaml: Array(yaml.utf8), file: "test.yaml",
            environment: Environment(variable: { _ in nil }, readFile: { _ in [] }))
        nonisolated(unsafe) let world = self
        let catalog = SQLCatalog(open: { _ in try world.open() })
        return try settings.jobs.flatMap { job in
            try job.streams.flatMap { stream in
                try catalog.resolve(
                    wish.isFullRefresh ? stream.refreshed : stream, siblings: job.streams, disabled: job.disabled
                ).map { table in
                    try StreamPlan(
                        stream, of: settings,
                        wanted: partitions.map { fields in
                            Manifest.Partition(
                                fields.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: $0.value) })
                        }, restriction: [:], files: files, clock: SystemClock(), table: table, wish: wish)
                }
            }
        }
    }

    /// What became of a stream.
    struct Extract {
        var result: PartitionResult
        var manifest: RunManifest?
        var rows: [String]

        var name: String { result.key.stream }
        var error: String? { if case .failed(let error) = result.end { error.message } else { nil } }
        var kind: ExtractError.Class? { if case .failed(let error) = result.end { error.kind } else { nil } }
        /// The integers of a column.
        func integers(_ name: String) -> [Int] {
            rows.compactMap { row in
                guard case .integer(let value)? = (try? JSONValue(parsing: row))?[name] else { return nil }
                return Int(value)
            }
        }

        var types: [String] { (manifest?.schema ?? []).map { "\($0.name) \($0.type.rawValue)" } }
    }

    /// Extracts a job.
    func extract(_ job: String, wish: StreamPlan.Wish = .init(), partitions: [[String: String]] = [[:]]) throws
        -> [Extract]
    {
        try extract(plans(job, wish: wish, partitions: partitions))
    }

    func extract(_ plans: [StreamPlan]) throws -> [Extract] {
        // Each extraction is a process of its own, which is gone afterwards.
        let process = world.process()
        defer { process.end() }
        let spool = try process.spool()
        let heart = process.heart
        let context = ExtractContext(
            spool: spool, heart: heart, stop: StopSignal(), benches: [try Workbench(level: 1)]
        ) { _ in }
        return try Extraction.run(plans, context: context).map { result in
            guard case .published(let number) = result.end, let manifest = try spool.manifest(result.key, number) else {
                return Extract(result: result, manifest: nil, rows: [])
            }
            let chunks = world.files("ready").filter { $0.contains("-\(manifest.run)/") && $0.hasSuffix(".zst") }
                .sorted()
            return Extract(
                result: result, manifest: manifest,
                rows: try chunks.flatMap { try world.lines("\(world.root)/ready/\($0)") })
        }
    }

    /// Extracts the one stream of a job.
    func one(_ job: String, wish: StreamPlan.Wish = .init()) throws -> Extract {
        let all = try extract(job, wish: wish)
        guard let first = all.first, all.count == 1 else { throw NotOne(count: all.count) }
        return first
    }

    struct NotOne: Error { var count: Int }

    /// The reasons of the rows that were set aside.
    func rejects() throws -> [String] {
        try world.files("dead").filter { $0.hasSuffix(".rejects.ndjson.zst") }.flatMap {
            try world.lines("\(world.root)/dead/\($0)")
        }
    }
}

/// A session whose rows somebody stands in front of.
final class InterposedSession: SQLSession {
    private let inner: any SQLSession
    private let note: @Sendable (String) -> Void
    private let beforeRow: (Int) throws -> Void

    /// - Parameters:
    ///   - note: is told each statement.
    ///   - beforeRow: is called before each row of a statement is taken, which count from 0; what it throws ends the statement.
    init(
        _ inner: any SQLSession, note: @escaping @Sendable (String) -> Void = { _ in },
        beforeRow: @escaping (Int) throws -> Void
    ) {
        self.inner = inner
        self.note = note
        self.beforeRow = beforeRow
    }

    /// A session that loses its connection after some rows of each statement.
    static func failing(
        _ inner: any SQLSession, after rows: Int, note: @escaping @Sendable (String) -> Void = { _ in }
    ) -> InterposedSession {
        InterposedSession(inner, note: note) { row in
            guard row < rows else { throw ExtractError(.transient, "the connection is lost") }
        }
    }

    var dialect: any SQLDialect { inner.dialect }
    var version: String { inner.version }
    var tellsTypes: Bool { inner.tellsTypes }
    var canceller: @Sendable () -> Void { inner.canceller }
    var defaultSchema: String? { inner.defaultSchema }
    func relations() throws -> [SQLRelation] { try inner.relations() }
    func shape(of relation: SQLRelation) throws -> SQLShape { try inner.shape(of: relation) }
    func shape(of query: String) throws -> SQLShape { try inner.shape(of: query) }
    func beginSnapshot() throws { try inner.beginSnapshot() }
    func value(_ sql: String) throws -> String? { try inner.value(sql) }

    func rows(_ sql: String, _ columns: [SQLColumn]) throws -> any SQLRows {
        note(sql)
        return InterposedRows(try inner.rows(sql, columns), beforeRow)
    }
}

private final class InterposedRows: SQLRows {
    private let inner: any SQLRows
    private let beforeRow: (Int) throws -> Void
    private var row = 0

    init(_ inner: any SQLRows, _ beforeRow: @escaping (Int) throws -> Void) {
        self.inner = inner
        self.beforeRow = beforeRow
    }

    func next(into record: RecordWriter) throws -> Bool {
        try beforeRow(row)
        row += 1
        return try inner.next(into: record)
    }

    func appendText(_ column: Int, to buffer: RawBuffer) -> Bool { inner.appendText(column, to: buffer) }

    func isNumber(_ column: Int) -> Bool? { inner.isNumber(column) }
}
