/// Takes a document apart while it is read: one member of the outermost object, a long list, is handed over element by
/// element, and what is left is a small document.
///
/// Only brackets, strings and commas are looked at. Elements and rest are texts that their parsers still have to accept; a
/// document is JSON exactly if all of them are.
package struct ListSplitter {
    private let key: [UInt8]
    private var rest: [UInt8] = []
    private var element: [UInt8] = []
    private var elements = 0
    private var depth = 0
    private var isInList = false
    private var isInString = false
    private var isEscaped = false
    /// Where the last string directly in the outermost object lies in `rest`, between its quotes.
    private var name = 0..<0
    /// Whether only white space and one colon stand behind that string.
    private var isNamed = false

    /// - Parameter key: the list's key, as it is spelt in the document.
    package init(key: String) { self.key = Array(key.utf8) }

    /// Takes the next bytes of the document.
    ///
    /// - Parameter handOver: is given the text of each element that ended, white space around it included.
    package mutating func add(_ piece: UnsafeRawBufferPointer, _ handOver: ([UInt8]) -> Void) {
        for byte in piece {
            if isInList {
                addToList(byte, handOver)
            } else {
                rest.append(byte)
                addToRest(byte)
            }
        }
    }

    /// The document with an empty list, once all its bytes were added.
    package func finish() -> [UInt8] { rest }

    /// Follows a string; `true` when the byte belongs to it.
    private mutating func isString(_ byte: UInt8) -> Bool {
        guard isInString else {
            isInString = byte == Lexer.quote
            return isInString
        }
        if isEscaped {
            isEscaped = false
        } else if byte == Lexer.backslash {
            isEscaped = true
        } else if byte == Lexer.quote {
            isInString = false
        }
        return true
    }

    private mutating func addToRest(_ byte: UInt8) {
        let wasInString = isInString
        if isString(byte) {
            guard depth == 1 else { return }
            if !wasInString {
                name = rest.count..<rest.count
                isNamed = false
            } else if !isInString {
                name = name.lowerBound..<(rest.count - 1)
                isNamed = true
            }
            return
        }
        switch byte {
        case Lexer.openBrace:
            depth += 1
            isNamed = false
        case Lexer.openBracket:
            isInList = depth == 1 && isNamed && rest[name].elementsEqual(key)
            depth += 1
            isNamed = false
        case Lexer.closeBrace, Lexer.closeBracket: depth -= 1
        case Lexer.comma: isNamed = false
        default: break
        }
    }

    private mutating func addToList(_ byte: UInt8, _ handOver: ([UInt8]) -> Void) {
        if !isString(byte) {
            switch byte {
            case Lexer.comma where depth == 2: return endElement(handOver)
            case Lexer.closeBracket where depth == 2:
                // A blank element is what an empty list has; behind a comma its parser refuses it.
                if elements > 0 || element.contains(where: { $0 > 0x20 }) { endElement(handOver) }
                isInList = false
                depth = 1
                rest.append(byte)
                return
            case Lexer.openBrace, Lexer.openBracket: depth += 1
            case Lexer.closeBrace, Lexer.closeBracket: depth -= 1
            default: break
            }
        }
        element.append(byte)
    }

    private mutating func endElement(_ handOver: ([UInt8]) -> Void) {
        elements += 1
        handOver(element)
        element.removeAll(keepingCapacity: true)
    }
}
