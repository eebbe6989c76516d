/// The kinds of files that are served record by record.
enum RecordFormat: Sendable, Equatable {
    case lines
    case delimited(UInt8)

    /// Decides by the name, `.gz` aside; nil for other files.
    static func of(_ name: String) -> (format: RecordFormat, isCompressed: Bool)? {
        let lower = name.lowercased()
        let isCompressed = lower.hasSuffix(".gz")
        let base = isCompressed ? String(lower.dropLast(3)) : lower
        if base.hasSuffix(".csv") { return (.delimited(UInt8(ascii: ",")), isCompressed) }
        if base.hasSuffix(".tsv") { return (.delimited(0x09), isCompressed) }
        if base.hasSuffix(".ndjson") || base.hasSuffix(".jsonl") { return (.lines, isCompressed) }
        return nil
    }
}

/// Cuts a stream of bytes into records, keeping its place between blocks. Records of white space alone do not count.
struct RecordCutter: Sendable {
    private var csv: CSVScanner?
    private var start = 0
    private var offset = 0
    private var isBlank = true

    init(_ format: RecordFormat) {
        if case .delimited(let delimiter) = format { csv = CSVScanner(delimiter: delimiter) }
    }

    /// Feeds the next block and reports each record that ends in it, as offsets from the first byte fed, without LF.
    mutating func feed(_ block: some Sequence<UInt8>, _ found: (Range<Int>) -> Void) {
        for byte in block {
            let isEnd: Bool
            if csv != nil {
                isEnd = csv?.next(byte) == .recordEnd
            } else {
                isEnd = byte == 0x0A
            }
            if isEnd {
                if !isBlank { found(start..<offset) }
                start = offset + 1
                isBlank = true
            } else if byte != 0x20 && byte != 0x09 && byte != 0x0D && byte != 0x0A {
                isBlank = false
            }
            offset += 1
        }
    }

    /// Reports a last record that no line break ended.
    mutating func finish(_ found: (Range<Int>) -> Void) {
        if !isBlank { found(start..<offset) }
        start = offset
        isBlank = true
    }
}
