/// Reads CSV and TSV files (RFC 4180, see ``CSVDialect``): each row becomes a JSON object whose keys are the columns in
/// their order.
///
/// A row with another number of fields, a quote out of place, a bare carriage return or invalid UTF-8 is rejected.
/// Behind a quote out of place the row ends at the next LF. A quoted field that is never closed is one rejected record
/// up to the end of the file, since what looks like rows in it may be text. Empty lines are skipped unless there is one
/// column only, where they are a row with an empty field.
package final class CSVReader: RecordReader {
    private let input: TextInput
    private let dialect: CSVDialect
    private let limits: RecordLimits
    private let parser: CSVRowParser
    private var columns: CSVColumns?
    private var latch = FailureLatch()
    private var ordinal: UInt64 = 0
    private var line: UInt64 = 1

    /// Makes a reader over decompressed text. `name` (a path) is for messages.
    ///
    /// - Throws: ``FormatsError`` when the dialect is ambiguous.
    package convenience init(
        _ source: any ByteSource, name: String, dialect: CSVDialect = .csv, limits: RecordLimits = RecordLimits()
    ) throws {
        try self.init(TextInput(source, name: name), dialect: dialect, limits: limits)
    }

    init(_ input: TextInput, dialect: CSVDialect, limits: RecordLimits) throws {
        try dialect.validate()
        self.input = input
        self.dialect = dialect
        self.limits = limits
        parser = CSVRowParser(dialect, limits: limits)
    }

    /// The columns in the order of the file; empty until the first block has been read, and for an empty file.
    package var columnNames: [String] { columns?.names ?? [] }

    /// See ``RecordReader/read(into:reject:)``.
    package func read(into block: RecordBlock, reject: (RejectedRecord) throws -> Void) throws -> Bool {
        try latch.fill(block) {
            if columns == nil { columns = try readColumns() }
            guard let columns else { return }
            while !block.isFull, try readRow(columns, into: block, reject) {}
        }
    }

    /// Takes one row or empty line; false at the end of the file.
    private func readRow(_ columns: CSVColumns, into block: RecordBlock, _ reject: (RejectedRecord) throws -> Void)
        throws
        -> Bool
    {
        if input.isEmpty {
            if !input.isAtEnd { try input.extend() }
            if input.isEmpty { return false }
        }
        if columns.count > 1, skipEmptyLine() { return true }
        switch try parser.parse(input, columns, line: line, into: block) {
        case .record(let written, let next, let nextLine):
            block.commit(end: written, ordinal: ordinal, line: line)
            ordinal &+= 1
            line = nextLine
            input.consume(to: next)
        case .fault(let fault, let next, let nextLine):
            let raw = UnsafeRawBufferPointer(start: input.base + input.start, count: next - input.start)
            let cut = RejectedRecord(
                ordinal: ordinal, line: line,
                reason: fault.reason(columns: columns.count, limits: limits, last: nextLine), raw: Self.trimmed(raw))
            ordinal &+= 1
            line = nextLine
            input.consume(to: next)
            try reject(cut)
        case .incomplete(let field):
            // Two bytes over the limit may be a line end.
            if input.end - field > limits.field + 2 || input.end - input.start > limits.record {
                try skipRow(columns, reject)
            } else {
                try input.extend()
            }
        }
        return true
    }

    private func skipEmptyLine() -> Bool {
        let text = input.base
        let start = input.start
        if text[start] == ASCII.lineFeed {
            input.consume(to: start + 1)
        } else if text[start] == ASCII.carriageReturn, start + 1 < input.end, text[start + 1] == ASCII.lineFeed {
            input.consume(to: start + 2)
        } else if text[start] == ASCII.carriageReturn, start + 1 == input.end, input.isAtEnd {
            input.consume(to: start + 1)
        } else {
            return false
        }
        line &+= 1
        return true
    }

    /// Rejects a row that is over a limit, whatever its length, without holding it.
    private func skipRow(_ columns: CSVColumns, _ reject: (RejectedRecord) throws -> Void) throws {
        var raw: [UInt8] = []
        var skipper = CSVSkipper(dialect, limits: limits, line: line)
        var isEnded = false
        var isCut = false
        // Room for the line end, which is not part of what is shown.
        let room = RejectedRecord.rawLimit + 2
        repeat {
            let bytes = UnsafeBufferPointer(start: input.base + input.start, count: input.end - input.start)
            let end = skipper.feed(bytes)
            let used = end ?? bytes.count
            let kept = min(used, room - raw.count)
            raw.append(contentsOf: bytes[..<kept])
            isCut = isCut || kept < used
            input.consume(to: input.start + used)
            isEnded = end != nil
        } while try !isEnded && input.refill()
        let fault = skipper.verdict(atEndOfFile: !isEnded)
        let reason = fault.reason(columns: columns.count, limits: limits, last: skipper.line)
        let rejected = raw.withUnsafeBytes { raw in
            RejectedRecord(
                ordinal: ordinal, line: line, reason: reason, raw: isCut ? raw : Self.trimmed(raw), isCut: isCut)
        }
        ordinal &+= 1
        line = skipper.line
        try reject(rejected)
    }

    /// Without the line end.
    private static func trimmed(_ raw: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var count = raw.count
        if count > 0, raw[count - 1] == ASCII.lineFeed { count -= 1 }
        if count > 0, raw[count - 1] == ASCII.carriageReturn { count -= 1 }
        return UnsafeRawBufferPointer(rebasing: raw[..<count])
    }

    /// The columns, declared or from the first row; nil for an empty file.
    private func readColumns() throws -> CSVColumns? {
        try input.extend()
        switch dialect.names {
        case .header:
            guard let names = try readHeader() else { return nil }
            let texts = try names.map { name in
                try name.withUnsafeBufferPointer { bytes in
                    guard let base = bytes.baseAddress else { return "" }
                    guard UTF8Check.isValid(base, count: bytes.count) else {
                        throw FormatsError(
                            .badHeader, "\(input.name): the header row is not valid UTF-8: convert the file")
                    }
                    return String(decoding: bytes, as: UTF8.self)
                }
            }
            return CSVColumns(try CSVColumns.checked(texts, name: input.name), textColumns: dialect.textColumns)
        case .declared(let names, let skippingFirstRow):
            if skippingFirstRow { _ = try readHeader() }
            return CSVColumns(names, textColumns: dialect.textColumns)
        }
    }

    private func readHeader() throws -> [[UInt8]]? {
        while !input.isEmpty {
            let bytes = UnsafeBufferPointer(start: input.base + input.start, count: input.end - input.start)
            switch CSVHeader.split(bytes, dialect, isLast: input.isAtEnd, line: line) {
            case .names(let names, let next, let nextLine):
                input.consume(to: input.start + next)
                line = nextLine
                return names
            case .fault(let reason):
                throw FormatsError(.badHeader, "\(input.name): the header row cannot be read: \(reason)")
            case .incomplete:
                guard bytes.count <= CSVHeader.limit else {
                    throw FormatsError(
                        .badHeader, "\(input.name): the header row is longer than \(CSVHeader.limit) bytes")
                }
                try input.extend()
            }
        }
        return nil
    }
}
