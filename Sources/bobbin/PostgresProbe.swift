internal import Databases

/// Tries a PostgreSQL target: whether it answers, and whether it keeps what it has committed.
struct PostgresProbe {
    private let name: String
    private let settings: PostgresSettings

    init(name: String, _ settings: PostgresSettings) {
        self.name = name
        self.settings = settings
    }

    func run() -> [Check] {
        do {
            let connection = try PostgresConnection(settings)
            var checks = [
                Check(
                    "target \(name)", .good,
                    "\(connection.place) answers, PostgreSQL \(try PostgresProbe.show(connection, "server_version"))")
            ]
            if try PostgresProbe.show(connection, "transaction_read_only") == "on" {
                checks.append(
                    Check(
                        "target \(name) writing", .problem, "the server is read-only: a standby, or its configuration"))
            }
            checks.append(try durability(connection))
            return checks
        } catch {
            return [Check("target \(name)", .problem, "\(error)")]
        }
    }

    /// A commit that a crash may undo makes the spool believe too much.
    private func durability(_ connection: PostgresConnection) throws -> Check {
        let names = ["fsync", "full_page_writes", "synchronous_commit"]
        let off = try names.filter { try PostgresProbe.show(connection, $0) == "off" }
        guard off.isEmpty else {
            return Check(
                "target \(name) durability", .problem,
                "\(off.joined(separator: ", ")) off: a crash of the server may undo commits, or worse; loaders fill it again from the archive "
                    + "as far as that goes")
        }
        return Check("target \(name) durability", .good, "fsync, full_page_writes and synchronous_commit are on")
    }

    private static func show(_ connection: PostgresConnection, _ setting: String) throws -> String {
        try connection.query("SELECT pg_catalog.current_setting($1)", [.text(setting)]).text(0, 0) ?? ""
    }
}
