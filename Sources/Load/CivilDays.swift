/// Days since 1970 of a day of the calendar, and back (H. Hinnant, "chrono-compatible low-level date algorithms").
enum CivilDays {
    static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
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

/// The parts of a checked ISO 8601 time.
struct ISOMoment {
    /// Minutes since 1970 in UTC.
    var minutes = 0
    var seconds = 0
    /// Where the digits of the fraction lie, at most six.
    var fraction = 0..<0

    init(_ bytes: UnsafeRawBufferPointer) {
        var offset = 0
        var index = 16
        if index < bytes.count, bytes[index] == UInt8(ascii: ":") {
            seconds = ISOMoment.number(bytes, 17, 2)
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
            let rest = index + 3 < bytes.count ? ISOMoment.number(bytes, index + (hasColon ? 4 : 3), 2) : 0
            offset = sign * (ISOMoment.number(bytes, index + 1, 2) * 60 + rest)
        }
        minutes =
            ISOMoment.days(bytes) * 1440 + ISOMoment.number(bytes, 11, 2) * 60 + ISOMoment.number(bytes, 14, 2) + offset
    }

    /// Days since 1970 of the date that checked text begins with.
    static func days(_ bytes: UnsafeRawBufferPointer) -> Int {
        CivilDays.days(number(bytes, 0, 4), number(bytes, 5, 2), number(bytes, 8, 2))
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ count: Int) -> Int {
        (start..<min(start + count, bytes.count)).reduce(0) { $0 * 10 + Int(bytes[$1] & 15) }
    }
}
