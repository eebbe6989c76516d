extension JSONValue {
    /// Containers that may lie inside each other in a small document.
    package static let maximumDepth = 256

    /// What to do when a key occurs twice in one object.
    package enum DuplicateKeys: Sendable {
        /// Throw `duplicateKey`.
        case refused
        /// Keep both members; `value["key"]` gives the first.
        case kept
    }

    /// Parses the UTF-8 bytes of one document: strict RFC 8259, no half characters, nothing after the value.
    ///
    /// - Parameter bytes: are not copied when the caller gives them away and they have room for 16 more.
    package init(parsing bytes: consuming [UInt8], duplicateKeys: DuplicateKeys = .refused) throws(JSONError) {
        let count = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: 16))
        var result = Result<JSONValue, JSONError>.failure(JSONError(.truncated, at: 0))
        bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            var parser = JSONValueParser(base: base, end: count, duplicateKeys: duplicateKeys)
            result = parser.document()
        }
        self = try result.get()
    }

    /// Parses a copy of the UTF-8 bytes of one document.
    package init(
        parsing bytes: UnsafeBufferPointer<UInt8>, duplicateKeys: DuplicateKeys = .refused
    ) throws(JSONError) {
        try self.init(parsing: Array(bytes), duplicateKeys: duplicateKeys)
    }

    /// Parses the text of one document.
    package init(parsing text: String, duplicateKeys: DuplicateKeys = .refused) throws(JSONError) {
        try self.init(parsing: Array(text.utf8), duplicateKeys: duplicateKeys)
    }
}

/// Builds values with a stack of its own, so that nesting never touches the thread's stack.
private struct JSONValueParser {
    /// An open container and what it holds so far.
    private struct Open {
        var key = ""
        let isObject: Bool
        var elements: [JSONValue] = []
        var members: [JSONValue.Member] = []
        var keys: Set<String> = []
    }

    let base: UnsafePointer<UInt8>
    let end: Int
    let duplicateKeys: JSONValue.DuplicateKeys
    private var position = 0
    private var stack: [Open] = []

    init(base: UnsafePointer<UInt8>, end: Int, duplicateKeys: JSONValue.DuplicateKeys) {
        self.base = base
        self.end = end
        self.duplicateKeys = duplicateKeys
    }

    mutating func document() -> Result<JSONValue, JSONError> {
        Result { () throws(JSONError) in
            if let bad = validUTF8(base, end) { throw JSONError(.invalidUTF8, at: bad) }
            let value = try parse()
            skipWhitespace()
            if position < end { throw JSONError(.trailingBytes, at: position) }
            return value
        }
    }

    private mutating func parse() throws(JSONError) -> JSONValue {
        while true {
            var value = try nextValue()
            // A complete value goes into the innermost container, and each one that closes into the next.
            while let complete = value {
                guard !stack.isEmpty else { return complete }
                try add(complete)
                value = try separator()
            }
        }
    }

    /// The scalar or empty container at the position; nil after a container was opened.
    private mutating func nextValue() throws(JSONError) -> JSONValue? {
        skipWhitespace()
        if stack.last?.isObject == true { try readKey() }
        if position >= end { throw JSONError(.truncated, at: end) }
        let first = base[position]
        guard first == Lexer.openBrace || first == Lexer.openBracket else { return try scalar() }
        if stack.count >= JSONValue.maximumDepth {
            throw JSONError(.tooDeep(limit: JSONValue.maximumDepth), at: position)
        }
        position += 1
        skipWhitespace()
        let isObject = first == Lexer.openBrace
        if position < end && base[position] == (isObject ? Lexer.closeBrace : Lexer.closeBracket) {
            position += 1
            return isObject ? .object([]) : .array([])
        }
        stack.append(Open(isObject: isObject))
        return nil
    }

    /// Behind a value: nil after a comma, the container after its closing bracket.
    private mutating func separator() throws(JSONError) -> JSONValue? {
        skipWhitespace()
        if position >= end { throw JSONError(.truncated, at: end) }
        if base[position] == Lexer.comma {
            position += 1
            return nil
        }
        guard let top = stack.last, base[position] == (top.isObject ? Lexer.closeBrace : Lexer.closeBracket) else {
            let isObject = stack.last?.isObject ?? false
            throw JSONError(isObject ? .expectedCommaOrBrace : .expectedCommaOrBracket, at: position)
        }
        position += 1
        stack.removeLast()
        return top.isObject ? .object(top.members) : .array(top.elements)
    }

    private mutating func add(_ value: JSONValue) throws(JSONError) {
        let last = stack.count - 1
        if stack[last].isObject {
            stack[last].members.append(JSONValue.Member(stack[last].key, value))
        } else {
            stack[last].elements.append(value)
        }
    }

    private mutating func readKey() throws(JSONError) {
        let start = position
        let key = try Lexer.key(base, position, end)
        position = key.end
        let name = try text(key.name)
        let last = stack.count - 1
        if duplicateKeys == .refused && !stack[last].keys.insert(name).inserted {
            throw JSONError(.duplicateKey(name), at: start)
        }
        stack[last].key = name
    }

    private mutating func scalar() throws(JSONError) -> JSONValue {
        let value = try Lexer.scalar(base, position, end)
        position = value.end
        switch value.kind {
        case .null: return .null
        case .true: return .bool(true)
        case .false: return .bool(false)
        case .integer:
            if let integer = parseInteger(base + value.start, value.length) { return .integer(integer) }
            return .number(try text(value))
        case .number, .object, .array: return .number(try text(value))
        case .string, .escapedString: return .string(try text(value))
        }
    }

    private func text(_ value: ScannedValue) throws(JSONError) -> String {
        var bytes = [UInt8](UnsafeBufferPointer(start: base + value.start, count: value.length))
        if value.kind == .escapedString { try unescapeArray(&bytes, at: value.start) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func skipWhitespace() {
        var newline = false
        position = Lexer.skipWhitespace(base, position, end, &newline)
    }
}
