internal import Chunk
internal import Databases
internal import Manifest

/// Inserts batches by LOAD DATA LOCAL: straight into the table as long as nothing conflicts. Once a key of `insert-only` or `merge` is
/// known, rows of a plain table replace others or are passed over, and those of another one go by way of a temporary table. A
/// server that forbids LOAD DATA gets INSERTs of many rows.
///
/// LOCAL means IGNORE: the server passes over rows and bends values, and only counts that. So a load that is not spotless is
/// undone and tried again in halves, down to single rows, which go in by a strict INSERT: what that refuses is set aside. A row that
/// is longer than a message may be has LOAD DATA alone.
final class MySQLWriter: RowWriter {
    private typealias Reject = (_ row: Int, _ reason: String, _ code: String) throws -> Void

    /// How rows go in.
    private enum Way {
        case straight
        /// Keys are known, and the table is plain.
        case known
        /// Keys are known.
        case staged
    }

    /// Rows that are encoded before some of them are sent: they stay in the processor's cache.
    private static let piece = 256

    /// A load that was not spotless.
    private struct Spotted: Error {}

    private let connection: MySQLConnection
    private let types: [LogicalType]
    /// Of decimals: digits in all and behind the point.
    private let precisions: [Precision]
    /// Columns of which not every value can be kept.
    private let checked: [Int]
    private let load: String
    private let insertHead: String
    private let insertTail: String
    private let stage: MySQLStage?
    /// Whether the table is as ``MySQLPlain`` says and its index compares keys by bytes, so that equal keys are one text.
    private let isPlain: () throws -> Bool
    /// For rows of known keys of such a table.
    private let loadKnown: String
    private let isReplacing: Bool
    private let known: KnownKeys
    private var way = Way.straight
    private var isBegun = false
    private var isLoadForbidden = false
    /// Bytes below which a message must stay.
    private let packet: Int
    /// Whether rows of the batch in hand may be longer, each by itself or together.
    private var isLong = false
    private var text = LoadText(capacity: 256 << 10)
    private let moment = UnsafeMutablePointer<UInt8>.allocate(capacity: 32)
    private var statements: [Int: MySQLStatement] = [:]
    private var rows: [Int] = []

    /// - Parameter isPlain: looked at once rows have known keys.
    init(
        _ connection: MySQLConnection, table: TargetTable, mode: WriteMode, key: [String], known: KnownKeys,
        isPlain: @escaping () throws -> Bool
    ) throws {
        self.connection = connection
        packet = try connection.maximumPacket()
        self.known = known
        self.isPlain = isPlain
        let types = table.columns.map(\.type)
        self.types = types
        precisions = table.columns.map { MySQLDecimal.range.precision($0.precision) }
        checked = types.indices.filter { [.decimal, .double, .timestamp, .datetime, .date, .time].contains(types[$0]) }
        let upsert = try MySQLUpsert(table, mode: mode, key: key)
        load = MySQLWriter.load(upsert.table, upsert.columns, types, "")
        insertHead = "INSERT INTO \(upsert.table)(\(upsert.names)) VALUES "
        insertTail = upsert.tail
        isReplacing = upsert.isReplacing
        // Should somebody refer to the table whom this account cannot see, then a row that is replaced must not take those with it.
        loadKnown =
            isReplacing
            ? "SET STATEMENT foreign_key_checks = 0 FOR \(MySQLWriter.load(upsert.table, upsert.columns, types, "REPLACE "))"
            : load
        stage = upsert.tail.isEmpty ? nil : MySQLStage(connection, upsert, types: types)
    }

    deinit { moment.deallocate() }

    /// The statement that loads columns of a table from what this process sends.
    ///
    /// Bytes travel as hexadecimal digits: in a file of texts they would have to be texts.
    ///
    /// - Parameter known: what becomes of rows with known keys; they are passed over when it is empty.
    static func load(_ table: String, _ columns: [String], _ types: [LogicalType], _ known: String) -> String {
        let fields = columns.indices.map { types[$0] == .bytes ? "@b\($0)" : columns[$0] }
        let sets = columns.indices.filter { types[$0] == .bytes }.map { "\(columns[$0]) = UNHEX(@b\($0))" }
        return "LOAD DATA LOCAL INFILE 'bobbin' \(known)INTO TABLE \(table) CHARACTER SET utf8mb4 \(LoadText.clauses) "
            + "(\(fields.joined(separator: ", ")))\(sets.isEmpty ? "" : " SET \(sets.joined(separator: ", "))")"
    }

    func insert(_ batch: RowBatch, reject: (_ row: Int, _ reason: String, _ code: String) throws -> Void) throws {
        if !isBegun {
            isBegun = true
            if stage != nil, known.isExpected { try meetKnownKeys() }
        }
        // A cell of a batch weighs more than a number on its way.
        isLong = batch.weight + MySQLWriter.messageBytes >= packet
        // Out of the object meanwhile, which the closure looks into.
        var sifted: [Int] = []
        swap(&sifted, &rows)
        try batch.sift(into: &sifted, { problem(batch, $0) }, reject: reject)
        swap(&sifted, &rows)
        try insert(0..<rows.count, batch, reject)
    }

    func finish() throws {
        guard let stage else { return }
        known.end(isStraight: way == .straight)
        if way == .staged { try stage.drop() }
    }

    /// From now on rows go as those of known keys do.
    private func meetKnownKeys() throws { way = try isPlain() ? .known : .staged }

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
                case .decimal:
                    MySQLDecimal.problem(bytes, digits: precisions[column].digits, scale: precisions[column].scale)
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
            // Some row of it is not as the table wants it, or there already. Of a long one the warnings are all that there is.
            if range.count == 1, stage == nil || way != .straight {
                return try reject(rows[range.lowerBound], "a value does not fit its column as it is", "01000")
            }
        } catch let error as MySQLError {
            guard error.kind == .data else { throw error }
            if range.count == 1 { return try reject(rows[range.lowerBound], error.description, error.state) }
        }
        if stage != nil, way == .straight, !isLoadForbidden {
            known.meet()
            try meetKnownKeys()
            return try insert(range, batch, reject)
        }
        let middle = range.lowerBound + range.count / 2
        try insert(range.lowerBound..<middle, batch, reject)
        try insert(middle..<range.upperBound, batch, reject)
    }

    private func attempt(_ range: Range<Int>, _ batch: RowBatch) throws {
        try connection.execute("SAVEPOINT batch")
        do {
            if isLoadForbidden || range.count == 1 && fitting(range, batch) == 1 {
                try insertRows(range, batch)
            } else {
                do {
                    try load(range, batch)
                } catch let error as MySQLError where error.isLocalLoadForbidden {
                    isLoadForbidden = true
                    try insertRows(range, batch)
                } catch let error as MySQLError where error.kind == .permission && way == .known {
                    // To replace asks for the right to delete, which an update does not.
                    way = .staged
                    try load(range, batch)
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

    private func load(_ range: Range<Int>, _ batch: RowBatch) throws {
        switch way {
        case .straight:
            try send(range, batch, load) { $0.skipped == 0 && $0.deleted == 0 && $0.warnings == 0 }
        case .known where isReplacing:
            try send(range, batch, loadKnown) { $0.skipped == 0 && $0.warnings == 0 }
        case .known:
            // Each row that is passed over is one warning: any other is of a value that was bent.
            try send(range, batch, loadKnown) { $0.deleted == 0 && $0.warnings == $0.skipped }
        case .staged:
            guard let stage else { return }
            try stage.begin()
            try send(range, batch, stage.load) { $0.skipped == 0 && $0.deleted == 0 && $0.warnings == 0 }
            try stage.moveRows()
        }
    }

    /// Sends rows while they are encoded, so that the server works meanwhile.
    ///
    /// - Throws: `Spotted` unless each row went in as it is.
    private func send(
        _ range: Range<Int>, _ batch: RowBatch, _ sql: String, _ isSpotless: (MySQLLoadResult) -> Bool
    ) throws {
        var next = range.lowerBound
        text.reset()
        let result = try connection.loadData(sql) { room in
            if text.count == 0, next < range.upperBound {
                text.reset()
                let end = min(next + MySQLWriter.piece, range.upperBound)
                encode(next..<end, batch)
                next = end
            }
            return text.read(into: room)
        }
        guard result.records == range.count, isSpotless(result) else {
            if range.count == 1, stage == nil || way != .straight,
                let refusal = try connection.warnings().compactMap(\.refusal).first
            {
                throw refusal
            }
            throw Spotted()
        }
    }

    private func encode(_ range: Range<Int>, _ batch: RowBatch) {
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
                case .double:
                    withDecimalDigits(Double(bitPattern: UInt64(bitPattern: cell.bits))) { digits in
                        if let start = digits.baseAddress { text.field(start, digits.count) }
                    }
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

    /// Bytes of a message besides its values, and of one besides its own bytes: two of its type, one of whether it is there, and its length.
    private static let messageBytes = 64
    private static let valueBytes = 2 + 1 + 9

    /// How many rows from the start of a range one message holds.
    private func fitting(_ range: Range<Int>, _ batch: RowBatch) -> Int {
        guard isLong else { return range.count }
        var bytes = MySQLWriter.messageBytes
        for (count, place) in range.enumerated() {
            bytes += self.bytes(rows[place], batch)
            if bytes >= packet { return count }
        }
        return range.count
    }

    /// Bytes of a row in a message.
    private func bytes(_ row: Int, _ batch: RowBatch) -> Int {
        let cells = batch.row(row)
        return types.indices.reduce(0) { bytes, column in
            let cell = cells[column]
            return switch cell.kind {
            case .null: bytes + 3
            case .integer, .double: bytes + MySQLWriter.valueBytes
            // Moments are written otherwise than they come.
            case .text, .side, .bytes: bytes + MySQLWriter.valueBytes + max(Int(cell.length), 32)
            }
        }
    }

    /// Strict, as many rows a statement as it takes parameters.
    private func insertRows(_ range: Range<Int>, _ batch: RowBatch) throws {
        let most = max(1, min(100, 60_000 / max(1, types.count)))
        var start = range.lowerBound
        while start < range.upperBound {
            let count = fitting(start..<min(start + most, range.upperBound), batch)
            guard count > 0 else {
                throw MySQLError.longRow(bytes(rows[start], batch) + MySQLWriter.messageBytes, limit: packet)
            }
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
            // Of decimals and of blanks at the end of a text strict mode makes a note, and stores something else.
            if connection.warningCount > 0, let refusal = try connection.warnings().compactMap(\.refusal).first {
                throw refusal
            }
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
