internal import Glibc

/// Rows of values for the parameters of statements, column by column (Microsoft, "ODBC API Reference", "Arrays of Parameter
/// Values"). Nothing is allocated for a row; rooms grow with the longest value and shrink when few rows would fit.
package final class ODBCRowBuffer {
    /// Bytes that all values together should not exceed, unless a single row does.
    private static let mostBytes = 2 << 20
    private let budget: Int

    /// Rows at most.
    package let capacity: Int
    /// Rows that are there.
    package private(set) var count = 0
    /// Columns of a row.
    package let columns: Int
    /// Tells it from all other buffers of the connection: a place in memory is used again.
    let number: Int
    /// Changes whenever values lie elsewhere.
    private(set) var layout = 0
    let cells: UnsafeMutablePointer<ODBCParameterCell>
    /// For each column, bytes of the longest value of a window that is being looked at.
    private let longest: UnsafeMutablePointer<Int>

    /// - Parameters:
    ///   - rows: rows at most.
    ///   - limit: bytes that a statement with its values takes, if there is such a limit.
    package init(_ connection: ODBCConnection, _ parameters: [ODBCParameter], rows: Int, limit: Int? = nil) {
        // Numbers have no bytes here, and the statement has some.
        budget = min(ODBCRowBuffer.mostBytes, limit.map { max(1, $0 / 2) } ?? ODBCRowBuffer.mostBytes)
        capacity = max(1, rows)
        connection.buffers += 1
        number = connection.buffers
        columns = parameters.count
        cells = .allocate(capacity: max(1, parameters.count))
        longest = .allocate(capacity: max(1, parameters.count))
        longest.initialize(repeating: 0, count: max(1, parameters.count))
        for (index, parameter) in parameters.enumerated() {
            let cell = ODBCParameterCell(parameter, isWide: !connection.textIsUTF8, rows: capacity)
            (cells + index).initialize(to: cell)
        }
    }

    deinit {
        for index in 0..<columns { cells[index].deallocate() }
        cells.deallocate()
        longest.deallocate()
    }

    /// Empties it and makes room for the first of some rows.
    ///
    /// - Parameters:
    ///   - rows: how many there are.
    ///   - length: bytes of a value (text as UTF-8); 0 of numbers and NULL.
    /// - Returns: how many of them can be put now: at least one.
    package func begin(_ rows: Int, length: (_ row: Int, _ column: Int) -> Int) -> Int {
        count = 0
        for column in 0..<columns { longest[column] = 0 }
        var fitting = 0
        while fitting < min(rows, capacity) {
            var bytes = 0
            for column in 0..<columns { bytes += cells[column].room(max(longest[column], length(fitting, column))) }
            if fitting > 0, bytes * (fitting + 1) > budget { break }
            for column in 0..<columns { longest[column] = max(longest[column], length(fitting, column)) }
            fitting += 1
        }
        layOut(fitting)
        return fitting
    }

    private func layOut(_ rows: Int) {
        var present = 0
        var needed = 0
        for column in 0..<columns {
            present += cells[column].stride
            needed += cells[column].room(longest[column])
        }
        let isShrinking = present * capacity > 4 * budget && needed < present / 2
        var isMoved = false
        for column in 0..<columns {
            let room = cells[column].room(longest[column])
            if cells[column].layOut(isShrinking ? room : max(room, cells[column].stride), rows: rows) { isMoved = true }
        }
        if isMoved { layout += 1 }
    }

    // MARK: Values of the row in hand; rows and columns are not checked, since this runs for each value

    /// Puts NULL.
    @inline(__always)
    package func putNull(_ column: Int) { cells[column].lengths[count] = ODBCCode.nullData }

    /// Puts a number into a parameter of the form integer, or its digits into one of the form text.
    @inline(__always)
    package func put(_ column: Int, _ value: Int64) {
        guard cells[column].parameter.form == .integer else {
            return withDecimalDigits(value) { put(column, UnsafeRawBufferPointer($0)) }
        }
        cells[column].data.storeBytes(of: value, toByteOffset: count &* 8, as: Int64.self)
        cells[column].lengths[count] = 8
    }

    /// Puts a number into a parameter of the form double, or its shortest digits into one of the form text.
    @inline(__always)
    package func put(_ column: Int, _ value: Double) {
        guard cells[column].parameter.form == .double else {
            return withDecimalDigits(value) { put(column, UnsafeRawBufferPointer($0)) }
        }
        cells[column].data.storeBytes(of: value, toByteOffset: count &* 8, as: Double.self)
        cells[column].lengths[count] = 8
    }

    /// Puts a text (UTF-8) or bytes, no longer than said before.
    @inline(__always)
    package func put(_ column: Int, _ bytes: UnsafeRawBufferPointer) {
        let room = cells[column].data + count &* cells[column].stride
        guard let start = bytes.baseAddress else {
            cells[column].lengths[count] = 0
            return
        }
        if cells[column].isWide {
            let units = ODBCTranscoding.utf16(
                start.assumingMemoryBound(to: UInt8.self), bytes.count, into: room.assumingMemoryBound(to: UInt16.self))
            cells[column].lengths[count] = 2 * units
        } else {
            memcpy(room, start, bytes.count)
            // Some drivers look for the end themselves.
            room.storeBytes(of: 0, toByteOffset: bytes.count, as: UInt8.self)
            cells[column].lengths[count] = bytes.count
        }
    }

    /// The row is whole.
    @inline(__always)
    package func endRow() { count &+= 1 }
}
