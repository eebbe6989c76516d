/// The Retry-After header (RFC 9110 section 10.2.3).
package enum RetryAfter {
    /// Seconds to wait for a value that is delta-seconds or an IMF-fixdate; `now` is Unix seconds, best the server's
    /// own `Date`. A date in the past is 0, anything else nil. Huge numbers become large finite ones.
    package static func parse(_ value: String, now: Double) -> Double? {
        let trimmed = value.trimmingSpaces()
        if !trimmed.isEmpty, trimmed.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            return min(Double(trimmed) ?? .infinity, 1e9)
        }
        return HTTPDate.parse(String(trimmed)).map { max(0, Double($0) - now) }
    }
}

extension String {
    /// Without the spaces and tabs around it (optional whitespace of RFC 9110 section 5.6.3).
    func trimmingSpaces() -> Substring { self[...].trimmingSpaces() }
}

extension Substring {
    func trimmingSpaces() -> Substring {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else {
            return ""
        }
        return self[first...last]
    }
}
