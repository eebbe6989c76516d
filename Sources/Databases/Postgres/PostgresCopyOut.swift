internal import Glibc

/// The rows of a COPY ... TO STDOUT, one in memory at a time; until ``next()`` has given `nil` the connection can do nothing
/// else. Used by one thread.
///
/// When it is dropped before, the COPY is cancelled and what is on its way is thrown away; the connection can be used
/// again then, and an open transaction has failed.
package final class PostgresCopyOut {
    private let connection: PostgresConnection
    private let sql: String
    private var held: UnsafeMutablePointer<CChar>?
    private var isOpen = true
    /// Rows that came, once all did.
    package private(set) var rows = 0

    fileprivate init(_ connection: PostgresConnection, _ sql: String) {
        self.connection = connection
        self.sql = sql
    }

    deinit {
        drop()
        guard isOpen else { return }
        // A server that cannot be asked to stop might send for hours: then the connection is given up.
        if !connection.canceller.cancel() { shutdown(connection.library.socket(connection.handle), Int32(SHUT_RDWR)) }
        _ = connection.settle(sql)
    }

    /// The next row, which is the caller's to change until the next call; `nil` at the end. Of the text format a row is one
    /// line with its line feed, for ``CopyTextReader``.
    package func next() throws(PostgresError) -> UnsafeMutableRawBufferPointer? {
        drop()
        guard isOpen else { return nil }
        let row = connection.copyRow()
        if let start = row.start {
            held = start
            return UnsafeMutableRawBufferPointer(start: start, count: row.count)
        }
        isOpen = false
        rows = try connection.settle(sql).get(or: { connection.error(nil, sql) }).affectedRows
        return nil
    }

    private func drop() {
        if let held { connection.library.freeMemory(held) }
        held = nil
    }
}

extension PostgresConnection {
    /// Begins a COPY ... TO STDOUT (manual, "Functions Associated with the COPY Command").
    package func copyOut(_ sql: String) throws(PostgresError) -> PostgresCopyOut {
        try beginCopy(sql, PostgresConstants.copyOut)
        return PostgresCopyOut(self, sql)
    }
}
