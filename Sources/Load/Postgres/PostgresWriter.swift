internal import Chunk
internal import Databases
internal import Manifest

/// Inserts batches by COPY: straight into the table, as long as nothing conflicts; of `insert-only` and `merge` by way of a
/// temporary table once something does.
///
/// Each batch stands in a savepoint. A row that the server refuses is found by the line in its message, else by halving, and
/// set aside; the others go in again without it.
final class PostgresWriter: RowWriter {
    private typealias Reject = (_ row: Int, _ reason: String, _ code: String) throws -> Void

    private let connection: PostgresConnection
    private let types: [LogicalType]
    private let copy: String
    private let stage: PostgresStage?
    /// A known key was met: from then on rows take the way round.
    private var isStaging = false
    private let text = CopyTextWriter(capacity: 2 << 20)
    /// Where each encoded row begins in `text`, and which row of the batch it is.
    private var starts: [Int] = []
    private var rows: [Int] = []

    init(_ connection: PostgresConnection, table: TargetTable, mode: WriteMode, key: [String]) throws {
        self.connection = connection
        types = table.columns.map(\.type)
        let names = try table.columns.map { try PostgresConnection.quote(identifier: $0.name) }.joined(separator: ", ")
        let name = try PostgresConnection.quote(identifier: table.name)
        copy = "COPY \(name)(\(names)) FROM STDIN"
        stage =
            (mode == .merge || mode == .insertOnly) && !key.isEmpty
            ? try PostgresStage(connection, table: table, mode: mode, key: key) : nil
    }

    func insert(_ batch: RowBatch, reject: (_ row: Int, _ reason: String, _ code: String) throws -> Void) throws {
        let order = batch.order
        try encode(batch, order?.count ?? batch.count, order, reject)
        try insert(0..<rows.count, reject)
    }

    func finish() throws { try stage?.drop() }

    /// Turns the rows of the batch into COPY's text.
    private func encode(_ batch: RowBatch, _ count: Int, _ order: [Int32]?, _ reject: Reject) throws {
        text.removeAll()
        starts.removeAll(keepingCapacity: true)
        rows.removeAll(keepingCapacity: true)
        for place in 0..<count {
            let row = if let order { Int(order[place]) } else { place }
            let start = text.count
            if let fault = encode(batch, batch.row(row)) {
                text.truncate(to: start)
                try reject(row, fault.reason, fault.code)
                continue
            }
            text.endRow()
            starts.append(start)
            rows.append(row)
        }
        starts.append(text.count)
    }

    private func encode(_ batch: RowBatch, _ cells: UnsafeMutablePointer<Cell>) -> (reason: String, code: String)? {
        for (column, type) in types.enumerated() {
            let cell = cells[column]
            switch cell.kind {
            case .null: text.appendNull()
            case .integer:
                if type == .boolean {
                    text.appendDigits(cell.bits == 0 ? "f" : "t")
                } else {
                    text.appendInteger(cell.bits)
                }
            case .double:
                text.appendDigits(Double(bitPattern: UInt64(bitPattern: cell.bits)).description)
            case .text, .side:
                let base = cell.kind == .text ? batch.lines.base : batch.side.base
                let bytes = UnsafeRawBufferPointer(start: base + Int(cell.bits), count: Int(cell.length))
                switch type {
                case .timestamp, .datetime:
                    if let problem = PostgresTime.problem(bytes) { return (problem, "22008") }
                case .time:
                    if let problem = PostgresTime.problem(bytes, clock: 0) { return (problem, "22008") }
                default: break
                }
                do { try text.append(bytes) } catch { return (error.message, error.sqlState) }
            case .bytes:
                text.appendBytes(
                    UnsafeRawBufferPointer(start: batch.side.base + Int(cell.bits), count: Int(cell.length)))
            }
        }
        return nil
    }

    /// Inserts some of the encoded rows; those that are refused are set aside.
    private func insert(_ range: Range<Int>, _ reject: Reject) throws {
        var range = range
        while !range.isEmpty {
            do {
                try attempt(range)
                return
            } catch let error as PostgresError {
                guard error.kind == .data else { throw error }
                if !isStaging, stage != nil, error.sqlState == "23505" {
                    isStaging = true
                    continue
                }
                if range.count == 1 {
                    try reject(rows[range.lowerBound], error.description, error.sqlState)
                    return
                }
                if let line = error.line, line >= 1, line <= range.count {
                    // What stands before it is offered again without it, what stands behind it goes on.
                    let bad = range.lowerBound + line - 1
                    try insert(range.lowerBound..<bad, reject)
                    try insert(bad..<bad + 1, reject)
                    range = bad + 1..<range.upperBound
                } else {
                    let middle = range.lowerBound + range.count / 2
                    try insert(range.lowerBound..<middle, reject)
                    range = middle..<range.upperBound
                }
            }
        }
    }

    private func attempt(_ range: Range<Int>) throws {
        let bytes = UnsafeRawBufferPointer(rebasing: text.bytes[starts[range.lowerBound]..<starts[range.upperBound]])
        try connection.execute("SAVEPOINT rows")
        do {
            if isStaging, let stage {
                try stage.insert(bytes)
            } else {
                var copy = try connection.copyIn(copy)
                try copy.put(bytes)
                _ = try copy.finish()
            }
            try connection.execute("RELEASE SAVEPOINT rows")
        } catch {
            guard error.kind == .data else { throw error }
            try connection.execute("ROLLBACK TO SAVEPOINT rows; RELEASE SAVEPOINT rows")
            throw error
        }
    }
}

/// The way round for rows whose keys may be known: a temporary table, and one statement from there.
private final class PostgresStage {
    private let connection: PostgresConnection
    private let make: String
    private let copy: String
    private let move: String

    init(_ connection: PostgresConnection, table: TargetTable, mode: WriteMode, key: [String]) throws {
        self.connection = connection
        let quoted = try table.columns.map { try PostgresConnection.quote(identifier: $0.name) }
        let names = quoted.joined(separator: ", ")
        let keys = try key.map { try PostgresConnection.quote(identifier: $0) }
        let target = try PostgresConnection.quote(identifier: table.name)
        make = """
            CREATE TEMPORARY TABLE IF NOT EXISTS _bobbin_rows ON COMMIT DROP AS SELECT \(names) FROM \(target) WITH NO DATA;
            ALTER TABLE _bobbin_rows ADD COLUMN IF NOT EXISTS "_bobbin_line" bigint GENERATED ALWAYS AS IDENTITY
            """
        copy = "COPY pg_temp._bobbin_rows(\(names)) FROM STDIN"
        let others = quoted.filter { !keys.contains($0) }
        let list = keys.joined(separator: ", ")
        let isMerging = mode == .merge && !others.isEmpty
        // Of rows of one key in a batch the last one wins a merge, and the first one stays otherwise.
        move = """
            INSERT INTO \(target)(\(names)) SELECT \(names) FROM (SELECT DISTINCT ON (\(list)) * FROM pg_temp._bobbin_rows
                ORDER BY \(list), "_bobbin_line"\(isMerging ? " DESC" : "")) AS rows
            ON CONFLICT (\(list)) \(isMerging
                ? "DO UPDATE SET " + others.map { "\($0) = excluded.\($0)" }.joined(separator: ", ") : "DO NOTHING")
            """
    }

    func insert(_ bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        try connection.execute(make)
        var copy = try connection.copyIn(copy)
        try copy.put(bytes)
        _ = try copy.finish()
        do { try connection.execute(move) } catch {
            // A line in it would be one of the temporary table.
            var error = error
            error.line = nil
            throw error
        }
        try connection.execute("TRUNCATE pg_temp._bobbin_rows")
    }

    func drop() throws {
        guard connection.transactionStatus == .open else { return }
        try connection.execute("DROP TABLE IF EXISTS pg_temp._bobbin_rows")
    }
}

/// What PostgreSQL would bend of a time that is well spelled.
enum PostgresTime {
    /// Why a time cannot be kept as it is: more than microseconds, or a leap second; `nil` when it can.
    ///
    /// - Parameter clock: where the hours stand; 0 in a time of day.
    static func problem(_ bytes: UnsafeRawBufferPointer, clock: Int = 11) -> String? {
        guard bytes.count >= clock + 8, bytes[clock + 5] == UInt8(ascii: ":") else { return nil }
        if bytes[clock + 6] == UInt8(ascii: "6") { return "PostgreSQL turns second 60 into the next minute" }
        guard bytes.count > clock + 9, bytes[clock + 8] == UInt8(ascii: ".") || bytes[clock + 8] == UInt8(ascii: ",")
        else { return nil }
        let digits = bytes[(clock + 9)...].prefix { (0x30...0x39).contains($0) }
        guard digits.count > 6, digits.dropFirst(6).contains(where: { $0 != UInt8(ascii: "0") }) else { return nil }
        return "PostgreSQL keeps microseconds, and the time has more digits"
    }
}
