internal import Databases

/// Decimals as `decimal(65,30)` keeps them.
enum MySQLDecimal {
    /// The most that there is.
    static let digits = 65
    /// The most of them behind the point.
    static let scale = 30

    /// Why a JSON number cannot be kept digit for digit; `nil` when it can.
    static func problem(_ bytes: UnsafeRawBufferPointer) -> String? {
        var whole = 0
        var fraction = 0
        var zeros = 0
        var isFraction = false
        var hasDigit = false
        var index = 0
        if let last = bytes.last, !(0x30...0x39).contains(last) { return "MariaDB has no NaN and no infinities" }
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
        var minutes = 0
        var seconds = 0
        var index = 16
        var fraction = 0..<0
        if index < bytes.count, bytes[index] == UInt8(ascii: ":") {
            seconds = number(bytes, 17, 2)
            index = 19
            if index < bytes.count, bytes[index] == UInt8(ascii: ".") || bytes[index] == UInt8(ascii: ",") {
                let begin = index + 1
                index = begin
                while index < bytes.count, (0x30...0x39).contains(bytes[index]) { index += 1 }
                fraction = begin..<min(index, begin + 6)
            }
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
            let sign = bytes[index] == UInt8(ascii: "-") ? 1 : -1
            let hasColon = index + 3 < bytes.count && bytes[index + 3] == UInt8(ascii: ":")
            let rest = index + 3 < bytes.count ? number(bytes, index + (hasColon ? 4 : 3), 2) : 0
            minutes = sign * (number(bytes, index + 1, 2) * 60 + rest)
        }
        let moment =
            (days(number(bytes, 0, 4), number(bytes, 5, 2), number(bytes, 8, 2)) * 1440 + number(bytes, 11, 2) * 60
                + number(bytes, 14, 2) + minutes)
        let (year, month, day) = civil(moment >= 0 ? moment / 1440 : (moment - 1439) / 1440)
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

    private static func number(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ count: Int) -> Int {
        (start..<min(start + count, bytes.count)).reduce(0) { $0 * 10 + Int(bytes[$1] & 15) }
    }

    /// Days since 1970 of a day of the calendar, and back (H. Hinnant, "chrono-compatible low-level date algorithms").
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let civilMonth = month < 10 ? month + 3 : month - 9
        return (yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0), civilMonth, dayOfYear - (153 * month + 2) / 5 + 1)
    }
}
