@testable import Formats

/// A second CSV reader, written for clarity only: one byte after the other, whole file in memory. What the real one does
/// fast and in pieces has to equal this.
struct CSVReference {
    enum Field: Equatable {
        case quoted([UInt8])
        case plain([UInt8])
    }

    struct Row {
        var fields: [Field] = []
        var fault: String?
        var raw: [UInt8] = []
        var line: UInt64 = 0
    }

    static func rows(_ text: [UInt8], delimiter: UInt8) -> [Row] {
        var rows: [Row] = []
        var i = 0
        var line: UInt64 = 1
        func at(_ index: Int) -> UInt8? { index < text.count ? text[index] : nil }
        while i < text.count {
            var row = Row(line: line)
            let start = i
            var isOpen = true
            while isOpen {
                var field: [UInt8] = []
                var isQuoted = false
                if at(i) == 0x22 {
                    isQuoted = true
                    let quoteLine = line
                    i += 1
                    while true {
                        guard let byte = at(i) else {
                            row.fault =
                                "the quoted field that begins in line \(quoteLine) is not closed until the end of the file in line \(line)"
                            isOpen = false
                            break
                        }
                        if byte == 0x22, at(i + 1) == 0x22 {
                            field.append(0x22)
                            i += 2
                        } else if byte == 0x22 {
                            i += 1
                            break
                        } else {
                            if byte == 0x0a { line += 1 }
                            field.append(byte)
                            i += 1
                        }
                    }
                    if !isOpen { break }
                } else {
                    while let byte = at(i), ![delimiter, 0x0a, 0x0d, 0x22].contains(byte) {
                        field.append(byte)
                        i += 1
                    }
                }
                row.fields.append(isQuoted ? .quoted(field) : .plain(field))
                let behind = at(i)
                if behind == delimiter {
                    i += 1
                } else if behind == nil {
                    isOpen = false
                } else if behind == 0x0a {
                    i += 1
                    line += 1
                    isOpen = false
                } else if behind == 0x0d, at(i + 1) == 0x0a {
                    i += 2
                    line += 1
                    isOpen = false
                } else if behind == 0x0d, at(i + 1) == nil {
                    i += 1
                    isOpen = false
                } else {
                    row.fault =
                        behind == 0x0d
                        ? "a carriage return without a line feed stands outside of quotes"
                        : isQuoted
                            ? "text follows the closing quote of a field" : "a quote stands inside of an unquoted field"
                    while let byte = at(i), byte != 0x0a { _ = byte; i += 1 }
                    if at(i) == 0x0a {
                        i += 1
                        line += 1
                    }
                    isOpen = false
                }
            }
            row.raw = Array(text[start..<i])
            if row.raw.last == 0x0a { row.raw.removeLast() }
            if row.raw.last == 0x0d { row.raw.removeLast() }
            rows.append(row)
        }
        return rows
    }

    /// What reading `body` (no header, no byte order mark) with these columns has to give.
    static func reading(_ body: [UInt8], columns: [String], delimiter: UInt8 = 0x2c) -> Reading {
        var result = Reading()
        var ordinal: UInt64 = 0
        for row in rows(body, delimiter: delimiter) {
            if columns.count > 1, row.fields == [.plain([])], row.fault == nil { continue }
            var fault = row.fault
            if fault == nil, row.fields.count != columns.count {
                fault = "the row has \(row.fields.count) fields, the file has \(columns.count) columns"
            }
            if fault == nil, String(validating: row.raw, as: UTF8.self) == nil { fault = "the row is not valid UTF-8" }
            if let fault {
                row.raw.withUnsafeBytes {
                    result.rejects.append(RejectedRecord(ordinal: ordinal, line: row.line, reason: fault, raw: $0))
                }
            } else {
                let members = zip(columns, row.fields).map { name, field in
                    switch field {
                    case .plain([]): "\(quote(Array(name.utf8))):null"
                    case .plain(let bytes) where isNumber(bytes):
                        "\(quote(Array(name.utf8))):\(String(decoding: bytes, as: UTF8.self))"
                    case .plain(let bytes), .quoted(let bytes): "\(quote(Array(name.utf8))):\(quote(bytes))"
                    }
                }
                result.records.append("{" + members.joined(separator: ",") + "}")
                result.positions.append([ordinal, row.line])
            }
            ordinal += 1
        }
        return result
    }

    static func quote(_ bytes: [UInt8]) -> String {
        var text = "\""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{8}": text += "\\b"
            case "\u{c}": text += "\\f"
            case _ where scalar.value < 16: text += "\\u000" + String(scalar.value, radix: 16)
            case _ where scalar.value < 32: text += "\\u00" + String(scalar.value, radix: 16)
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }

    static func isNumber(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.utf8.allSatisfy { $0 < 0x80 }
            && text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/) != nil
    }
}
