internal import Chunk
internal import Databases
internal import JSON
internal import Manifest

/// Writes the cells of batches into the vectors of an appender.
struct DuckDBFeed {
    /// What refuses a row that DuckDB could not keep as it is.
    struct Fault {
        var reason: String
        var code: String
    }

    private let kinds: [DuckDBAppender.Kind]
    private let names: [String]
    /// Of decimals.
    private let precisions: [Precision]

    init(_ table: DuckDBTable) {
        kinds = table.columns.map { DuckDBFeed.kind($0) }
        names = table.columns.map(\.name)
        precisions = table.columns.map(\.precision)
    }

    /// The vector that takes a column's cells.
    static func kind(_ column: DuckDBTable.Place) -> DuckDBAppender.Kind {
        switch column.type {
        case .boolean: .boolean
        case .integer, .bigint: .bigInt
        case .double: .double
        case .decimal: .decimal(scale: column.precision.scale)
        case .date: .date
        case .time: .time
        case .datetime: .timestamp
        case .timestamp: .timestampWithZone
        case .uuid: .uuid
        case .bytes: .blob
        case .json: column.declared == "JSON" ? .json : .text
        case .text, .null: .text
        }
    }

    /// What SQL calls the type of such a vector.
    static func declared(_ kind: DuckDBAppender.Kind) -> String {
        switch kind {
        case .boolean: "BOOLEAN"
        case .bigInt: "BIGINT"
        case .double: "DOUBLE"
        case .decimal(let scale): "DECIMAL(\(DuckDBAppender.decimalDigits),\(scale))"
        case .date: "DATE"
        case .timestampWithZone: "TIMESTAMP WITH TIME ZONE"
        case .timestamp: "TIMESTAMP"
        case .time: "TIME"
        case .uuid: "UUID"
        case .blob: "BLOB"
        case .json: "JSON"
        case .text: "VARCHAR"
        }
    }

    /// Writes a row into columns from `first` on; the caller ends it.
    @inline(__always)
    func put(
        _ cells: UnsafeMutablePointer<Cell>, _ batch: RowBatch, into appender: DuckDBAppender, first: Int
    ) -> Fault? {
        for index in 0..<kinds.count {
            let cell = cells[index]
            let column = first &+ index
            switch cell.kind {
            case .null: appender.putNull(column)
            case .integer:
                if kinds[index] == .boolean {
                    appender.put(column, UInt8(truncatingIfNeeded: cell.bits))
                } else {
                    appender.put(column, cell.bits)
                }
            case .double: appender.put(column, cell.bits)
            case .bytes:
                appender.put(
                    column,
                    text: UnsafeRawBufferPointer(start: batch.side.base + Int(cell.bits), count: Int(cell.length)))
            case .text, .side:
                let base = cell.kind == .text ? batch.lines.base : batch.side.base
                let bytes = UnsafeRawBufferPointer(start: base + Int(cell.bits), count: Int(cell.length))
                switch kinds[index] {
                case .text: appender.put(column, text: bytes)
                case .json:
                    if let fault = DuckDBFeed.jsonFault(bytes, names[index]) { return fault }
                    appender.put(column, text: bytes)
                case .date where cell.kind == .text && DuckDBTime.isOfFourDigits(bytes):
                    appender.put(column, Int32(truncatingIfNeeded: ISOMoment.days(bytes)))
                default: if let fault = putOther(index, column, bytes, cell.kind, into: appender) { return fault }
                }
            }
        }
        return nil
    }

    /// What DuckDB stores as JSON and cannot read again, not even to pass over it, nor the Parquet file that holds it.
    @inline(__always)
    private static func jsonFault(_ bytes: UnsafeRawBufferPointer, _ name: String) -> Fault? {
        guard let base = bytes.bindMemory(to: UInt8.self).baseAddress, loneSurrogate(base, bytes.count) != nil else {
            return nil
        }
        return Fault(
            reason:
                "the JSON in \(name) has half of a surrogate pair, which DuckDB cannot read: declare the column as text",
            code: "Conversion")
    }

    /// The less frequent values that come as texts.
    private func putOther(
        _ index: Int, _ column: Int, _ bytes: UnsafeRawBufferPointer, _ place: Cell.Kind, into appender: DuckDBAppender
    ) -> Fault? {
        // A partition's value was compared with the record's, but nobody has looked at what it is.
        if place == .side, !DuckDBFeed.isWellFormed(bytes, kinds[index]) {
            return Fault(
                reason: "the value of \(names[index]) is no \(DuckDBFeed.declared(kinds[index]))", code: "Conversion")
        }
        switch kinds[index] {
        case .timestampWithZone, .timestamp:
            if let isAfter = DuckDBTime.infinity(bytes) {
                appender.put(column, isAfter ? Int64.max : -Int64.max)
                return nil
            }
            if let problem = DuckDBTime.problem(bytes) { return Fault(reason: problem, code: "Conversion") }
            appender.put(column, DuckDBTime.microseconds(bytes))
        case .date:
            if DuckDBTime.isOfFourDigits(bytes) {
                appender.put(column, Int32(truncatingIfNeeded: ISOMoment.days(bytes)))
                return nil
            }
            guard let isAfter = DuckDBTime.infinity(bytes) else {
                return Fault(reason: "a year before 1 or after 9999: declare the column as text", code: "Conversion")
            }
            appender.put(column, isAfter ? Int32.max : -Int32.max)
        case .time:
            if let problem = DuckDBTime.problem(bytes, clock: 0) { return Fault(reason: problem, code: "Conversion") }
            appender.put(column, DuckDBTime.microsecondsOfDay(bytes))
        case .uuid: appender.put(column, scaled: DuckDBUUID.number(bytes))
        case .decimal:
            guard let value = DuckDBDecimal.scaled(bytes, precisions[index]) else {
                return Fault(
                    reason:
                        "the number in \(names[index]) has more digits than \(DuckDBDecimal.declared(precisions[index])) keeps; "
                        + "declare the column as text", code: "Conversion")
            }
            appender.put(column, scaled: value)
        case .double:
            // A partition's value, which comes as its text.
            guard let value = Double(String(decoding: bytes, as: UTF8.self)) else {
                return Fault(reason: "the value of \(names[index]) is no number", code: "Conversion")
            }
            appender.put(column, value)
        case .boolean, .bigInt, .text, .json, .blob:
            return Fault(reason: "the value of \(names[index]) is of another type", code: "Conversion")
        }
        return nil
    }

    /// Whether a text is a value of a kind; true of kinds that are read with a check.
    private static func isWellFormed(_ bytes: UnsafeRawBufferPointer, _ kind: DuckDBAppender.Kind) -> Bool {
        bytes.withMemoryRebound(to: UInt8.self) { text in
            switch kind {
            case .date: ISO8601.isDate(text) || ISO8601.isBeyond(text)
            case .timestampWithZone: ISO8601.isTimestamp(text) || ISO8601.isBeyond(text)
            case .timestamp: ISO8601.isTimestamp(text, hasZone: false) || ISO8601.isBeyond(text)
            case .time: ISO8601.isTime(text)
            case .uuid: ValueConversion.isUUID(text)
            case .decimal: ValueConversion.isNumber(text)
            case .boolean, .bigInt, .double, .blob, .text, .json: true
            }
        }
    }
}
