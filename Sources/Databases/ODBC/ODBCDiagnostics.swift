extension ODBCConnection {
    /// All records of a handle's last call (SQLGetDiagRec).
    func records(_ kind: Int16, _ handle: ODBCLibrary.Handle) -> [ODBCRecord] {
        var records: [ODBCRecord] = []
        // A driver that never says "no more" must not keep us.
        for number in 1...Int16(64) {
            var native: Int32 = 0
            var length: Int16 = 0
            var code: Int16 = 0
            var state = ""
            let message = ODBCText.read(isWide: isWide, capacity: 4096) { text in
                state = ODBCText.read(isWide: isWide, capacity: 6) { room in
                    code = library.diagnostic[isWide](kind, handle, number, room, &native, text, 4096, &length)
                }
            }
            guard code == ODBCCode.Result.success || code == ODBCCode.Result.successWithInfo else { break }
            records.append(ODBCRecord(state: state, native: Int(native), message: message))
        }
        return records
    }

    /// The error of a statement's last call; notes whether it ends the connection.
    func error(_ statement: ODBCLibrary.Handle, _ sql: String) -> ODBCError {
        let error = failure(records(ODBCCode.Handle.statement, statement), sql)
        // psqlodbc begins transactions of its own to stream, and leaves them aborted. Where there is none, to say ROLLBACK makes it
        // believe that there is: then it keeps the plans of freed statements, and in the end calls itself for ever.
        if driver.leavesAborted, !isBroken, !settings.isWriting {
            _ = library.freeStatement(statement, ODBCCode.closeCursor)
            endAborted()
        }
        return error
    }

    /// Says ROLLBACK in words: SQLEndTran does nothing while autocommit is on.
    private func endAborted() {
        var statement: ODBCLibrary.Handle?
        _ = library.allocate(ODBCCode.Handle.statement, handle, &statement)
        guard let statement else { return }
        _ = ODBCText.with("ROLLBACK", isWide: isWide) { library.executeDirect[isWide](statement, $0, Int32($1)) }
        _ = library.free(ODBCCode.Handle.statement, statement)
    }

    /// The error of the connection's last call.
    func connectionError(_ what: String) -> ODBCError {
        failure(records(ODBCCode.Handle.connection, handle), what)
    }

    private func failure(_ records: [ODBCRecord], _ sql: String) -> ODBCError {
        let first = ODBCError.first(records)
        // A dead connection is what matters, whatever the state says of it.
        let isDead = Self.endsConnection(first) || (ODBCError.kind(of: records) != .data && isDead)
        if isDead { isBroken = true }
        return ODBCError(
            records, kind: isDead ? .transient : nil, place: settings.name, sql: sql, secrets: secrets)
    }

    /// States and numbers after which a connection is of no use: class 08, PostgreSQL's server that stops, MariaDB's
    /// "server has gone away" and "lost connection".
    private static func endsConnection(_ record: ODBCRecord) -> Bool {
        if record.state.hasPrefix("08") { return true }
        if ["57P01", "57P02", "57P03", "57P05"].contains(record.state) { return true }
        return record.message.hasPrefix("[ma-") && [2006, 2013, 2055, 1927, 1053].contains(record.native)
    }

    /// What the driver says of the connection (SQL_ATTR_CONNECTION_DEAD); most only know after a call that failed.
    private var isDead: Bool {
        var value: UInt32 = 0
        let code = library.getConnection(handle, ODBCCode.ConnectionAttribute.connectionDead, &value, 0, nil)
        return code == ODBCCode.Result.success && value == 1
    }
}
