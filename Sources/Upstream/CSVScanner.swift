/// Finds where records and fields of delimiter-separated text end, byte by byte, so that a file can be scanned in blocks.
/// RFC 4180: a field that begins with a quote runs to its closing quote and may hold delimiters, line breaks and doubled
/// quotes; a quote inside an unquoted field is a quote. Lines end with LF or CRLF.
struct CSVScanner: Sendable {
    /// What a byte turned out to be.
    enum Event {
        /// Part of the field's value.
        case content
        /// Punctuation: an opening or closing quote.
        case quote
        /// The field ends before this byte, and another follows.
        case fieldEnd
        /// The record ends before this byte.
        case recordEnd
    }

    private enum State {
        case fieldStart, unquoted, quoted, quoteInQuoted
    }

    let delimiter: UInt8
    private var state = State.fieldStart

    init(delimiter: UInt8) {
        self.delimiter = delimiter
    }

    @inline(__always)
    mutating func next(_ byte: UInt8) -> Event {
        switch state {
        case .quoted:
            guard byte == UInt8(ascii: "\"") else { return .content }
            state = .quoteInQuoted
            return .quote
        case .quoteInQuoted where byte == UInt8(ascii: "\""):
            state = .quoted
            return .content
        case .fieldStart where byte == UInt8(ascii: "\""):
            state = .quoted
            return .quote
        case .fieldStart, .unquoted, .quoteInQuoted:
            if byte == 0x0A {
                state = .fieldStart
                return .recordEnd
            }
            if byte == delimiter {
                state = .fieldStart
                return .fieldEnd
            }
            // Text behind a closing quote is against the RFC; it is kept rather than lost.
            state = .unquoted
            return .content
        }
    }

    /// One field of a record.
    struct Field: Equatable {
        var bytes: [UInt8] = []
        var isQuoted = false
    }

    /// The fields of one whole record, given without its line break.
    static func fields(of record: some Sequence<UInt8>, delimiter: UInt8) -> [Field] {
        var scanner = CSVScanner(delimiter: delimiter)
        var fields: [Field] = []
        var field = Field()
        for byte in record {
            switch scanner.next(byte) {
            case .content: field.bytes.append(byte)
            case .quote: field.isQuoted = true
            case .fieldEnd, .recordEnd:
                fields.append(field)
                field = Field()
            }
        }
        fields.append(field)
        return fields
    }
}
