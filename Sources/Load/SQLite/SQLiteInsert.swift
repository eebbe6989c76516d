internal import Chunk
internal import Databases
internal import Manifest

/// The insert of one run's rows: several rows a statement, values bound where they lie.
///
/// Ten rows a statement cost a quarter less than one (measured); a bad row is found by running its statement's rows one by one.
final class SQLiteInsert {
    private let many: SQLiteStatement?
    private let one: SQLiteStatement
    private let group: Int
    private let columns: Int
    private let key: [Int]
    private var order: [Int32] = []

    init(_ connection: SQLiteConnection, table: SQLiteTable, plan: ColumnPlan, mode: WriteMode) throws(SQLiteError) {
        columns = table.columns.count
        key = plan.key
        let room = min(connection.variableLimit, 32_000)
        group = max(1, min(10, room / max(1, columns)))
        let names = table.columns.map { SQLiteConnection.quote($0.name) }
        let head = "INSERT INTO \(SQLiteConnection.quote(table.name))(\(names.joined(separator: ", "))) VALUES "
        let row = "(" + Array(repeating: "?", count: columns).joined(separator: ", ") + ")"
        let tail = SQLiteInsert.conflict(table, mode)
        one = try connection.prepare(head + row + tail)
        many =
            group > 1
            ? try connection.prepare(head + Array(repeating: row, count: group).joined(separator: ", ") + tail) : nil
    }

    private static func conflict(_ table: SQLiteTable, _ mode: WriteMode) -> String {
        guard !table.key.isEmpty else { return "" }
        let key = table.key.map(SQLiteConnection.quote).joined(separator: ", ")
        switch mode {
        case .append, .replace, .replacePartition: return ""
        case .insertOnly: return " ON CONFLICT(\(key)) DO NOTHING"
        case .merge:
            let others = table.columns.filter { !table.key.contains($0.name) }.map { SQLiteConnection.quote($0.name) }
            if others.isEmpty { return " ON CONFLICT(\(key)) DO NOTHING" }
            let sets = others.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
            return " ON CONFLICT(\(key)) DO UPDATE SET \(sets)"
        }
    }

    /// Inserts all rows of `batch`; `reject` is called for each that SQLite refuses for its data.
    ///
    /// - Returns: rows inserted or merged.
    func insert(_ batch: RowBatch, reject: (_ row: Int, _ error: SQLiteError) throws -> Void) throws -> Int {
        let count = batch.count
        let isSorted = sort(batch)
        var inserted = 0
        var index = 0
        while index < count {
            if let many, index &+ group <= count {
                for offset in 0..<group {
                    bind(
                        many, offset &* columns, batch.row(isSorted ? index &+ offset : Int(order[index &+ offset])),
                        batch)
                }
                if let error = many.run() {
                    guard error.kind == .data else { throw error }
                    for offset in 0..<group {
                        inserted += try insertOne(batch, isSorted ? index + offset : Int(order[index + offset]), reject)
                    }
                } else {
                    inserted &+= group
                }
                index &+= group
            } else {
                inserted += try insertOne(batch, isSorted ? index : Int(order[index]), reject)
                index &+= 1
            }
        }
        return inserted
    }

    private func insertOne(
        _ batch: RowBatch, _ row: Int, _ reject: (_ row: Int, _ error: SQLiteError) throws -> Void
    ) throws -> Int {
        bind(one, 0, batch.row(row), batch)
        guard let error = one.run() else { return 1 }
        guard error.kind == .data else { throw error }
        try reject(row, error)
        return 0
    }

    @inline(__always)
    private func bind(
        _ statement: SQLiteStatement, _ first: Int, _ cells: UnsafeMutablePointer<Cell>, _ batch: RowBatch
    ) {
        let lines = UnsafePointer(batch.lines.base)
        let side = UnsafePointer(batch.side.base)
        for column in 0..<columns {
            let cell = cells[column]
            switch cell.kind {
            case .null: statement.bindNull(first &+ column)
            case .integer: statement.bind(first &+ column, cell.bits)
            case .double: statement.bind(first &+ column, Double(bitPattern: UInt64(bitPattern: cell.bits)))
            case .text: statement.bindStatic(first &+ column, lines + Int(cell.bits), Int(cell.length))
            case .side: statement.bindStatic(first &+ column, side + Int(cell.bits), Int(cell.length))
            }
        }
    }

    // MARK: Key order

    /// Whether the rows come in key order; otherwise `order` is made, stable, so that of equal keys the later stays later.
    ///
    /// Keys in order keep the index's pages hot: random keys cost several times as much.
    private func sort(_ batch: RowBatch) -> Bool {
        guard !key.isEmpty, batch.count > 1 else { return true }
        var isSorted = true
        for row in 1..<batch.count where compare(batch, row &- 1, row) > 0 {
            isSorted = false
            break
        }
        if isSorted { return true }
        order.removeAll(keepingCapacity: true)
        for row in 0..<batch.count { order.append(Int32(row)) }
        order.sort { left, right in
            let result = compare(batch, Int(left), Int(right))
            return result == 0 ? left < right : result < 0
        }
        return false
    }

    @inline(__always)
    private func compare(_ batch: RowBatch, _ left: Int, _ right: Int) -> Int {
        let a = batch.row(left)
        let b = batch.row(right)
        for column in key {
            let result = CellOrder.compare(a[column], b[column], batch)
            if result != 0 { return result }
        }
        return 0
    }
}
