extension MySQLConnection {
    /// Which kind of server answers.
    package enum Flavour: Sendable {
        case mariaDB
        case mySQL
    }

    /// The kind of server, by the version text (MariaDB says so in its own).
    package var flavour: Flavour { serverVersion.contains("MariaDB") ? .mariaDB : .mySQL }

    /// The server's version as it writes it, such as `10.11.6-MariaDB`.
    package var serverVersion: String { library.serverInfo(handle).map { String(cString: $0) } ?? "" }

    /// The first numbers of ``serverVersion``, such as `[10, 11, 6]`.
    package var versionNumbers: [Int] {
        var text = Substring(serverVersion)
        // MariaDB may put this before its own version, so that old MySQL replicas believe it.
        if text.hasPrefix("5.5.5-") { text = text.dropFirst(6) }
        return text.prefix { $0.isNumber || $0 == "." }.split(separator: ".").compactMap { Int($0) }
    }

    /// Makes the session the same whatever the server's defaults are (MariaDB, "Server System Variables").
    func setUpSession() throws(MySQLError) {
        var modes = [
            "STRICT_TRANS_TABLES", "STRICT_ALL_TABLES", "ERROR_FOR_DIVISION_BY_ZERO", "NO_AUTO_VALUE_ON_ZERO",
            "NO_ENGINE_SUBSTITUTION",
        ]
        if settings.refusesZeroDates { modes += ["NO_ZERO_DATE", "NO_ZERO_IN_DATE"] }
        let lock = whole(settings.lockSeconds)
        let stall = whole(min(settings.stallSeconds, 31_536_000))
        var assignments = [
            "sql_mode = '\(modes.joined(separator: ","))'", "time_zone = '+00:00'",
            "innodb_lock_wait_timeout = \(lock)",
            // Without it a server may leave rows out of every answer, which then seem to be gone.
            "sql_select_limit = 18446744073709551615",
            "lock_wait_timeout = \(lock)", "wait_timeout = \(stall)", "net_read_timeout = \(stall)",
            "net_write_timeout = \(stall)", "autocommit = \(settings.autocommit ? 1 : 0)",
        ]
        if let limit = settings.statementSeconds {
            switch flavour {
            case .mariaDB: assignments.append("max_statement_time = \(max(0.001, limit))")
            case .mySQL: assignments.append("max_execution_time = \(max(1, Int(min(limit * 1000, 4e9))))")
            }
        }
        try execute("SET SESSION " + assignments.joined(separator: ", "))
    }

    private func whole(_ seconds: Double) -> Int { Int(max(1, min(seconds.rounded(.up), 1_073_741_824))) }
}

extension MySQLConnection {
    /// Bytes below which a message to the server must stay (max_allowed_packet); asked for once. A longer one ends the connection. What
    /// LOAD DATA sends comes in messages of its own: a row there may be of any length.
    package func maximumPacket() throws(MySQLError) -> Int {
        if let knownMaximumPacket { return knownMaximumPacket }
        let found = try query("SELECT @@max_allowed_packet").integer(0, 0) ?? 1 << 24
        knownMaximumPacket = found
        return found
    }
}

extension MySQLError {
    /// A row that no message holds: the row's fault, as nothing but another setting of the server would take it.
    package static func longRow(_ bytes: Int, limit: Int) -> MySQLError {
        MySQLError(1153, state: "22001", longRowReason(bytes, limit: limit))
    }

    /// Why a row cannot be sent, and what to do.
    package static func longRowReason(_ bytes: Int, limit: Int) -> String {
        "the row has \(bytes) bytes, and the server's max_allowed_packet is \(limit): raise it there (SET GLOBAL max_allowed_packet = "
            + "..., at most 1073741824, and in its option file), then extract the row again (`bobbin run --full-refresh`, or `bobbin rewind`)"
    }
}

/// One line of SHOW WARNINGS.
package struct MySQLWarning: Sendable, Equatable {
    /// Note, Warning or Error.
    package let level: String
    /// The number that the error would have had.
    package let number: Int
    /// The server's words, values included: for a person's eyes, not for a log that must hold none.
    package let message: String

    /// The row that the message names ("at row 7"), counted from 1.
    package var row: Int? { MySQLError.row(in: message) }

    /// What it would have been as an error; nil when it is of no value that was bent.
    package var refusal: MySQLError? {
        guard MySQLError.kind(ofNumber: number) == .data else { return nil }
        // 1265, WARN_DATA_TRUNCATED, names the column and no value.
        let words = number == 1265 ? message : "a value does not fit its column as it is"
        return MySQLError(number, state: "01000", words)
    }
}

extension MySQLConnection {
    /// The last statement's warnings: at most max_error_count of the session, 64 by default.
    package func warnings() throws(MySQLError) -> [MySQLWarning] {
        try query("SHOW WARNINGS").rows.map { row in
            MySQLWarning(
                level: row[0].map { String(decoding: $0, as: UTF8.self) } ?? "",
                number: row[1].flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0,
                message: row[2].map { String(decoding: $0, as: UTF8.self) } ?? "")
        }
    }
}
