internal import Glibc

/// A prepared statement whose parameters are rows of an ``ODBCRowBuffer``: one row after the other by an array, or several rows
/// at once, in a statement that has parameters for so many.
///
/// What drivers make of arrays, tried: psqlodbc sends statements of 100 rows, and calls all of these bad when one is: so statuses are
/// only a hint where to look. MariaDB's driver and sqliteodbc mix up values; see ``ODBCDriver``. A statement has one size of its
/// array for ever, since to change it is what MariaDB's driver stumbles on.
package final class ODBCPrepared {
    private let statement: ODBCStatement
    /// The buffer's column of each parameter of one row.
    private let columns: [Int]
    /// Rows in the statement's text.
    package let rows: Int
    private let isArray: Bool
    private let statuses: UnsafeMutablePointer<UInt16>
    private let processed: UnsafeMutablePointer<UInt>
    /// Rows of an array.
    private let size: Int
    /// What the driver was told: the places, and how many rows.
    private var bound: (buffer: Int, layout: Int, first: Int)?
    /// Where the driver says that the bad row of the last failure is, counted from the first row of the execution.
    package private(set) var suspects: Range<Int>?

    init(_ connection: ODBCConnection, _ sql: String, columns: [Int], rows: Int, array: Int) throws(ODBCError) {
        statement = try ODBCStatement(connection, sql)
        self.columns = columns
        self.rows = rows
        size = max(1, array)
        isArray = array > 1
        statuses = .allocate(capacity: size)
        statuses.initialize(repeating: 0, count: size)
        processed = .allocate(capacity: 1)
        processed.initialize(to: 0)
        let isWide = connection.isWide
        let code = ODBCText.with(sql, isWide: isWide) {
            connection.library.prepare[isWide](statement.handle, $0, Int32(clamping: $1))
        }
        try statement.check(code)
        if isArray {
            try statement.check(statement.set(ODBCCode.StatementAttribute.parameterSetSize, number: size))
            statement.set(ODBCCode.StatementAttribute.parameterStatusPointer, place: statuses)
            statement.set(ODBCCode.StatementAttribute.parametersProcessedPointer, place: processed)
        }
    }

    deinit {
        statuses.deallocate()
        processed.deallocate()
    }

    /// Runs it with some rows of the buffer.
    ///
    /// - Parameters:
    ///   - first: the first of them.
    ///   - count: how many: ``rows``, or those of the array.
    /// - Returns: how many rows of the table it changed, as far as the driver says.
    /// - Throws: `ODBCError` when one of the rows is refused; what became of the others only the end of a transaction or savepoint
    ///   makes sure.
    @discardableResult
    package func execute(_ buffer: ODBCRowBuffer, first: Int, count: Int) throws(ODBCError) -> Int {
        let code = try run(buffer, first, count)
        if code == ODBCCode.Result.noData { return 0 }
        return try drain()
    }

    /// Runs it with some rows and keeps the rows of its result.
    package func query(_ buffer: ODBCRowBuffer, first: Int, count: Int) throws(ODBCError) -> ODBCRows {
        _ = try run(buffer, first, count)
        return try statement.connection.all(statement)
    }

    private func run(_ buffer: ODBCRowBuffer, _ first: Int, _ count: Int) throws(ODBCError) -> Int16 {
        try statement.connection.checkUsable(statement.sql)
        suspects = nil
        try bind(buffer, first)
        if isArray {
            for row in 0..<count { statuses[row] = 0 }
            processed.pointee = 0
        }
        let code = statement.library.execute(statement.handle)
        if code == ODBCCode.Result.noData || code == ODBCCode.Result.success { return code }
        guard statement.isDone(code) else {
            noteSuspects(count)
            throw failure()
        }
        // A driver may go on after a bad row, and call that a success.
        if isArray, (0..<count).contains(where: { statuses[$0] == ODBCCode.ParameterStatus.error }) {
            noteSuspects(count)
            throw failure()
        }
        return code
    }

    /// The error, after which the statement can be run again.
    private func failure() -> ODBCError {
        let error = statement.error()
        _ = statement.library.freeStatement(statement.handle, ODBCCode.closeCursor)
        return error
    }

    private func noteSuspects(_ count: Int) {
        guard isArray, let first = (0..<count).first(where: { statuses[$0] == ODBCCode.ParameterStatus.error }) else {
            return
        }
        var end = first
        while end < count, statuses[end] == ODBCCode.ParameterStatus.error { end += 1 }
        suspects = first..<end
    }

    /// Adds up the counts of all results; of some drivers each row of an array has one, and only there its error is seen.
    private func drain() throws(ODBCError) -> Int {
        var changed = 0
        while true {
            var count = 0
            if statement.library.rowCount(statement.handle, &count) == ODBCCode.Result.success, count > 0 {
                changed += count
            }
            let code = statement.library.moreResults(statement.handle)
            if code == ODBCCode.Result.noData { return changed }
            guard statement.isDone(code) else { throw failure() }
        }
    }

    private func bind(_ buffer: ODBCRowBuffer, _ first: Int) throws(ODBCError) {
        let place = (buffer: buffer.number, layout: buffer.layout, first: first)
        if let bound, bound == place { return }
        bound = nil
        var number: UInt16 = 0
        for row in 0..<rows {
            for column in columns {
                number += 1
                try statement.bind(number, buffer.cells[column], row: first + row)
            }
        }
        bound = place
    }
}

extension ODBCStatement {
    /// Says where a parameter's value lies, and those after it.
    fileprivate func bind(_ number: UInt16, _ cell: ODBCParameterCell, row: Int) throws(ODBCError) {
        let size = cell.parameter.size > 0 ? cell.parameter.size : cell.isWide ? cell.stride / 2 : cell.stride
        try check(
            library.bindParameter(
                handle, number, ODBCCode.input, cell.cType, cell.sqlType, UInt(size),
                Int16(clamping: cell.parameter.scale), cell.data + row * cell.stride, cell.stride, cell.lengths + row))
    }
}
