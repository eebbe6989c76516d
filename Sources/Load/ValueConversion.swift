internal import Chunk
internal import JSON
internal import Manifest

/// The less frequent conversions of a scanned value to a column's type. A value that does not fit is refused, never bent.
enum ValueConversion {
    /// Converts the value at `base[start ..< start + length]`.
    ///
    /// - Parameter place: the buffer of `batch` that `base` is.
    static func convert(
        _ kind: FieldKind, _ base: UnsafePointer<UInt8>, _ start: Int, _ length: Int, to type: LogicalType,
        _ batch: RowBatch, in place: Cell.Kind = .text
    ) throws -> Cell {
        if kind == .escapedString, type != .json {
            let offset = batch.side.count
            batch.side.append(UnsafeRawBufferPointer(start: base + start, count: length))
            let count: Int
            do { count = try unescape(batch.side.base + offset, length) } catch {
                throw RowFault(reason: error.message, column: nil)
            }
            batch.side.truncate(to: offset + count)
            return try convert(.string, batch.side.base, offset, count, to: type, batch, in: .side)
        }
        let literal = Cell(bits: Int64(start), length: Int32(truncatingIfNeeded: length), kind: place)
        let bytes = UnsafeBufferPointer(start: base + start, count: length)
        switch type {
        case .text:
            // A number, boolean or nested value keeps its text.
            return literal
        case .json:
            // A string's quotes belong to its JSON text.
            guard kind == .string || kind == .escapedString else { return literal }
            return Cell(bits: Int64(start - 1), length: Int32(truncatingIfNeeded: length + 2), kind: .text)
        case .integer, .bigint:
            if kind == .string, isInteger(bytes), let value = parseInteger(base + start, length) {
                return Cell(bits: value, length: 0, kind: .integer)
            }
            if kind == .number, let value = integral(bytes) {
                return Cell(bits: value, length: 0, kind: .integer)
            }
            throw RowFault(reason: "\(kind.described) is no integer", column: nil)
        case .double:
            guard kind == .integer || kind == .number || (kind == .string && isNumber(bytes)) else {
                throw RowFault(reason: "\(kind.described) is no number", column: nil)
            }
            let value = parseDouble(base + start, length)
            guard value.isFinite else { throw RowFault(reason: "the number overflows float64", column: nil) }
            return Cell(bits: Int64(bitPattern: value.bitPattern), length: 0, kind: .double)
        case .decimal:
            guard kind == .integer || kind == .number || (kind == .string && isNumber(bytes)) else {
                throw RowFault(reason: "\(kind.described) is no number", column: nil)
            }
            return literal
        case .boolean:
            switch kind {
            case .true: return Cell(bits: 1, length: 0, kind: .integer)
            case .false: return Cell(bits: 0, length: 0, kind: .integer)
            case .string where bytes.elementsEqual("true".utf8): return Cell(bits: 1, length: 0, kind: .integer)
            case .string where bytes.elementsEqual("false".utf8): return Cell(bits: 0, length: 0, kind: .integer)
            case .integer where bytes.elementsEqual("1".utf8): return Cell(bits: 1, length: 0, kind: .integer)
            case .integer where bytes.elementsEqual("0".utf8): return Cell(bits: 0, length: 0, kind: .integer)
            default: throw RowFault(reason: "\(kind.described) is no boolean", column: nil)
            }
        case .date:
            guard kind == .string, ISO8601.isDate(bytes) else {
                throw RowFault(reason: "not an ISO 8601 date (YYYY-MM-DD)", column: nil)
            }
            return literal
        case .timestamp:
            guard kind == .string, ISO8601.isTimestamp(bytes) else {
                throw RowFault(reason: "not an ISO 8601 time (YYYY-MM-DDThh:mm[:ss[.fff]][Z|+hh:mm])", column: nil)
            }
            return literal
        case .null:
            throw RowFault(reason: "a value in a column that held only nulls", column: nil)
        }
    }

    /// A boolean as SQLite holds it, from the text of a partition's value.
    static func boolean(_ text: some Sequence<UInt8>) -> Int64? {
        let text = Array(text)
        if text.elementsEqual("true".utf8) || text.elementsEqual("1".utf8) { return 1 }
        if text.elementsEqual("false".utf8) || text.elementsEqual("0".utf8) { return 0 }
        return nil
    }

    /// The integer within ±2^53 that a JSON number with a fraction or an exponent is, decided by its digits.
    private static func integral(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
        var digits: [UInt8] = []
        var fraction = 0
        var isFraction = false
        let isNegative = bytes.first == UInt8(ascii: "-")
        var index = isNegative ? 1 : 0
        while index < bytes.count, bytes[index] | 0x20 != UInt8(ascii: "e") {
            if bytes[index] == UInt8(ascii: ".") {
                isFraction = true
            } else {
                if isFraction { fraction += 1 }
                if !digits.isEmpty || bytes[index] != 0x30 { digits.append(bytes[index] - 0x30) }
            }
            index += 1
        }
        if digits.isEmpty { return isNegative ? nil : 0 }
        var exponent = 0
        if index < bytes.count {
            // What overflows here is far outside, or no integer.
            let text = String(decoding: bytes[(index + 1)...], as: UTF8.self)
            exponent = Int(text) ?? (text.hasPrefix("-") ? -1_000_000_000 : 1_000_000_000)
        }
        var shift = max(-1_000_000_000, min(1_000_000_000, exponent)) - fraction
        while shift < 0 {
            guard digits.popLast() == 0 else { return nil }
            shift += 1
        }
        guard digits.count + shift <= 16 else { return nil }
        var value: Int64 = 0
        for digit in digits { value = value * 10 + Int64(digit) }
        for _ in 0..<shift { value *= 10 }
        guard value <= 1 << 53 else { return nil }
        return isNegative ? -value : value
    }

    /// Whether the bytes are a JSON integer (RFC 8259 section 6, without fraction and exponent).
    static func isInteger(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        scanNumber(bytes).map { !$0.hasFraction } ?? false
    }

    /// Whether the bytes are a JSON number.
    static func isNumber(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool { scanNumber(bytes) != nil }

    private static func scanNumber(_ bytes: UnsafeBufferPointer<UInt8>) -> (hasFraction: Bool, Void)? {
        var index = 0
        func digits() -> Int {
            let begin = index
            while index < bytes.count, (0x30...0x39).contains(bytes[index]) { index += 1 }
            return index - begin
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: "-") { index += 1 }
        let first = index
        let whole = digits()
        guard whole > 0, whole == 1 || bytes[first] != UInt8(ascii: "0") else { return nil }
        var hasFraction = false
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            hasFraction = true
            guard digits() > 0 else { return nil }
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            hasFraction = true
            if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
                index += 1
            }
            guard digits() > 0 else { return nil }
        }
        return index == bytes.count ? (hasFraction, ()) : nil
    }
}

/// The profile of ISO 8601 that declared dates and times are checked with (RFC 3339, seconds and zone optional).
enum ISO8601 {
    static func isDate(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.count == 10 && isDatePrefix(bytes)
    }

    static func isTimestamp(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard bytes.count >= 16, isDatePrefix(bytes), bytes[10] | 0x20 == UInt8(ascii: "t") || bytes[10] == 0x20,
            let hour = number(bytes, 11, 2), hour < 24, bytes[13] == UInt8(ascii: ":"),
            let minute = number(bytes, 14, 2), minute < 60
        else { return false }
        var index = 16
        if index < bytes.count, bytes[index] == UInt8(ascii: ":") {
            guard let second = number(bytes, 17, 2), second <= 60 else { return false }
            index = 19
            if index < bytes.count, bytes[index] == UInt8(ascii: ".") || bytes[index] == UInt8(ascii: ",") {
                index += 1
                let begin = index
                while index < bytes.count, (0x30...0x39).contains(bytes[index]) { index += 1 }
                guard index > begin else { return false }
            }
        }
        if index == bytes.count { return true }
        if bytes[index] | 0x20 == UInt8(ascii: "z") { return index + 1 == bytes.count }
        guard bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-"),
            let hours = number(bytes, index + 1, 2), hours < 24
        else { return false }
        index += 3
        if index == bytes.count { return true }
        if bytes[index] == UInt8(ascii: ":") { index += 1 }
        guard let minutes = number(bytes, index, 2), minutes < 60 else { return false }
        return index + 2 == bytes.count
    }

    private static func isDatePrefix(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let year = number(bytes, 0, 4), bytes[4] == UInt8(ascii: "-"), let month = number(bytes, 5, 2),
            bytes[7] == UInt8(ascii: "-"), let day = number(bytes, 8, 2), (1...12).contains(month), day >= 1
        else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return day <= days[month - 1]
    }

    private static func number(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ count: Int) -> Int? {
        guard start + count <= bytes.count else { return nil }
        var value = 0
        for index in start..<(start + count) {
            guard (0x30...0x39).contains(bytes[index]) else { return nil }
            value = value * 10 + Int(bytes[index] - 0x30)
        }
        return value
    }
}
