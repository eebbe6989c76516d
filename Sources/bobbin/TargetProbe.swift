internal import Databases
internal import Glibc
internal import Storage

/// Tries an SQLite target: the file itself is only read, writing is tried on a file beside it.
struct TargetProbe {
    let name: String
    let path: String
    private let files = POSIXFileSystem()

    init(name: String, path: String) {
        self.name = name
        self.path = path
    }

    func run() -> [Check] {
        var checks: [Check] = []
        if (try? files.status("\(path)/.", .doctorProbe)) != nil {
            return [
                Check("target \(name)", .problem, "\(path) is a directory: `path` names the database file itself")
            ]
        }
        if (try? files.status(path, .doctorProbe)) != nil {
            do {
                let connection = try SQLiteConnection(path: path, access: .readOnly, busySeconds: 2)
                let mode = try TargetProbe.text(connection, "PRAGMA journal_mode")
                _ = try TargetProbe.text(connection, "SELECT count(*) FROM sqlite_master")
                let note = mode == "wal" ? "" : "; journal mode is \(mode), a loader switches it to WAL"
                checks.append(Check("target \(name)", .good, "\(path) can be opened\(note)"))
            } catch {
                checks.append(Check("target \(name)", .problem, "\(error)"))
            }
        } else {
            checks.append(Check("target \(name)", .good, "\(path) is not there yet; the first load makes it"))
        }
        checks.append(durability())
        return checks
    }

    private func durability() -> Check {
        let probe = "\(path).doctor-\(getpid())"
        defer { for suffix in ["", "-wal", "-shm", "-journal"] { try? files.unlink(probe + suffix, .doctorProbe) } }
        do {
            let connection = try SQLiteConnection(path: probe, access: .readWriteCreate, busySeconds: 2)
            let mode = try TargetProbe.text(connection, "PRAGMA journal_mode = WAL")
            try connection.execute("PRAGMA synchronous = FULL")
            let level = try TargetProbe.text(connection, "PRAGMA synchronous")
            try connection.execute("CREATE TABLE probe(x); INSERT INTO probe VALUES (1)")
            let version = try TargetProbe.text(connection, "SELECT sqlite_version()")
            guard mode == "wal" else {
                return Check(
                    "target \(name) WAL", .problem,
                    "WAL does not work in its directory (journal mode stays \(mode)): use a local file system")
            }
            guard level == "2" else {
                return Check(
                    "target \(name) WAL", .problem, "synchronous=FULL is not kept: a power cut could undo a commit")
            }
            return Check("target \(name) WAL", .good, "SQLite \(version): WAL and synchronous=FULL work beside it")
        } catch {
            return Check("target \(name) WAL", .problem, "cannot write beside \(path): \(error)")
        }
    }

    private static func text(_ connection: SQLiteConnection, _ sql: String) throws -> String {
        let statement = try connection.prepare(sql)
        defer { statement.reset() }
        return try statement.step() ? statement.text(0) : ""
    }
}
