internal import Databases

/// Decimals as DECIMAL(38,18) keeps them.
enum DuckDBDecimal {
    /// A JSON number times 10 to the 18; `nil` when it has more than 20 digits before or 18 behind the point.
    static func scaled(_ bytes: UnsafeRawBufferPointer) -> Int128? {
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
        let shift = DuckDBAppender.decimalScale + exponent - fraction + zeros
        // The last digit that counts is none that could be left out.
        guard shift >= 0, digits + shift <= DuckDBAppender.decimalDigits else { return nil }
        for _ in 0..<shift { value *= 10 }
        return isNegative ? -value : value
    }
}

/// Moments as TIMESTAMP WITH TIME ZONE keeps them.
enum DuckDBTime {
    /// Why a checked ISO 8601 time cannot be kept as it is; `nil` when it can.
    static func problem(_ bytes: UnsafeRawBufferPointer) -> String? {
        PostgresTime.problem(bytes)?.replacing("PostgreSQL", with: "DuckDB")
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
