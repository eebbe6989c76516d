/// Splits a header row into names.
enum CSVHeader {
    /// Longest header row, in bytes.
    static let limit = 16 << 20

    enum Outcome {
        case names([[UInt8]], next: Int, line: UInt64)
        case fault(String)
        /// The row may go on behind the bytes.
        case incomplete
    }

    /// Splits the first row of `bytes` by the rules of ``CSVRowParser``. `isLast` says that no more will come.
    static func split(_ bytes: UnsafeBufferPointer<UInt8>, _ dialect: CSVDialect, isLast: Bool, line: UInt64) -> Outcome
    {
        var names: [[UInt8]] = []
        var name: [UInt8] = []
        var index = 0
        var line = line
        func byte(_ offset: Int = 0) -> UInt8? { index + offset < bytes.count ? bytes[index + offset] : nil }

        while true {
            name.removeAll(keepingCapacity: true)
            if byte() == ASCII.quote, dialect.isQuoted {
                index += 1
                while true {
                    guard let next = byte() else {
                        return isLast ? .fault("a quoted column name is not closed") : .incomplete
                    }
                    index += 1
                    if next == ASCII.quote {
                        if byte() == nil, !isLast { return .incomplete }
                        guard byte() == ASCII.quote else { break }
                        index += 1
                    }
                    if next == ASCII.lineFeed { line &+= 1 }
                    name.append(next)
                }
            } else {
                while let next = byte(), next != dialect.delimiter, next != ASCII.lineFeed, next != ASCII.carriageReturn
                {
                    if next == ASCII.quote, dialect.isQuoted { return .fault("a quote stands inside of a column name") }
                    name.append(next)
                    index += 1
                }
            }
            names.append(name)
            guard let behind = byte() else {
                return isLast ? .names(names, next: index, line: line) : .incomplete
            }
            index += 1
            if behind == dialect.delimiter { continue }
            if behind == ASCII.lineFeed { return .names(names, next: index, line: line &+ 1) }
            guard behind == ASCII.carriageReturn else {
                return .fault("text follows the closing quote of a column name")
            }
            guard let feed = byte() else { return isLast ? .names(names, next: index, line: line) : .incomplete }
            guard feed == ASCII.lineFeed else { return .fault("a carriage return stands alone") }
            return .names(names, next: index + 1, line: line &+ 1)
        }
    }
}
