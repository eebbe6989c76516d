import Glibc

/// A calendar day in UTC, counted from 1970-01-01. The calendar itself is the C library's.
package struct Day: Sendable, Hashable, Comparable {
    /// Days since 1970-01-01; negative before.
    package let number: Int

    /// The day with this number.
    package init(number: Int) {
        self.number = number
    }

    /// Parses `YYYY-MM-DD`; nil when the text has another form or names a day that does not exist.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            let year = decimal(bytes[0..<4]), let month = decimal(bytes[5..<7]), let day = decimal(bytes[8..<10])
        else { return nil }
        var parts = tm()
        parts.tm_year = Int32(year - 1900)
        parts.tm_mon = Int32(month - 1)
        parts.tm_mday = Int32(day)
        number = timegm(&parts) / 86_400
        // timegm normalises 2026-02-30 to March: the day exists only if it comes back as it was given.
        guard description == String(text) else { return nil }
    }

    /// Today by the system clock, in UTC.
    package static var today: Day { Day(number: time(nil) / 86_400) }

    package static func < (left: Day, right: Day) -> Bool { left.number < right.number }
}

extension Day: CustomStringConvertible {
    /// `YYYY-MM-DD`.
    package var description: String {
        var seconds = time_t(number * 86_400)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return
            "\(padded(Int(parts.tm_year) + 1900, 4))-\(padded(Int(parts.tm_mon) + 1, 2))-\(padded(Int(parts.tm_mday), 2))"
    }
}

/// Parses an ISO 8601 date or time into milliseconds since 1970: `2026-11-20`, `2026-11-20T10:15:30`, with an optional
/// fraction (digits past milliseconds are dropped) and an optional `Z` or `+HH:MM`; without a zone it is UTC. Nil when
/// the text is none of these.
package func parseTimestamp(_ text: String) -> Int? {
    guard let day = Day(text.prefix(10)) else { return nil }
    var rest = Array(text.utf8.dropFirst(10))[...]
    guard let separator = rest.popFirst() else { return day.number * 86_400_000 }
    // A `+` that was not percent-encoded arrives in a query as a space.
    guard "Tt ".utf8.contains(separator), rest.count >= 8, rest[rest.startIndex + 2] == UInt8(ascii: ":"),
        rest[rest.startIndex + 5] == UInt8(ascii: ":"),
        let hour = decimal(rest.prefix(2)), let minute = decimal(rest.dropFirst(3).prefix(2)),
        let second = decimal(rest.dropFirst(6).prefix(2)), hour < 24, minute < 60, second < 61
    else { return nil }
    var milliseconds = ((day.number * 24 + hour) * 60 + minute) * 60_000 + second * 1000
    rest = rest.dropFirst(8)
    if rest.first == UInt8(ascii: ".") {
        let digits = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty else { return nil }
        milliseconds += zip(digits, [100, 10, 1]).reduce(0) { $0 + (Int($1.0) - 0x30) * $1.1 }
        rest = rest.dropFirst(1 + digits.count)
    }
    guard let sign = rest.popFirst() else { return milliseconds }
    if "Zz".utf8.contains(sign) { return rest.isEmpty ? milliseconds : nil }
    guard "+- ".utf8.contains(sign), rest.count == 5, rest[rest.startIndex + 2] == UInt8(ascii: ":"),
        let hours = decimal(rest.prefix(2)), let minutes = decimal(rest.suffix(2)), hours < 24, minutes < 60
    else { return nil }
    let offset = (hours * 60 + minutes) * 60_000
    return sign == UInt8(ascii: "-") ? milliseconds + offset : milliseconds - offset
}

/// Milliseconds since 1970 as `YYYY-MM-DDTHH:MM:SS.mmmZ`.
package func formatTimestamp(_ milliseconds: Int) -> String {
    let day = Day(number: milliseconds >= 0 ? milliseconds / 86_400_000 : (milliseconds - 86_399_999) / 86_400_000)
    let inDay = milliseconds - day.number * 86_400_000
    let seconds = inDay / 1000
    return "\(day)T\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
        + ".\(padded(inDay % 1000, 3))Z"
}

private func decimal(_ digits: some Collection<UInt8>) -> Int? {
    var value = 0
    for digit in digits {
        guard (0x30...0x39).contains(digit) else { return nil }
        value = value * 10 + Int(digit) - 0x30
    }
    return value
}

private func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
