/// What PostgreSQL would bend of a time that is well spelled.
enum PostgresTime {
    /// Why a time cannot be kept as it is: more than microseconds, or a leap second; `nil` when it can.
    ///
    /// - Parameter clock: where the hours stand; 0 in a time of day.
    static func problem(_ bytes: UnsafeRawBufferPointer, clock: Int = 11) -> String? {
        guard bytes.count >= clock + 8, bytes[clock + 5] == UInt8(ascii: ":") else { return nil }
        if bytes[clock + 6] == UInt8(ascii: "6") { return "PostgreSQL turns second 60 into the next minute" }
        guard bytes.count > clock + 9, bytes[clock + 8] == UInt8(ascii: ".") || bytes[clock + 8] == UInt8(ascii: ",")
        else { return nil }
        let digits = bytes[(clock + 9)...].prefix { (0x30...0x39).contains($0) }
        guard digits.count > 6, digits.dropFirst(6).contains(where: { $0 != UInt8(ascii: "0") }) else { return nil }
        return "PostgreSQL keeps microseconds, and the time has more digits"
    }
}
