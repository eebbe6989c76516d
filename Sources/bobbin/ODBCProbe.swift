internal import Databases

/// Tries a target that is reached through its ODBC driver: whether it answers, what answers, and whether it has transactions.
struct ODBCProbe {
    private let name: String
    private let settings: ODBCSettings

    init(name: String, _ settings: ODBCSettings) {
        self.name = name
        self.settings = settings
    }

    func run() -> [Check] {
        do {
            let connection = try ODBCConnection(settings)
            let info = connection.info
            let place = "\(settings.name) answers, \(info.databaseName) \(info.databaseVersion)"
            var checks = [
                Check("target \(name)", .good, "\(place) (driver \(info.driverName) \(info.driverVersion))")
            ]
            if !info.hasTransactions {
                checks.append(
                    Check(
                        "target \(name) transactions", .problem,
                        "the driver says that there are none: nothing can be loaded exactly once"))
            }
            if try isReadOnly(connection) {
                checks.append(
                    Check(
                        "target \(name) writing", .problem,
                        "the database is read-only: a standby or replica, its configuration, or the driver's"))
            }
            if !["postgresql", "mariadb", "sqlite"].contains(info.databaseName.lowercased()) {
                checks.append(
                    Check(
                        "target \(name) database", .warning,
                        "loading into it through ODBC was not tried: compare what arrives with what was sent"))
            }
            return checks
        } catch {
            return [Check("target \(name)", .problem, "\(error)")]
        }
    }

    /// Drivers speak of themselves at most; of known servers their own words are asked for.
    private func isReadOnly(_ connection: ODBCConnection) throws -> Bool {
        if connection.info.isReadOnly { return true }
        let question: String? =
            switch connection.info.databaseName.lowercased() {
            case "postgresql":
                "SELECT CASE WHEN pg_catalog.current_setting('transaction_read_only') = 'on' THEN '1' ELSE '0' END"
            case "mariadb", "mysql": "SELECT @@global.read_only"
            case "microsoft sql server":
                "SELECT CASE WHEN DATABASEPROPERTYEX(DB_NAME(), 'Updateability') = 'READ_ONLY' THEN 1 ELSE 0 END"
            default: nil
            }
        guard let question else { return false }
        return try !["0", "OFF", "NO_LOCK", nil].contains(connection.query(question).text(0, 0))
    }
}
