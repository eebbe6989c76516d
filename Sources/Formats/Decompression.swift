/// How a source file is compressed.
package enum Decompression: String, Sendable, CaseIterable {
    /// Decided by the first bytes of the file, never by its name.
    case auto
    /// As it is.
    case none
    /// RFC 1952, any number of members.
    case gzip
    /// RFC 8878, any number of frames, skippable ones too.
    case zstd

    /// How many bytes ``detect(_:)`` wants to see.
    static let magicLength = 4

    /// The compression that the first bytes of a file announce: 1f 8b; 28 b5 2f fd; 5x 2a 4d 18 (a skippable zstd
    /// frame, which parallel compressors write first).
    static func detect(_ head: some Collection<UInt8>) -> Decompression {
        let bytes = Array(head.prefix(magicLength))
        if bytes.starts(with: [0x1f, 0x8b]) { return .gzip }
        if bytes == [0x28, 0xb5, 0x2f, 0xfd] { return .zstd }
        if bytes.count == 4, bytes[0] & 0xf0 == 0x50, bytes[1...] == [0x2a, 0x4d, 0x18] { return .zstd }
        return .none
    }
}
