import Glibc

/// Where one record of a block ends, and where it came from.
package struct RecordPosition: Sendable, Equatable {
    /// Offset in the block just past the record's LF.
    package let end: Int
    /// Number from 0 of the record among all records of the source file, rejected ones included.
    package let ordinal: UInt64
    /// Line number from 1 in the (decompressed) source file where the record begins.
    package let line: UInt64
}

/// A buffer, owned by the caller and used again and again, that a ``RecordReader`` fills with NDJSON lines.
///
/// A block holds whole records only: it is full at the first record that reaches ``targetBytes``.
package final class RecordBlock {
    /// Room kept free behind every write, so that hot loops may store whole words and check rarely.
    static let slack = 128

    /// Size in bytes from which a block counts as full.
    package let targetBytes: Int
    /// The records of the block, in the order of the file.
    package private(set) var records: [RecordPosition] = []
    /// Bytes of whole records.
    private(set) var count = 0
    private(set) var base: UnsafeMutablePointer<UInt8>
    private(set) var capacity: Int

    /// Makes an empty block.
    package init(targetBytes: Int = 1 << 20) {
        self.targetBytes = max(1, targetBytes)
        capacity = self.targetBytes + (64 << 10) + Self.slack
        base = Self.allocate(capacity)
    }

    deinit { free(base) }

    /// The records as text: each one JSON value, an LF after each. Valid until the block is filled again.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// The text of record `index` with its LF. Valid until the block is filled again.
    package func record(at index: Int) -> UnsafeRawBufferPointer {
        let start = index == 0 ? 0 : records[index - 1].end
        return UnsafeRawBufferPointer(rebasing: bytes[start..<records[index].end])
    }

    /// True without records.
    package var isEmpty: Bool { records.isEmpty }

    var isFull: Bool { count >= targetBytes }

    /// Forgets the records; gives back what one huge record made the buffer grow by.
    func reset() {
        records.removeAll(keepingCapacity: true)
        count = 0
        let usual = targetBytes + (64 << 10) + Self.slack
        if capacity > usual &* 4 {
            free(base)
            base = Self.allocate(usual)
            capacity = usual
        }
    }

    /// Makes room for `bytes` in all, plus the slack. Pointers into the block die.
    func reserve(_ bytes: Int) throws {
        let needed = bytes &+ Self.slack
        guard needed > capacity else { return }
        let grown = max(needed, capacity &+ capacity / 2)
        guard let moved = realloc(base, grown) else {
            throw FormatsError(.outOfMemory, "no memory for a record of \(bytes - count) bytes")
        }
        base = moved.assumingMemoryBound(to: UInt8.self)
        capacity = grown
    }

    /// Adds what lies between ``count`` and `end` as one record; the byte before `end` is its LF.
    func commit(end: Int, ordinal: UInt64, line: UInt64) {
        count = end
        records.append(RecordPosition(end: end, ordinal: ordinal, line: line))
    }

    private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<UInt8> {
        // A failure here is one of a few hundred kilobytes at start: Swift's own allocator traps as well.
        guard let memory = malloc(capacity) else { preconditionFailure("no memory for a block of \(capacity) bytes") }
        return memory.assumingMemoryBound(to: UInt8.self)
    }
}
