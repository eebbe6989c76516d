internal import ArgumentParser
internal import Configuration
internal import Glibc
internal import JSON
internal import Manifest
internal import Spool
internal import Storage

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tries whether this host, the spool's file system and the targets can do what the guarantees need.",
        discussion: "Exit code 0 when it could answer, whatever the answer; the verdict says what is wrong.")

    @OptionGroup var common: CommonOptions

    func run() throws {
        let (path, found) = try SpoolAccess.locate(common)
        // Now with the secrets of targets, if there is a configuration.
        let workspace = found == nil ? nil : try Workspace(common, needs: [.target])
        var checks: [Check] = [Doctor.clock(path)]
        checks += SpoolProbe(path: path, lowWater: workspace?.settings.load.lowWater ?? 0).run()
        checks.append(Doctor.zlib())
        if let workspace {
            let streams = workspace.settings.jobs.flatMap(\.streams)
            for (name, connection) in workspace.settings.connections.sorted(by: { $0.key < $1.key }) {
                // `connections test` tries what is only read from.
                let isSource = streams.contains { $0.source.connection == name }
                if isSource, !streams.contains(where: { $0.targets.contains(name) }) { continue }
                checks += Doctor.probe(name, connection, workspace)
            }
        } else {
            checks.append(
                Check("configuration", .warning, "\(common.config) is not there, so that no target was tried"))
        }
        let worst = checks.map(\.verdict).max() ?? .good
        let verdict: String
        switch worst {
        case .good: verdict = "All is well: this host and this spool can keep every guarantee."
        case .warning: verdict = "It will work. Read the warnings."
        case .problem: verdict = "Something here breaks a guarantee: mend the problems before you rely on it."
        }
        if common.json {
            let items = checks.map(\.json)
            Console.document([
                ("verdict", .string(worst.word)), ("text", .string(verdict)), ("checks", .array(items)),
            ])
        } else {
            Console.out(Format.table(["", "CHECK", "FOUND"], checks.map { [$0.verdict.word, $0.name, $0.text] }))
            Console.out(verdict)
        }
    }

    /// Tries a connection that rows are written to.
    static func probe(_ name: String, _ connection: Connection, _ workspace: Workspace) -> [Check] {
        switch connection {
        case .sqlite(let settings): TargetProbe(name: name, path: settings.path).run()
        case .postgres(let settings): PostgresProbe(name: name, workspace.postgres(settings)).run()
        case .mysql(let settings): MySQLProbe(name: name, workspace.mysql(settings)).run()
        case .duckdb(let settings): DuckDBProbe(name: name, workspace.duckdb(settings)).run()
        case .parquet(let settings): ParquetProbe(name: name, workspace.duckdb(settings)).run()
        case .odbc(let settings): ODBCProbe(name: name, workspace.odbc(settings)).run()
        case .http, .files, .s3, .sftp: []
        }
    }

    private static func zlib() -> Check {
        guard let handle = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL) else {
            return Check(
                "libz", .warning, "libz.so.1 cannot be loaded: .gz files cannot be read; install the package zlib1g")
        }
        dlclose(handle)
        return Check("libz", .good, ".gz files can be read")
    }

    /// The clock names runs and times; nothing is decided by it, but a wrong one confuses people.
    private static func clock(_ path: String) -> Check {
        let now = SystemClock().now()
        // 2025-01-01 and 2100-01-01.
        guard (1_735_689_600_000...4_102_444_800_000).contains(now) else {
            return Check(
                "clock", .warning, "\(Timestamp.render(now)) cannot be right: set the clock, run ids sort by it")
        }
        let files = POSIXFileSystem()
        let newest = (try? files.list("\(path)/writing", .doctorProbe))?.compactMap { RunID($0) }.max()
        if let newest, Int64(clamping: newest.milliseconds) > now + 300_000 {
            return Check(
                "clock", .warning,
                "a run in the spool was begun \((Int64(newest.milliseconds) - now) / 1000) s in this host's future")
        }
        return Check("clock", .good, Timestamp.render(now))
    }
}

/// One answer of the doctor.
struct Check {
    enum Verdict: Int, Comparable {
        case good
        case warning
        case problem

        var word: String {
            switch self {
            case .good: "ok"
            case .warning: "warning"
            case .problem: "problem"
            }
        }

        static func < (left: Verdict, right: Verdict) -> Bool { left.rawValue < right.rawValue }
    }

    var name: String
    var verdict: Verdict
    var text: String

    init(_ name: String, _ verdict: Verdict, _ text: String) {
        self.name = name
        self.verdict = verdict
        self.text = text
    }

    var json: JSONValue {
        .record([("check", .string(name)), ("verdict", .string(verdict.word)), ("text", .string(text))])
    }
}
