internal import Chunk
internal import Databases
internal import Manifest

/// Inserts batches by statements that take many rows, from buffers that are bound to them.
///
/// Each batch stands in a savepoint. A row that the database refuses is looked for where the driver says, else by halving, and set
/// aside; the others go in again without it. Where there are no savepoints the transaction is given up, and done again row by row.
final class ODBCWriter: RowWriter {
    private typealias Reject = (_ row: Int, _ reason: String, _ code: String) throws -> Void

    /// Rows that are offered at once after a row was refused, as each such row means that others are sent again.
    private static let careful = 64

    /// Why some rows were not taken, and which of the batch's places it is about.
    private struct Refusal {
        var error: ODBCError
        var suspects: Range<Int>
    }

    private let connection: ODBCConnection
    private let engine: String
    private let travels: [ODBCTravel]
    /// Columns of which not every value can be kept.
    private let checked: [Int]
    private let sending: ODBCSending
    /// Bytes below which a statement with its values must stay, if there is such a limit.
    private let longest: Int?
    /// Whether a row of the batch in hand may be longer.
    private var isLong = false
    private let savepoint: (make: String, undo: String, release: String?)?
    private let spoil: () -> Void
    /// Row by row, as nothing can be undone.
    private let isSingle: Bool
    /// A row of the batch was refused.
    private var isCareful = false
    /// Rows of the batch that can be kept, and which of those in hand are sent.
    private var rows: [Int] = []
    private var stays: [Bool]
    private var distinct: DistinctKeys?
    private let room = UnsafeMutablePointer<UInt8>.allocate(capacity: ODBCTravel.momentBytes)

    init(
        _ session: ODBCTarget.Session, table: TargetTable, mode: WriteMode, key: [String], isCareful: Bool,
        spoil: @escaping () -> Void
    ) throws {
        connection = session.connection
        engine = session.dialect.name
        self.spoil = spoil
        longest = session.longest
        savepoint = session.hasSavepoints ? session.dialect.savepoint("bobbin_rows") : nil
        isSingle = isCareful && !session.hasSavepoints
        let described = try ODBCWriter.described(session, table)
        let travels = table.columns.enumerated().map { index, column in
            session.dialect.travel(column.type, described[index])
        }
        self.travels = travels
        checked = travels.indices.filter { index in
            if case .none = travels[index].check { return false }
            if case .bytes = travels[index].check { return false }
            return true
        }
        let sending = try ODBCSending(session, table: table, travels: travels, mode: mode, key: key)
        self.sending = sending
        stays = Array(repeating: true, count: sending.buffer.capacity)
        let keys = key.compactMap { name in table.columns.firstIndex { $0.isNamed(name) } }
        if (mode == .merge || mode == .insertOnly) && !keys.isEmpty, session.dialect.needsDistinctKeys {
            distinct = DistinctKeys(
                keys, isLast: mode == .merge && keys.count < table.columns.count, rows: sending.buffer.capacity)
        }
    }

    deinit { room.deallocate() }

    /// The table's columns as the driver has them.
    private static func described(_ session: ODBCTarget.Session, _ table: TargetTable) throws -> [ODBCColumn] {
        let names = try table.columns.map { try session.connection.info.quote(identifier: $0.name) }
        let name = try session.connection.info.quote(identifier: table.name)
        let columns = try session.connection.query("SELECT \(names.joined(separator: ", ")) FROM \(name) WHERE 1 = 0")
            .columns
        guard columns.count == names.count else {
            throw LoadError(
                .configuration,
                "table \(table.name): its driver tells of \(columns.count) columns, and there are \(names.count)")
        }
        return columns
    }

    func insert(_ batch: RowBatch, reject: (_ row: Int, _ reason: String, _ code: String) throws -> Void) throws {
        isCareful = false
        // A cell of a batch weighs more than a number on its way.
        isLong = longest.map { batch.weight + ODBCWriter.messageBytes >= $0 } ?? false
        // Out of the object meanwhile, which the closure looks into.
        var sifted: [Int] = []
        swap(&sifted, &rows)
        try batch.sift(into: &sifted, { problem(batch, $0) }, reject: reject)
        swap(&sifted, &rows)
        try insert(0..<rows.count, batch, reject)
    }

    func finish() {}

    /// Why a row cannot be kept as it is.
    private func problem(_ batch: RowBatch, _ row: Int) -> String? {
        let cells = batch.row(row)
        if isLong, let longest {
            let bytes = bytes(cells)
            if bytes >= longest { return MySQLError.longRowReason(bytes, limit: longest) }
        }
        for column in checked {
            let cell = cells[column]
            if cell.kind == .null || cell.kind == .integer { continue }
            let bytes = cell.kind == .double ? UnsafeRawBufferPointer(start: nil, count: 0) : batch.bytes(cell)
            if let problem = travels[column].problem(cell, bytes, engine, room) { return problem }
        }
        return nil
    }

    /// Bytes of a statement besides its values, and of one besides its own bytes.
    private static let messageBytes = 64
    private static let valueBytes = 12

    /// Bytes of a row on its way.
    private func bytes(_ cells: UnsafeMutablePointer<Cell>) -> Int {
        travels.indices.reduce(ODBCWriter.messageBytes) { bytes, column in
            bytes + ODBCWriter.valueBytes + length(cells[column], column)
        }
    }

    // MARK: Rows that are refused

    private func insert(_ range: Range<Int>, _ batch: RowBatch, _ reject: Reject) throws {
        var rest = range
        while !rest.isEmpty {
            let most = isSingle ? 1 : isCareful ? ODBCWriter.careful : rest.count
            let part = rest.prefix(most)
            let after = part.upperBound..<rest.upperBound
            guard let refusal = try attempt(part, batch) else {
                rest = after
                continue
            }
            isCareful = true
            if part.count == 1 {
                try reject(rows[part.lowerBound], refusal.error.description, ODBCWriter.code(refusal.error))
                rest = after
                continue
            }
            if savepoint == nil {
                spoil()
                throw TransactionSpoiled()
            }
            let suspects = refusal.suspects.clamped(to: part)
            if suspects.isEmpty || suspects.count == part.count {
                let middle = part.lowerBound + part.count / 2
                try insert(part.lowerBound..<middle, batch, reject)
                rest = middle..<rest.upperBound
            } else {
                try insert(part.lowerBound..<suspects.lowerBound, batch, reject)
                try insert(suspects, batch, reject)
                rest = suspects.upperBound..<rest.upperBound
            }
        }
    }

    /// The SQLSTATE, with the database's own number where it says nothing.
    private static func code(_ error: ODBCError) -> String {
        error.state == "HY000" || error.state.isEmpty ? "HY000/\(error.native)" : error.state
    }

    /// - Returns: why the database does not take these rows.
    private func attempt(_ range: Range<Int>, _ batch: RowBatch) throws -> Refusal? {
        if let savepoint { try connection.run(savepoint.make) }
        var next = range.lowerBound
        while next < range.upperBound {
            let count = fill(next..<range.upperBound, batch)
            do { try sending.send() } catch let error as ODBCError {
                // 21000: one statement would change a row twice, two spellings of one key.
                guard error.kind == .data || error.state == "21000" else { throw error }
                if let savepoint {
                    try connection.run(savepoint.undo)
                    if let release = savepoint.release { try connection.run(release) }
                }
                let whole = next..<next + count
                let suspects = sending.buffer.count == count ? sending.suspects : nil
                return Refusal(
                    error: error, suspects: suspects.map { next + $0.lowerBound..<next + $0.upperBound } ?? whole)
            }
            next += count
        }
        if let release = savepoint?.release { try connection.run(release) }
        return nil
    }

    // MARK: Encoding

    /// Puts as many of these rows into the buffer as it takes.
    ///
    /// - Returns: how many; of rows of one key only one is there where a statement may not hold two.
    private func fill(_ range: Range<Int>, _ batch: RowBatch) -> Int {
        let buffer = sending.buffer
        let count = buffer.begin(range.count) { place, column in
            length(batch.row(rows[range.lowerBound + place])[column], column)
        }
        if distinct != nil { distinct?.find(rows[range.lowerBound..<range.lowerBound + count], batch, &stays) }
        for place in 0..<count where distinct == nil || stays[place] {
            put(batch.row(rows[range.lowerBound + place]), batch, buffer)
        }
        return count
    }

    /// Bytes of a value on its way.
    @inline(__always)
    private func length(_ cell: Cell, _ column: Int) -> Int {
        switch cell.kind {
        case .null, .integer, .double: 0
        case .text, .side, .bytes: travels[column].isMoment ? ODBCTravel.momentBytes : Int(cell.length)
        }
    }

    @inline(__always)
    private func put(_ cells: UnsafeMutablePointer<Cell>, _ batch: RowBatch, _ buffer: ODBCRowBuffer) {
        for column in 0..<buffer.columns {
            let cell = cells[column]
            switch cell.kind {
            case .null: buffer.putNull(column)
            case .integer: buffer.put(column, cell.bits)
            case .double: buffer.put(column, Double(bitPattern: UInt64(bitPattern: cell.bits)))
            case .text, .side, .bytes:
                let bytes = batch.bytes(cell)
                if travels[column].isMoment {
                    let written = MySQLTime.write(bytes, into: room)
                    buffer.put(column, UnsafeRawBufferPointer(start: room, count: written.count))
                } else {
                    buffer.put(column, bytes)
                }
            }
        }
        buffer.endRow()
    }
}
