internal import Databases

/// Tries a MariaDB or MySQL target: whether it answers, and whether it keeps what it has committed.
struct MySQLProbe {
    private let name: String
    private let settings: MySQLSettings

    init(name: String, _ settings: MySQLSettings) {
        self.name = name
        self.settings = settings
    }

    func run() -> [Check] {
        do {
            let connection = try MySQLConnection(settings)
            var checks = [Check("target \(name)", .good, "\(settings.server) answers, \(connection.serverVersion)")]
            let values = try connection.query(
                "SELECT @@global.read_only, @@global.innodb_flush_log_at_trx_commit, @@global.local_infile")
            if values.integer(0, 0) != 0 {
                checks.append(
                    Check(
                        "target \(name) writing", .problem, "the server is read-only: a replica, or its configuration"))
            }
            checks.append(
                values.integer(0, 1) == 1
                    ? Check("target \(name) durability", .good, "innodb_flush_log_at_trx_commit is 1")
                    : Check(
                        "target \(name) durability", .problem,
                        "innodb_flush_log_at_trx_commit is not 1: a crash of the server may undo commits; loaders fill it again from the archive "
                            + "as far as that goes"))
            if values.integer(0, 2) == 0 {
                checks.append(
                    Check(
                        "target \(name) LOAD DATA", .warning,
                        "local_infile is off: rows go in by INSERT, which takes longer"))
            }
            return checks
        } catch {
            return [Check("target \(name)", .problem, "\(error)")]
        }
    }
}
