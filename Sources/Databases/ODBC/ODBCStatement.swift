/// A statement's handle; it is freed with the value.
final class ODBCStatement {
    let connection: ODBCConnection
    let handle: ODBCLibrary.Handle
    let sql: String

    var library: ODBCLibrary { connection.library }

    init(_ connection: ODBCConnection, _ sql: String) throws(ODBCError) {
        try connection.checkUsable(sql)
        var handle: ODBCLibrary.Handle?
        let code = connection.library.allocate(ODBCCode.Handle.statement, connection.handle, &handle)
        guard code == ODBCCode.Result.success || code == ODBCCode.Result.successWithInfo, let handle else {
            throw connection.connectionError(sql)
        }
        self.connection = connection
        self.handle = handle
        self.sql = sql
    }

    deinit {
        _ = connection.library.free(ODBCCode.Handle.statement, handle)
    }

    /// Sets an attribute that is a number.
    @discardableResult
    func set(_ attribute: Int32, number: Int) -> Int16 {
        library.setStatement(handle, attribute, UnsafeMutableRawPointer(bitPattern: number), 0)
    }

    /// Sets an attribute that is a place; it must stay valid as long as the statement.
    @discardableResult
    func set(_ attribute: Int32, place: UnsafeMutableRawPointer?) -> Int16 {
        library.setStatement(handle, attribute, place, 0)
    }

    /// An attribute that is a number; nil when the driver does not say.
    func number(_ attribute: Int32) -> Int? {
        var value = 0
        return library.getStatement(handle, attribute, &value, 8, nil) == ODBCCode.Result.success ? value : nil
    }

    /// Runs the text at once (SQLExecDirect).
    func executeDirect() throws(ODBCError) {
        let isWide = connection.isWide
        let code = ODBCText.with(sql, isWide: isWide) { library.executeDirect[isWide](handle, $0, Int32(clamping: $1)) }
        // No data: a statement that changed no row.
        if code != ODBCCode.Result.noData { try check(code) }
    }

    /// Throws what a call's code says.
    func check(_ code: Int16) throws(ODBCError) {
        guard isDone(code) else { throw error() }
    }

    /// Whether a call did what it was asked for.
    func isDone(_ code: Int16) -> Bool {
        guard code == ODBCCode.Result.successWithInfo else { return code == ODBCCode.Result.success }
        guard connection.driver.softensErrors else { return true }
        return !connection.records(ODBCCode.Handle.statement, handle).contains { $0.native != 0 }
    }

    func error() -> ODBCError { connection.error(handle, sql) }

    /// Columns of the result; 0 for a statement that gives none.
    func columnCount() throws(ODBCError) -> Int {
        var count: Int16 = 0
        try check(library.columnCount(handle, &count))
        return Int(count)
    }

    /// Goes through the results that are left, so that the errors among them are seen.
    func drain() throws(ODBCError) {
        while true {
            let code = library.moreResults(handle)
            if code == ODBCCode.Result.noData { return }
            try check(code)
        }
    }
}
