/// Reads a JSON document that is, or holds at a given place, an array of objects: one record an element, whose text is
/// kept but for the white space between its tokens.
///
/// An element that is no object, is nested deeper than 1,024 levels, is too long, or has a line break inside of a
/// string is rejected. Damage between elements (a cut, garbage, brackets that do not match) ends the file with an error
/// behind the good records. Inside of an element only strings and brackets are looked at: whether it is JSON is for the
/// caller.
package final class JSONArrayReader: RecordReader {
    private enum Phase { case seeking, first, following, closing, done }
    /// A container around the array: an object and the key taken from it, or an array.
    private enum Level { case object([UInt8]), array }

    private var cursor: JSONCursor
    private let pointer: JSONPointer
    private let limits: RecordLimits
    private var latch = FailureLatch()
    private var phase = Phase.seeking
    private var levels: [Level] = []
    private var ordinal: UInt64 = 0

    /// Makes a reader over decompressed text; the array is at `records`. `name` (a path) is for messages.
    package convenience init(
        _ source: any ByteSource, name: String, records: JSONPointer = .root, limits: RecordLimits = RecordLimits()
    ) {
        self.init(TextInput(source, name: name), records: records, limits: limits)
    }

    init(_ input: TextInput, records: JSONPointer, limits: RecordLimits) {
        cursor = JSONCursor(input)
        pointer = records
        self.limits = limits
    }

    /// See ``RecordReader/read(into:reject:)``.
    package func read(into block: RecordBlock, reject: (RejectedRecord) throws -> Void) throws -> Bool {
        try latch.fill(block) {
            if phase == .seeking {
                try seek(block)
                phase = .first
            }
            while phase == .first || phase == .following, !block.isFull { try readElement(into: block, reject) }
            if phase == .closing {
                try close(block)
                phase = .done
            }
        }
    }

    private func readElement(into block: RecordBlock, _ reject: (RejectedRecord) throws -> Void) throws {
        let next = try cursor.expectByte()
        if next == ASCII.closeBracket {
            cursor.advance()
            phase = .closing
            return
        }
        if phase == .following {
            try cursor.expect(ASCII.comma, "a comma or the end of the array")
        }
        phase = .following
        let opening = try cursor.expectByte()
        let line = cursor.line
        let found = try cursor.readValue(into: block, limit: limits.record)
        let reason: String? =
            if found.end == nil {
                "the element is longer than \(limits.record) bytes"
            } else if opening != ASCII.openBrace {
                "the element is \(Self.kind(opening)), not an object"
            } else if found.isTooDeep {
                "the element is nested deeper than \(JSONElementScanner.depthLimit) levels"
            } else if found.hasLineFeed {
                "a string in the element holds a line break that is not escaped"
            } else {
                nil
            }
        defer { ordinal &+= 1 }
        if let end = found.end {
            if let reason {
                let raw = UnsafeRawBufferPointer(start: block.base + block.count, count: end - block.count)
                try reject(RejectedRecord(ordinal: ordinal, line: line, reason: reason, raw: raw))
            } else {
                block.base[end] = ASCII.lineFeed
                block.commit(end: end + 1, ordinal: ordinal, line: line)
            }
        } else {
            try found.head.withUnsafeBytes { raw in
                try reject(
                    RejectedRecord(ordinal: ordinal, line: line, reason: reason ?? "", raw: raw, isCut: true))
            }
        }
    }

    /// Goes to the first element of the array.
    private func seek(_ block: RecordBlock) throws {
        guard let opening = try cursor.peek() else { throw cursor.damage("there is nothing but white space") }
        if pointer.tokens.isEmpty, opening == ASCII.openBrace {
            throw cursor.damage(
                "the document is an object, not an array: name the place of the array with `records` (for example "
                    + "/data), or choose the format ndjson if there is an object on each line")
        }
        for token in pointer.tokens {
            switch try cursor.expectByte() {
            case ASCII.openBrace:
                try enterObject(token, block)
                levels.append(.object(token))
            case ASCII.openBracket:
                try enterArray(token, block)
                levels.append(.array)
            case let byte: throw missing(token, "there is \(Self.kind(byte))")
            }
        }
        let byte = try cursor.expectByte()
        guard byte == ASCII.openBracket else {
            throw cursor.damage("the array of records is expected at \"\(pointer)\", there is \(Self.kind(byte))")
        }
        cursor.advance()
    }

    private func enterObject(_ token: [UInt8], _ block: RecordBlock) throws {
        cursor.advance()
        var isFirst = true
        while true {
            if try cursor.expectByte() == ASCII.closeBrace { throw missing(token, "the object has no such key") }
            if !isFirst { try cursor.expect(ASCII.comma, "a comma") }
            isFirst = false
            let key = try cursor.readKey()
            try cursor.expect(ASCII.colon, "a colon")
            if key == token { return }
            _ = try cursor.readValue(into: block, limit: 0)
        }
    }

    private func enterArray(_ token: [UInt8], _ block: RecordBlock) throws {
        guard let index = JSONPointer.index(token) else { throw missing(token, "there is an array") }
        cursor.advance()
        for position in 0...index {
            if try cursor.expectByte() == ASCII.closeBracket { throw missing(token, "the array ends before") }
            if position > 0 { try cursor.expect(ASCII.comma, "a comma") }
            if position < index { _ = try cursor.readValue(into: block, limit: 0) }
        }
    }

    /// Goes from behind the array to the end of the file, which has to follow in order.
    private func close(_ block: RecordBlock) throws {
        while let level = levels.popLast() {
            switch level {
            case .array:
                while try cursor.expectByte() != ASCII.closeBracket {
                    try cursor.expect(ASCII.comma, "a comma or the end of the array")
                    _ = try cursor.readValue(into: block, limit: 0)
                }
            case .object(let token):
                while try cursor.expectByte() != ASCII.closeBrace {
                    try cursor.expect(ASCII.comma, "a comma or the end of the object")
                    guard try cursor.readKey() != token else {
                        throw cursor.damage(
                            "the key \"\(String(decoding: token, as: UTF8.self))\" stands twice in one object, "
                                + "so it is not clear which records are meant")
                    }
                    try cursor.expect(ASCII.colon, "a colon")
                    _ = try cursor.readValue(into: block, limit: 0)
                }
            }
            cursor.advance()
        }
        guard try cursor.peek() == nil else { throw cursor.damage("something follows the end of the document") }
    }

    private func missing(_ token: [UInt8], _ why: String) -> FormatsError {
        cursor.damage(
            "`records` asks for \"\(pointer)\", but at \"\(String(decoding: token, as: UTF8.self))\" \(why)")
    }

    private static func kind(_ byte: UInt8) -> String {
        switch byte {
        case ASCII.openBrace: "an object"
        case ASCII.openBracket: "an array"
        case ASCII.quote: "a string"
        case ASCII.minus, 0x30...0x39: "a number"
        case 0x6e: "null"
        case 0x66, 0x74: "a truth value"
        default: "no JSON value"
        }
    }
}
