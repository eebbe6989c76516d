internal import CMySQLABI

/// A connection to one MariaDB or MySQL server; used by one thread at a time. Calls block.
///
/// It never reconnects by itself: a session that came back would have lost its transaction. After an error that ends
/// the connection ``isBroken`` is true and every further call throws at once.
package final class MySQLConnection {
    let library: MySQLLibrary
    let handle: OpaquePointer
    /// Where it leads and how it behaves.
    package let settings: MySQLSettings
    /// Whether the connection is of no use any more.
    package internal(set) var isBroken = false
    /// Whether the server took us.
    var isLoggedIn = false
    /// Whether an error came after the last answer that said whether a transaction is open.
    var hasOldStatus = false
    /// ``maximumPacket()``, once it was asked for.
    var knownMaximumPacket: Int?
    /// What runs now and owns the wire, a stream or a load; nothing else may be sent meanwhile.
    var activity: String?

    /// Connects and sets the session up.
    ///
    /// - Throws: `MySQLError`; its message names the server, never the password.
    package init(
        _ settings: MySQLSettings, library: Result<MySQLLibrary, MySQLError> = MySQLLibrary.shared
    ) throws(MySQLError) {
        let library = try library.get()
        _ = library.threadStart()
        guard let handle = library.create(nil) else {
            throw MySQLError(2008, "cannot connect to \(settings.server): out of memory")
        }
        self.library = library
        self.handle = handle
        self.settings = settings
        try connect()
        try setUpSession()
    }

    deinit {
        library.close(handle)
    }

    /// Runs one statement; rows that it gives are thrown away.
    ///
    /// - Throws: `MySQLError`, whose message holds the statement's start without literals.
    package func execute(_ sql: String) throws(MySQLError) {
        try send(sql)
        try discardResults(sql)
    }

    /// Rows changed by the last statement; 0 after one that gives rows.
    package var affectedRows: Int {
        let count = library.affectedRows(handle)
        // ~0 stands for "no count".
        return count == UInt.max ? 0 : Int(clamping: count)
    }

    /// Warnings of the last statement; the server counts no further than 65,535.
    package var warningCount: Int { Int(library.warningCount(handle)) }

    /// Whether a transaction is open; some errors, such as a deadlock, roll back by themselves.
    ///
    /// After an error the server is asked, since its error packets do not say it; that ends the last statement's
    /// warnings. False when the connection is lost.
    package var isInTransaction: Bool {
        if hasOldStatus, activity == nil {
            do throws(MySQLError) { try execute("DO 0") } catch { return false }
            hasOldStatus = false
        }
        guard !isBroken else { return false }
        var status: UInt32 = 0
        guard library.connectionInfo(handle, MySQLLibrary.serverStatusInfo, &status) == 0 else { return false }
        return status & MySQLLibrary.inTransaction != 0
    }

    /// The server's number of this connection, for KILL.
    package var id: Int { Int(library.threadID(handle)) }

    /// The cipher in use; nil without TLS.
    package var cipher: String? { library.cipher(handle).map { String(cString: $0) } }

    /// Sends a statement and reads the head of its answer.
    func send(_ sql: String) throws(MySQLError) {
        try checkUsable(sql)
        var text = sql
        let code = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                characters.baseAddress.map { library.query(handle, $0, UInt(characters.count)) } ?? 1
            }
        }
        if code != 0 { throw error(sql) }
    }

    /// Reads an answer to its end.
    func discardResults(_ sql: String) throws(MySQLError) {
        repeat {
            guard let result = library.useResult(handle) else {
                if library.fieldCount(handle) > 0 { throw error(sql) }
                continue
            }
            while library.fetchRow(result) != nil {}
            let failure = library.errorNumber(handle) == 0 ? nil : error(sql)
            library.freeResult(result)
            if let failure { throw failure }
        } while try hasNextResult(sql)
    }

    private func hasNextResult(_ sql: String) throws(MySQLError) -> Bool {
        // Asked first, since mysql_next_result forgets the affected rows even when there is no more.
        guard library.moreResults(handle) != 0 else { return false }
        let code = library.nextResult(handle)
        if code > 0 { throw error(sql) }
        return code == 0
    }

    /// Refuses what could only hang or mix up the wire.
    func checkUsable(_ sql: String) throws(MySQLError) {
        if isBroken {
            throw MySQLError(2006, "\(settings.server): the connection is lost: \(MySQLError.shape(of: sql))")
        }
        if let activity {
            throw MySQLError(2014, "\(settings.server): \(activity) is still running: \(MySQLError.shape(of: sql))")
        }
    }

    /// The last call's error; notes whether it ends the connection.
    func error(_ sql: String) -> MySQLError {
        failure(library.errorNumber(handle), library.errorState(handle), library.errorText(handle), sql)
    }
}
