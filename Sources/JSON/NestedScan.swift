extension RecordScanner {
    /// Validates and skips the container that opens at `start`, inside `depth` others; returns the offset after it.
    ///
    /// No recursion: which kind each open container is lies in a stack of bits, the innermost 64 in a register.
    @inline(never)
    func skipContainer(
        _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int, depth outer: Int, _ newline: inout Bool
    ) throws(JSONError) -> Int {
        let limit = Self.maximumDepth &- outer
        var i = start
        var depth = 0
        var bits: UInt64 = 0
        var sawNewline = false
        defer { newline = newline || sawNewline }
        element: while true {
            if bits & 1 == 1 {
                if i >= end { throw .at(end, .truncated) }
                if base[i] != Lexer.quote { throw .at(i, .expectedKey) }
                var escaped = false
                let close = try Lexer.stringEnd(base, i &+ 1, end, &escaped)
                i = Lexer.skipWhitespace(base, close &+ 1, end, &sawNewline)
                if i >= end { throw .at(end, .truncated) }
                if base[i] != Lexer.colon { throw .at(i, .expectedColon) }
                i = Lexer.skipWhitespace(base, i &+ 1, end, &sawNewline)
            }
            if i >= end { throw .at(end, .truncated) }
            // '[' and '{' differ in bit 5 only, as do ']' and '}'; each closes 2 above its opening.
            let first = base[i]
            if first | 0x20 == Lexer.openBrace {
                if depth >= limit { throw .at(i, .tooDeep(limit: Self.maximumDepth)) }
                if depth & 63 == 0 && depth > 0 { nesting[depth &>> 6 &- 1] = bits }
                bits = bits &<< 1 | (first == Lexer.openBrace ? 1 : 0)
                depth &+= 1
                i = Lexer.skipWhitespace(base, i &+ 1, end, &sawNewline)
                if i >= end { throw .at(end, .truncated) }
                if base[i] != first &+ 2 { continue element }
            } else {
                i = try Lexer.scalar(base, i, end).end
                i = Lexer.skipWhitespace(base, i, end, &sawNewline)
            }
            // Here stands what follows a value, or the bracket that closes an empty container.
            while true {
                if i >= end { throw .at(end, .truncated) }
                let isObject = bits & 1 == 1
                if base[i] == Lexer.comma {
                    i = Lexer.skipWhitespace(base, i &+ 1, end, &sawNewline)
                    continue element
                }
                if base[i] != (isObject ? Lexer.closeBrace : Lexer.closeBracket) {
                    throw .at(i, isObject ? .expectedCommaOrBrace : .expectedCommaOrBracket)
                }
                depth &-= 1
                if depth == 0 { return i &+ 1 }
                bits = depth & 63 == 0 ? nesting[depth &>> 6 &- 1] : bits &>> 1
                i = Lexer.skipWhitespace(base, i &+ 1, end, &sawNewline)
            }
        }
    }
}
