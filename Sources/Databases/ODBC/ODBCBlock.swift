internal import Glibc

/// The buffers that a result's rows are fetched into, a block at a time, column by column (Microsoft, "ODBC API Reference",
/// "Block Cursors", "Column-Wise Binding").
///
/// Columns of any length are fetched a row at a time, into buffers that grow; what does not fit is had by SQLGetData and
/// kept in ``long``. A value is never cut: what cannot be had whole is an error.
final class ODBCBlock {
    /// Bytes of all buffers that a block should not exceed.
    static let blockBytes = 1 << 19
    static let mostRows = 1000
    /// Bytes up to which the buffer of one column of any length grows; longer values are fetched apart.
    static let mostBoundBytes = 1 << 20

    let statement: ODBCStatement
    let columns: [ODBCColumn]
    /// Rows that one fetch asks for.
    private(set) var rowsAtOnce: Int
    let cells: UnsafeMutablePointer<ODBCCell>
    private let fetched: UnsafeMutablePointer<UInt>
    private let statuses: UnsafeMutablePointer<UInt16>
    private let room: Int
    /// Columns whose values have a length of their own.
    private let variable: [Int]
    /// Columns of bits: MariaDB's driver notes their length only when they are NULL.
    private let bits: [Int]
    /// Values that do not fit their buffers, by row and column.
    private var long: [Int: ODBCBytes] = [:]
    /// Whether the driver binds no values of any length.
    private var isInPieces = false
    /// For each column of UTF-16, its last value as UTF-8.
    private var transcoded: [ODBCBytes]

    /// Buffers for a statement that has run.
    ///
    /// - Parameter rows: rows of a block; nil has them reckoned.
    init(_ statement: ODBCStatement, _ columns: [ODBCColumn], rows: Int?) {
        self.statement = statement
        self.columns = columns
        let connection = statement.connection
        let isUTF8 = connection.textIsUTF8
        let lengths = columns.map { ODBCCell.length($0, textIsUTF8: isUTF8) }
        rowsAtOnce = rows ?? Self.rows(columns, lengths, connection)
        room = rowsAtOnce
        cells = .allocate(capacity: max(1, columns.count))
        for (index, column) in columns.enumerated() {
            let cell = ODBCCell(column, textIsUTF8: isUTF8, length: lengths[index], rows: rowsAtOnce)
            (cells + index).initialize(to: cell)
        }
        let cells = cells
        bits = columns.indices.filter { cells[$0].form == .bit }
        variable = columns.indices.filter { cells[$0].isVariable }
        fetched = .allocate(capacity: 1)
        fetched.initialize(to: 0)
        statuses = .allocate(capacity: room)
        statuses.initialize(repeating: ODBCCode.RowStatus.noRow, count: room)
        transcoded = columns.indices.map { _ in ODBCBytes() }
    }

    deinit {
        // The driver must not write there any more, whatever becomes of the statement.
        _ = statement.library.freeStatement(statement.handle, ODBCCode.closeCursor)
        for index in columns.indices { cells[index].deallocate() }
        cells.deallocate()
        fetched.deallocate()
        statuses.deallocate()
    }

    private static func rows(_ columns: [ODBCColumn], _ lengths: [Int], _ connection: ODBCConnection) -> Int {
        let hasText = columns.contains { $0.form == .text || $0.form == .binary || $0.form == .decimal }
        let hasLong = columns.contains { ($0.form == .text || $0.form == .binary) && $0.isLong }
        if hasLong || (hasText && !connection.driver.lengthsHold) || connection.settings.longValues == .pieces {
            return 1
        }
        let bytes = lengths.reduce(0) { $0 + $1 + 16 }
        return max(1, min(mostRows, blockBytes / max(1, bytes)))
    }

    /// Tells the driver of the buffers.
    func bind() throws(ODBCError) {
        // After the statement ran, since some drivers forget them when it is prepared.
        if rowsAtOnce > 1 {
            statement.set(ODBCCode.StatementAttribute.rowArraySize, number: rowsAtOnce)
            // A driver may take fewer.
            rowsAtOnce = min(room, max(1, statement.number(ODBCCode.StatementAttribute.rowArraySize) ?? 1))
        }
        statement.set(ODBCCode.StatementAttribute.rowsFetchedPointer, place: fetched)
        statement.set(ODBCCode.StatementAttribute.rowStatusPointer, place: statuses)
        let connection = statement.connection
        let canGetBound = connection.info.getData & ODBCCode.GetData.bound != 0
        let mayCut = canGetBound && (connection.textIsUTF8 || connection.driver.cutsWideTexts)
        isInPieces = rowsAtOnce == 1 && (!mayCut || connection.settings.longValues == .pieces)
        var isUnbound = false
        for index in columns.indices {
            // From the first one on, since not every driver gives columns out of order.
            if isInPieces, cells[index].isVariable { isUnbound = true }
            cells[index].isBound = !isUnbound
            if !isUnbound { try bind(index) }
        }
    }

    private func bind(_ index: Int) throws(ODBCError) {
        let cell = cells[index]
        try statement.check(
            statement.library.bindColumn(
                statement.handle, UInt16(index + 1), cell.cType, cell.data, cell.stride, cell.lengths))
    }

    /// Fetches the next rows.
    ///
    /// - Returns: how many there are; 0 at the end.
    func fetch() throws(ODBCError) -> Int {
        // Buffers of columns that are always fetched apart are used again.
        if !isInPieces, !long.isEmpty { long.removeAll(keepingCapacity: true) }
        fetched.pointee = 0
        for index in bits {
            for row in 0..<rowsAtOnce { cells[index].lengths[row] = 1 }
        }
        for row in 0..<rowsAtOnce { statuses[row] = ODBCCode.RowStatus.noRow }
        let code = statement.library.fetch(statement.handle)
        if code == ODBCCode.Result.noData { return 0 }
        try statement.check(code)
        // A driver that leaves the count alone fills the statuses, or gives one row.
        var count = min(Int(clamping: fetched.pointee), rowsAtOnce)
        if count == 0 { count = (0..<rowsAtOnce).count { statuses[$0] != ODBCCode.RowStatus.noRow } }
        if count == 0, rowsAtOnce == 1 { count = 1 }
        if code == ODBCCode.Result.successWithInfo {
            for row in 0..<count where statuses[row] == ODBCCode.RowStatus.error { throw statement.error() }
        }
        if rowsAtOnce == 1 { try fetchUnbound() }
        for index in variable where cells[index].isBound { try completeLong(index, count) }
        return count
    }

    /// Fetches what is not bound, in the order of the columns.
    private func fetchUnbound() throws(ODBCError) {
        for index in columns.indices where !cells[index].isBound {
            let cell = cells[index]
            guard cell.isVariable else {
                try statement.check(
                    statement.library.getData(
                        statement.handle, UInt16(index + 1), cell.cType, cell.data, cell.stride, cell.lengths))
                continue
            }
            let value = long[index] ?? ODBCBytes()
            let length = try statement.pieces(index, cell, expected: nil, into: value)
            cell.lengths[0] = length
            // Larger than any buffer, so that it is looked for among the long ones.
            cells[index].usable = -1
            if long[index] == nil { long[index] = value }
        }
    }

    /// Gets the values that do not fit.
    private func completeLong(_ index: Int, _ count: Int) throws(ODBCError) {
        let usable = cells[index].usable
        let lengths = cells[index].lengths
        for row in 0..<count where lengths[row] > usable || lengths[row] == ODBCCode.noTotal {
            try completeLong(index, row: row)
        }
    }

    private func completeLong(_ index: Int, row: Int) throws(ODBCError) {
        let cell = cells[index]
        let known = cell.lengths[row] >= 0 ? cell.lengths[row] : nil
        let connection = statement.connection
        if rowsAtOnce > 1 {
            let bits = ODBCCode.GetData.block | ODBCCode.GetData.bound
            guard connection.driver.positionsInBlocks, connection.info.getData & bits == bits,
                statement.library.setPosition(
                    statement.handle, UInt(row + 1), ODBCCode.position, ODBCCode.noLockChange)
                    == ODBCCode.Result.success
            else { throw tooLong(index, known) }
        }
        let value = ODBCBytes()
        let length = try statement.pieces(index, cell, expected: known, into: value)
        // Some drivers give another row's value: what has arrived already must be its start. A driver may leave a character
        // out that it would have to cut.
        let start = cell.data + row * cell.stride
        let shared = max(0, min(cell.usable - 4, value.count))
        guard length >= 0, known == nil || known == length, length > cell.usable || known == nil,
            memcmp(start, value.start, shared) == 0
        else { throw tooLong(index, known) }
        cell.lengths[row] = length
        if length <= cell.usable {
            memcpy(start, value.start, length)
            return
        }
        long[row * columns.count + index] = value
        if rowsAtOnce == 1 { growing.append((index, length)) }
    }

    /// Columns whose buffer the last row has shown to be too small.
    private var growing: [(column: Int, length: Int)] = []

    /// Makes the buffers larger that were too small; after the row was used.
    func grow() throws(ODBCError) {
        guard !growing.isEmpty else { return }
        defer { growing.removeAll(keepingCapacity: true) }
        for (index, length) in growing where cells[index].usable < Self.mostBoundBytes {
            cells[index].grow(to: min(2 * length, Self.mostBoundBytes))
            try bind(index)
        }
    }

    private func tooLong(_ index: Int, _ length: Int?) -> ODBCError {
        let column = columns[index]
        let found = length.map { "\($0) bytes" } ?? "more bytes"
        return ODBCError(
            .configuration,
            """
            \(statement.connection.settings.name): a value of column \(column.name) has \(found), the driver announced \
            \(column.size) characters: read it by a query \
            that casts it to the database's longest text type; in: \(ODBCError.shape(of: statement.sql))
            """, state: "01004")
    }

    /// A value that lies elsewhere or in another encoding than its buffer's.
    @inline(never)
    func otherBytes(_ index: Int, _ row: Int) -> UnsafeRawBufferPointer {
        let cell = cells[index]
        let length = cell.lengths[row]
        var start = UnsafeRawPointer(cell.data + row * cell.stride)
        if length > cell.usable {
            guard let value = long[row * columns.count + index] else {
                return UnsafeRawBufferPointer(start: nil, count: 0)
            }
            start = UnsafeRawPointer(value.start)
        }
        guard cell.isWide else { return UnsafeRawBufferPointer(start: start, count: length) }
        let target = transcoded[index]
        target.reserve(3 * (length / 2))
        target.count = ODBCTranscoding.utf8(
            start.assumingMemoryBound(to: UInt16.self), length / 2,
            into: target.start.assumingMemoryBound(to: UInt8.self))
        return UnsafeRawBufferPointer(start: target.start, count: target.count)
    }
}
