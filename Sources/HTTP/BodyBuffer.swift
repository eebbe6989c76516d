import Glibc

/// The bytes of one answer, in memory that one thread owns and uses again for the next.
///
/// At least `padding` bytes after `count` are readable (zero after a finished transfer), so that a scanner may load
/// whole vectors past the end. Growth goes through `realloc`, which moves large blocks by page table, not by copy.
package final class BodyBuffer {
    /// Readable bytes past `count`.
    package static let padding = 64

    /// The first byte; valid until the next append or `reserve`.
    package private(set) var base: UnsafeMutableRawPointer
    /// Bytes that are filled.
    package private(set) var count = 0
    /// Bytes that fit without growing.
    package private(set) var capacity: Int

    /// Allocates `capacity` bytes (at least one page) and the padding.
    package init(capacity: Int = 65_536) {
        let bounded = min(max(capacity, 4_096), 1 << 40)
        guard let memory = malloc(bounded + Self.padding) else {
            preconditionFailure("no memory for a body buffer of \(bounded) bytes")
        }
        self.base = memory
        self.capacity = bounded
        seal()
    }

    deinit { free(base) }

    /// The filled bytes; valid until the buffer is used again.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// The filled bytes as text, wrong UTF-8 repaired. Copies: for messages and small answers.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Forgets the bytes and keeps the memory.
    package func removeAll() {
        count = 0
        seal()
    }

    /// Makes room for `total` bytes in all; false when there is no memory (the content stays as it is).
    package func reserve(_ total: Int) -> Bool {
        guard total > capacity else { return true }
        guard total <= 1 << 46, let memory = realloc(base, total + Self.padding) else { return false }
        base = memory
        capacity = total
        return true
    }

    /// Adds `length` bytes from `source`; false when there is no memory.
    package func append(_ source: UnsafeRawPointer, count length: Int) -> Bool {
        let (total, overflow) = count.addingReportingOverflow(length)
        guard !overflow, length >= 0 else { return false }
        if total > capacity {
            let doubled = capacity.multipliedReportingOverflow(by: 2)
            guard reserve(max(total, doubled.overflow ? total : doubled.partialValue)) else { return false }
        }
        (base + count).copyMemory(from: source, byteCount: length)
        count = total
        return true
    }

    /// Zeroes the padding, so that what a scanner reads past the end does not depend on the answer before.
    func seal() { memset(base + count, 0, Self.padding) }
}
