extension JSONValue {
    /// The document as UTF-8 bytes, without white space, or with one member a line, indented by two blanks.
    package func serialized(pretty: Bool = false) -> [UInt8] {
        var output = [UInt8]()
        write(to: &output, indent: pretty ? 0 : nil)
        return output
    }

    /// This object, then the list `key`, then the members of `tail`, as one object; the list is never held as values.
    package func serialized(with key: String, _ list: some Sequence<JSONValue>, _ tail: JSONValue) -> [UInt8] {
        var output = serialized()
        output.removeLast()
        output.append(Lexer.comma)
        appendEscaped(key, to: &output)
        output.append(contentsOf: [Lexer.colon, Lexer.openBracket])
        var isFirst = true
        for element in list {
            if !isFirst { output.append(Lexer.comma) }
            isFirst = false
            element.write(to: &output, indent: nil)
        }
        output.append(Lexer.closeBracket)
        if tail.members?.isEmpty ?? true {
            output.append(Lexer.closeBrace)
        } else {
            output.append(Lexer.comma)
            output.append(contentsOf: tail.serialized().dropFirst())
        }
        return output
    }

    /// The document as text; see `serialized(pretty:)`.
    package func serializedText(pretty: Bool = false) -> String {
        String(decoding: serialized(pretty: pretty), as: UTF8.self)
    }

    /// `indent` is the depth of the surrounding container when the output is to be pretty.
    private func write(to output: inout [UInt8], indent: Int?) {
        switch self {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): output.append(contentsOf: value.description.utf8)
        case .number(let text): Self.writeNumber(text, to: &output)
        case .string(let text): appendEscaped(text, to: &output)
        case .array(let elements):
            Self.writeContainer(elements, "[", "]", to: &output, indent) { element, output, inner in
                element.write(to: &output, indent: inner)
            }
        case .object(let members):
            Self.writeContainer(members, "{", "}", to: &output, indent) { member, output, inner in
                appendEscaped(member.key, to: &output)
                output.append(Lexer.colon)
                if inner != nil { output.append(0x20) }
                member.value.write(to: &output, indent: inner)
            }
        }
    }

    private static func writeContainer<Item>(
        _ items: [Item], _ open: String, _ close: String, to output: inout [UInt8], _ indent: Int?,
        _ writeItem: (Item, inout [UInt8], Int?) -> Void
    ) {
        output.append(contentsOf: open.utf8)
        let inner = indent.map { $0 + 1 }
        for (index, item) in items.enumerated() {
            if index > 0 { output.append(Lexer.comma) }
            breakLine(&output, inner)
            writeItem(item, &output, inner)
        }
        if !items.isEmpty { breakLine(&output, indent) }
        output.append(contentsOf: close.utf8)
    }

    private static func breakLine(_ output: inout [UInt8], _ indent: Int?) {
        guard let indent else { return }
        output.append(0x0A)
        output.append(contentsOf: repeatElement(0x20, count: indent * 2))
    }

    /// Text that is no JSON number (only a program can have put it there) is written as a string: the output stays JSON.
    private static func writeNumber(_ text: String, to output: inout [UInt8]) {
        let bytes = Array(text.utf8)
        let padded = bytes + repeatElement(0, count: 16)
        let isNumber = padded.withUnsafeBufferPointer { buffer -> Bool in
            guard let base = buffer.baseAddress, !bytes.isEmpty else { return false }
            guard let value = try? Lexer.scalar(base, 0, bytes.count), value.end == bytes.count else { return false }
            return value.kind == .number || value.kind == .integer
        }
        if isNumber {
            output.append(contentsOf: bytes)
        } else {
            appendEscaped(text, to: &output)
        }
    }
}
