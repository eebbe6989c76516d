internal import CMySQLABI
internal import Glibc

/// One row of a stream; its bytes are the library's and stay only until the next row.
package struct MySQLRow {
    let cells: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    let lengths: UnsafeMutablePointer<UInt>
    /// Columns of the row.
    package let count: Int

    /// The value's bytes in the text form of the protocol; nil for NULL. Columns count from 0; the
    /// bounds are not checked, since this runs for each value.
    @inline(__always)
    package subscript(column: Int) -> UnsafeRawBufferPointer? {
        guard let start = cells[column] else { return nil }
        return UnsafeRawBufferPointer(start: start, count: Int(truncatingIfNeeded: lengths[column]))
    }

    /// A copy of the value as text; nil for NULL.
    package func text(_ column: Int) -> String? { self[column].map { String(decoding: $0, as: UTF8.self) } }
}

/// The rows of a statement as they arrive, without keeping them (mysql_use_result); memory is that of the largest row. Until
/// ``next()`` has given `nil` the connection can run nothing else. Used by one thread.
///
/// When it is dropped before, what is left is read away, or the query killed (KILL QUERY) over a second connection; the
/// connection stays usable unless its `isBroken` says otherwise.
package final class MySQLStream {
    private let connection: MySQLConnection
    private let sql: String
    private var result: OpaquePointer?
    /// The columns; none for a statement that gives no rows.
    package let columns: [MySQLColumn]
    private let count: Int

    fileprivate init(_ connection: MySQLConnection, _ sql: String) throws(MySQLError) {
        self.connection = connection
        self.sql = sql
        try connection.send(sql)
        result = connection.library.useResult(connection.handle)
        guard let result else {
            columns = []
            count = 0
            if connection.library.fieldCount(connection.handle) > 0 { throw connection.error(sql) }
            try connection.discardResults(sql)
            return
        }
        connection.activity = "a stream"
        columns = connection.columns(result)
        count = Int(connection.library.resultFieldCount(result))
    }

    deinit {
        guard let result else { return }
        connection.cancel(result)
        free()
    }

    /// The next row, valid until the next call; `nil` at the end.
    package func next() throws(MySQLError) -> MySQLRow? {
        guard let result else { return nil }
        if let cells = connection.library.fetchRow(result), let lengths = connection.library.fetchLengths(result) {
            return MySQLRow(cells: cells, lengths: lengths, count: count)
        }
        let failure = connection.library.errorNumber(connection.handle) == 0 ? nil : connection.error(sql)
        free()
        if let failure { throw failure }
        return nil
    }

    private func free() {
        if let result { connection.library.freeResult(result) }
        result = nil
        connection.activity = nil
    }
}

extension MySQLConnection {
    /// Rows that are read away after a cancelled stream before the server is told to stop.
    static let drainedRows = 1000

    /// Runs a statement whose rows are taken one by one.
    package func stream(_ sql: String) throws(MySQLError) -> MySQLStream { try MySQLStream(self, sql) }

    /// Runs a statement and passes its rows on as they arrive.
    ///
    /// - Parameters:
    ///   - begin: called once with the columns; not for a statement that gives no rows.
    ///   - body: may throw to cancel.
    /// - Returns: the number of rows.
    /// - Throws: what `begin` or `body` throws, or `MySQLError`.
    @discardableResult
    package func stream(
        _ sql: String, begin: ([MySQLColumn]) throws -> Void = { _ in }, _ body: (MySQLRow) throws -> Void
    ) throws -> Int {
        let stream = try MySQLStream(self, sql)
        if !stream.columns.isEmpty { try begin(stream.columns) }
        var rows = 0
        while let row = try stream.next() {
            try body(row)
            rows += 1
        }
        return rows
    }

    /// The columns of a result.
    func columns(_ result: OpaquePointer) -> [MySQLColumn] {
        guard let fields = library.fields(result) else { return [] }
        return (0..<Int(library.resultFieldCount(result))).map { MySQLColumn(fields[$0]) }
    }

    /// Reads the rest of a result away, or stops it.
    fileprivate func cancel(_ result: OpaquePointer) {
        for _ in 0..<MySQLConnection.drainedRows where library.fetchRow(result) == nil {
            noteSilently()
            return
        }
        // Connecting takes a few milliseconds, which is often less than the rest would take.
        guard killQuery() else {
            // Closing the socket makes the reading in mysql_free_result fail at once.
            isBroken = true
            _ = library.cancel(handle)
            return
        }
        while library.fetchRow(result) != nil {}
        noteSilently()
        // A kill that came after the query's end would hit the next one: let it hit this.
        let probe = "DO 0"
        for _ in 0..<2 where !isBroken && library.query(handle, probe, UInt(probe.utf8.count)) != 0 { noteSilently() }
    }

    /// Marks the connection broken if the last call says so; a query that was killed is what was wanted.
    private func noteSilently() {
        if library.errorNumber(handle) != 0 { _ = error("") }
    }

    private func killQuery() -> Bool { MySQLConnection.killQuery(of: id, settings, library) }

    /// Ends the running statement from any thread, over a connection of its own (KILL QUERY).
    package var canceller: @Sendable () -> Void {
        let (id, settings, library) = (id, settings, library)
        return { _ = MySQLConnection.killQuery(of: id, settings, library) }
    }

    private static func killQuery(of id: Int, _ settings: MySQLSettings, _ library: MySQLLibrary) -> Bool {
        var quick = settings
        quick.connectSeconds = min(settings.connectSeconds, 5)
        quick.readSeconds = min(settings.readSeconds, 5)
        quick.writeSeconds = min(settings.writeSeconds, 5)
        do throws(MySQLError) {
            try MySQLConnection(quick, library: .success(library)).execute("KILL QUERY \(id)")
            return true
        } catch {
            // 1094: no such thread, so nothing is left to kill.
            return error.number == 1094
        }
    }
}
