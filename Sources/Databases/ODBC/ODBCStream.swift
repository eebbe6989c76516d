/// The rows of a statement, fetched a block at a time; used by one thread.
///
/// Memory is that of a block (512 KB) or of the largest row, as far as the driver plays along; see ``ODBCDriver``. Dropping it
/// ends the statement; other statements may run meanwhile where the driver allows it.
package final class ODBCStream {
    /// The columns; none for a statement that gives no rows.
    package let columns: [ODBCColumn]
    private let block: ODBCBlock?
    /// Rows of the block, and the one that is next.
    private var count = 0
    private var row = 0
    private var isEnded = false

    /// The rows of a statement that has run.
    ///
    /// - Parameter rowsAtOnce: rows of a block; nil has them reckoned: up to 1,000, and 1 where values may be of any length.
    init(_ statement: ODBCStatement, rowsAtOnce: Int?) throws(ODBCError) {
        columns = try statement.columns()
        guard !columns.isEmpty else {
            block = nil
            try statement.drain()
            return
        }
        let block = ODBCBlock(statement, columns, rows: rowsAtOnce.map { max(1, $0) })
        self.block = block
        try block.bind()
    }

    /// The next row, valid until the next call; `nil` at the end.
    package func next() throws(ODBCError) -> ODBCRow? {
        guard let block, !isEnded else { return nil }
        if row == count {
            try block.grow()
            count = try block.fetch()
            row = 0
            isEnded = count == 0
            if isEnded { return nil }
        }
        defer { row += 1 }
        return ODBCRow(block, row)
    }
}

extension ODBCConnection {
    /// Runs a statement whose rows are taken one by one.
    ///
    /// - Parameter rowsAtOnce: rows of a block; nil has them reckoned.
    /// - Throws: `ODBCError`, whose message holds the statement's start without literals.
    package func stream(_ sql: String, rowsAtOnce: Int? = nil) throws(ODBCError) -> ODBCStream {
        let statement = try ODBCStatement(self, sql)
        try statement.executeDirect()
        return try ODBCStream(statement, rowsAtOnce: rowsAtOnce)
    }
}
