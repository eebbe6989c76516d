import JSON

/// What may stand behind the input: bytes that would continue a token if a scanner looked past the end.
let paddings: [UInt8] = [0x00, 0x20, 0x22, 0x39, 0x5C, 0x5D, 0x7D, 0x2C, 0x0A]

/// Calls `body` with a heap copy that has exactly the 16 bytes of padding that the contract asks for, so that the
/// address sanitizer notices one byte more.
func withPadded<Result, Failure: Error>(
    _ bytes: [UInt8], padding: UInt8 = 0, _ body: (UnsafeMutablePointer<UInt8>, Int) throws(Failure) -> Result
) throws(Failure) -> Result {
    let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count + 16)
    defer { copy.deallocate() }
    for (index, byte) in bytes.enumerated() { copy[index] = byte }
    (copy + bytes.count).initialize(repeating: padding, count: 16)
    return try body(copy, bytes.count)
}

/// The error of scanning the whole input as one value, or nil when it is valid JSON.
func scanError(_ bytes: [UInt8], padding: UInt8 = 0) -> JSONError? {
    withPadded(bytes, padding: padding) { base, count in
        let scanner = RecordScanner()
        do throws(JSONError) {
            if let bad = validUTF8(base, count) { throw JSONError(.invalidUTF8, at: bad) }
            let value = try scanner.scanValue(base, from: 0, to: count)
            for i in value.end..<count where ![0x20, 0x09, 0x0A, 0x0D].contains(base[i]) {
                throw JSONError(.trailingBytes, at: i)
            }
            return nil
        } catch {
            return error
        }
    }
}

/// A record as the consumers of the scanner see it: name, kind and text of each field.
struct ScannedRecord: Equatable {
    struct Member: Equatable {
        var key: String
        var kind: FieldKind
        var text: String

        init(_ key: String, _ kind: FieldKind, _ text: String) {
            self.key = key
            self.kind = kind
            self.text = text
        }
    }

    var members: [Member] = []
    var sawNewline = false
    var end = 0
}

func text(
    _ base: UnsafeMutablePointer<UInt8>, _ range: Range<Int>, escaped: Bool
) throws(JSONError) -> String {
    var copy = [UInt8](UnsafeBufferPointer(start: base + range.lowerBound, count: range.count))
    if escaped && !copy.isEmpty {
        let result = copy.withUnsafeMutableBufferPointer { buffer in
            Result { () throws(JSONError) in
                guard let p = buffer.baseAddress else { return 0 }
                return try unescape(p, buffer.count)
            }
        }
        copy.removeLast(copy.count - (try result.get()))
    }
    return String(decoding: copy, as: UTF8.self)
}

func scanRecord(_ bytes: [UInt8], padding: UInt8 = 0) throws(JSONError) -> ScannedRecord {
    try withPadded(bytes, padding: padding) { base, count throws(JSONError) in
        var scanner = RecordScanner()
        var record = ScannedRecord()
        record.end = try scanner.scanObject(base, from: 0, to: count)
        for index in 0..<scanner.fieldCount {
            let field = scanner[index]
            record.members.append(
                ScannedRecord.Member(
                    try text(base, field.keyRange, escaped: field.keyEscaped), field.kind,
                    try text(base, field.valueRange, escaped: field.kind == .escapedString)))
        }
        record.sawNewline = scanner.sawNewline
        return record
    }
}
