internal import Crypto

/// SHA-256 (FIPS 180-4) over bytes that come in pieces.
package struct SHA256Stream {
    private var hasher = SHA256()

    /// The hash of nothing yet.
    package init() {}

    /// Adds bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hasher.update(bufferPointer: bytes)
    }

    /// The digest of all bytes so far, as 64 lower-case hexadecimal digits; more may be added afterwards.
    package func finalize() -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in hasher.finalize() {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The digest of bytes that are at hand.
    package static func digest(of bytes: UnsafeRawBufferPointer) -> String {
        var stream = SHA256Stream()
        stream.update(bytes)
        return stream.finalize()
    }
}
