/// Splits lines of COPY's text format into fields; one thread at a time. The room for fields is used again.
package final class CopyTextReader {
    /// One field of the line, by offset since the line is the caller's.
    package struct Field: Sendable, Equatable {
        /// Offset of the first byte in the line.
        package var start: Int
        /// Bytes; -1 for NULL.
        package var count: Int
        /// Whether the field is NULL.
        package var isNull: Bool { count < 0 }
    }

    private var fields: UnsafeMutablePointer<Field>
    private var capacity = 64

    /// A reader.
    package init() {
        fields = .allocate(capacity: capacity)
    }

    deinit {
        fields.deallocate()
    }

    /// Splits a line, with or without its line feed, and unescapes its fields where they lie.
    ///
    /// As the server reads (manual, COPY, "Text Format"; CopyReadAttributesText in copyfromparse.c): `\b \f \n \r \t \v`,
    /// one to three octal digits, `\x` and one or two hexadecimal ones, any other byte behind a backslash for itself, a
    /// backslash at the end for nothing; `\N` is NULL only as the whole field.
    ///
    /// - Returns: the fields, valid until the next call; an empty line is one empty field.
    package func split(_ line: UnsafeMutableRawBufferPointer) -> UnsafeBufferPointer<Field> {
        // A line without memory is an empty one.
        guard let base = line.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
            fields[0] = Field(start: 0, count: 0)
            return UnsafeBufferPointer(start: fields, count: 1)
        }
        var end = line.count
        if end > 0, base[end &- 1] == CopyText.lineFeed { end &-= 1 }
        var fields = fields
        var capacity = capacity
        var found = 0
        var start = 0
        var at = 0

        @inline(__always)
        func add(_ field: Field) {
            if found == capacity {
                grow(found)
                fields = self.fields
                capacity = self.capacity
            }
            fields[found] = field
            found &+= 1
        }

        while at &+ 8 <= end {
            var marks = CopyText.marks(CopyText.load(base + at))
            let word = at
            at &+= 8
            while marks != 0 {
                let mark = word &+ (marks.trailingZeroBitCount &>> 3)
                marks &= marks &- 1
                if base[mark] == CopyText.tab {
                    add(Field(start: start, count: mark &- start))
                    start = mark &+ 1
                } else {
                    let (count, next) = copyTextUnescape(base, start, mark, end)
                    add(Field(start: start, count: count))
                    if next > end { return UnsafeBufferPointer(start: fields, count: found) }
                    start = next
                    at = next
                    break
                }
            }
        }
        while at < end {
            if base[at] == CopyText.tab {
                add(Field(start: start, count: at &- start))
                start = at &+ 1
            } else if base[at] == CopyText.backslash {
                let (count, next) = copyTextUnescape(base, start, at, end)
                add(Field(start: start, count: count))
                if next > end { return UnsafeBufferPointer(start: fields, count: found) }
                start = next
                at = next
                continue
            }
            at &+= 1
        }
        add(Field(start: start, count: end &- start))
        return UnsafeBufferPointer(start: fields, count: found)
    }

    private func grow(_ count: Int) {
        let larger = UnsafeMutablePointer<Field>.allocate(capacity: capacity * 2)
        larger.update(from: fields, count: count)
        fields.deallocate()
        fields = larger
        capacity *= 2
    }
}
