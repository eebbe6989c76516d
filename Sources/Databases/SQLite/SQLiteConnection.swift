internal import CSQLite

/// A connection to one SQLite file; used by one thread at a time.
package final class SQLiteConnection {
    private let handle: OpaquePointer
    private let shared: HandleGuard
    /// The file.
    package let path: String

    /// How a file is opened.
    package enum Access: Sendable {
        case readOnly
        case readWriteCreate
    }

    /// Opens `path`.
    ///
    /// - Parameter busySeconds: how long a locked database is waited for.
    /// - Throws: `SQLiteError`.
    package init(path: String, access: Access, busySeconds: Double) throws(SQLiteError) {
        var opened: OpaquePointer?
        let flags =
            access == .readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        let code = sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard let opened else {
            throw SQLiteError(code: SQLITE_NOMEM, message: "cannot open \(path): out of memory")
        }
        guard code == SQLITE_OK else {
            let text = String(cString: sqlite3_errmsg(opened))
            sqlite3_close_v2(opened)
            throw SQLiteError(code: code, message: "cannot open \(path): \(text)")
        }
        handle = opened
        shared = HandleGuard(opened)
        self.path = path
        SQLiteFunctions.define(handle)
        // Without this an unknown column's quoted name would pass for a text.
        bobbin_sqlite_refuse_quoted_text(handle)
        sqlite3_busy_timeout(handle, Int32(max(0, min(busySeconds * 1000, 1e9))))
    }

    deinit {
        shared.end()
        sqlite3_close_v2(handle)
    }

    /// Runs statements that give no rows.
    package func execute(_ sql: String) throws(SQLiteError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        if code != SQLITE_OK { throw error(code, sql) }
    }

    /// Prepares one statement.
    package func prepare(_ sql: String) throws(SQLiteError) -> SQLiteStatement {
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v2(handle, sql, -1, &statement, nil)
        guard code == SQLITE_OK, let statement else { throw error(code, sql) }
        return SQLiteStatement(statement, self)
    }

    /// Rows changed by the last statement.
    package var changes: Int { Int(sqlite3_changes64(handle)) }

    /// Whether a transaction is open; some errors roll back by themselves.
    package var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Ends the running statement of another thread's call as soon as possible.
    package func interrupt() { sqlite3_interrupt(handle) }

    /// The same from any thread, also when the connection is gone (https://sqlite.org/c3ref/interrupt.html).
    package var canceller: @Sendable () -> Void {
        let shared = shared
        return { shared.use { sqlite3_interrupt($0) } }
    }

    /// The largest number of parameters of one statement.
    package var variableLimit: Int { Int(sqlite3_limit(handle, SQLITE_LIMIT_VARIABLE_NUMBER, -1)) }

    /// The largest number of columns of a table.
    package var columnLimit: Int { Int(sqlite3_limit(handle, SQLITE_LIMIT_COLUMN, -1)) }

    func error(_ code: Int32, _ sql: String) -> SQLiteError {
        let text = String(cString: sqlite3_errmsg(handle))
        return SQLiteError(code: code, message: "\(path): \(text) in: \(sql.prefix(120))")
    }

    /// Quotes an identifier (SQL standard: double quotes, doubled inside); a NUL cannot be part of one.
    package static func quote(_ name: String) -> String {
        var quoted = "\""
        for character in name.unicodeScalars where character != "\0" {
            if character == "\"" { quoted += "\"" }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "\""
    }
}
