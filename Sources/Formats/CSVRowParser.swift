import Glibc

/// What became of one attempt to parse a row.
enum CSVRow {
    /// A record stands in the block from its count to `written`; the row ends at `next`.
    case record(written: Int, next: Int, line: UInt64)
    case fault(CSVFault, next: Int, line: UInt64)
    /// The window ends in the row, whose last field begins at `field`: try again with more.
    case incomplete(field: Int)
}

/// Parses one CSV row (RFC 4180) from a window of text and writes it as a JSON object, in one pass without allocation.
///
/// Eight bytes are copied and checked at a time; only bytes with a meaning are looked at singly.
struct CSVRowParser {
    let dialect: CSVDialect
    let limits: RecordLimits
    private let nullMarker: [UInt8]

    init(_ dialect: CSVDialect, limits: RecordLimits) {
        self.dialect = dialect
        self.limits = limits
        nullMarker = Array(dialect.nullMarker.utf8)
    }

    /// Parses the row at the window's start. `line` is that of the row; the result's is that of the next.
    ///
    /// Invariants: `text[end]` is an LF, and bytes up to `TextInput.padding` behind it may be read; `out <= limit`
    /// before each write, and behind `limit` lie the longest column text and 64 bytes more.
    func parse(_ input: TextInput, _ columns: CSVColumns, line firstLine: UInt64, into block: RecordBlock)
        throws -> CSVRow
    {
        let delimiter = dialect.delimiter
        let delimiters = Word.broadcast(delimiter)
        let quotes = Word.broadcast(ASCII.quote)
        let backslashes = Word.broadcast(ASCII.backslash)
        let isQuoted = dialect.isQuoted
        let omitsNulls = dialect.nulls == .omitted
        let markerLength = nullMarker.count
        let table = columns.table
        let lastColumn = columns.count - 1
        let margin = columns.longest + 64
        let isLast = input.isAtEnd

        let text = UnsafePointer(input.base)
        let start = text + input.start
        let end = text + input.end
        var p = start
        try block.reserve(block.count + margin)
        var base = block.base
        var out = base + block.count
        var limit = base + block.capacity - margin
        var line = firstLine
        var high: UInt64 = 0
        var column = 0
        var isFieldTooLong = false
        var fault: CSVFault?
        var next = end

        row: while true {
            if markerLength == 0, p[0] == delimiter, column < lastColumn {
                // A run of empty fields, all of which end before the last column.
                let first = column
                repeat {
                    let difference = Word.load(p) ^ delimiters
                    let run = min(difference.trailingZeroBitCount &>> 3, lastColumn - column)
                    p += run
                    column += run
                    if run < 8 { break }
                } while column < lastColumn
                if !omitsNulls {
                    let length = table[column].text - table[first].text
                    if out + length > limit { (base, out, limit) = try grow(block, out, margin, by: length) }
                    memcpy(out, table[first].text, length)
                    out += length
                }
            }
            if out > limit { (base, out, limit) = try grow(block, out, margin, by: 0) }
            let current = table[min(column, lastColumn)]
            CSVColumns.copy(current, to: out)
            let fieldOut = out - base
            out += current.length
            let field = p
            let first = p[0]
            if first == ASCII.quote, isQuoted {
                let quoteLine = line
                p += 1
                out[0] = ASCII.quote
                out += 1
                while true {
                    if out > limit { (base, out, limit) = try grow(block, out, margin, by: 0) }
                    let word = Word.load(p)
                    Word.store(word, out)
                    high |= word
                    let marks = Word.controls(word) | Word.equal(word, quotes) | Word.equal(word, backslashes)
                    if marks == 0 {
                        p += 8
                        out += 8
                        continue
                    }
                    let plain = Word.first(marks)
                    p += plain
                    out += plain
                    let byte = p[0]
                    if byte == ASCII.quote {
                        if p[1] == ASCII.quote {
                            p += 1
                        } else {
                            // The quote may be the first half of two.
                            if p + 1 == end, !isLast { return .incomplete(field: field - text) }
                            p += 1
                            break
                        }
                    } else if p == end {
                        guard isLast else { return .incomplete(field: field - text) }
                        return .fault(
                            p - field > limits.field ? .fieldTooLong : .unterminated(since: quoteLine),
                            next: end - text, line: line)
                    } else if byte == ASCII.lineFeed {
                        line &+= 1
                    }
                    out += JSONText.escape(byte, to: out)
                    p += 1
                }
                out[0] = ASCII.quote
                out += 1
            } else if first == delimiter || first == ASCII.lineFeed || first == ASCII.carriageReturn {
                if markerLength == 0 {
                    out = omitsNulls ? base + fieldOut : out + 4
                } else {
                    out[0] = ASCII.quote
                    out[1] = ASCII.quote
                    out += 2
                }
            } else {
                var numberEnd = p
                if first < 0x3a, !current.isText { numberEnd = JSONNumber.end(p) }
                let behind = numberEnd[0]
                if numberEnd > p, behind == delimiter || behind == ASCII.lineFeed || behind == ASCII.carriageReturn {
                    let length = numberEnd - p
                    if length <= 32 {
                        let from = UnsafeRawPointer(p)
                        let to = UnsafeMutableRawPointer(out)
                        to.storeBytes(of: from.loadUnaligned(as: SIMD16<UInt8>.self), as: SIMD16<UInt8>.self)
                        if length > 16 {
                            (to + 16).storeBytes(
                                of: (from + 16).loadUnaligned(as: SIMD16<UInt8>.self), as: SIMD16<UInt8>.self)
                        }
                    } else {
                        (base, out, limit) = try grow(block, out, margin, by: length)
                        memcpy(out, p, length)
                    }
                    out += length
                    p = numberEnd
                } else {
                    out[0] = ASCII.quote
                    out += 1
                    while true {
                        if out > limit { (base, out, limit) = try grow(block, out, margin, by: 0) }
                        let word = Word.load(p)
                        Word.store(word, out)
                        high |= word
                        let marks =
                            Word.controls(word) | Word.equal(word, quotes) | Word.equal(word, backslashes)
                            | Word.equal(word, delimiters)
                        if marks == 0 {
                            p += 8
                            out += 8
                            continue
                        }
                        let plain = Word.first(marks)
                        p += plain
                        out += plain
                        let byte = p[0]
                        if byte == delimiter || byte == ASCII.lineFeed || byte == ASCII.carriageReturn { break }
                        if byte == ASCII.quote, isQuoted {
                            fault = fault ?? .strayQuote
                            break
                        }
                        out += JSONText.escape(byte, to: out)
                        p += 1
                    }
                    out[0] = ASCII.quote
                    out += 1
                }
                if p - field == markerLength, memcmp(field, nullMarker, markerLength) == 0 {
                    out = base + fieldOut
                    if !omitsNulls {
                        CSVColumns.copy(current, to: out)
                        out += current.length + 4
                    }
                }
            }

            // The field is over: what stands behind it?
            if p - field > limits.field { isFieldTooLong = true }
            let behind = p[0]
            if behind == delimiter {
                p += 1
                column &+= 1
            } else if behind == ASCII.lineFeed {
                if p == end {
                    guard isLast else { return .incomplete(field: field - text) }
                } else {
                    next = p + 1
                    line &+= 1
                }
                break row
            } else if behind == ASCII.carriageReturn, p + 1 < end, p[1] == ASCII.lineFeed {
                next = p + 2
                line &+= 1
                break row
            } else if behind == ASCII.carriageReturn, p + 1 == end {
                guard isLast else { return .incomplete(field: field - text) }
                break row
            } else {
                // Damage: the quotes can no longer be trusted, so the row ends at the next line end.
                fault = fault ?? (behind == ASCII.carriageReturn ? .bareCarriageReturn : .textAfterQuote)
                if let found = memchr(p, Int32(ASCII.lineFeed), end - p) {
                    next = UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) + 1
                    line &+= 1
                } else if !isLast {
                    return .incomplete(field: field - text)
                }
                break row
            }
        }

        if isFieldTooLong { fault = .fieldTooLong }
        if next - start > limits.record { fault = fault ?? .rowTooLong }
        if fault == nil, column != lastColumn { fault = .fieldCount(column + 1) }
        if fault == nil, high & Word.highs != 0, !UTF8Check.isValid(start, count: next - start) { fault = .invalidUTF8 }
        if let fault { return .fault(fault, next: next - text, line: line) }
        // The first field wrote a comma where the object opens.
        let opening = base + block.count
        if out == opening { out += 1 }
        opening[0] = ASCII.openBrace
        out[0] = ASCII.closeBrace
        out[1] = ASCII.lineFeed
        return .record(written: out + 2 - base, next: next - text, line: line)
    }

    @inline(never)
    private func grow(_ block: RecordBlock, _ out: UnsafeMutablePointer<UInt8>, _ margin: Int, by length: Int) throws
        -> (UnsafeMutablePointer<UInt8>, UnsafeMutablePointer<UInt8>, UnsafeMutablePointer<UInt8>)
    {
        let written = out - block.base
        try block.reserve(written + length + 2 * margin)
        return (block.base, block.base + written, block.base + block.capacity - margin)
    }
}
