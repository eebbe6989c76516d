/// The 64-bit hash XXH64 of bytes, after the xxHash specification 0.1.1 (Y. Collet, doc/xxhash_spec.md).
///
/// Fast and well spread, not secret: it finds accidents, not forgery.
package func xxh64(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
    guard let start = bytes.baseAddress else { return XXH64.finish(seed &+ XXH64.prime5) }
    return XXH64.hash(start, bytes.count, seed)
}

/// XXH64 with seed 0 over bytes that come in pieces.
struct XXH64Stream {
    private var lanes = XXH64.Lanes(0)
    private var count: UInt64 = 0
    /// Bytes that do not make up 32 yet.
    private var waiting: [UInt8] = []

    /// Adds bytes.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        count &+= UInt64(bytes.count)
        var bytes = bytes[...]
        if !waiting.isEmpty {
            let missing = bytes.prefix(32 - waiting.count)
            waiting.append(contentsOf: missing)
            bytes = bytes.dropFirst(missing.count)
            guard waiting.count == 32 else { return }
            waiting.withUnsafeBytes { buffer in
                if let start = buffer.baseAddress { lanes.add(start) }
            }
            waiting.removeAll(keepingCapacity: true)
        }
        var p = UnsafeRawBufferPointer(rebasing: bytes).baseAddress
        for _ in 0..<bytes.count / 32 {
            guard let start = p else { break }
            lanes.add(start)
            p = start + 32
        }
        waiting.append(contentsOf: bytes.suffix(bytes.count % 32))
    }

    /// The hash of all bytes so far.
    func finalize() -> UInt64 {
        let hash = (count >= 32 ? lanes.merged : XXH64.prime5) &+ count
        return waiting.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return XXH64.finish(hash) }
            return XXH64.finish(hash, start, start + buffer.count)
        }
    }
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
            var lanes = Lanes(seed)
            let last = end - 32
            repeat {
                lanes.add(p)
                p += 32
            } while p <= last
            hash = lanes.merged
        } else {
            hash = seed &+ prime5
        }
        return finish(hash &+ UInt64(truncatingIfNeeded: count), p, end)
    }

    /// The four accumulators, which take 32 bytes at a time.
    struct Lanes {
        private var a: UInt64
        private var b: UInt64
        private var c: UInt64
        private var d: UInt64

        @inline(always)
        init(_ seed: UInt64) {
            a = seed &+ prime1 &+ prime2
            b = seed &+ prime2
            c = seed
            d = seed &- prime1
        }

        @inline(always)
        mutating func add(_ p: UnsafeRawPointer) {
            a = round(a, word(p, 0))
            b = round(b, word(p, 8))
            c = round(c, word(p, 16))
            d = round(d, word(p, 24))
        }

        @inline(always)
        var merged: UInt64 {
            let hash = rotate(a, 1) &+ rotate(b, 7) &+ rotate(c, 12) &+ rotate(d, 18)
            return merge(merge(merge(merge(hash, a), b), c), d)
        }
    }

    /// The last bytes, fewer than 32, and the final avalanche.
    @inline(always)
    static func finish(_ value: UInt64, _ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> UInt64 {
        var hash = value
        var p = start
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
