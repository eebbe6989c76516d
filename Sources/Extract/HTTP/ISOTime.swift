internal import Storage

/// Arithmetic on ISO 8601 texts that keeps their precision and zone.
enum ISOTime {
    /// `text` less `seconds`, in the same form; nil when it is no ISO 8601 date or time.
    static func subtract(_ seconds: Int64, from text: String) -> String? {
        let bytes = Array(text.utf8)
        guard let year = number(bytes, 0, 4), let month = number(bytes, 5, 2), let day = number(bytes, 8, 2),
            (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        var moment = days(year, month, day) * 86_400
        var tail: ArraySlice<UInt8> = []
        var hasSeconds = false
        let isDate = bytes.count == 10
        if !isDate {
            guard bytes.count >= 16, let hour = number(bytes, 11, 2), let minute = number(bytes, 14, 2) else {
                return nil
            }
            moment += hour * 3600 + minute * 60
            if bytes.count >= 19, bytes[16] == UInt8(ascii: ":"), let second = number(bytes, 17, 2) {
                moment += second
                hasSeconds = true
            }
            tail = bytes[(hasSeconds ? 19 : 16)...]
        }
        let rendered = Array(Timestamp.render((moment - seconds) * 1000).utf8)
        if isDate { return String(decoding: rendered[..<10], as: UTF8.self) }
        var result = Array(rendered[..<(hasSeconds ? 19 : 16)])
        result[10] = bytes[10]
        return String(decoding: result + tail, as: UTF8.self)
    }

    private static func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int64? {
        guard start + count <= bytes.count else { return nil }
        var value: Int64 = 0
        for byte in bytes[start..<(start + count)] {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - 0x30)
        }
        return value
    }

    /// Days since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms").
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
