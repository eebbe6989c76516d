internal import Chunk
internal import Glibc
internal import JSON
internal import Manifest

/// Turns blocks of NDJSON lines into batches of cells; bad rows are reported and left out.
///
/// The hot loop of loading: no allocation per row, one look at each byte.
struct RowReader: ~Copyable {
    /// What the inner loop needs of a column; plain memory, so that looking at it counts no references.
    private struct Hot {
        var name: Int
        var length: Int32
        /// The record that was the last to bring this column.
        var seen: Int32
        var type: LogicalType
        var hasConstant: Bool
        var isKey: Bool
    }

    private let plan: ColumnPlan
    private let count: Int
    private let hot: UnsafeMutablePointer<Hot>
    private let names = RawBuffer()
    private var scanner = RecordScanner()
    private var stamp: Int32 = 0
    private let keyScratch = RawBuffer()
    /// Values that the contract leaves out of the row in hand.
    private var discarded = 0

    init(_ plan: ColumnPlan) {
        self.plan = plan
        count = plan.targets.count
        hot = .allocate(capacity: max(1, count))
        for (index, target) in plan.targets.enumerated() {
            (hot + index).initialize(
                to: Hot(
                    name: names.count, length: Int32(target.name.count), seen: 0, type: target.type,
                    hasConstant: target.constant != nil, isKey: target.isKey))
            target.name.withUnsafeBytes { names.append($0) }
        }
    }

    deinit {
        hot.deallocate()
    }

    /// Reads the lines of `batch.lines` from byte `start` on.
    ///
    /// - Parameters:
    ///   - work: the chunk they belong to.
    ///   - sequence: its place in the run.
    ///   - firstLine: number in the chunk of the first line, from 1.
    /// - Returns: how many lines there were; bad ones are in `batch.faults`.
    mutating func read(_ batch: RowBatch, from start: Int, work: Int, sequence: Int, firstLine: Int) -> Int {
        let number = plan.number.map { Int64($0) }
        let base = UnsafePointer(batch.lines.base)
        let end = batch.lines.count
        var position = start
        var line = firstLine
        while position < end {
            let found = memchr(base + position, 10, end &- position)
            let stop = found.map { UnsafePointer($0.assumingMemoryBound(to: UInt8.self)) - base } ?? end
            let row = batch.appendRow(line: line, start: position, length: stop &- position)
            discarded = 0
            do {
                var after = try scan(base, position, stop)
                while after < stop, base[after] == 0x20 || base[after] == 0x09 || base[after] == 0x0D { after &+= 1 }
                guard after == stop else { throw RowFault(reason: "text after the record", column: nil) }
                try fill(row, base, batch)
                if let number {
                    row[count] = Cell(bits: number, length: 0, kind: .integer)
                    row[count &+ 1] = Cell(bits: ColumnPlan.place(sequence, line), length: 0, kind: .integer)
                }
                if discarded > 0 { batch.discard(work, values: discarded) }
            } catch {
                let fault = (error as? RowFault) ?? RowFault(reason: "\(error)", column: nil)
                if fault.isDiscarded {
                    batch.dropLast()
                    batch.discard(work, rows: 1)
                } else {
                    let text = batch.text(batch.count - 1, limit: 64 << 10)
                    batch.dropLast()
                    batch.faults.append(RowBatch.Fault(work: work, line: line, fault: fault, text: text))
                }
            }
            position = stop &+ 1
            line &+= 1
        }
        return line &- firstLine
    }

    private mutating func scan(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) throws -> Int {
        do { return try scanner.scanObject(base, from: start, to: end) } catch {
            throw RowFault(reason: error.message, column: nil)
        }
    }

    /// A value that does not fit its column: NULL where the contract leaves values out, but never in the key.
    private mutating func refused(_ reason: String, _ column: Int) throws -> Cell {
        if plan.misfit == .discardValue, !hot[column].isKey, !hot[column].hasConstant {
            discarded &+= 1
            return .null
        }
        throw RowFault(reason: reason, column: columnName(column), isDiscarded: plan.misfit == .discardRow)
    }

    @inline(__always)
    private mutating func fill(
        _ row: UnsafeMutablePointer<Cell>, _ base: UnsafePointer<UInt8>, _ batch: RowBatch
    ) throws {
        stamp &+= 1
        if count == 0 { throw RowFault(reason: "a record without any column", column: nil) }
        var expected = 0
        for index in 0..<scanner.fieldCount {
            let field = scanner[index]
            var column = expected
            if column >= count || field.keyEscaped || !matches(column, base, field) {
                guard let found = try find(base, field, from: expected) else {
                    if field.kind == .null { continue }
                    if plan.unknown == .discardValue {
                        discarded &+= 1
                        continue
                    }
                    throw RowFault(
                        reason: "a column that the table does not have", column: name(base, field),
                        isDiscarded: plan.unknown == .discardRow)
                }
                column = found
            }
            expected = column &+ 1
            if hot[column].seen == stamp {
                throw RowFault(reason: "the key stands twice in the record", column: columnName(column))
            }
            hot[column].seen = stamp
            try convert(field, column, base, batch, into: row + column)
        }
        for column in 0..<count where row[column].kind == .null {
            if hot[column].hasConstant, let constant = plan.targets[column].constant {
                if hot[column].seen == stamp {
                    throw RowFault(reason: "null contradicts the partition", column: columnName(column))
                }
                row[column] = try constantCell(constant, column, batch)
            } else if hot[column].isKey {
                throw RowFault(reason: "the key column is missing or null", column: columnName(column))
            }
        }
    }

    @inline(__always)
    private func matches(_ column: Int, _ base: UnsafePointer<UInt8>, _ field: Field) -> Bool {
        hot[column].length == field.keyLength
            && memcmp(names.base + hot[column].name, base + Int(field.keyStart), Int(field.keyLength)) == 0
    }

    private func find(_ base: UnsafePointer<UInt8>, _ field: Field, from: Int) throws -> Int? {
        if field.keyEscaped {
            let bytes = try unescaped(base, Int(field.keyStart), Int(field.keyLength), column: nil)
            return plan.targets.firstIndex { $0.name == bytes }
        }
        for step in 0..<count {
            let column = (from &+ step) % count
            if matches(column, base, field) { return column }
        }
        return nil
    }

    private func unescaped(
        _ base: UnsafePointer<UInt8>, _ start: Int, _ length: Int, column: String?
    ) throws -> [UInt8] {
        keyScratch.removeAll()
        keyScratch.append(UnsafeRawBufferPointer(start: base + start, count: length))
        do {
            let count = try unescape(keyScratch.base, length)
            return Array(UnsafeBufferPointer(start: keyScratch.base, count: count))
        } catch { throw RowFault(reason: error.message, column: column) }
    }

    private func name(_ base: UnsafePointer<UInt8>, _ field: Field) -> String {
        String(
            decoding: UnsafeBufferPointer(start: base + Int(field.keyStart), count: min(Int(field.keyLength), 200)),
            as: UTF8.self)
    }

    private func columnName(_ column: Int) -> String { String(decoding: plan.targets[column].name, as: UTF8.self) }

    private func constantCell(_ constant: [UInt8], _ column: Int, _ batch: RowBatch) throws -> Cell {
        switch plan.targets[column].type {
        case .integer, .bigint:
            if let value = constant.withUnsafeBufferPointer({ bytes in
                bytes.baseAddress.flatMap { ValueConversion.isInteger(bytes) ? parseInteger($0, bytes.count) : nil }
            }) {
                return Cell(bits: value, length: 0, kind: .integer)
            }
            throw RowFault(reason: "the partition's value is no integer", column: columnName(column))
        case .boolean:
            guard let value = ValueConversion.boolean(constant) else {
                throw RowFault(reason: "the partition's value is no boolean", column: columnName(column))
            }
            return Cell(bits: value, length: 0, kind: .integer)
        default:
            let offset = batch.side.count
            constant.withUnsafeBytes { batch.side.append($0) }
            return Cell(bits: Int64(offset), length: Int32(constant.count), kind: .side)
        }
    }

    @inline(__always)
    private mutating func convert(
        _ field: Field, _ column: Int, _ base: UnsafePointer<UInt8>, _ batch: RowBatch,
        into cell: UnsafeMutablePointer<Cell>
    ) throws {
        let type = hot[column].type
        let start = Int(field.valueStart)
        let length = Int(field.valueLength)
        switch field.kind {
        case .string where type == .text:
            cell.pointee = Cell(bits: Int64(start), length: field.valueLength, kind: .text)
        case .integer where type == .integer || type == .bigint:
            if let value = parseInteger(base + start, length) {
                cell.pointee = Cell(bits: value, length: 0, kind: .integer)
            } else {
                cell.pointee = try refused("the integer does not fit 64 bits", column)
            }
        case .null:
            cell.pointee = .null
        default:
            do {
                cell.pointee = try ValueConversion.convert(field.kind, base, start, length, to: type, batch)
            } catch let fault as RowFault {
                cell.pointee = try refused(fault.reason, column)
            }
        }
        if hot[column].hasConstant, let constant = plan.targets[column].constant {
            guard field.kind != .null else { return }
            // The record's own spelling is compared: `5` and `"5"` are the partition 5, `05` is not.
            let isEqual =
                field.kind == .escapedString
                ? try unescaped(base, start, length, column: columnName(column)) == constant
                : constant.count == length
                    && constant.withUnsafeBufferPointer({ memcmp($0.baseAddress ?? base, base + start, length) }) == 0
            guard isEqual else {
                throw RowFault(reason: "the value contradicts the partition", column: columnName(column))
            }
        }
    }
}
