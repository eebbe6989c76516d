/// The 64-bit hash XXH64 of bytes, after the xxHash specification 0.1.1 (Y. Collet, doc/xxhash_spec.md).
///
/// Fast and well spread, not secret: it finds accidents, not forgery.
package func xxh64(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
    guard let start = bytes.baseAddress else { return XXH64.finish(seed &+ XXH64.prime5) }
    return XXH64.hash(start, bytes.count, seed)
}

enum XXH64 {
    static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    @inline(always)
    static func hash(_ start: UnsafeRawPointer, _ count: Int, _ seed: UInt64) -> UInt64 {
        var p = start
        let end = start + count
        var hash: UInt64
        if count >= 32 {
            var a = seed &+ prime1 &+ prime2
            var b = seed &+ prime2
            var c = seed
            var d = seed &- prime1
            let last = end - 32
            repeat {
                a = round(a, word(p, 0))
                b = round(b, word(p, 8))
                c = round(c, word(p, 16))
                d = round(d, word(p, 24))
                p += 32
            } while p <= last
            hash = rotate(a, 1) &+ rotate(b, 7) &+ rotate(c, 12) &+ rotate(d, 18)
            hash = merge(merge(merge(merge(hash, a), b), c), d)
        } else {
            hash = seed &+ prime5
        }
        hash = hash &+ UInt64(truncatingIfNeeded: count)
        while end - p >= 8 {
            hash = rotate(hash ^ round(0, word(p, 0)), 27) &* prime1 &+ prime4
            p += 8
        }
        if end - p >= 4 {
            let lane = UInt64(UInt32(littleEndian: p.loadUnaligned(as: UInt32.self)))
            hash = rotate(hash ^ lane &* prime1, 23) &* prime2 &+ prime3
            p += 4
        }
        while p < end {
            hash = rotate(hash ^ UInt64(p.load(as: UInt8.self)) &* prime5, 11) &* prime1
            p += 1
        }
        return finish(hash)
    }

    /// The final avalanche.
    @inline(always)
    static func finish(_ value: UInt64) -> UInt64 {
        var hash = value
        hash = (hash ^ hash &>> 33) &* prime2
        hash = (hash ^ hash &>> 29) &* prime3
        return hash ^ hash &>> 32
    }

    @inline(always)
    private static func word(_ p: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: p.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(always)
    private static func rotate(_ x: UInt64, _ bits: UInt64) -> UInt64 { x &<< bits | x &>> (64 &- bits) }

    @inline(always)
    private static func round(_ accumulator: UInt64, _ lane: UInt64) -> UInt64 {
        rotate(accumulator &+ lane &* prime2, 31) &* prime1
    }

    @inline(always)
    private static func merge(_ hash: UInt64, _ accumulator: UInt64) -> UInt64 {
        (hash ^ round(0, accumulator)) &* prime1 &+ prime4
    }
}
