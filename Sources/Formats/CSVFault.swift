/// What is wrong with a row.
enum CSVFault: Equatable {
    case strayQuote
    case textAfterQuote
    case bareCarriageReturn
    case unterminated(since: UInt64)
    case fieldCount(Int)
    case invalidUTF8
    case fieldTooLong
    case rowTooLong

    /// The reason for people. `last` is the line of the row's end.
    func reason(columns: Int, limits: RecordLimits, last: UInt64) -> String {
        switch self {
        case .strayQuote: "a quote stands inside of an unquoted field"
        case .textAfterQuote: "text follows the closing quote of a field"
        case .bareCarriageReturn: "a carriage return without a line feed stands outside of quotes"
        case .unterminated(let line):
            "the quoted field that begins in line \(line) is not closed until the end of the file in line \(last)"
        case .fieldCount(let count): "the row has \(count) fields, the file has \(columns) columns"
        case .invalidUTF8: "the row is not valid UTF-8"
        case .fieldTooLong: "a field is longer than \(limits.field) bytes"
        case .rowTooLong: "the row is longer than \(limits.record) bytes"
        }
    }
}
