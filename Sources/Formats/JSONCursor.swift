/// A place in a JSON document: steps over white space, keys and whole values, window by window.
struct JSONCursor {
    /// Longest key that is kept for comparison.
    private static let keyLimit = 64 << 10

    let input: TextInput
    /// Line number from 1.
    private(set) var line: UInt64 = 1
    private var scanner = JSONElementScanner()

    init(_ input: TextInput) { self.input = input }

    /// Offset in the file of the next byte.
    var offset: UInt64 { input.offset(of: input.start) }

    /// The next byte that is no white space, not yet used; nil at the end of the file.
    mutating func peek() throws -> UInt8? {
        while try input.refill() {
            var index = input.start
            while index < input.end, ASCII.isBlank(input.base[index]) {
                if input.base[index] == ASCII.lineFeed { line &+= 1 }
                index += 1
            }
            input.consume(to: index)
            if index < input.end { return input.base[index] }
        }
        return nil
    }

    /// The next byte that is no white space; the end of the file is an error.
    mutating func expectByte() throws -> UInt8 {
        guard let byte = try peek() else { throw cutOff() }
        return byte
    }

    /// Uses the byte that ``peek()`` showed.
    mutating func advance() { input.consume(to: input.start + 1) }

    /// Uses `byte`, or throws what was expected.
    mutating func expect(_ byte: UInt8, _ what: String) throws {
        guard try expectByte() == byte else { throw damage("\(what) is expected") }
        advance()
    }

    /// Reads a string and unescapes it; nil for one that cannot be a key that somebody looks for.
    mutating func readKey() throws -> [UInt8]? {
        try expect(ASCII.quote, "a key in quotes")
        var raw: [UInt8] = []
        var isEscape = false
        while try input.refill() {
            let byte = input.base[input.start]
            advance()
            if byte == ASCII.lineFeed { line &+= 1 }
            if byte == ASCII.quote, !isEscape { return raw.count > Self.keyLimit ? nil : JSONText.unescape(raw[...]) }
            isEscape = byte == ASCII.backslash && !isEscape
            if raw.count <= Self.keyLimit { raw.append(byte) }
        }
        throw cutOff()
    }

    /// Why a value that was passed over is no record.
    struct Found {
        /// End in the block; nil when it was longer than the limit.
        var end: Int?
        /// The first bytes, of one that was too long.
        var head: [UInt8] = []
        var isTooDeep = false
        var hasLineFeed = false
    }

    /// Steps over the next value, leaving its text behind the records of `block` when it is not longer than `limit`.
    mutating func readValue(into block: RecordBlock, limit: Int) throws -> Found {
        switch try expectByte() {
        case ASCII.openBrace, ASCII.openBracket, ASCII.quote, ASCII.minus, 0x30...0x39, 0x66, 0x6e, 0x74: break
        default: throw damage("a value is expected")
        }
        scanner.reset()
        var found = Found()
        var length = 0
        var isTooLong = false
        while try input.refill() {
            try block.reserve(block.count + length + (input.end - input.start) + 2)
            let target = block.base + block.count + length
            let from = UnsafePointer(input.base)
            let (status, next, out) = scanner.scan(from + input.start, from + input.end, target)
            input.consume(to: next - from)
            length += out - target
            if length > limit || isTooLong {
                isTooLong = true
                let missing = RejectedRecord.rawLimit - found.head.count
                found.head.append(
                    contentsOf: UnsafeBufferPointer(start: block.base + block.count, count: min(length, missing)))
                length = 0
            }
            switch status {
            case .more: continue
            case .unbalanced: throw damage("a bracket closes what another kind opened")
            case .done: break
            }
            line &+= scanner.lines
            found.isTooDeep = scanner.isTooDeep
            found.hasLineFeed = scanner.hasLineFeed
            found.end = isTooLong ? nil : block.count + length
            return found
        }
        throw cutOff()
    }

    /// The error for a document that ends too early.
    func cutOff() -> FormatsError {
        FormatsError(
            .malformedDocument,
            "\(input.name): the JSON document is cut off at byte \(offset): fetch the file again", byteOffset: offset)
    }

    /// The error for a document that is no JSON at the cursor.
    func damage(_ what: String) -> FormatsError {
        FormatsError(
            .malformedDocument,
            "\(input.name): the JSON document is damaged at byte \(offset), line \(line): \(what)", byteOffset: offset)
    }
}
