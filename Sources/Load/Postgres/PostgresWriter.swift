internal import Chunk
internal import Databases
internal import Manifest

/// Inserts batches by COPY: straight into the table, as long as nothing conflicts; of `insert-only` and `merge` by way of a
/// temporary table once something does.
///
/// Each batch stands in a savepoint, and is sent while it is encoded, so that the server works meanwhile. A row that the server
/// refuses is found by the line in its message, else by halving, and set aside; the others go in again without it.
final class PostgresWriter: RowWriter {
    private typealias Reject = (_ row: Int, _ reason: String, _ code: String) throws -> Void

    /// Bytes that are encoded before they are sent: they stay in the processor's cache.
    private static let piece = 128 << 10
    /// Bytes that are offered at once after a row was refused, as each such row means that others are sent again.
    private static let careful = 256 << 10

    private let connection: PostgresConnection
    private let types: [LogicalType]
    private let copy: String
    private let stage: PostgresStage?
    private let known: KnownKeys
    /// A known key was met: from then on rows take the way round.
    private var isStaging: Bool
    /// A row of the batch was refused.
    private var isCareful = false
    private let text: CopyTextWriter
    /// Where each encoded row begins in `text`, and which row of the batch it is.
    private var starts: [Int] = []
    private var rows: [Int] = []
    /// How many rows of the batch were looked at.
    private var place = 0

    /// - Parameter text: where rows are encoded; no other writer uses it meanwhile.
    init(
        _ connection: PostgresConnection, table: TargetTable, mode: WriteMode, key: [String], known: KnownKeys,
        text: CopyTextWriter
    ) throws {
        self.connection = connection
        self.text = text
        self.known = known
        types = table.columns.map(\.type)
        let names = try table.columns.map { try PostgresConnection.quote(identifier: $0.name) }.joined(separator: ", ")
        let name = try PostgresConnection.quote(identifier: table.name)
        // In one message: the server does all three without being asked again.
        copy = "SAVEPOINT rows; COPY \(name)(\(names)) FROM STDIN; RELEASE SAVEPOINT rows"
        stage =
            (mode == .merge || mode == .insertOnly) && !key.isEmpty
            ? try PostgresStage(connection, table: table, mode: mode, key: key) : nil
        isStaging = stage != nil && known.isExpected
    }

    func insert(_ batch: RowBatch, reject: (_ row: Int, _ reason: String, _ code: String) throws -> Void) throws {
        text.removeAll()
        starts.removeAll(keepingCapacity: true)
        rows.removeAll(keepingCapacity: true)
        place = 0
        isCareful = false
        if let failure = try stream(batch, reject) { try insert(0..<rows.count, after: failure, reject) }
    }

    func finish() throws {
        guard let stage else { return }
        known.end(isStraight: !isStaging)
        if isStaging { try stage.drop() }
    }

    // MARK: Sending

    /// Sends the batch while it is encoded.
    ///
    /// - Returns: why the server does not take its rows; then all of them are encoded.
    private func stream(_ batch: RowBatch, _ reject: Reject) throws -> PostgresError? {
        do {
            var copy = try connection.copyIn(command)
            var sent = 0
            while try encode(batch, PostgresWriter.piece, reject) {
                try copy.put(UnsafeRawBufferPointer(rebasing: text.bytes[sent...]))
                sent = text.count
            }
            try end(copy)
            return nil
        } catch let error as PostgresError {
            guard error.kind == .data else { throw error }
            while try encode(batch, PostgresWriter.piece, reject) {}
            try undo()
            return error
        }
    }

    /// Inserts some of the encoded rows; those that are refused are set aside.
    ///
    /// - Parameter failure: of an attempt with all of them.
    private func insert(_ range: Range<Int>, after failure: PostgresError? = nil, _ reject: Reject) throws {
        var rest = range
        var failure = failure
        while !rest.isEmpty {
            let part = failure == nil ? window(rest) : rest
            guard let error = try failure ?? attempt(part) else {
                rest = part.upperBound..<rest.upperBound
                continue
            }
            failure = nil
            if !isStaging, stage != nil, error.sqlState == "23505" {
                isStaging = true
                known.meet()
                continue
            }
            isCareful = true
            if part.count == 1 {
                try reject(rows[part.lowerBound], error.description, error.sqlState)
                rest = part.upperBound..<rest.upperBound
            } else if let line = error.line, line >= 1, line <= part.count {
                // What stands before it is offered again without it, what stands behind it goes on.
                let bad = part.lowerBound + line - 1
                try insert(part.lowerBound..<bad, reject)
                try insert(bad..<bad + 1, reject)
                rest = bad + 1..<rest.upperBound
            } else {
                let middle = part.lowerBound + part.count / 2
                try insert(part.lowerBound..<middle, reject)
                rest = middle..<rest.upperBound
            }
        }
    }

    /// The first of these rows that are offered at once.
    private func window(_ range: Range<Int>) -> Range<Int> {
        guard isCareful else { return range }
        var end = range.lowerBound + 1
        let limit = starts[range.lowerBound] + PostgresWriter.careful
        while end < range.upperBound, starts[end + 1] <= limit { end += 1 }
        return range.lowerBound..<end
    }

    /// - Returns: why the server does not take these rows.
    private func attempt(_ range: Range<Int>) throws(PostgresError) -> PostgresError? {
        let bytes = UnsafeRawBufferPointer(rebasing: text.bytes[starts[range.lowerBound]..<starts[range.upperBound]])
        do {
            var copy = try connection.copyIn(command)
            try copy.put(bytes)
            try end(copy)
            return nil
        } catch {
            guard error.kind == .data else { throw error }
            try undo()
            return error
        }
    }

    private var command: String { isStaging ? stage?.copy ?? copy : copy }

    private func end(_ copy: consuming PostgresCopyIn) throws(PostgresError) {
        _ = try copy.finish()
        if isStaging { try stage?.moveRows() }
    }

    private func undo() throws(PostgresError) {
        try connection.execute("ROLLBACK TO SAVEPOINT rows; RELEASE SAVEPOINT rows")
    }

    // MARK: Encoding

    /// Turns rows of the batch into COPY's text, until there are so many bytes more or no rows.
    ///
    /// - Returns: whether there is something new.
    private func encode(_ batch: RowBatch, _ bytes: Int, _ reject: Reject) throws -> Bool {
        let order = batch.order
        let count = order?.count ?? batch.count
        let begin = text.count
        let limit = begin + bytes
        while place < count, text.count < limit {
            let row = if let order { Int(order[place]) } else { place }
            place += 1
            let start = text.count
            if let fault = encode(batch, batch.row(row)) {
                text.truncate(to: start)
                try reject(row, fault.reason, fault.code)
                continue
            }
            text.endRow()
            if starts.isEmpty { starts.append(start) }
            starts.append(text.count)
            rows.append(row)
        }
        return text.count > begin
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
            case .double: text.appendDouble(Double(bitPattern: UInt64(bitPattern: cell.bits)))
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
}
