/// Turns a record of a file into a JSON object with its number.
///
/// Delimited text: an unquoted field that is a JSON number stays that number, digit for digit; an empty unquoted field is
/// null; every other field is a string, so that quotes keep `"007"` and `""` texts. Missing fields are null, surplus
/// ones are named `column_N`. Lines: an object gets its number as first member; any other line becomes the string `value`.
/// Bytes that are not UTF-8 become U+FFFD.
struct RecordEncoder {
    private let names: [String]
    private let format: RecordFormat
    private let ordinal: String

    init(header: [CSVScanner.Field], format: RecordFormat, ordinal: String) {
        self.format = format
        self.ordinal = ordinal
        var used: Set<String> = []
        names = header.enumerated().map { index, field in
            let given = field.bytes.isEmpty ? "column_\(index + 1)" : String(decoding: field.bytes, as: UTF8.self)
            var name = given, repetition = 2
            while !used.insert(name).inserted {
                name = "\(given)_\(repetition)"
                repetition += 1
            }
            return name
        }
    }

    func encode(_ record: ArraySlice<UInt8>, number: Int, into json: inout JSONText) throws {
        json.raw("{")
        json.string(ordinal)
        json.raw(":\(number)")
        let record = Self.repaired(record)
        switch format {
        case .delimited(let delimiter):
            if names.contains(ordinal) { throw clash }
            let fields = CSVScanner.fields(of: record, delimiter: delimiter)
            for index in 0..<max(names.count, fields.count) {
                json.raw(",")
                json.string(index < names.count ? names[index] : "column_\(index + 1)")
                json.raw(":")
                Self.encode(index < fields.count ? fields[index] : CSVScanner.Field(), into: &json)
            }
        case .lines:
            let line = Self.stripped(record)
            if line.first == UInt8(ascii: "{") && line.last == UInt8(ascii: "}") && line.count >= 2 {
                if Self.hasMember(ordinal, in: line) { throw clash }
                let members = line.dropFirst()
                if Self.stripped(members.dropLast()).count > 0 { json.raw(",") }
                json.raw(members)
                return
            }
            json.raw(#","value":"#)
            json.string(utf8: line)
        }
        json.raw("}")
    }

    private var clash: UpstreamError {
        UpstreamError(.unreadable, "The file has a field '\(ordinal)' of its own; choose another name with --ordinal.")
    }

    private static func encode(_ field: CSVScanner.Field, into json: inout JSONText) {
        if field.isQuoted {
            json.string(utf8: field.bytes)
        } else if field.bytes.isEmpty {
            json.raw("null")
        } else if isNumber(field.bytes) {
            json.raw(field.bytes)
        } else {
            json.string(utf8: field.bytes)
        }
    }

    /// The grammar of RFC 8259, section 6.
    static func isNumber(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        func digits(_ rest: inout ArraySlice<UInt8>) -> Int {
            let count = rest.prefix { (0x30...0x39).contains($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let leadsWithZero = rest.first == 0x30
        let whole = digits(&rest)
        guard whole > 0, whole == 1 || !leadsWithZero else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits(&rest) > 0 else { return false }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard digits(&rest) > 0 else { return false }
        }
        return rest.isEmpty
    }

    /// Whether an object has a member of this name at its top level.
    static func hasMember(_ name: String, in object: ArraySlice<UInt8>) -> Bool {
        var text = JSONText()
        text.string(name)
        let needle = text.bytes
        var depth = 0, index = object.startIndex, isKey = false
        while index < object.endIndex {
            switch object[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                isKey = depth == 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: ","): isKey = depth == 1
            case UInt8(ascii: "\""):
                let start = index
                index += 1
                while index < object.endIndex && object[index] != UInt8(ascii: "\"") {
                    index += object[index] == UInt8(ascii: "\\") ? 2 : 1
                }
                if isKey && object[start..<min(index + 1, object.endIndex)].elementsEqual(needle) { return true }
                isKey = false
            default: break
            }
            index += 1
        }
        return false
    }

    private static func stripped(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        var rest = bytes.drop(while: isSpace)
        while let last = rest.last, isSpace(last) { rest.removeLast() }
        return rest
    }

    private static func repaired(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        if String(validating: bytes, as: UTF8.self) != nil { return bytes }
        return Array(String(decoding: bytes, as: UTF8.self).utf8)[...]
    }
}
