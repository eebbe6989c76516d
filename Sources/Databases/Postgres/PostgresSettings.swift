/// How a connection is made. What is not set here comes from where libpq takes it: PGHOST, PGPASSWORD, PGSERVICE and
/// their like, the password file, the service file (manual, "Environment Variables").
///
/// Every printed form leaves the values out, since URL and parameters may hold a password.
package struct PostgresSettings: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `postgresql://[user[:password]@][host][:port][,...][/database][?parameter=value]` (manual, "Connection URIs").
    package var url: String?
    /// Connection parameters by libpq's keywords (manual, "Parameter Key Words"); they go before those of the URL.
    package var parameters: [String: String]
    /// The password; goes before any other.
    package var password: String?
    /// `disable` to `verify-full`; libpq's own default is `prefer`, which checks no certificate.
    package var sslMode: String?
    /// File of the certificates that may have signed the server's.
    package var sslRootCertificate: String?
    /// What pg_stat_activity shows; `bobbin` unless PGAPPNAME says otherwise.
    package var applicationName: String?
    /// Limit of the whole connecting with all its hosts and addresses, name lookup excepted. `connect_timeout` of libpq
    /// has no effect.
    package var connectSeconds: Double = 10
    /// Limit of one statement, COPY included; 0: none.
    package var statementSeconds: Double = 0
    /// Limit of each waiting for a lock; 0: none.
    package var lockSeconds: Double = 30
    /// When the server ends a connection that does nothing inside a transaction; 0: never.
    package var idleInTransactionSeconds: Double = 600
    /// Seconds of silence after which either side probes the other over TCP; a dead one is found in twice that.
    package var keepaliveSeconds: Int = 30

    /// Settings with the default limits.
    package init(url: String? = nil, parameters: [String: String] = [:], password: String? = nil) {
        self.url = url
        self.parameters = parameters
        self.password = password
    }

    package var description: String {
        "PostgreSQL settings (\(url == nil ? "" : "URL, ")\(parameters.keys.sorted().joined(separator: ", ")))"
    }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }

    /// Keywords and values for PQconnectStartParams; of one keyword's values the last counts, and a URL's parameters
    /// stand where the URL stands.
    var keywords: [(name: String, value: String)] {
        var list = [
            ("keepalives_idle", String(keepaliveIdle)), ("keepalives_interval", String(keepaliveInterval)),
            ("keepalives_count", String(Self.keepaliveCount)), ("tcp_user_timeout", String(userTimeoutMilliseconds)),
            ("fallback_application_name", "bobbin"),
        ]
        if let url { list.append(("dbname", url)) }
        list += parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        if let password { list.append(("password", password)) }
        if let sslMode { list.append(("sslmode", sslMode)) }
        if let sslRootCertificate { list.append(("sslrootcert", sslRootCertificate)) }
        if let applicationName { list.append(("application_name", applicationName)) }
        return list
    }

    /// The one statement that sets a session up (manual, chapter "Server Configuration"); the values are ours, so none
    /// needs quoting. The server's TCP settings find a dead client, whose locks would stay otherwise.
    var sessionSQL: String {
        let values = [
            ("client_encoding", "UTF8"), ("standard_conforming_strings", "on"), ("DateStyle", "ISO, YMD"),
            ("IntervalStyle", "iso_8601"), ("TimeZone", "UTC"), ("bytea_output", "hex"), ("extra_float_digits", "3"),
            ("statement_timeout", Self.milliseconds(statementSeconds)),
            ("lock_timeout", Self.milliseconds(lockSeconds)),
            ("idle_in_transaction_session_timeout", Self.milliseconds(idleInTransactionSeconds)),
            ("tcp_keepalives_idle", String(keepaliveIdle)), ("tcp_keepalives_interval", String(keepaliveInterval)),
            ("tcp_keepalives_count", String(Self.keepaliveCount)),
            ("tcp_user_timeout", String(userTimeoutMilliseconds)),
        ]
        return "SELECT "
            + values.map { "pg_catalog.set_config('\($0.0)', '\($0.1)', false)" }.joined(separator: ", ")
    }

    private static let keepaliveCount = 3
    private var keepaliveIdle: Int { max(1, min(keepaliveSeconds, 3600)) }
    private var keepaliveInterval: Int { max(1, keepaliveIdle / Self.keepaliveCount) }
    private var userTimeoutMilliseconds: Int { keepaliveIdle * 2000 }

    private static func milliseconds(_ seconds: Double) -> String {
        // Less than a millisecond is a limit still, and 0 would be none.
        seconds > 0 ? String(Int(max(1, min(seconds * 1000, 2e9)))) : "0"
    }
}
