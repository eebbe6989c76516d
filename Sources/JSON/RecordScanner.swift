/// Scans one JSON object after the other and keeps the members of the last one as offsets, without allocating.
///
/// Strict RFC 8259; nested values are validated and skipped. UTF-8 is not looked at (`validUTF8(_:_:)`, once per
/// buffer), lone surrogates are found when unescaping, and duplicate keys are left to the caller, who knows the columns.
///
/// Contract of every call: `base[0 ..< end]` is initialised, at least 16 further bytes are readable (whatever they
/// hold), and `end` is below 2 GiB. Offsets are relative to `base`. Not for use by two threads at once.
package struct RecordScanner: ~Copyable {
    /// Containers that may lie inside each other, the record itself included.
    package static let maximumDepth = 1024

    @usableFromInline var storage: UnsafeMutablePointer<Field>
    @usableFromInline var capacity: Int
    /// One bit per open container (1: object) below the 64 that `skipContainer` keeps in a register.
    let nesting: UnsafeMutablePointer<UInt64>

    /// Members of the last object scanned, in their order.
    @usableFromInline package private(set) var fieldCount = 0
    /// Whether white space inside the last record held a CR or LF, so that it is not one line and needs `compact`.
    @usableFromInline package private(set) var sawNewline = false

    /// A scanner with room for 64 members; it grows as records need it and keeps the room.
    package init() {
        capacity = 64
        storage = .allocate(capacity: capacity)
        nesting = .allocate(capacity: Self.maximumDepth / 64)
        nesting.initialize(repeating: 0, count: Self.maximumDepth / 64)
    }

    deinit {
        storage.deallocate()
        nesting.deallocate()
    }

    /// Member `index` of the last object; the index must be below `fieldCount`.
    @inlinable package subscript(index: Int) -> Field {
        precondition(index >= 0 && index < fieldCount, "no such field")
        return storage[index]
    }

    /// The members of the last object; valid until the next scan.
    @inlinable package var fields: UnsafeBufferPointer<Field> {
        UnsafeBufferPointer(start: storage, count: fieldCount)
    }

    /// Scans the object at `from` (white space before it is skipped) and fills the fields.
    ///
    /// Returns the offset after its closing brace. After an error the fields are those read so far.
    package mutating func scanObject(
        _ base: UnsafePointer<UInt8>, from: Int, to end: Int
    ) throws(JSONError) -> Int {
        fieldCount = 0
        sawNewline = false
        if end > Int(Int32.max) { throw .at(0, .tooLarge) }
        var newline = false
        var i = Lexer.skipWhitespace(base, from, end, &newline)
        if i >= end { throw .at(end, .truncated) }
        if base[i] != Lexer.openBrace { throw .at(i, .expectedObject) }
        newline = false
        i = Lexer.skipWhitespace(base, i &+ 1, end, &newline)
        if i < end && base[i] == Lexer.closeBrace {
            sawNewline = newline
            return i &+ 1
        }
        var count = 0
        while true {
            if i >= end { throw .at(end, .truncated) }
            if base[i] != Lexer.quote { throw .at(i, .expectedKey) }
            let keyStart = i &+ 1
            var keyEscaped = false
            let keyEnd = try Lexer.stringEnd(base, keyStart, end, &keyEscaped)
            i = Lexer.skipWhitespace(base, keyEnd &+ 1, end, &newline)
            if i >= end { throw .at(end, .truncated) }
            if base[i] != Lexer.colon { throw .at(i, .expectedColon) }
            i = Lexer.skipWhitespace(base, i &+ 1, end, &newline)
            if i >= end { throw .at(end, .truncated) }

            let value: ScannedValue
            if base[i] | 0x20 == Lexer.openBrace {
                let after = try skipContainer(base, i, end, depth: 1, &newline)
                let kind: FieldKind = base[i] == Lexer.openBrace ? .object : .array
                value = ScannedValue(kind: kind, start: i, length: after &- i, end: after)
            } else {
                value = try Lexer.scalar(base, i, end)
            }
            if count == capacity { grow(keeping: count) }
            storage[count] = Field(
                keyStart: Int32(truncatingIfNeeded: keyStart), keyLength: Int32(truncatingIfNeeded: keyEnd &- keyStart),
                keyEscaped: keyEscaped, valueStart: Int32(truncatingIfNeeded: value.start),
                valueLength: Int32(truncatingIfNeeded: value.length), kind: value.kind)
            count &+= 1

            i = Lexer.skipWhitespace(base, value.end, end, &newline)
            if i >= end { throw .at(end, .truncated) }
            if base[i] == Lexer.comma {
                i = Lexer.skipWhitespace(base, i &+ 1, end, &newline)
                continue
            }
            if base[i] != Lexer.closeBrace { throw .at(i, .expectedCommaOrBrace) }
            fieldCount = count
            sawNewline = newline
            return i &+ 1
        }
    }

    /// Scans one value of any kind at `from` (white space before it is skipped); the fields stay as they are.
    ///
    /// What follows the value is the caller's to judge: `1x` gives the integer 1 with its `end` at the `x`.
    package func scanValue(
        _ base: UnsafePointer<UInt8>, from: Int, to end: Int
    ) throws(JSONError) -> ScannedValue {
        var newline = false
        return try scanValue(base, from: from, to: end, depth: 0, &newline)
    }

    /// As above, inside `depth` open containers, and with the newline flag of the surrounding record.
    func scanValue(
        _ base: UnsafePointer<UInt8>, from: Int, to end: Int, depth: Int, _ newline: inout Bool
    ) throws(JSONError) -> ScannedValue {
        if end > Int(Int32.max) { throw .at(0, .tooLarge) }
        let i = Lexer.skipWhitespace(base, from, end, &newline)
        if i >= end { throw .at(end, .truncated) }
        guard base[i] | 0x20 == Lexer.openBrace else { return try Lexer.scalar(base, i, end) }
        let after = try skipContainer(base, i, end, depth: depth, &newline)
        let kind: FieldKind = base[i] == Lexer.openBrace ? .object : .array
        return ScannedValue(kind: kind, start: i, length: after &- i, end: after)
    }

    @inline(never)
    private mutating func grow(keeping count: Int) {
        let larger = UnsafeMutablePointer<Field>.allocate(capacity: capacity &* 2)
        larger.update(from: storage, count: count)
        storage.deallocate()
        storage = larger
        capacity = capacity &* 2
    }
}
