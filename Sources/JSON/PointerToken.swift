internal import Glibc

/// The name of a member inside its container.
enum MemberName {
    case key(ScannedValue)
    case index(Int)
}

/// One reference token of a JSON pointer (RFC 6901): a key of an object, or an index of an array.
struct PointerToken: Sendable {
    let text: String
    private let bytes: [UInt8]
    private let index: Int?

    init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
        // An index has no sign and no leading zero, hence the comparison with its canonical form.
        index = Int(text).flatMap { $0 >= 0 && String($0) == text ? $0 : nil }
    }

    /// Whether this token names that member; an escaped key is compared without its escapes.
    func matches(_ name: MemberName, _ base: UnsafePointer<UInt8>) -> Bool {
        switch name {
        case .index(let index): return index == self.index
        case .key(let key):
            if key.kind == .string {
                return key.length == bytes.count && memcmp(base + key.start, bytes, bytes.count) == 0
            }
            var copy = [UInt8](UnsafeBufferPointer(start: base + key.start, count: key.length))
            do {
                try unescapeArray(&copy, at: key.start)
            } catch {
                // Half a character equals no token.
                return false
            }
            return copy == bytes
        }
    }
}

/// Replaces the escapes in an array that holds a string's content; `offset` is added to the position in errors.
func unescapeArray(_ bytes: inout [UInt8], at offset: Int) throws(JSONError) {
    var failure: JSONError?
    let count = bytes.withUnsafeMutableBufferPointer { buffer in
        guard let p = buffer.baseAddress else { return 0 }
        do throws(JSONError) {
            return try unescape(p, buffer.count)
        } catch {
            failure = error.shifted(by: offset)
            return 0
        }
    }
    if let failure { throw failure }
    bytes.removeLast(bytes.count - count)
}

extension Lexer {
    /// The key that starts at `i`, and the offset of the value after its colon and white space.
    static func key(
        _ base: Bytes, _ i: Int, _ end: Int
    ) throws(JSONError) -> (name: ScannedValue, end: Int) {
        if i >= end { throw .at(end, .truncated) }
        if base[i] != quote { throw .at(i, .expectedKey) }
        let name = try scalar(base, i, end)
        var newline = false
        let separator = skipWhitespace(base, name.end, end, &newline)
        if separator >= end { throw .at(end, .truncated) }
        if base[separator] != colon { throw .at(separator, .expectedColon) }
        let value = skipWhitespace(base, separator &+ 1, end, &newline)
        if value >= end { throw .at(end, .truncated) }
        return (name, value)
    }
}
