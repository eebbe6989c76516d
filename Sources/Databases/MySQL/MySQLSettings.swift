/// Where a server is, who logs in, and how a session behaves. What is nil is left to ``defaultsFile`` or to libmariadb.
package struct MySQLSettings: Sendable {
    /// Host name or address. As in all clients `localhost` is the usual Unix socket; 127.0.0.1 is TCP.
    package var host: String?
    /// TCP port; nil is 3306.
    package var port: Int?
    /// Path of the server's Unix socket, instead of host and port.
    package var socket: String?
    /// nil is the operating system's user.
    package var user: String?
    package var password: MySQLSecret?
    /// The default database.
    package var database: String?
    package var tls = MySQLTLS()

    /// An option file such as `.my.cnf`, read by libmariadb as its documentation says ("Configuring MariaDB
    /// Connector/C with Option Files"): the groups `client`, `client-server`, `client-mariadb` and ``defaultsGroup``.
    /// Host, port, socket, user, password and database given here win over the file; its other options win over ours.
    package var defaultsFile: String?
    /// One more group to read; alone it makes libmariadb read the usual files (/etc/my.cnf, ~/.my.cnf).
    package var defaultsGroup: String?

    /// Seconds until connecting is given up.
    package var connectSeconds = 10.0
    /// Seconds without a byte from the server while one is waited for.
    package var readSeconds = 600.0
    /// Seconds in which nothing could be sent.
    package var writeSeconds = 600.0
    /// Seconds to wait for a row lock (innodb_lock_wait_timeout) or a table's definition (lock_wait_timeout).
    package var lockSeconds = 50.0
    /// Seconds one statement may take; nil is no limit. MariaDB limits every statement (max_statement_time), MySQL only
    /// SELECT (max_execution_time).
    package var statementSeconds: Double?
    /// Seconds the server waits for us: between statements (wait_timeout), for more of a load (net_read_timeout) and
    /// for us to take rows (net_write_timeout).
    package var stallSeconds = 28_800.0

    /// Whether 0000-00-00 and dates with zero parts are errors (NO_ZERO_DATE, NO_ZERO_IN_DATE) or values.
    package var refusesZeroDates = false
    /// Whether each statement is a transaction of its own unless one was begun.
    package var autocommit = true

    /// Settings that name nothing yet.
    package init() {}

    /// What an error calls the server; never a password.
    package var server: String {
        if let socket { return socket }
        if let host { return "\(host):\(port ?? 3306)" }
        return defaultsFile.map { "the server of \($0)" } ?? "the local server"
    }
}

/// How a connection is encrypted (MariaDB Connector/C, "TLS/SSL").
package struct MySQLTLS: Sendable {
    /// How much is demanded.
    package enum Mode: Sendable {
        /// Never encrypted unless the defaults file says otherwise.
        case off
        /// Encrypted where the server can; nothing is checked.
        case preferred
        /// Encrypted or refused; who the server is is not checked.
        case required
        /// Encrypted, the certificate signed by ``MySQLTLS/authority`` (or the system's) and made for the host's name.
        case verified
    }

    package var mode = Mode.preferred
    /// File with the trusted authorities, PEM.
    package var authority: String?
    /// File with our certificate, PEM.
    package var certificate: String?
    /// File with our certificate's key, PEM.
    package var key: String?

    /// TLS where the server can.
    package init(_ mode: Mode = .preferred, authority: String? = nil, certificate: String? = nil, key: String? = nil) {
        self.mode = mode
        self.authority = authority
        self.certificate = certificate
        self.key = key
    }
}
