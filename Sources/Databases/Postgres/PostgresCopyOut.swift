internal import Glibc

extension PostgresConnection {
    /// Runs a COPY ... TO STDOUT and hands each row to `body` as it comes; of the text format a row is one line with its
    /// line feed, for ``CopyTextReader``. One row is in memory at a time, which `body` may change until it returns.
    ///
    /// When `body` throws, the COPY is cancelled, what is on its way is dropped, and the connection can be used again;
    /// an open transaction has failed then.
    ///
    /// - Returns: rows.
    /// - Throws: `PostgresError`, or what `body` threw.
    @discardableResult
    package func copyOut(_ sql: String, body: (UnsafeMutableRawBufferPointer) throws -> Void) throws -> Int {
        try beginCopy(sql, PostgresConstants.copyOut)
        while true {
            let row = copyRow()
            guard let start = row.start else { break }
            defer { library.freeMemory(start) }
            do {
                try body(UnsafeMutableRawBufferPointer(start: start, count: row.count))
            } catch {
                // A server that cannot be asked to stop might send for hours: then the connection is given up.
                if !canceller.cancel() { shutdown(library.socket(handle), Int32(SHUT_RDWR)) }
                _ = settle(sql)
                throw error
            }
        }
        let answer = settle(sql)
        return try answer.get(or: { error(nil, sql) }).affectedRows
    }
}
