/// Passes over a row too long to be held, of any length, by the same rules as ``CSVRowParser``: where it ends, on which
/// line, and what is wrong with it.
struct CSVSkipper {
    private enum Place { case fieldStart, unquoted, quoted, quoteInQuoted, damaged, carriageReturn }

    private let delimiter: UInt8
    private let isQuoted: Bool
    private let limits: RecordLimits
    private var place = Place.fieldStart
    private var fieldLength = 0
    private var rowLength = 0
    private var quoteLine: UInt64 = 0
    private var fault: CSVFault?
    private(set) var line: UInt64

    init(_ dialect: CSVDialect, limits: RecordLimits, line: UInt64) {
        delimiter = dialect.delimiter
        isQuoted = dialect.isQuoted
        self.limits = limits
        self.line = line
    }

    /// Uses bytes; returns the index behind the row's end, or nil when all of them belong to the row.
    mutating func feed(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        for (index, byte) in bytes.enumerated() {
            rowLength &+= 1
            if step(byte) {
                line &+= 1
                return index + 1
            }
        }
        return nil
    }

    /// The fault of the row, once it or the file has ended.
    func verdict(atEndOfFile: Bool) -> CSVFault {
        if case .fieldTooLong = fault { return .fieldTooLong }
        if fieldLength > limits.field { return .fieldTooLong }
        if atEndOfFile, place == .quoted { return .unterminated(since: quoteLine) }
        return fault ?? .rowTooLong
    }

    /// Takes one byte; true when it ends the row.
    private mutating func step(_ byte: UInt8) -> Bool {
        switch place {
        case .fieldStart:
            fieldLength = 0
            if byte == ASCII.quote, isQuoted {
                place = .quoted
                quoteLine = line
                fieldLength = 1
                return false
            }
            place = .unquoted
            return plain(byte)
        case .unquoted:
            if byte == ASCII.quote, isQuoted { return damage(.strayQuote) }
            return plain(byte)
        case .quoted:
            fieldLength &+= 1
            if byte == ASCII.quote { place = .quoteInQuoted }
            if byte == ASCII.lineFeed { line &+= 1 }
        case .quoteInQuoted:
            if byte == ASCII.quote {
                fieldLength &+= 1
                place = .quoted
                return false
            }
            guard byte == delimiter || byte == ASCII.lineFeed || byte == ASCII.carriageReturn else {
                return damage(.textAfterQuote)
            }
            return plain(byte)
        case .damaged:
            return byte == ASCII.lineFeed
        case .carriageReturn:
            return byte == ASCII.lineFeed || damage(.bareCarriageReturn)
        }
        return false
    }

    private mutating func plain(_ byte: UInt8) -> Bool {
        switch byte {
        case delimiter:
            endField()
            place = .fieldStart
        case ASCII.carriageReturn:
            endField()
            place = .carriageReturn
        case ASCII.lineFeed:
            endField()
            return true
        default: fieldLength &+= 1
        }
        return false
    }

    private mutating func endField() {
        if fieldLength > limits.field { fault = .fieldTooLong }
    }

    private mutating func damage(_ found: CSVFault) -> Bool {
        endField()
        fault = fault ?? found
        place = .damaged
        return false
    }
}
