internal import CSQLite

/// A call that SQLite refused.
package struct SQLiteError: DatabaseError, Sendable {
    /// SQLite's extended result code.
    package let code: Int32
    /// SQLite's words and what was tried; never values.
    package let message: String

    init(code: Int32, message: String) {
        self.code = code
        self.message = message
    }

    /// The class of the primary result code (https://sqlite.org/rescode.html).
    package var kind: DatabaseFailure {
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL, SQLITE_INTERRUPT: .transient
        case SQLITE_FULL, SQLITE_IOERR, SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_NOMEM, SQLITE_NOLFS: .environment
        case SQLITE_PERM, SQLITE_AUTH: .permission
        case SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_TOOBIG, SQLITE_RANGE: .data
        default: .configuration
        }
    }

    /// The result code's name, as people look it up.
    package var codeName: String {
        // Extended codes are macros that Swift does not import.
        switch code {
        case 2067: "SQLITE_CONSTRAINT_UNIQUE"
        case 1555: "SQLITE_CONSTRAINT_PRIMARYKEY"
        case 1299: "SQLITE_CONSTRAINT_NOTNULL"
        case 275: "SQLITE_CONSTRAINT_CHECK"
        case 787: "SQLITE_CONSTRAINT_FOREIGNKEY"
        default: "SQLITE_\(code)"
        }
    }

    package var description: String { "\(message) (code \(code))" }
}
