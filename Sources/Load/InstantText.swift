/// Instants as RFC 3339 in UTC with six digits of a second.
enum InstantText {
    /// - Parameter microseconds: since 1970.
    static func render(_ microseconds: Int64) -> String { render(microseconds, "T") + "Z" }

    /// Without a time zone.
    ///
    /// - Parameter separator: between date and time.
    static func render(_ microseconds: Int64, _ separator: String) -> String {
        let days = Int((Double(microseconds) / 86_400_000_000).rounded(.down))
        let rest = microseconds - Int64(days) * 86_400_000_000
        let date = CivilDays.civil(days)
        let second = rest / 1_000_000
        return "\(pad(date.year, 4))-\(pad(date.month, 2))-\(pad(date.day, 2))\(separator)"
            + "\(pad(second / 3600, 2)):\(pad(second / 60 % 60, 2)):\(pad(second % 60, 2)).\(pad(rest % 1_000_000, 6))"
    }

    private static func pad(_ value: some BinaryInteger, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
}
