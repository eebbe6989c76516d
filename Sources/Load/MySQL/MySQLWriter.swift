internal import Chunk
internal import Databases
internal import Manifest

/// Inserts batches by LOAD DATA LOCAL: straight into the table as long as nothing conflicts; of `insert-only` and `merge` by way of a
/// temporary table once something does. A server that forbids it gets INSERTs of many rows.
///
/// LOCAL means IGNORE: the server passes over rows and bends values, and only counts that. So a load that is not spotless is
/// undone and tried again in halves, down to single rows, which go in by a strict INSERT: what that refuses is set aside.
final class MySQLWriter: RowWriter {
    private typealias Reject = (_ row: Int, _ reason: String, _ code: String) throws -> Void

    /// A load that was not spotless.
    private struct Spotted: Error {}

    private let connection: MySQLConnection
    private let types: [LogicalType]
    /// Columns of which not every value can be kept.
    private let checked: [Int]
    private let load: String
    private let insertHead: String
    private let insertTail: String
    private let stage: MySQLStage?
    private var isStaging = false
    private var isLoadForbidden = false
    private var text = LoadText(capacity: 2 << 20)
    private let moment = UnsafeMutablePointer<UInt8>.allocate(capacity: 32)
    private var statements: [Int: MySQLStatement] = [:]
    private var rows: [Int] = []

    init(_ connection: MySQLConnection, table: TargetTable, mode: WriteMode, key: [String]) throws {
        self.connection = connection
        let types = table.columns.map(\.type)
        self.types = types
        checked = types.indices.filter { [.decimal, .double, .timestamp, .datetime, .date, .time].contains(types[$0]) }
        let quoted = try table.columns.map { try MySQLConnection.quote(identifier: $0.name) }
        let names = quoted.joined(separator: ", ")
        let name = try MySQLConnection.quote(identifier: table.name)
        load = MySQLWriter.load(name, quoted, types)
        insertHead = "INSERT INTO \(name)(\(names)) VALUES "
        let keys = try key.map { try MySQLConnection.quote(identifier: $0) }
        let others = quoted.filter { !keys.contains($0) }
        if let first = keys.first, mode == .merge || mode == .insertOnly {
            let sets =
                mode == .merge && !others.isEmpty
                ? others.map { "\($0) = VALUES(\($0))" }.joined(separator: ", ") : "\(first) = \(name).\(first)"
            insertTail = " ON DUPLICATE KEY UPDATE \(sets)"
            stage = MySQLStage(connection, table: name, columns: quoted, types: types, tail: insertTail)
        } else {
            insertTail = ""
            stage = nil
        }
    }

    deinit { moment.deallocate() }

    /// The statement that loads columns of a table from what this process sends.
    ///
    /// Bytes travel as hexadecimal digits: in a file of texts they would have to be texts.
    static func load(_ table: String, _ columns: [String], _ types: [LogicalType]) -> String {
        let fields = columns.indices.map { types[$0] == .bytes ? "@b\($0)" : columns[$0] }
        let sets = columns.indices.filter { types[$0] == .bytes }.map { "\(columns[$0]) = UNHEX(@b\($0))" }
        return "LOAD DATA LOCAL INFILE 'bobbin' INTO TABLE \(table) CHARACTER SET utf8mb4 \(LoadText.clauses) "
            + "(\(fields.joined(separator: ", ")))\(sets.isEmpty ? "" : " SET \(sets.joined(separator: ", "))")"
    }

    func insert(_ batch: RowBatch, reject: (_ row: Int, _ reason: String, _ code: String) throws -> Void) throws {
        rows.removeAll(keepingCapacity: true)
        let order = batch.order
        for place in 0..<(order?.count ?? batch.count) {
            let row = if let order { Int(order[place]) } else { place }
            if let problem = problem(batch, row) {
                try reject(row, problem, "22003")
            } else {
                rows.append(row)
            }
        }
        try insert(0..<rows.count, batch, reject)
    }

    func finish() throws { try stage?.drop() }

    /// Why a row cannot be kept as it is.
    private func problem(_ batch: RowBatch, _ row: Int) -> String? {
        let cells = batch.row(row)
        for column in checked {
            let cell = cells[column]
            if cell.kind == .double, !Double(bitPattern: UInt64(bitPattern: cell.bits)).isFinite {
                return "MariaDB has no NaN and no infinities"
            }
            guard cell.kind == .text || cell.kind == .side else { continue }
            let bytes = MySQLWriter.bytes(cell, batch)
            let problem: String? =
                switch types[column] {
                case .decimal: MySQLDecimal.problem(bytes)
                case .timestamp, .datetime: MySQLTime.write(bytes, into: moment).problem
                case .date: bytes.count == 10 ? nil : "MariaDB has dates of the years 1 to 9999 only"
                case .time: MySQLTime.problem(bytes, clock: 0)
                default: nil
                }
            if let problem { return problem }
        }
        return nil
    }

    private static func bytes(_ cell: Cell, _ batch: RowBatch) -> UnsafeRawBufferPointer {
        let base = cell.kind == .text ? batch.lines.base : batch.side.base
        return UnsafeRawBufferPointer(start: base + Int(cell.bits), count: Int(cell.length))
    }

    private func insert(_ range: Range<Int>, _ batch: RowBatch, _ reject: Reject) throws {
        if range.isEmpty { return }
        do {
            try attempt(range, batch)
            return
        } catch is Spotted {
            // Some row of it is not as the table wants it, or there already.
        } catch let error as MySQLError {
            guard error.kind == .data else { throw error }
            if range.count == 1 { return try reject(rows[range.lowerBound], error.description, error.state) }
        }
        if stage != nil, !isStaging, !isLoadForbidden {
            isStaging = true
            return try insert(range, batch, reject)
        }
        let middle = range.lowerBound + range.count / 2
        try insert(range.lowerBound..<middle, batch, reject)
        try insert(middle..<range.upperBound, batch, reject)
    }

    private func attempt(_ range: Range<Int>, _ batch: RowBatch) throws {
        try connection.execute("SAVEPOINT batch")
        do {
            if range.count == 1 || isLoadForbidden {
                try insertRows(range, batch)
            } else {
                encode(range, batch)
                do {
                    if isStaging, let stage {
                        try stage.load(&text, rows: range.count)
                    } else {
                        try MySQLWriter.send(connection, load, &text, rows: range.count)
                    }
                } catch let error as MySQLError where error.isLocalLoadForbidden {
                    isLoadForbidden = true
                    try insertRows(range, batch)
                }
            }
            try connection.execute("RELEASE SAVEPOINT batch")
        } catch {
            if let error = error as? MySQLError, error.kind != .data { throw error }
            try connection.execute("ROLLBACK TO SAVEPOINT batch")
            try connection.execute("RELEASE SAVEPOINT batch")
            throw error
        }
    }

    /// Loads what `text` holds.
    ///
    /// - Throws: `Spotted` unless each row went in as it is.
    fileprivate static func send(
        _ connection: MySQLConnection, _ sql: String, _ text: inout LoadText, rows: Int
    ) throws {
        let result = try connection.loadData(sql) { text.read(into: $0) }
        guard result.records == rows, result.skipped == 0, result.deleted == 0, result.warnings == 0 else {
            throw Spotted()
        }
    }

    private func encode(_ range: Range<Int>, _ batch: RowBatch) {
        text.reset()
        for place in range {
            let cells = batch.row(rows[place])
            for (column, type) in types.enumerated() {
                let cell = cells[column]
                switch cell.kind {
                case .null: text.null()
                case .integer:
                    withDecimalDigits(cell.bits) { digits in
                        if let start = digits.baseAddress { text.field(start, digits.count) }
                    }
                case .double: put(Double(bitPattern: UInt64(bitPattern: cell.bits)).description)
                case .text, .side:
                    let bytes = MySQLWriter.bytes(cell, batch)
                    if type == .timestamp || type == .datetime {
                        text.field(moment, MySQLTime.write(bytes, into: moment).count)
                    } else if let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) {
                        text.field(start, bytes.count)
                    }
                case .bytes:
                    text.hexadecimal(batch.side.base + Int(cell.bits), Int(cell.length))
                }
            }
            text.endRow()
        }
    }

    private func put(_ digits: String) {
        var digits = digits
        digits.withUTF8 { bytes in
            if let start = bytes.baseAddress { text.field(start, bytes.count) }
        }
    }

    /// Strict, as many rows a statement as it takes parameters.
    private func insertRows(_ range: Range<Int>, _ batch: RowBatch) throws {
        let most = max(1, min(100, 60_000 / max(1, types.count)))
        var start = range.lowerBound
        while start < range.upperBound {
            let count = min(most, range.upperBound - start)
            let statement = try statement(count)
            // Moments are written here: parameters point to them until the statement has run.
            let moments = UnsafeMutablePointer<UInt8>.allocate(capacity: 32 * count * max(1, types.count))
            defer { moments.deallocate() }
            for offset in 0..<count {
                let cells = batch.row(rows[start + offset])
                for (column, type) in types.enumerated() {
                    let place = offset * types.count + column
                    let cell = cells[column]
                    switch cell.kind {
                    case .null: statement.bindNull(place)
                    case .integer: statement.bind(place, cell.bits)
                    case .double: statement.bind(place, Double(bitPattern: UInt64(bitPattern: cell.bits)))
                    case .text, .side:
                        let bytes = MySQLWriter.bytes(cell, batch)
                        guard let text = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { continue }
                        if type == .timestamp || type == .datetime {
                            let room = moments + 32 * place
                            statement.bindStatic(place, room, MySQLTime.write(bytes, into: room).count)
                        } else {
                            statement.bindStatic(place, text, bytes.count)
                        }
                    case .bytes:
                        statement.bindStaticBytes(place, batch.side.base + Int(cell.bits), Int(cell.length))
                    }
                }
            }
            _ = try statement.run()
            start += count
        }
    }

    private func statement(_ count: Int) throws -> MySQLStatement {
        if let known = statements[count] { return known }
        let row = "(" + Array(repeating: "?", count: types.count).joined(separator: ", ") + ")"
        let made = try connection.prepare(
            insertHead + Array(repeating: row, count: count).joined(separator: ", ") + insertTail)
        statements[count] = made
        return made
    }
}

/// The way round for rows whose keys may be known: a temporary table, and one statement from there, in the rows' order.
private final class MySQLStage {
    private let connection: MySQLConnection
    private let make: String
    private let load: String
    private let move: String

    init(_ connection: MySQLConnection, table: String, columns: [String], types: [LogicalType], tail: String) {
        let names = columns.joined(separator: ", ")
        self.connection = connection
        // Without indexes: nothing conflicts there. Neither this nor its drop ends the transaction.
        make = """
            CREATE TEMPORARY TABLE IF NOT EXISTS `_bobbin_rows`(`_bobbin_line` bigint NOT NULL AUTO_INCREMENT PRIMARY KEY)
            ENGINE=InnoDB SELECT \(names) FROM \(table) LIMIT 0
            """
        load = MySQLWriter.load("`_bobbin_rows`", columns, types)
        move = "INSERT INTO \(table)(\(names)) SELECT \(names) FROM `_bobbin_rows` ORDER BY `_bobbin_line`\(tail)"
    }

    func load(_ text: inout LoadText, rows: Int) throws {
        try connection.execute(make)
        try MySQLWriter.send(connection, load, &text, rows: rows)
        try connection.execute(move)
        try connection.execute("DELETE FROM `_bobbin_rows`")
    }

    func drop() throws { try connection.execute("DROP TEMPORARY TABLE IF EXISTS `_bobbin_rows`") }
}
