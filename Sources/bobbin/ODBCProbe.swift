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
}
