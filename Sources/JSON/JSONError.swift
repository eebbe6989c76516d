/// Why bytes were not accepted as JSON, and where.
///
/// `offset` counts bytes from the `base` that was handed to the failing call (a line of a block, a page, a string).
/// The message never quotes values, only positions, kinds and (shortened) key names.
package struct JSONError: Error, Sendable, Equatable {
    /// What was wrong. The cases with a payload carry what the message has to name.
    package enum Code: Sendable, Equatable {
        /// The input ended inside a value.
        case truncated
        /// A record had to start with an opening brace.
        case expectedObject
        /// A key in double quotes was expected.
        case expectedKey
        /// A colon was expected after a key.
        case expectedColon
        /// A comma or the closing brace was expected after a member.
        case expectedCommaOrBrace
        /// A comma or the closing bracket was expected after an element.
        case expectedCommaOrBracket
        /// No value starts with this byte.
        case expectedValue
        /// Something like `nul` or `True`.
        case invalidLiteral
        /// Something like `1.` or `-` or `1e`.
        case invalidNumber
        /// An unescaped byte below 0x20 inside a string.
        case controlCharacter
        /// An unknown escape, or `\u` without four hexadecimal digits.
        case invalidEscape
        /// Half of a surrogate pair: no character, so not representable in UTF-8.
        case loneSurrogate
        /// More containers inside each other than the stated limit.
        case tooDeep(limit: Int)
        /// More bytes than offsets of 32 bits can address.
        case tooLarge
        /// Bytes that are not UTF-8.
        case invalidUTF8
        /// Something other than white space follows the value.
        case trailingBytes
        /// A key occurs twice where that is ambiguous.
        case duplicateKey(String)
        /// The pointer to the records names a scalar.
        case recordsNotContainer(pointer: String, kind: FieldKind)
        /// The pointer to the records names nothing.
        case recordsMissing(pointer: String)
    }

    /// What was wrong.
    package let code: Code
    /// Where, in bytes from the base of the scanned buffer.
    package let offset: Int

    /// An error at a byte offset.
    package init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }

    /// Out of line, so that the scanning loops only carry a call.
    @inline(never)
    static func at(_ offset: Int, _ code: Code) -> JSONError { JSONError(code, at: offset) }

    /// The error with its position moved, for a caller that scanned a part of something larger.
    package func shifted(by bytes: Int) -> JSONError { JSONError(code, at: offset &+ bytes) }
}

extension JSONError: CustomStringConvertible {
    /// The error in words, with its position.
    package var message: String {
        switch code {
        case .truncated: "the JSON ends too early, at byte \(offset)"
        case .expectedObject: "expected a JSON object at byte \(offset)"
        case .expectedKey: "expected a key in double quotes at byte \(offset)"
        case .expectedColon: "expected a colon after the key at byte \(offset)"
        case .expectedCommaOrBrace: "expected a comma or a closing brace at byte \(offset)"
        case .expectedCommaOrBracket: "expected a comma or a closing bracket at byte \(offset)"
        case .expectedValue: "expected a JSON value at byte \(offset)"
        case .invalidLiteral: "expected null, true or false at byte \(offset)"
        case .invalidNumber: "malformed number at byte \(offset)"
        case .controlCharacter: "unescaped control character in a string at byte \(offset)"
        case .invalidEscape: "malformed escape sequence at byte \(offset)"
        case .loneSurrogate: "lone surrogate (half a character) in a \\u escape at byte \(offset)"
        case .tooDeep(let limit): "containers nested deeper than \(limit) levels at byte \(offset)"
        case .tooLarge: "more than 2 GiB of JSON in one piece"
        case .invalidUTF8: "bytes that are not UTF-8 at byte \(offset)"
        case .trailingBytes: "unexpected bytes after the end of the JSON value, at byte \(offset)"
        case .duplicateKey(let key): "the key \"\(Self.shortened(key))\" occurs twice, at byte \(offset)"
        case .recordsNotContainer(let pointer, let kind):
            "\(Self.named(pointer)) is \(kind.described), neither an array nor an object, at byte \(offset)"
        case .recordsMissing(let pointer): "the document has no \(Self.named(pointer)), where the records should be"
        }
    }

    package var description: String { message }

    private static func named(_ pointer: String) -> String {
        pointer.isEmpty ? "top-level value" : "\"\(shortened(pointer))\""
    }

    private static func shortened(_ text: String) -> String {
        text.unicodeScalars.count > 80 ? String(text.unicodeScalars.prefix(80)) + "..." : text
    }
}
