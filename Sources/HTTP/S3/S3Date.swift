extension HTTPDate {
    /// Unix nanoseconds of UTC text such as `2026-11-27T18:44:29.000Z` (ISO 8601, as S3 writes it); nil when it is not one.
    static func nanoseconds(_ text: String) -> Int64? {
        guard text.hasSuffix("Z") else { return nil }
        let parts = text.dropLast().split(separator: "T")
        guard parts.count == 2 else { return nil }
        let date = parts[0].split(separator: "-").compactMap { Int($0) }
        let whole = parts[1].split(separator: ".")
        let time = whole.first.map { $0.split(separator: ":").compactMap { Int($0) } } ?? []
        guard date.count == 3, time.count == 3, (1...12).contains(date[1]), (1...31).contains(date[2]),
            (1970...2200).contains(date[0]), time.allSatisfy({ (0...60).contains($0) })
        else { return nil }
        var fraction: Int64 = 0
        if whole.count == 2 {
            let digits = whole[1].prefix(9)
            guard let number = Int64(digits) else { return nil }
            fraction = number
            for _ in digits.count..<9 { fraction *= 10 }
        }
        let seconds =
            daysFromCivil(date[0], date[1], date[2]) * 86_400 + time[0] * 3_600 + time[1] * 60 + time[2]
        return Int64(seconds) * 1_000_000_000 + fraction
    }

    /// The date so many days after 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
