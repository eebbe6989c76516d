import Glibc
import Synchronization

extension CivilDate {
    /// Where the system keeps its time zones.
    static let zoneDirectory = "/usr/share/zoneinfo/"

    /// TZ is one for the process: calls wait for each other here.
    private static let zoneInUse = Mutex("")

    /// The day that `now` (seconds since 1970 in UTC) falls on in a time zone of a validated configuration.
    ///
    /// Sets the process's TZ when it is another one: the C library has no call that takes a zone. A process keeps one
    /// configuration and so one zone; call it once before threads that read the environment start.
    package static func today(now: Int, timezone: String) -> CivilDate? {
        if timezone == "UTC" { return CivilDate(daysSinceEpoch: Int((Double(now) / 86_400).rounded(.down))) }
        return zoneInUse.withLock { zone in
            if zone != timezone {
                guard setenv("TZ", ":" + timezone, 1) == 0 else { return nil }
                tzset()
                zone = timezone
            }
            var seconds = time_t(now)
            var fields = tm()
            guard localtime_r(&seconds, &fields) != nil else { return nil }
            return CivilDate(
                year: Int(fields.tm_year) + 1900, month: Int(fields.tm_mon) + 1, day: Int(fields.tm_mday))
        }
    }

    /// Whether a text has the form of a zone's name, such as `Europe/Berlin`, and cannot leave the directory of zones.
    static func isZoneName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return text.utf8.count <= 64
            && parts.allSatisfy { part in
                part.first?.isLetter == true
                    && part.unicodeScalars.allSatisfy {
                        $0.isASCII && ($0.properties.isAlphabetic || "0123456789_+-".unicodeScalars.contains($0))
                    }
            }
    }
}
