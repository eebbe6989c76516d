internal import Crypto

/// Hashes of values as lower-case hexadecimal digits: SHA-256 (FIPS 180-4), with a key HMAC-SHA-256 (RFC 2104).
package struct ValueHash {
    /// Digits of one hash.
    package static let digits = 64
    /// The block of SHA-256, in bytes.
    private static let block = 64

    private let inner: SHA256
    private let outer: SHA256?

    /// Hashes with a key, or without one.
    package init(key: [UInt8]? = nil) {
        guard var key else {
            inner = SHA256()
            outer = nil
            return
        }
        if key.count > ValueHash.block { key = Array(SHA256.hash(data: key)) }
        key += Array(repeating: 0, count: ValueHash.block - key.count)
        inner = ValueHash.begun(key.map { $0 ^ 0x36 })
        outer = ValueHash.begun(key.map { $0 ^ 0x5c })
    }

    private static func begun(_ block: [UInt8]) -> SHA256 {
        var hash = SHA256()
        block.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash
    }

    /// Appends the digits of the hash of `bytes`, which must not lie in `output`.
    package func append(hashOf bytes: UnsafeRawBufferPointer, to output: RawBuffer) {
        var hash = inner
        hash.update(bufferPointer: bytes)
        var digest = hash.finalize()
        if let outer {
            var second = outer
            digest.withUnsafeBytes { second.update(bufferPointer: $0) }
            digest = second.finalize()
        }
        digest.withUnsafeBytes { digest in
            output.append(capacity: ValueHash.digits) { room in
                for (place, byte) in digest.enumerated() {
                    room[2 &* place] = ValueHash.digit(byte >> 4)
                    room[2 &* place &+ 1] = ValueHash.digit(byte & 15)
                }
                return 2 &* digest.count
            }
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 &+ value : 0x57 &+ value }
}
