/// Rows on their way into a table by COPY ... FROM STDIN; ended by ``finish()`` or ``abort(because:)``, and aborted when
/// dropped. Until then the connection can do nothing else.
package struct PostgresCopyIn: ~Copyable {
    /// Bytes of one message to the server: its size is an Int32, and libpq copies it into a buffer that keeps its size.
    private static let messageLimit = 1 << 20

    private let connection: PostgresConnection
    private let sql: String
    private var isOpen = true

    fileprivate init(_ connection: PostgresConnection, _ sql: String) {
        self.connection = connection
        self.sql = sql
    }

    deinit {
        if isOpen { Self.abort(connection, sql, "abandoned") }
    }

    /// Sends bytes of the data, which may end anywhere; runs of 64 KB to 256 KB are best. Blocks until they are on their way.
    ///
    /// What the server thinks of them is told by ``finish()``, unless the connection broke.
    package mutating func put(_ bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        guard isOpen else { throw ended }
        var start = 0
        while start < bytes.count {
            let part = UnsafeRawBufferPointer(rebasing: bytes[start..<min(bytes.count, start + Self.messageLimit)])
            let code = part.withMemoryRebound(to: CChar.self) { text in
                connection.library.putCopyData(connection.handle, text.baseAddress, Int32(text.count))
            }
            guard code == 1 else {
                isOpen = false
                throw Self.abort(connection, sql, "not all sent") ?? connection.error(nil, sql)
            }
            start += part.count
        }
    }

    /// Ends the data and waits for the server to have it all.
    ///
    /// - Returns: rows that were copied.
    /// - Throws: the server's error, with the line where it knows it; no row has been copied then.
    package consuming func finish() throws(PostgresError) -> Int {
        guard isOpen else { throw ended }
        isOpen = false
        let code = connection.library.putCopyEnd(connection.handle, nil)
        let answer = connection.settle(sql)
        guard code == 1 else { throw answer.failure ?? connection.error(nil, sql) }
        return try answer.get(or: { connection.error(nil, sql) }).affectedRows
    }

    /// Makes the COPY fail, whose transaction then has failed.
    ///
    /// - Returns: the error that the server had found before.
    @discardableResult
    package consuming func abort(because reason: String) -> PostgresError? {
        guard isOpen else { return nil }
        isOpen = false
        return Self.abort(connection, sql, reason)
    }

    @discardableResult
    private static func abort(_ connection: PostgresConnection, _ sql: String, _ reason: String) -> PostgresError? {
        _ = connection.library.putCopyEnd(connection.handle, reason)
        let failure = connection.settle(sql).failure
        // That is how the server reports the end that was asked for.
        return failure?.sqlState == "57014" ? nil : failure
    }

    private var ended: PostgresError {
        PostgresError("\(connection.place): COPY has ended already in: \(sql.prefix(120))", kind: .configuration)
    }
}

extension PostgresConnection {
    /// Begins a COPY ... FROM STDIN (manual, "Functions Associated with the COPY Command").
    ///
    /// Statements may stand before it and behind it, separated by semicolons: they cost no round trip of their own. Those
    /// behind it run when the data have ended, unless it fails.
    package func copyIn(_ sql: String) throws(PostgresError) -> PostgresCopyIn {
        try beginCopy(sql, PostgresConstants.copyIn)
        return PostgresCopyIn(self, sql)
    }

    /// Sends a COPY and reads its first answer.
    func beginCopy(_ sql: String, _ direction: Int32) throws(PostgresError) {
        try refuseNUL(sql)
        guard library.sendQuery(handle, sql) == 1 else { throw settle(sql).failure ?? error(nil, sql) }
        while let answer = library.getResult(handle) {
            defer { library.clear(answer) }
            let status = library.resultStatus(answer)
            if status == direction { return }
            // Of a statement before it.
            if status == PostgresConstants.commandOK || status == PostgresConstants.tuplesOK { continue }
            let failure =
                status == PostgresConstants.fatalError
                ? error(answer, sql)
                : PostgresError("\(place): no COPY of this direction: \(sql.prefix(120))", kind: .configuration)
            _ = settle(sql)
            throw failure
        }
        throw isBroken
            ? error(nil, sql)
            : PostgresError("\(place): no COPY of this direction: \(sql.prefix(120))", kind: .configuration)
    }
}
