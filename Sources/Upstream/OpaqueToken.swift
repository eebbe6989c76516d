/// A position that clients hand back without understanding it, with a check that refuses guessed and foreign ones.
enum OpaqueToken {
    static func encode(_ value: UInt64, key: UInt64) -> String {
        hex(value ^ SplitMix.mix(key), 16) + hex(check(value, key), 8)
    }

    static func decode(_ text: String, key: UInt64) throws -> UInt64 {
        if text.utf8.count == 24, let value = UInt64(text.prefix(16), radix: 16).map({ $0 ^ SplitMix.mix(key) }),
            encode(value, key: key) == text
        {
            return value
        }
        throw UpstreamError(.badRequest, "'\(text.prefix(40))' is not a cursor of this domain and date.")
    }

    private static func check(_ value: UInt64, _ key: UInt64) -> UInt64 {
        SplitMix.mix(value ^ SplitMix.mix(key &+ SplitMix.gamma)) >> 32
    }

    private static func hex(_ value: UInt64, _ digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }
}
