/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014): every draw is a pure
/// function of the state, so that any row can be generated without those before it.
package struct SplitMix: Sendable {
    /// The increment of the sequence, 2^64 divided by the golden ratio.
    package static let gamma: UInt64 = 0x9E37_79B9_7F4A_7C15

    private var state: UInt64

    /// Starts the sequence at a state; equal states give equal sequences.
    @inline(__always)
    package init(_ state: UInt64) {
        self.state = state
    }

    /// The next 64 random bits.
    @inline(__always)
    package mutating func next() -> UInt64 {
        state &+= Self.gamma
        return Self.mix(state)
    }

    /// The output function: a bijection of 64 bits that spreads each input bit over all output bits.
    @inline(__always)
    package static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Folds bytes into a hash; length and order count.
    package static func hash(_ bytes: some Sequence<UInt8>, into seed: UInt64) -> UInt64 {
        var hash = mix(seed &+ gamma)
        var length: UInt64 = 0
        for byte in bytes {
            hash = mix(hash ^ UInt64(byte)) &+ gamma
            length &+= 1
        }
        return mix(hash ^ length)
    }
}
