internal import Databases
internal import Manifest

/// Decimals as `decimal` keeps them, with 65 digits, 30 of them behind the point, where the source says no less.
enum MySQLDecimal {
    static let range = DecimalRange(digits: 65, scale: 30, standard: Precision(whole: 35, scale: 30))

    /// How a column is declared.
    static func declared(_ precision: Precision?) -> String {
        let precision = range.precision(precision)
        return "decimal(\(precision.digits),\(precision.scale))"
    }

    /// Why a JSON number cannot be kept digit for digit; `nil` when it can.
    ///
    /// - Parameters:
    ///   - digits: that the column keeps, `scale` of them behind the point.
    ///   - engine: the database's name.
    static func problem(
        _ bytes: UnsafeRawBufferPointer, digits: Int, scale: Int, _ engine: String = "MariaDB"
    ) -> String? {
        var whole = 0
        var fraction = 0
        var zeros = 0
        var isFraction = false
        var hasDigit = false
        var index = 0
        if let last = bytes.last, !(0x30...0x39).contains(last) { return "\(engine) has no NaN and no infinities" }
        while index < bytes.count, bytes[index] | 0x20 != UInt8(ascii: "e") {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: ".") {
                isFraction = true
            } else if (0x30...0x39).contains(byte) {
                if isFraction {
                    fraction += 1
                    zeros = byte == 0x30 ? zeros + 1 : 0
                } else if hasDigit || byte != 0x30 {
                    whole += 1
                }
                if byte != 0x30 { hasDigit = true }
            }
        }
        var exponent = 0
        if index < bytes.count {
            exponent =
                Int(String(decoding: UnsafeRawBufferPointer(rebasing: bytes[(index + 1)...]), as: UTF8.self)) ?? 1000
        }
        guard hasDigit else { return nil }
        guard whole + exponent <= digits - scale, fraction - zeros - exponent <= scale else {
            return "the number has more digits than decimal(\(digits),\(scale)) keeps"
        }
        return nil
    }
}

/// Moments as `datetime(6)` keeps them: in UTC, with microseconds.
enum MySQLTime {
    /// Why a checked time cannot be kept; `nil` when it can.
    ///
    /// - Parameter clock: where the hours stand; 0 in a time of day.
    static func problem(_ bytes: UnsafeRawBufferPointer, clock: Int) -> String? {
        if clock == 11, bytes.count < 16 || bytes[4] != UInt8(ascii: "-") || bytes[bytes.count - 1] == UInt8(ascii: "C")
        {
            return "MariaDB has times of the years 1 to 9999 only"
        }
        return PostgresTime.problem(bytes, clock: clock)?.replacing("PostgreSQL", with: "MariaDB")
    }

    /// Writes a checked ISO 8601 time as `YYYY-MM-DD hh:mm:ss[.ffffff]` in UTC into `room`, of 32 bytes.
    ///
    /// - Returns: bytes written, or why it cannot be kept as it is.
    static func write(
        _ bytes: UnsafeRawBufferPointer, into room: UnsafeMutablePointer<UInt8>
    ) -> (count: Int, problem: String?) {
        if let problem = problem(bytes, clock: 11) { return (0, problem) }
        let parts = ISOMoment(bytes)
        let (moment, seconds, fraction) = (parts.minutes, parts.seconds, parts.fraction)
        let (year, month, day) = CivilDays.civil(moment >= 0 ? moment / 1440 : (moment - 1439) / 1440)
        let minute = ((moment % 1440) + 1440) % 1440
        guard (1...9999).contains(year) else { return (0, "datetime has no such year") }
        var count = 0
        func put(_ value: Int, _ width: Int, _ after: UInt8?) {
            var rest = value
            for place in (0..<width).reversed() {
                room[count + place] = UInt8(rest % 10) + 0x30
                rest /= 10
            }
            count += width
            if let after {
                room[count] = after
                count += 1
            }
        }
        put(year, 4, UInt8(ascii: "-"))
        put(month, 2, UInt8(ascii: "-"))
        put(day, 2, UInt8(ascii: " "))
        put(minute / 60, 2, UInt8(ascii: ":"))
        put(minute % 60, 2, UInt8(ascii: ":"))
        put(seconds, 2, fraction.isEmpty ? nil : UInt8(ascii: "."))
        for place in fraction {
            room[count] = bytes[place]
            count += 1
        }
        return (count, nil)
    }
}
