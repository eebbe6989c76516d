extension ODBCError {
    /// The class of a call's records: that of the first which is no warning, unless another one says more.
    static func kind(of records: [ODBCRecord]) -> DatabaseFailure {
        // The driver manager says that it finds no driver in a mere warning.
        if records.contains(where: { isMissingDriver($0) }) { return .configuration }
        return kind(ofOne: first(records))
    }

    /// Whether the driver manager could not load the driver.
    static func isMissingDriver(_ record: ODBCRecord) -> Bool {
        if ["IM002", "IM003", "IM004", "IM005"].contains(record.state) { return true }
        return record.message.contains("[Driver Manager]Can't open lib")
    }

    /// The class of one record, by its SQLSTATE (ISO 9075; Microsoft, "ODBC API Reference", appendix A; PostgreSQL, "Error
    /// Codes"), by the driver's own number where the state says nothing.
    static func kind(ofOne record: ODBCRecord) -> DatabaseFailure {
        if isRefusedLogin(record) { return .permission }
        switch record.state {
        // Timeouts, cancelled, locks not had, too many connections, a server that stops or starts.
        case "HYT00", "HYT01", "HY008", "HY018", "57014", "55P03", "55006", "53300", "57P01", "57P02", "57P03", "57P05":
            return .transient
        // Memory, read-only server or transaction.
        case "HY001", "HY013", "HY014", "25006": return .environment
        case "42501": return .permission
        // A value that is too long for an index of PostgreSQL; what a trigger of PostgreSQL raises about a row.
        case "54000", "P0001": return .data
        // Driver-specific, or "general": the number must say.
        case "HY000", "S1000": return kind(ofNumber: record) ?? .configuration
        // 22: data exception. MariaDB's driver says 42000 of much that is the server's 22 and 23.
        // The server itself gives an error of a value the state of a warning (1265).
        case "42000", "01000": return kind(ofNumber: record) ?? .configuration
        default: break
        }
        switch record.state.prefix(2) {
        // Connection; rolled back by the server (deadlock, serialization).
        case "08", "40": return .transient
        // Integrity constraint, data exception, WITH CHECK OPTION, what a trigger of MariaDB's signals about a row.
        case "22", "23", "44", "45": return .data
        case "28": return .permission
        // Resources: disk full, memory; system error.
        case "53", "58": return .environment
        default: return .configuration
        }
    }

    /// A login that the server refused, which psqlodbc reports as a connection that failed (08001), with libpq's words.
    private static func isRefusedLogin(_ record: ODBCRecord) -> Bool {
        guard record.state == "08001" || record.state == "08004" else { return false }
        let words = record.message.lowercased()
        return [
            "authentication failed", "no password supplied", "no pg_hba.conf entry", "access denied",
            "role \"", "permission denied", "login failed",
        ].contains { words.contains($0) }
    }

    /// The class by the number of the two databases whose drivers give no SQLSTATE for much; they put their names first.
    private static func kind(ofNumber record: ODBCRecord) -> DatabaseFailure? {
        if record.message.hasPrefix("[SQLite]") { return sqliteKind(record.native) }
        // MariaDB's driver begins with [ma-3.1.15], MySQL's with [MySQL].
        if record.message.hasPrefix("[ma-") || record.message.hasPrefix("[MySQL]") {
            return MySQLError.kind(ofNumber: record.native)
        }
        return nil
    }

    /// SQLite's result code (https://sqlite.org/rescode.html): busy, locked, protocol, interrupt; full, I/O, read-only,
    /// cannot open, memory, no large files; permission, authorization; constraint, mismatch, too big.
    private static func sqliteKind(_ code: Int) -> DatabaseFailure {
        switch code & 0xFF {
        case 5, 6, 15, 9: .transient
        case 13, 10, 8, 14, 7, 22: .environment
        case 3, 23: .permission
        case 19, 20, 18: .data
        default: .configuration
        }
    }
}
