/// The bytes with a meaning in COPY's text format (manual, COPY, "Text Format"), and finding them eight at a time.
enum CopyText {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let backslash: UInt8 = 0x5C

    static let ones: UInt64 = 0x0101_0101_0101_0101
    static let highs: UInt64 = 0x8080_8080_8080_8080

    /// A set high bit at least for each byte below 0x0E (NUL, TAB, LF, CR) and each backslash; 0 when there is none
    /// (Bit Twiddling Hacks, "Determine if a word has a byte less than n").
    @inline(__always)
    static func suspects(_ word: UInt64) -> UInt64 {
        let slashes = word ^ (ones &* UInt64(backslash))
        return (((word &- ones &* 0x0E) & ~word) | ((slashes &- ones) & ~slashes)) & highs
    }

    /// A set high bit for each TAB and each backslash, and for no other byte.
    @inline(__always)
    static func marks(_ word: UInt64) -> UInt64 {
        ~(nonZero(word ^ (ones &* UInt64(tab))) & nonZero(word ^ (ones &* UInt64(backslash)))) & highs
    }

    /// The high bit of each byte that is not 0, without carries between bytes.
    @inline(__always)
    private static func nonZero(_ word: UInt64) -> UInt64 { ((word & ~highs) &+ ~highs) | word }

    @inline(__always)
    static func load(_ source: UnsafePointer<UInt8>) -> UInt64 {
        UInt64(littleEndian: UnsafeRawPointer(source).loadUnaligned(as: UInt64.self))
    }

    @inline(__always)
    static func store(_ word: UInt64, _ output: UnsafeMutablePointer<UInt8>) {
        UnsafeMutableRawPointer(output).storeBytes(of: word.littleEndian, as: UInt64.self)
    }
}
