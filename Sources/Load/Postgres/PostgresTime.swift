/// What PostgreSQL would bend of a time that is well spelled.
enum PostgresTime {
    /// Why a time cannot be kept as it is: more than microseconds, or a leap second; `nil` when it can.
    static func problem(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard bytes.count >= 19, bytes[16] == UInt8(ascii: ":") else { return nil }
        if bytes[17] == UInt8(ascii: "6") { return "PostgreSQL turns second 60 into the next minute" }
        guard bytes.count > 20, bytes[19] == UInt8(ascii: ".") || bytes[19] == UInt8(ascii: ",") else { return nil }
        let digits = bytes[20...].prefix { (0x30...0x39).contains($0) }
        guard digits.count > 6, digits.dropFirst(6).contains(where: { $0 != UInt8(ascii: "0") }) else { return nil }
        return "PostgreSQL keeps microseconds, and the time has more digits"
    }
}
