/// Reads the records of one document (an API page) where they lie, without building a tree.
///
/// The records are the elements of the array that `records` points to (reference tokens of a JSON pointer, RFC 6901,
/// already decoded; none: the document itself). An object there is one record, `null` is none. An element that is no
/// object is handed out as well, for the caller to refuse. Everything is validated once, around the array too, except
/// UTF-8 (`validUTF8(_:_:)`). A byte order mark is skipped. Besides, the values that `capture` points to are noted,
/// wherever they stand.
///
/// The bytes must stay in place, with 16 readable bytes after them, as long as the reader and its ranges are used.
package struct DocumentReader {
    /// A value that a capture pointer names.
    package struct CapturedValue: Sendable, Equatable {
        /// What it is.
        package let kind: FieldKind
        /// Where it lies; for strings inside the quotes.
        package let range: Range<Int>
    }

    /// A container on the way to the records.
    private struct Frame {
        let isObject: Bool
        let start: Int
        /// Captures whose tokens matched so far.
        let active: [Int]
        var index = 0
        var hasFoundPath = false
    }

    private enum State { case value([Int]), member, afterValue, element, afterElement, done }

    private let base: UnsafePointer<UInt8>
    private let count: Int
    private let path: [PointerToken]
    private let pointer: String
    private var captures: CaptureSet
    private var frames: [Frame] = []
    private var state: State
    private var position: Int

    /// What the pointer to the records named; nil until it was met.
    package private(set) var recordsKind: FieldKind?
    /// Elements of the record array begun so far (0 based index of the next one, after a record).
    package private(set) var elementIndex = 0
    /// What the last element is; the scanner's fields are those of an object only.
    package private(set) var elementKind = FieldKind.object

    /// A reader of `base[0 ..< count]`.
    package init(_ base: UnsafePointer<UInt8>, _ count: Int, records: [String], capture: [[String]] = []) {
        self.base = base
        self.count = count
        path = records.map(PointerToken.init)
        pointer = records.map { "/" + $0 }.joined()
        captures = CaptureSet(capture)
        let hasMark = count >= 3 && base[0] == 0xEF && base[1] == 0xBB && base[2] == 0xBF
        position = hasMark ? 3 : 0
        state = .value(Array(capture.indices))
    }

    /// The captured values, by the index of their pointer; complete after `next` returned nil.
    package var captured: [CapturedValue?] { captures.found }

    /// Whether the document, read to its end, had nothing where the records should be.
    package var isMissing: Bool { recordsKind == nil }

    /// The error to throw when a document without records is not acceptable; it names the pointer.
    package var missingError: JSONError { JSONError(.recordsMissing(pointer: pointer), at: count) }

    /// The text of a captured value: a string without its escapes, the literal text of anything else.
    package func text(of value: CapturedValue) throws(JSONError) -> String {
        var bytes = [UInt8](UnsafeBufferPointer(start: base + value.range.lowerBound, count: value.range.count))
        if value.kind == .escapedString { try unescapeArray(&bytes, at: value.range.lowerBound) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The bytes of the next element, whose fields are then in the scanner (offsets from `base`) if it is an object; nil
    /// at the end.
    ///
    /// After an error the reader is of no further use.
    package mutating func next(_ scanner: inout RecordScanner) throws(JSONError) -> Range<Int>? {
        if count > Int(Int32.max) { throw .at(0, .tooLarge) }
        while true {
            switch state {
            case .value(let active):
                if let record = try enterValue(active, &scanner) { return record }
            case .member: try readMember(&scanner)
            case .afterValue: try leaveValue()
            case .element: return try readElement(&scanner)
            case .afterElement: try leaveElement()
            case .done: return nil
            }
        }
    }

    /// A value on the way to the records, or the records themselves.
    private mutating func enterValue(
        _ active: [Int], _ scanner: inout RecordScanner
    ) throws(JSONError) -> Range<Int>? {
        try skipWhitespace()
        let start = position
        let isObject = base[start] == Lexer.openBrace
        let isRecords = frames.count == path.count
        if isRecords && isObject {
            recordsKind = .object
            position = try scanner.scanObject(base, from: start, to: count)
            if !active.isEmpty {
                _ = try captures.visit(base, start, count, active, depth: frames.count, &scanner)
            }
            state = .afterValue
            return start..<position
        }
        if isObject || base[start] == Lexer.openBracket {
            if isRecords { recordsKind = .array }
            frames.append(Frame(isObject: isObject, start: start, active: active))
            position = start &+ 1
            try skipWhitespace()
            if base[position] == base[start] &+ 2 {
                try closeFrame()
            } else {
                state = isRecords ? .element : .member
            }
            return nil
        }
        position = try captures.visit(base, start, count, active, depth: frames.count, &scanner)
        if isRecords {
            let kind = try scanner.scanValue(base, from: start, to: count).kind
            if kind != .null { throw .at(start, .recordsNotContainer(pointer: pointer, kind: kind)) }
            recordsKind = kind
        }
        state = .afterValue
        return nil
    }

    /// A member or element of a container on the way: the next step of the way, or something beside it.
    private mutating func readMember(_ scanner: inout RecordScanner) throws(JSONError) {
        guard let frame = frames.last else { return }
        let depth = frames.count &- 1
        let name: MemberName
        if frame.isObject {
            let key = try Lexer.key(base, position, count)
            name = .key(key.name)
            position = key.end
        } else {
            name = .index(frame.index)
        }
        let active = captures.matching(frame.active, depth: depth, name, base)
        guard path[depth].matches(name, base) else {
            position = try captures.visit(base, position, count, active, depth: depth &+ 1, &scanner)
            state = .afterValue
            return
        }
        if frame.hasFoundPath { throw .at(position, .duplicateKey(path[depth].text)) }
        frames[depth].hasFoundPath = true
        state = .value(active)
    }

    private mutating func leaveValue() throws(JSONError) {
        guard let frame = frames.last else {
            var newline = false
            position = Lexer.skipWhitespace(base, position, count, &newline)
            if position < count { throw .at(position, .trailingBytes) }
            state = .done
            return
        }
        try skipWhitespace()
        if base[position] == Lexer.comma {
            position &+= 1
            try skipWhitespace()
            frames[frames.count &- 1].index &+= 1
            state = .member
        } else if base[position] == (frame.isObject ? Lexer.closeBrace : Lexer.closeBracket) {
            try closeFrame()
        } else {
            throw .at(position, frame.isObject ? .expectedCommaOrBrace : .expectedCommaOrBracket)
        }
    }

    private mutating func readElement(_ scanner: inout RecordScanner) throws(JSONError) -> Range<Int> {
        let start = position
        if base[start] == Lexer.openBrace {
            elementKind = .object
            position = try scanner.scanObject(base, from: start, to: count)
        } else {
            let value = try scanner.scanValue(base, from: start, to: count)
            elementKind = value.kind
            position = value.end
        }
        if let frame = frames.last, !frame.active.isEmpty {
            let depth = frames.count &- 1
            let active = captures.matching(frame.active, depth: depth, .index(elementIndex), base)
            if !active.isEmpty {
                _ = try captures.visit(base, start, count, active, depth: depth &+ 1, &scanner)
            }
        }
        elementIndex &+= 1
        state = .afterElement
        return Range(uncheckedBounds: (start, position))
    }

    private mutating func leaveElement() throws(JSONError) {
        try skipWhitespace()
        if base[position] == Lexer.comma {
            position &+= 1
            try skipWhitespace()
            state = .element
        } else if base[position] == Lexer.closeBracket {
            try closeFrame()
        } else {
            throw .at(position, .expectedCommaOrBracket)
        }
    }

    /// At the closing bracket of the innermost frame.
    private mutating func closeFrame() throws(JSONError) {
        position &+= 1
        if let frame = frames.popLast() {
            let value = CapturedValue(kind: frame.isObject ? .object : .array, range: frame.start..<position)
            try captures.note(value, frame.active, depth: frames.count)
        }
        state = .afterValue
    }

    private mutating func skipWhitespace() throws(JSONError) {
        var newline = false
        position = Lexer.skipWhitespace(base, position, count, &newline)
        if position >= count { throw .at(count, .truncated) }
    }
}
