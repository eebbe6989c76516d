internal import Glibc
internal import JSON

/// Looks up one field of a scanned record.
enum Fields {
    /// The field named `name`; the first one where a key stands twice: such a record is refused.
    static func find(_ name: [UInt8], _ scanner: borrowing RecordScanner, _ base: UnsafePointer<UInt8>) -> Field? {
        for index in 0..<scanner.fieldCount {
            let field = scanner[index]
            if Int(field.keyLength) == name.count, !field.keyEscaped,
                name.withUnsafeBufferPointer({ memcmp($0.baseAddress ?? base, base + Int(field.keyStart), name.count) })
                    == 0
            {
                return field
            }
        }
        return nil
    }

    /// The value's text: a string without its escapes, the literal of anything else; nil for null.
    static func text(_ field: Field, _ base: UnsafePointer<UInt8>) throws(JSONError) -> String? {
        if field.kind == .null { return nil }
        var bytes = Array(UnsafeBufferPointer(start: base + Int(field.valueStart), count: Int(field.valueLength)))
        if field.kind == .escapedString {
            let length = bytes.count
            bytes.append(contentsOf: [UInt8](repeating: 0, count: 16))
            var failure: JSONError?
            let count = bytes.withUnsafeMutableBufferPointer { buffer -> Int in
                guard let start = buffer.baseAddress else { return 0 }
                do throws(JSONError) { return try unescape(start, length) } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            bytes.removeLast(bytes.count - count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
