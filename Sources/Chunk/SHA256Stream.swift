internal import Crypto
package import Manifest

/// SHA-256 (FIPS 180-4) over bytes that come in pieces.
package struct SHA256Stream {
    private var hasher = SHA256()

    /// The hash of nothing yet.
    package init() {}

    /// Adds bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hasher.update(bufferPointer: bytes)
    }

    /// The digest of all bytes so far; more may be added afterwards.
    package func finalize() -> SHA256Value { SHA256Value(hasher.finalize()) }

    /// The digest of bytes that are at hand.
    package static func digest(of bytes: UnsafeRawBufferPointer) -> SHA256Value {
        var stream = SHA256Stream()
        stream.update(bytes)
        return stream.finalize()
    }
}
