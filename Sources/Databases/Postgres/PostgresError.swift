/// A call that PostgreSQL or libpq refused.
package struct PostgresError: DatabaseError, Sendable {
    /// The SQLSTATE (manual, appendix "PostgreSQL Error Codes"); empty when the server said nothing.
    package let sqlState: String
    /// The server's primary message and what was tried; the server may quote a bad value in it.
    package let message: String
    /// What a caller does about it.
    package let kind: DatabaseFailure
    /// The server's detail, such as the key that exists already: it holds values.
    package var detail: String?
    /// Where it happened, such as the line of COPY: it may hold values.
    package var context: String?
    package var schema: String?
    package var table: String?
    package var constraint: String?
    /// The column, as the server names it itself or in the context of COPY.
    package var column: String?
    /// The line of the COPY data, counted from 1.
    package var line: Int?

    init(_ message: String, sqlState: String = "", kind: DatabaseFailure) {
        self.message = message
        self.sqlState = sqlState
        self.kind = kind
    }

    /// Message, SQLSTATE, constraint and line, without the values of ``detail`` and ``context``.
    package var description: String {
        var notes: [String] = []
        if !sqlState.isEmpty { notes.append("SQLSTATE \(sqlState)") }
        if let constraint { notes.append("constraint \(constraint)") }
        if let column { notes.append("column \(column)") }
        if let line { notes.append("line \(line)") }
        return notes.isEmpty ? message : "\(message) (\(notes.joined(separator: ", ")))"
    }

    /// The class of a SQLSTATE: whole classes by their first two characters, exceptions first.
    package static func kind(_ sqlState: String) -> DatabaseFailure {
        switch sqlState {
        // Too many connections, lock not available, and what ends a connection or a statement from outside: shutdown,
        // crash, starting up, idle limits, and a cancel, which is also how the statement timeout shows.
        case "53300", "55P03", "57014", "57P01", "57P02", "57P03", "57P05", "25P03": return .transient
        // A read-only transaction is most often a standby; damage of files is no fault of the statement.
        case "25006", "XX001", "XX002": return .environment
        case "42501": return .permission
        // A check option of a view, and a value too long for an index (program_limit_exceeded); what a trigger of the user's
        // own raises about a row (RAISE EXCEPTION without an ERRCODE).
        case "44000", "54000", "P0001": return .data
        default: break
        }
        switch sqlState.prefix(2) {
        case "08", "40": return .transient
        // Insufficient resources, and errors of the system below PostgreSQL.
        case "53", "58": return .environment
        case "28": return .permission
        // 45 is nobody's but the user's, as SIGNAL has it.
        case "22", "23", "45": return .data
        default: return .configuration
        }
    }
}
