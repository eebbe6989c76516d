internal import Chunk
internal import Databases
internal import Manifest

/// What a transaction takes care of, after one that was undone.
enum DuckDBCare {
    /// Updates were too much: rows are deleted and inserted.
    case updatesNothing
    /// A row was refused: all are looked at first.
    case looksFirst
}

/// Inserts batches: each is one statement that reads our vectors (``DuckDBAppender``), in one of three ways.
///
/// DuckDB undoes the whole transaction when it refuses one row. So rows go straight into the table only where nothing should be
/// refused; if something is all the same, the transaction is done again and looks at each batch first. Of `merge`, `insert-only` and
/// a replacement of rows with a key, all rows wait in a temporary table and are moved at once, by joins.
final class DuckDBWriter: RowWriter {
    private typealias Reject = (_ row: Int, _ reason: String, _ code: String) throws -> Void

    private enum Way {
        case straight
        /// By way of the temporary table, moved at the end.
        case staged
        /// By way of the temporary table, each batch looked at.
        case checked
    }

    /// The part of DuckDB's memory that updates may take, which cannot go to disk.
    private static let share = 2
    /// What an update needs for a value besides its bytes, before and after (measured: 20 to 40).
    private static let valueBytes = 48

    private let connection: DuckDBConnection
    private let table: DuckDBTable
    private let feed: DuckDBFeed
    private let stage: DuckDBStage
    private var way: Way
    /// What is deleted at the end, but for the keys that stay; only on the staged way.
    private var replacement: DuckDBReplacement?
    /// Whether rows whose keys stay are updated: deleted and inserted they cost several times as much, but less memory.
    private var isInPlace: Bool
    /// Bytes of memory that updates may take yet.
    private var room: Int
    private let spoil: (DuckDBCare) -> Void
    private var appender: DuckDBAppender?
    /// Rows of the batch by their number in the temporary table.
    private var rows: [Int] = []
    private var count = 0

    /// - Parameters:
    ///   - replacement: rows that those of the writer replace, which it deletes.
    ///   - care: what the transaction before this one failed at.
    ///   - spoil: notes what this one fails at.
    init(
        _ connection: DuckDBConnection, _ table: DuckDBTable, mode: WriteMode, key: [String],
        replacing replacement: DuckDBReplacement?, care: DuckDBCare?, spoil: @escaping (DuckDBCare) -> Void
    ) throws {
        self.connection = connection
        self.table = table
        self.spoil = spoil
        feed = DuckDBFeed(table)
        stage = try DuckDBStage(connection, table, mode: mode, key: key)
        let name = try DuckDBConnection.quote(identifier: table.table.name)
        self.replacement = replacement
        isInPlace = care == nil
        room = try connection.memoryLimit() / DuckDBWriter.share
        if !table.isPlain {
            way = .checked
        } else if replacement != nil {
            way = .staged
        } else if (mode == .merge || mode == .insertOnly) && !key.isEmpty {
            let isEmpty = try connection.query("SELECT 1 FROM \(name) LIMIT 1").isEmpty
            way = isEmpty && care != .looksFirst ? .straight : .staged
        } else {
            way = care == .looksFirst ? .checked : .straight
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
        if way == .staged, isInPlace {
            room -=
                2 * (batch.lines.count + batch.side.count) + batch.count * table.columns.count * DuckDBWriter.valueBytes
            if room < 0 { try giveUpUpdates() }
        }
        guard way == .checked else { return }
        for refusal in try stage.refusals() { try reject(rows[refusal.line], refusal.reason, refusal.code) }
        try stage.move()
    }

    func finish() throws {
        guard appender != nil else {
            try replacement?.delete(connection)
            return
        }
        appender = nil
        try connection.useAllThreads()
        if way == .straight { return }
        if way == .staged { try moveStaged() }
        try stage.drop()
    }

    private func moveStaged() throws {
        guard isInPlace else { return try stage.move() }
        do {
            if try stage.moveInPlace(replacement) { return }
            spoil(.looksFirst)
        } catch {
            // Indexes of somebody else's on other columns turn updates into deletes and inserts, whose keys DuckDB may then refuse.
            guard error.kind == .data || error.isOutOfMemory else { throw error }
            spoil(.updatesNothing)
        }
        throw TransactionSpoiled()
    }

    /// There are too many rows for updates: those of a replacement need not wait any longer.
    private func giveUpUpdates() throws {
        isInPlace = false
        guard let replacement else { return }
        appender = nil
        try replacement.delete(connection)
        self.replacement = nil
        way = .straight
        try connection.useAllThreads()
        try guarded { try stage.insertAll() }
        try stage.drop()
        appender = try makeAppender()
    }

    /// A batch is too small to be shared among threads.
    private func makeAppender() throws -> DuckDBAppender {
        try connection.useOneThread()
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
            spoil(.looksFirst)
            throw TransactionSpoiled()
        }
    }
}
