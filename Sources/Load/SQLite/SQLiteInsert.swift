internal import Chunk
internal import Databases
internal import Manifest

/// The insert of one run's rows: several rows a statement, values bound where they lie.
///
/// Ten rows a statement cost a quarter less than one (measured). `OR FAIL` keeps the rows before a bad one, so that
/// SQLite need not keep the former content of the pages for each statement (https://sqlite.org/lang_conflict.html).
final class SQLiteInsert: RowWriter {
    private let connection: SQLiteConnection
    private let table: String
    /// Rows that are there already are passed over, and do not count as changes.
    private let ignoresKnown: Bool
    private let many: SQLiteStatement?
    private let one: SQLiteStatement
    private let group: Int
    private let columns: Int
    /// A row that was bound holds a NaN, of which SQLite would make NULL.
    private var sawNaN = false

    init(_ connection: SQLiteConnection, table: TargetTable, mode: WriteMode, key: [String]) throws(SQLiteError) {
        self.connection = connection
        self.table = table.name
        ignoresKnown = mode == .insertOnly
        columns = table.columns.count
        let room = min(connection.variableLimit, 32_000)
        // What a trigger does belongs to its row, and is undone with it: one row a statement, and none half done.
        let hasTriggers = try SQLiteInsert.hasTriggers(connection, table.name)
        group = hasTriggers ? 1 : max(1, min(10, room / max(1, columns)))
        let names = table.columns.map { SQLiteConnection.quote($0.name) }
        let head =
            "INSERT \(hasTriggers ? "" : "OR FAIL ")INTO \(SQLiteConnection.quote(table.name))(\(names.joined(separator: ", "))) VALUES "
        let row = "(" + Array(repeating: "?", count: columns).joined(separator: ", ") + ")"
        let tail = SQLiteInsert.conflict(table, mode, key)
        one = try connection.prepare(head + row + tail)
        many =
            group > 1
            ? try connection.prepare(head + Array(repeating: row, count: group).joined(separator: ", ") + tail) : nil
    }

    private static func hasTriggers(_ connection: SQLiteConnection, _ table: String) throws(SQLiteError) -> Bool {
        let query = try connection.prepare(
            "SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE LIMIT 1")
        query.bind(0, table)
        return try query.step()
    }

    private static func conflict(_ table: TargetTable, _ mode: WriteMode, _ names: [String]) -> String {
        guard !names.isEmpty else { return "" }
        let key = names.map(SQLiteConnection.quote).joined(separator: ", ")
        switch mode {
        case .append, .updateOnly, .scd2, .replace, .replacePartition: return ""
        case .insertOnly: return " ON CONFLICT(\(key)) DO NOTHING"
        case .merge:
            let others = table.columns.filter { !names.contains($0.name) }.map { SQLiteConnection.quote($0.name) }
            if others.isEmpty { return " ON CONFLICT(\(key)) DO NOTHING" }
            let sets = others.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
            return " ON CONFLICT(\(key)) DO UPDATE SET \(sets)"
        }
    }

    /// Inserts the rows of `batch` in its order; `reject` is called for each that SQLite refuses for its data.
    func insert(_ batch: RowBatch, reject: (_ row: Int, _ reason: String, _ code: String) throws -> Void) throws {
        guard let order = batch.order else {
            return try insert(batch, batch.count, { $0 }, reject)
        }
        try order.withUnsafeBufferPointer { order in
            try insert(batch, order.count, { Int(order[$0]) }, reject)
        }
    }

    @inline(__always)
    private func insert(
        _ batch: RowBatch, _ count: Int, _ row: (Int) -> Int,
        _ reject: (_ row: Int, _ reason: String, _ code: String) throws -> Void
    ) throws {
        var index = 0
        while index < count {
            if let many, index &+ group <= count {
                for offset in 0..<group {
                    bind(many, offset &* columns, batch.row(row(index &+ offset)), batch)
                }
                if sawNaN {
                    sawNaN = false
                    for offset in 0..<group { try insertOne(batch, row(index &+ offset), reject) }
                } else if let error = many.run() {
                    guard error.kind == .data else { throw error }
                    try checkTransaction()
                    // The rows before the bad one are in; to offer them again is harmless only where they are ignored.
                    let done = ignoresKnown ? 0 : connection.changes
                    for offset in done..<group { try insertOne(batch, row(index &+ offset), reject) }
                }
                index &+= group
            } else {
                try insertOne(batch, row(index), reject)
                index &+= 1
            }
        }
    }

    private func insertOne(
        _ batch: RowBatch, _ row: Int, _ reject: (_ row: Int, _ reason: String, _ code: String) throws -> Void
    ) throws {
        bind(one, 0, batch.row(row), batch)
        if sawNaN {
            sawNaN = false
            return try reject(row, "SQLite has no NaN: it would become NULL", "SQLITE_MISMATCH")
        }
        guard let error = one.run() else { return }
        guard error.kind == .data else { throw error }
        try checkTransaction()
        try reject(row, error.message, error.codeName)
    }

    /// Rows behind one whose trigger undid everything would be committed one by one, and again by each further try.
    private func checkTransaction() throws {
        guard !connection.isInTransaction else { return }
        throw LoadError(
            .configuration,
            "table \(table): a refused row ended the transaction, as RAISE(ROLLBACK) in a trigger and ON CONFLICT ROLLBACK do; nothing was changed. "
                + "With ABORT in its place only that row is set aside")
    }

    /// Nothing waits: each row is in once it was given.
    func finish() {}

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
            case .double:
                let value = Double(bitPattern: UInt64(bitPattern: cell.bits))
                if value.isNaN { sawNaN = true }
                statement.bind(first &+ column, value)
            case .text: statement.bindStatic(first &+ column, lines + Int(cell.bits), Int(cell.length))
            case .side: statement.bindStatic(first &+ column, side + Int(cell.bits), Int(cell.length))
            case .bytes: statement.bindStaticBytes(first &+ column, side + Int(cell.bits), Int(cell.length))
            }
        }
    }
}
