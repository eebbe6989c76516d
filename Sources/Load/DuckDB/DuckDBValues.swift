internal import Databases
internal import Manifest

/// Decimals as DECIMAL keeps them, with 38 digits, 18 of them behind the point, where the source says nothing else.
enum DuckDBDecimal {
    static let range = DecimalRange(
        digits: DuckDBAppender.decimalDigits, scale: DuckDBAppender.decimalDigits,
        standard: Precision(whole: DuckDBAppender.decimalDigits - 18, scale: 18))

    /// How it is declared.
    static func declared(_ precision: Precision) -> String { "DECIMAL(\(precision.digits),\(precision.scale))" }

    /// A JSON number times 10 to the scale; `nil` when it has more digits before or behind the point than a column keeps.
    static func scaled(_ bytes: UnsafeRawBufferPointer, _ precision: Precision) -> Int128? {
        // NaN and the infinities are no numbers here.
        guard let last = bytes.last, (0x30...0x39).contains(last) else { return nil }
        let isNegative = bytes.first == UInt8(ascii: "-")
        var value: Int128 = 0
        // Digits that count, zeros that may have to be counted, and places behind the point.
        var digits = 0
        var zeros = 0
        var fraction = 0
        var isFraction = false
        var index = isNegative ? 1 : 0
        while index < bytes.count, bytes[index] | 0x20 != UInt8(ascii: "e") {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: ".") {
                isFraction = true
                continue
            }
            if isFraction { fraction += 1 }
            if byte == 0x30 {
                if digits > 0 { zeros += 1 }
                continue
            }
            digits += zeros + 1
            guard digits <= DuckDBAppender.decimalDigits else { return nil }
            for _ in 0..<zeros { value *= 10 }
            zeros = 0
            value = value * 10 + Int128(byte & 15)
        }
        if digits == 0 { return 0 }
        var exponent = 0
        if index < bytes.count {
            let text = String(decoding: UnsafeRawBufferPointer(rebasing: bytes[(index + 1)...]), as: UTF8.self)
            exponent = Int(text) ?? 1_000_000
        }
        guard abs(exponent) < 1_000_000 else { return nil }
        let shift = precision.scale + exponent - fraction + zeros
        // The last digit that counts is none that could be left out.
        guard shift >= 0, digits + shift <= precision.digits else { return nil }
        for _ in 0..<shift { value *= 10 }
        return isNegative ? -value : value
    }
}

/// Moments as TIMESTAMP WITH TIME ZONE keeps them.
enum DuckDBTime {
    /// Why a checked ISO 8601 time cannot be kept as it is; `nil` when it can.
    ///
    /// - Parameter clock: where the hours stand; 0 in a time of day.
    static func problem(_ bytes: UnsafeRawBufferPointer, clock: Int = 11) -> String? {
        if clock == 11, bytes.count < 16 || bytes[4] != UInt8(ascii: "-") || bytes[bytes.count - 1] == UInt8(ascii: "C")
        {
            return "a year before 1 or after 9999: declare the column as text"
        }
        return PostgresTime.problem(bytes, clock: clock)?.replacing("PostgreSQL", with: "DuckDB")
    }

    /// Whether a checked day is written YYYY-MM-DD, and not as databases write other years.
    @inline(__always)
    static func isOfFourDigits(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count == 10 && bytes[4] == UInt8(ascii: "-") && bytes[7] == UInt8(ascii: "-") && bytes[9] < 0x3A
    }

    /// Whether a text is one of the infinities, and which; DuckDB has them at the ends of its integers.
    static func infinity(_ bytes: UnsafeRawBufferPointer) -> Bool? {
        if bytes.elementsEqual("infinity".utf8) { return true }
        return bytes.elementsEqual("-infinity".utf8) ? false : nil
    }

    /// Microseconds since midnight of a time of day that has no ``problem(_:clock:)``.
    static func microsecondsOfDay(_ bytes: UnsafeRawBufferPointer) -> Int64 {
        func two(_ place: Int) -> Int64 {
            place + 1 < bytes.count ? Int64(bytes[place] & 15) * 10 + Int64(bytes[place + 1] & 15) : 0
        }
        var micros: Int64 = 0
        for place in 9..<15 { micros = micros * 10 + (place < bytes.count ? Int64(bytes[place] & 15) : 0) }
        return (two(0) * 3600 + two(3) * 60 + two(6)) * 1_000_000 + micros
    }

    /// Microseconds since 1970 of a time that has no ``problem(_:)``.
    static func microseconds(_ bytes: UnsafeRawBufferPointer) -> Int64 {
        let moment = ISOMoment(bytes)
        var micros = 0
        for place in 0..<6 {
            let index = moment.fraction.lowerBound + place
            micros = micros * 10 + (moment.fraction.contains(index) ? Int(bytes[index] & 15) : 0)
        }
        return Int64((moment.minutes * 60 + moment.seconds) * 1_000_000 + micros)
    }
}

/// UUIDs as DuckDB keeps them.
enum DuckDBUUID {
    /// The number of a checked UUID with its first bit turned over, so that it sorts as a signed one.
    static func number(_ bytes: UnsafeRawBufferPointer) -> Int128 {
        var value: UInt128 = 0
        for byte in bytes where byte != UInt8(ascii: "-") {
            value = value << 4 | UInt128(byte <= 0x39 ? byte & 15 : (byte & 7) + 9)
        }
        return Int128(truncatingIfNeeded: value ^ (1 << 127))
    }
}
