/// A fixed window over the bytes of a compressed file, with the offset of the next one.
struct CompressedInput: ~Copyable {
    static let capacity = 128 << 10

    private var upstream: any ByteSource
    private let memory: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    /// No more bytes will come.
    private(set) var isAtEnd = false
    /// Offset in the file of the next byte to be consumed.
    private(set) var offset: UInt64 = 0

    init(_ upstream: any ByteSource) {
        self.upstream = upstream
        memory = .allocate(byteCount: Self.capacity, alignment: 16)
    }

    deinit { memory.deallocate() }

    /// Bytes that wait to be consumed; valid until the next call of a mutating method.
    var waiting: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[start..<end]) }

    var isEmpty: Bool { start == end }

    /// Marks `count` of the waiting bytes as used.
    mutating func consume(_ count: Int) {
        start += count
        offset &+= UInt64(count)
    }

    /// Reads until `count` (at most a few) bytes wait or the file ends.
    mutating func fill(atLeast count: Int = 1) throws {
        guard end - start < count else { return }
        if start > 0 {
            // The ranges overlap, which copyMemory allows.
            let waiting = UnsafeRawBufferPointer(rebasing: memory[start..<end])
            memory.copyMemory(from: waiting)
            end -= start
            start = 0
        }
        while end < count, !isAtEnd {
            let room = UnsafeMutableRawBufferPointer(rebasing: memory[end...])
            let stored = try upstream.read(into: room)
            guard (0...room.count).contains(stored) else { throw badRead(stored) }
            isAtEnd = stored == 0
            end += stored
        }
    }

    /// Reads straight from the file, past the window, once that is empty.
    mutating func pass(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard isEmpty else {
            let count = min(buffer.count, end - start)
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[start..<(start + count)]))
            consume(count)
            return count
        }
        guard !isAtEnd else { return 0 }
        let stored = try upstream.read(into: buffer)
        guard (0...buffer.count).contains(stored) else { throw badRead(stored) }
        isAtEnd = stored == 0
        offset &+= UInt64(stored)
        return stored
    }
}

/// The error for a source that returns an impossible count.
func badRead(_ count: Int) -> FormatsError {
    FormatsError(.badSource, "the byte source returned \(count), which is no count of bytes in the buffer")
}
