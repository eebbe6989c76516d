internal import Glibc
internal import Manifest

/// A hash of a set of lines that does not depend on their order: the sum modulo 2^64 of the XXH64 (seed 0) of each line
/// without its line feed.
///
/// Sums of parts add up, equal lines count as often as they occur. It finds lost, doubled and changed rows, not forgery.
package struct RowHash: Sendable, Equatable, Hashable {
    /// The sum.
    package private(set) var value: UInt64

    /// The hash of no lines, or a known sum.
    package init(_ value: UInt64 = 0) { self.value = value }

    /// Reads what `description` printed: 16 lower-case hexadecimal digits; nil for anything else.
    package init?(_ text: String) {
        let isPlain = text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard text.utf8.count == 16, isPlain, let value = UInt64(text, radix: 16) else { return nil }
        self.value = value
    }

    /// Adds one line, without its line feed.
    package mutating func add(_ line: UnsafeRawBufferPointer) {
        value &+= xxh64(line)
    }

    /// Adds every line of a block; a last line without line feed counts, too. Returns how many lines there were.
    package mutating func addLines(_ block: UnsafeRawBufferPointer) -> Int {
        guard let start = block.baseAddress else { return 0 }
        var sum: UInt64 = 0
        var lines = 0
        var i = 0
        while i < block.count {
            let found = memchr(start + i, 0x0A, block.count &- i)
            let end = found.map { start.distance(to: UnsafeRawPointer($0)) } ?? block.count
            sum &+= xxh64(UnsafeRawBufferPointer(start: start + i, count: end &- i))
            lines &+= 1
            i = end &+ 1
        }
        value &+= sum
        return lines
    }

    /// Adds the lines of another part.
    package mutating func add(_ other: RowHash) { value &+= other.value }

    /// Takes the lines of a part away again.
    package mutating func subtract(_ other: RowHash) { value &-= other.value }
}

extension RowHash: CustomStringConvertible {
    /// 16 lower-case hexadecimal digits.
    package var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
