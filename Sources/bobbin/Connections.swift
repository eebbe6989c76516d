internal import ArgumentParser
internal import Configuration
internal import Databases
internal import Extract
internal import JSON
internal import Manifest
internal import Storage

/// What there is to connect to, whether it answers, and what lies there.
struct Connections: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the connections of the configuration, tries them, and shows the tables of databases.",
        subcommands: [List.self, Test.self, Discover.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows each connection: its type, where it leads, and which jobs use it. Connects to nothing.")

        @OptionGroup var common: CommonOptions

        func run() throws {
            let workspace = try Workspace(common)
            let connections = workspace.settings.connections.sorted { $0.key < $1.key }
            if common.json {
                return Console.document([
                    (
                        "connections",
                        .array(
                            connections.map { name, connection in
                                let uses = Connections.uses(of: name, workspace)
                                return .record([
                                    ("name", .string(name)), ("type", .string(connection.type)),
                                    ("place", .string(Connections.place(connection, workspace))),
                                    ("sources_of", .array(uses.sources.map { .string($0) })),
                                    ("targets_of", .array(uses.targets.map { .string($0) })),
                                ])
                            })
                    )
                ])
            }
            Console.out(
                Format.table(
                    ["NAME", "TYPE", "PLACE", "SOURCE OF", "TARGET OF"],
                    connections.map { name, connection in
                        let uses = Connections.uses(of: name, workspace)
                        return [
                            name, connection.type, Connections.place(connection, workspace),
                            uses.sources.joined(separator: ", "),
                            uses.targets.joined(separator: ", "),
                        ]
                    }))
        }
    }

    struct Test: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Connects to each connection, logs in, and says what answers. Writes nothing.",
            discussion: "Exit code 1 when one of them cannot be used.")

        @OptionGroup var common: CommonOptions

        @Argument(help: "Connections; all when there are none.")
        var names: [String] = []

        func run() throws {
            let workspace = try Workspace(common, needs: [.source, .target])
            for name in names { _ = try Connections.find(name, workspace) }
            var checks: [Check] = []
            for (name, connection) in workspace.settings.connections.sorted(by: { $0.key < $1.key })
            where names.isEmpty || names.contains(name) {
                checks += Connections.test(name, connection, workspace)
            }
            Connections.show(checks, json: common.json)
            if checks.contains(where: { $0.verdict == .problem }) { throw ExitCode(ExitStatus.failed.rawValue) }
        }
    }

    struct Discover: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows the tables and views of a database (rows, keys and columns), or the files of a store.")

        @OptionGroup var common: CommonOptions

        @Argument(help: "The connection.")
        var name: String

        @Argument(
            help:
                "Only tables of these names; `*` stands for any characters, as in streams. Of files: globs, as in `path`; the first 1000 are shown."
        )
        var patterns: [String] = []

        func run() throws {
            let workspace = try Workspace(common, needs: [.source, .target])
            let connection = try Connections.find(name, workspace)
            switch connection {
            case .http:
                throw CommandError(
                    .usage,
                    "connection \(name) is of type http: only databases have tables to list, and only stores files; `bobbin preview JOB` shows its "
                        + "records")
            case .files, .s3, .sftp: return try Connections.discoverFiles(name, connection, patterns, workspace, common)
            case .sqlite, .postgres, .mysql, .duckdb, .parquet, .odbc: break
            }
            let found = try SQLCatalog(open: workspace.sqlOpener(isLoading: false)).contents(name)
            let relations = found.relations.filter { relation in
                patterns.isEmpty
                    || patterns.contains { SQLCatalog.matches($0, relation, found.session.defaultSchema) }
            }
            let shapes = try relations.map { ($0, try found.session.shape(of: $0)) }
            if common.json {
                return Console.document([
                    ("connection", .string(name)), ("version", .string(found.session.version)),
                    ("tables", .array(shapes.map { Connections.json($0.0, $0.1) })),
                ])
            }
            Console.error("\(name): \(found.session.version), \(relations.count) tables and views")
            for (relation, shape) in shapes {
                let rows = relation.rows.map { ", about \(Format.count($0)) rows" } ?? ""
                let key =
                    shape.primaryKey.isEmpty ? "no primary key" : "key \(shape.primaryKey.joined(separator: ", "))"
                let kind = relation.kind == .view ? "view " : ""
                Console.out("\(kind)\(Format.visible(relation.fullName)): \(key)\(rows)")
                Console.out(
                    Format.table(
                        ["  COLUMN", "TYPE", "BECOMES", "NULL", "DEFAULT"],
                        shape.columns.map { column in
                            [
                                "  \(column.name)", column.native, column.type.rawValue,
                                column.isNullable ? "" : "not null",
                                column.isGenerated ? "generated" : column.standard ?? "",
                            ]
                        }))
            }
        }
    }

    // MARK: Parts

    private static func find(_ name: String, _ workspace: Workspace) throws -> Connection {
        guard let connection = workspace.settings.connections[name] else {
            let known = workspace.settings.connections.keys.sorted().joined(separator: ", ")
            throw CommandError(.usage, "there is no connection \"\(name)\" in the configuration; known: \(known)")
        }
        return connection
    }

    private static func uses(of name: String, _ workspace: Workspace) -> (sources: [String], targets: [String]) {
        func jobs(_ isUsed: (Configuration.Stream) -> Bool) -> [String] {
            workspace.settings.jobs.filter { $0.streams.contains(where: isUsed) }.map(\.name)
        }
        return (jobs { $0.source.connection == name }, jobs { $0.targets.contains(name) })
    }

    /// Where a connection leads, without anything secret.
    private static func place(_ connection: Connection, _ workspace: Workspace) -> String {
        switch connection {
        case .http(let http): return http.baseURL
        case .files(let files): return files.path
        case .s3(let s3): return "s3://\(s3.bucket)" + (s3.prefix.isEmpty ? "" : "/\(s3.prefix)")
        case .sftp(let sftp):
            return "sftp://\(sftp.user)@\(sftp.host)\(sftp.port == 22 ? "" : ":\(sftp.port)")\(sftp.path)"
        case .sqlite(let sqlite): return sqlite.path
        case .duckdb(let duckdb), .parquet(let duckdb): return duckdb.path
        case .odbc(let odbc): return workspace.odbc(odbc).name
        case .postgres(let postgres):
            // A URL may hold a password.
            if postgres.url != nil { return "url" }
            let parameters = postgres.parameters
            let host = parameters["host"].map { host in host + (parameters["port"].map { ":\($0)" } ?? "") }
            return [host, parameters["dbname"]].compactMap { $0 }.joined(separator: "/")
        case .mysql(let mysql):
            let host = mysql.socket ?? mysql.host.map { host in host + (mysql.port.map { ":\($0)" } ?? "") }
            return [host ?? mysql.defaultsFile, mysql.database].compactMap { $0 }.joined(separator: "/")
        }
    }

    private static func test(_ name: String, _ connection: Connection, _ workspace: Workspace) -> [Check] {
        let uses = uses(of: name, workspace)
        var checks: [Check] = []
        switch connection {
        case .http(let http):
            do {
                checks.append(Check(name, .good, try ConnectionProbe.answer(http, clock: workspace.clock)))
            } catch { checks.append(Check(name, .problem, ExtractError(error).message)) }
        case .files, .s3, .sftp:
            do {
                checks.append(Check(name, .good, try FileProbe.answer(connection, files: workspace.files)))
            } catch { checks.append(Check(name, .problem, ExtractError(error).message)) }
        case .sqlite, .postgres, .mysql, .duckdb, .parquet, .odbc:
            if !uses.sources.isEmpty || uses.targets.isEmpty {
                do {
                    let found = try SQLCatalog(open: workspace.sqlOpener(isLoading: false)).contents(name)
                    let tables = Format.count(found.relations.count)
                    checks.append(
                        Check(name, .good, "\(found.session.version) answers; \(tables) tables and views can be read"))
                } catch { checks.append(Check(name, .problem, ExtractError(error).message)) }
            }
            if !uses.targets.isEmpty { checks += Doctor.probe(name, connection, workspace) }
        }
        return checks
    }

    /// How many files are shown.
    private static let fileLimit = 1000

    private static func discoverFiles(
        _ name: String, _ connection: Connection, _ patterns: [String], _ workspace: Workspace, _ common: CommonOptions
    ) throws {
        var found: [FileProbe.Found] = []
        for pattern in patterns.isEmpty ? ["**"] : patterns {
            found += try FileProbe.find(
                pattern, connection, files: workspace.files, clock: workspace.clock, limit: fileLimit - found.count)
        }
        if common.json {
            return Console.document([
                ("connection", .string(name)),
                (
                    "files",
                    .array(
                        found.map { file in
                            .record([
                                ("path", .string(file.path)),
                                ("size", file.size.map { Document.count(Int($0)) } ?? .null),
                                ("modified", Document.text(file.modified.map { Timestamp.render($0) })),
                            ])
                        })
                ),
            ])
        }
        let more = found.count < fileLimit ? "" : ", and perhaps more"
        Console.error("\(name): \(Format.count(found.count)) files\(more)")
        Console.out(
            Format.table(
                ["PATH", "SIZE", "MODIFIED"],
                found.map { file in
                    [
                        Format.visible(file.path), file.size.map { Format.bytes(Int($0)) } ?? "",
                        file.modified.map { Timestamp.render($0) } ?? "",
                    ]
                }))
    }

    private static func show(_ checks: [Check], json: Bool) {
        guard !json else {
            return Console.document([("checks", .array(checks.map(\.json)))])
        }
        Console.out(Format.table(["", "CHECK", "FOUND"], checks.map { [$0.verdict.word, $0.name, $0.text] }))
    }

    private static func json(_ relation: SQLRelation, _ shape: SQLShape) -> JSONValue {
        let columns: [JSONValue] = shape.columns.map { column in
            .record([
                ("name", .string(column.name)), ("native_type", .string(column.native)),
                ("type", .string(column.type.rawValue)), ("nullable", .bool(column.isNullable)),
                ("default", Document.text(column.standard)), ("generated", .bool(column.isGenerated)),
            ])
        }
        return .record([
            ("name", .string(relation.fullName)), ("schema", Document.text(relation.schema)),
            ("table", .string(relation.name)), ("kind", .string(relation.kind.rawValue)),
            ("estimated_rows", relation.rows.map { Document.count($0) } ?? .null),
            ("primary_key", .array(shape.primaryKey.map { .string($0) })), ("columns", .array(columns)),
        ])
    }
}
