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

extension MySQLConnection {
    /// Rows that are read away after a cancelled stream before the server is told to stop.
    static let drainedRows = 1000

    /// Runs a statement and passes its rows on as they arrive, without keeping them (mysql_use_result). Memory is that
    /// of the largest row. The connection can run nothing else meanwhile.
    ///
    /// - Parameters:
    ///   - begin: called once with the columns; not for a statement that gives no rows.
    ///   - body: may throw to cancel. What is left is then read away, or the query killed (KILL QUERY) over a second
    ///     connection; the connection stays usable unless ``isBroken`` says otherwise.
    /// - Returns: the number of rows.
    /// - Throws: what `begin` or `body` throws, or `MySQLError`.
    @discardableResult
    package func stream(
        _ sql: String, begin: ([MySQLColumn]) throws -> Void = { _ in }, _ body: (MySQLRow) throws -> Void
    ) throws -> Int {
        try send(sql)
        guard let result = library.useResult(handle) else {
            if library.fieldCount(handle) > 0 { throw error(sql) }
            try discardResults(sql)
            return 0
        }
        activity = "a stream"
        defer {
            library.freeResult(result)
            activity = nil
        }
        let count = Int(library.resultFieldCount(result))
        var rows = 0
        do {
            try begin(columns(result))
            while let cells = library.fetchRow(result) {
                guard let lengths = library.fetchLengths(result) else { break }
                try body(MySQLRow(cells: cells, lengths: lengths, count: count))
                rows += 1
            }
        } catch {
            cancel(result)
            throw error
        }
        if library.errorNumber(handle) != 0 { throw error(sql) }
        return rows
    }

    /// The columns of a result.
    func columns(_ result: OpaquePointer) -> [MySQLColumn] {
        guard let fields = library.fields(result) else { return [] }
        return (0..<Int(library.resultFieldCount(result))).map { MySQLColumn(fields[$0]) }
    }

    /// Reads the rest of a result away, or stops it.
    private func cancel(_ result: OpaquePointer) {
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

    private func killQuery() -> Bool {
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
