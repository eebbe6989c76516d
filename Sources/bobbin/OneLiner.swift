internal import ArgumentParser
internal import Configuration
internal import Extract
internal import Glibc
internal import Manifest

/// `run --from ... --to ...`: a job without a file, written as the configuration that it stands for.
struct OneLiner: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Run without a configuration: what to read. A file or a glob (`x.csv`, `in/*.ndjson.gz`, `s3://bucket/in/*.csv`, `sftp://user@host/dir/*.csv`, `https://host/x.csv`), or a table: `sqlite:FILE#TABLE`, `duckdb:FILE#TABLE`, `parquet:DIRECTORY#TABLE`, "
                + "`postgres://user@host/database#TABLE`, `mysql://user@host/database#TABLE`.", valueName: "source"))
    var from: String?

    @Option(
        help: ArgumentHelp(
            "With --from: where to. `sqlite:FILE#TABLE`, `duckdb:FILE#TABLE`, `parquet:DIRECTORY#TABLE`, `postgres://user@host/database#TABLE`, `mysql://user@host/database#TABLE`.",
            valueName: "target"))
    var to: String?

    @Option(
        help: "With --from: append, insert-only, merge or replace. Built in: merge when there is a --key, else replace."
    )
    var mode: String?

    @Option(help: ArgumentHelp("With --from: the columns of the key, with commas between them.", valueName: "columns"))
    var key: String?

    /// The configuration that the options stand for, as YAML; nil when there are none.
    func configuration() throws -> String? {
        guard let from else {
            for (name, value) in [("--to", to), ("--mode", mode), ("--key", key)] where value != nil {
                throw CommandError(.usage, "\(name): it belongs to --from")
            }
            return nil
        }
        guard let to else {
            throw CommandError(.usage, "--from \(from): say where to with --to, such as --to sqlite:out.db#table")
        }
        let target = try OneLiner.place(to, "--to")
        guard let target else {
            throw CommandError(
                .usage,
                "--to \(to): expected sqlite:FILE#TABLE, duckdb:FILE#TABLE, parquet:DIRECTORY#TABLE, postgres://user@host/database#TABLE or mysql://user@host/database#TABLE"
            )
        }
        let source = try OneLiner.place(from, "--from")
        let keys = key?.split(separator: ",").map { OneLiner.quoted(String($0)) } ?? []
        let mode = mode ?? (keys.isEmpty ? "replace" : "merge")
        let reading: String
        let connection: String
        if let far = try RemotePlace(from) {
            connection = far.connection
            reading = far.source
        } else if let source {
            connection = source.connection
            reading = "connection: source, table: \(OneLiner.quoted(source.table))"
        } else {
            let (directory, pattern) = OneLiner.split(from)
            connection =
                "type: files, path: \(OneLiner.quoted(directory.map { $0.isEmpty ? "/" : $0 } ?? "."))"
            reading = "connection: source, path: \(OneLiner.quoted(pattern))"
        }
        // Each target has a queue, and each table of it a log, of its own. Where rows are added, so has each source: of another one
        // nobody could say whether it was added already.
        let place = OneLiner.name(to.prefix { $0 != "#" })
        let stream = mode == WriteMode.append.rawValue ? OneLiner.name("\(from) to \(place)") : place
        return """
            connections:
              source: {\(connection)}
              \(OneLiner.quoted(place)): {\(target.connection)}
            jobs:
              \(OneLiner.quoted(target.table)):
                streams:
                  \(OneLiner.quoted(stream)):
                    source: {\(reading)}
                    target: \(OneLiner.quoted(place))
                    table: \(OneLiner.quoted(target.table))
                    mode: \(OneLiner.quoted(mode))
            \(keys.isEmpty ? "" : "        primary_key: [\(keys.joined(separator: ", "))]")
            """
    }

    /// A file that is named, and not by a glob, must be there.
    func check(_ plans: [StreamPlan]) throws {
        guard let from, plans.contains(where: { $0.isFileSource && $0.partitions.isEmpty }),
            !from.contains(where: { "*?[{".contains($0) })
        else { return }
        throw CommandError(.usage, "--from \(from): there is no such file")
    }

    /// What a place is called, within the length of a name.
    private static func name(_ place: some StringProtocol) -> String {
        let name = String(place)
        return name.utf8.count <= 200 ? name : "\(name.prefix(40))... (\(fnv1a(name.utf8)))"
    }

    /// A glob's directory is what stands before its first sign; nil when there is none.
    static func split(_ path: String) -> (directory: String?, pattern: String) {
        let first = path.firstIndex(where: { "*?[{".contains($0) }) ?? path.endIndex
        guard let cut = path[..<first].lastIndex(of: "/") else { return (nil, path) }
        return (String(path[..<cut]), String(path[path.index(after: cut)...]))
    }

    /// A table of a database; nil when the text names none.
    private static func place(_ text: String, _ option: String) throws -> (connection: String, table: String)? {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let scheme = String(text[..<colon])
        guard ["sqlite", "duckdb", "parquet", "postgres", "postgresql", "mysql", "mariadb"].contains(scheme) else {
            return nil
        }
        guard let hash = text.lastIndex(of: "#"), text.index(after: hash) < text.endIndex else {
            throw CommandError(
                .usage, "\(option) \(redacted(text)): name the table behind a #, such as \(scheme):...#table")
        }
        let table = String(text[text.index(after: hash)...])
        let rest = String(text[text.index(after: colon)..<hash])
        if ["sqlite", "duckdb", "parquet"].contains(scheme) {
            return ("type: \(scheme), path: \(quoted(rest))", table)
        }
        let authority = rest.drop { $0 == "/" }
        if let at = authority.firstIndex(of: "@"), authority[..<at].contains(":") {
            throw CommandError(
                .usage,
                "\(option): an address with a password would be seen by everybody who lists processes: take the password out, and put it into "
                    + (scheme.hasPrefix("p") ? "~/.pgpass or PGPASSWORD" : "~/.my.cnf, or use a configuration file"))
        }
        if scheme.hasPrefix("p") {
            return ("type: postgres, url: \(quoted("postgres:\(rest)"))", table)
        }
        let parts = authority.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let user = parts[0].split(separator: "@", maxSplits: 1)
        let host = (user.last ?? "").split(separator: ":", maxSplits: 1)
        var keys = ["type: mysql"]
        if user.count == 2 { keys.append("user: \(quoted(String(user[0])))") }
        if let name = host.first { keys.append("host: \(quoted(String(name)))") }
        if host.count == 2 { keys.append("port: \(host[1])") }
        if parts.count == 2 { keys.append("database: \(quoted(String(parts[1])))") }
        // libmariadb reads none by itself.
        if let home = getenv("HOME"), access("\(String(cString: home))/.my.cnf", R_OK) == 0 {
            keys.append("defaults_file: \"~/.my.cnf\"")
        }
        return (keys.joined(separator: ", "), table)
    }

    private static func redacted(_ text: String) -> String {
        text.split(separator: "@", maxSplits: 1).count == 2
            ? "...@" + text.split(separator: "@", maxSplits: 1)[1] : text
    }

    /// A text in YAML's double quotes (YAML 1.2.2, section 7.3.1).
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                quoted += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
