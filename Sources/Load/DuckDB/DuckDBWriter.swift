internal import Databases
internal import Manifest

/// Inserts batches: each is one statement that reads our vectors (``DuckDBAppender``), in one of three ways.
///
/// DuckDB undoes the whole transaction when it refuses one row. So rows go straight into the table only where nothing should be
/// refused; if something is all the same, the transaction is done again and looks at each batch first. Of `merge` and
/// `insert-only` into a table that has rows, all rows wait in a temporary table and are moved at once, by joins.
final class DuckDBWriter: RowWriter {
    private typealias Reject = (_ row: Int, _ reason: String, _ code: String) throws -> Void

    private enum Way {
        case straight
        /// By way of the temporary table, moved at the end.
        case staged
        /// By way of the temporary table, each batch looked at.
        case checked
    }

    private let connection: DuckDBConnection
    private let table: DuckDBTable
    private let feed: DuckDBFeed
    private let stage: DuckDBStage
    private let way: Way
    private let spoil: () -> Void
    private var appender: DuckDBAppender?
    /// Rows of the batch by their number in the temporary table.
    private var rows: [Int] = []
    private var count = 0

    /// - Parameters:
    ///   - isCareful: a row was refused a moment ago; look at all of them.
    ///   - spoil: notes that one was.
    init(
        _ connection: DuckDBConnection, _ table: DuckDBTable, mode: WriteMode, key: [String], isCareful: Bool,
        spoil: @escaping () -> Void
    ) throws {
        self.connection = connection
        self.table = table
        self.spoil = spoil
        feed = DuckDBFeed(table)
        stage = try DuckDBStage(connection, table, mode: mode, key: key)
        let name = try DuckDBConnection.quote(identifier: table.table.name)
        if !table.constraints.isEmpty || table.columns.contains(where: \.isForeign) {
            way = .checked
        } else if (mode == .merge || mode == .insertOnly) && !key.isEmpty {
            let isEmpty = try connection.query("SELECT 1 FROM \(name) LIMIT 1").isEmpty
            way = isEmpty && !isCareful ? .straight : .staged
        } else {
            way = isCareful ? .checked : .straight
        }
    }

    func insert(_ batch: RowBatch, reject: (_ row: Int, _ reason: String, _ code: String) throws -> Void) throws {
        if way == .checked { try stage.make() }
        let appender = try appender ?? makeAppender()
        self.appender = appender
        rows.removeAll(keepingCapacity: true)
        let order = batch.order
        let first = way == .straight ? 0 : 1
        for place in 0..<(order?.count ?? batch.count) {
            let row = if let order { Int(order[place]) } else { place }
            if let fault = feed.put(batch.row(row), batch, into: appender, first: first) {
                try reject(row, fault.reason, fault.code)
                continue
            }
            if way != .straight {
                appender.put(0, Int64(way == .checked ? rows.count : count))
                count &+= 1
            }
            if way == .checked { rows.append(row) }
            try guarded { try appender.endRow() }
        }
        // Texts lie in the batch, which goes back when this returns.
        try guarded { try appender.flush() }
        guard way == .checked else { return }
        for refusal in try stage.refusals() { try reject(rows[refusal.line], refusal.reason, refusal.code) }
        try stage.move()
    }

    func finish() throws {
        guard appender != nil else { return }
        appender = nil
        if way == .straight { return }
        if way == .staged { try stage.move() }
        try stage.drop()
    }

    private func makeAppender() throws -> DuckDBAppender {
        let columns = table.columns.enumerated().map { (name: "c\($0)", kind: DuckDBFeed.kind($1)) }
        let names = columns.map(\.name).joined(separator: ", ")
        if way == .straight {
            let target = try DuckDBConnection.quote(identifier: table.table.name)
            let list = try table.columns.map { try DuckDBConnection.quote(identifier: $0.name) }
            return try DuckDBAppender(
                connection, "INSERT INTO \(target)(\(list.joined(separator: ", "))) SELECT \(names) FROM _bobbin_batch",
                name: "_bobbin_batch", columns: columns)
        }
        if way == .staged { try stage.make() }
        return try DuckDBAppender(
            connection, "INSERT INTO temp._bobbin_rows SELECT line, \(names) FROM _bobbin_batch", name: "_bobbin_batch",
            columns: [(name: "line", kind: .bigInt)] + columns)
    }

    /// Where a row is refused on the straight way, the transaction is lost.
    private func guarded(_ body: () throws -> Void) throws {
        do { try body() } catch let error as DuckDBError {
            guard error.kind == .data, way == .straight else { throw error }
            appender = nil
            spoil()
            throw TransactionSpoiled()
        }
    }
}
