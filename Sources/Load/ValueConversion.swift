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
            if kind == .string, let value = notFinite(bytes) {
                return Cell(bits: Int64(bitPattern: value.bitPattern), length: 0, kind: .double)
            }
            guard kind == .integer || kind == .number || (kind == .string && isNumber(bytes)) else {
                throw RowFault(reason: "\(kind.described) is no number", column: nil)
            }
            let value = parseDouble(base + start, length)
            guard value.isFinite else { throw RowFault(reason: "the number overflows float64", column: nil) }
            return Cell(bits: Int64(bitPattern: value.bitPattern), length: 0, kind: .double)
        case .decimal:
            guard
                kind == .integer || kind == .number
                    || (kind == .string && (isNumber(bytes) || notFinite(bytes) != nil))
            else {
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
            guard kind == .string, ISO8601.isDate(bytes) || ISO8601.isBeyond(bytes) else {
                throw RowFault(reason: "not an ISO 8601 date (YYYY-MM-DD)", column: nil)
            }
            return literal
        case .timestamp:
            guard kind == .string, ISO8601.isTimestamp(bytes) || ISO8601.isBeyond(bytes) else {
                throw RowFault(reason: "not an ISO 8601 time (YYYY-MM-DDThh:mm[:ss[.fff]][Z|+hh:mm])", column: nil)
            }
            return literal
        case .datetime:
            guard kind == .string, ISO8601.isTimestamp(bytes, hasZone: false) || ISO8601.isBeyond(bytes) else {
                throw RowFault(
                    reason: "not an ISO 8601 time without a zone (YYYY-MM-DDThh:mm[:ss[.fff]])", column: nil)
            }
            return literal
        case .time:
            guard kind == .string, ISO8601.isTime(bytes) else {
                throw RowFault(reason: "not an ISO 8601 time of day (hh:mm[:ss[.fff]])", column: nil)
            }
            return literal
        case .uuid:
            guard kind == .string, isUUID(bytes) else {
                throw RowFault(reason: "not a UUID (8-4-4-4-12 hexadecimal digits)", column: nil)
            }
            return literal
        case .bytes:
            guard kind == .string else { throw RowFault(reason: "\(kind.described) is no base64", column: nil) }
            let offset = batch.side.count
            // In the side buffer the text lies where the bytes go.
            let isThere = place == .side
            if !isThere { batch.side.reserve(length) }
            let room = batch.side.base + (isThere ? start : offset)
            guard let count = Base64.decode(base + start, length, to: room) else {
                throw RowFault(reason: "not base64 (RFC 4648, with its padding)", column: nil)
            }
            if !isThere { batch.side.append(capacity: length) { _ in count } }
            return Cell(
                bits: Int64(isThere ? start : offset), length: Int32(truncatingIfNeeded: count), kind: .bytes)
        case .null:
            throw RowFault(reason: "a value in a column that held only nulls", column: nil)
        }
    }

    /// What floats and decimals can be besides numbers, as databases spell it.
    private static func notFinite(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        if bytes.elementsEqual("NaN".utf8) { return .nan }
        if bytes.elementsEqual("Infinity".utf8) { return .infinity }
        return bytes.elementsEqual("-Infinity".utf8) ? -.infinity : nil
    }

    /// Whether the bytes are the text of a UUID (RFC 9562 section 4).
    static func isUUID(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard bytes.count == 36 else { return false }
        for (place, byte) in bytes.enumerated() {
            if place == 8 || place == 13 || place == 18 || place == 23 {
                guard byte == UInt8(ascii: "-") else { return false }
            } else {
                guard (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20) else { return false }
            }
        }
        return true
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

    /// Dates and times that only some engines have, in PostgreSQL's words: the infinities, years before 1 (`... BC`) and after
    /// 9999.
    static func isBeyond(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        if bytes.elementsEqual("infinity".utf8) || bytes.elementsEqual("-infinity".utf8) { return true }
        let digits = bytes.prefix { (0x30...0x39).contains($0) }.count
        guard digits >= 4, digits <= 6, digits < bytes.count, bytes[digits] == UInt8(ascii: "-") else { return false }
        var rest = bytes[digits...]
        let isBefore = rest.suffix(3).elementsEqual(" BC".utf8)
        if isBefore { rest = rest.dropLast(3) }
        guard isBefore || digits > 4 else { return false }
        return rest.allSatisfy { "0123456789-: +.TZ".utf8.contains($0) }
    }

    /// Whether the bytes are a time of day, up to 24:00:00.
    static func isTime(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard bytes.count >= 5, let hour = number(bytes, 0, 2), bytes[2] == UInt8(ascii: ":"),
            let minute = number(bytes, 3, 2), minute < 60
        else { return false }
        if hour >= 24 { return bytes.elementsEqual("24:00:00".utf8) }
        if bytes.count == 5 { return true }
        guard bytes[5] == UInt8(ascii: ":"), let second = number(bytes, 6, 2), second <= 60 else { return false }
        if bytes.count == 8 { return true }
        return bytes[8] == UInt8(ascii: ".") && bytes.count > 9
            && bytes[9...].allSatisfy { (0x30...0x39).contains($0) }
    }

    static func isTimestamp(_ bytes: UnsafeBufferPointer<UInt8>, hasZone: Bool = true) -> Bool {
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
        guard hasZone else { return false }
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
