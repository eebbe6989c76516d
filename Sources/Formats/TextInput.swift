import Glibc

/// A window over the text of a source file. Behind the last byte stands an LF and then zeros, so that scanners stop
/// without counting and may load whole words.
final class TextInput {
    static let usualCapacity = 256 << 10
    /// Readable bytes behind the text.
    static let padding = 64

    /// The path, for messages.
    let name: String
    private var source: any ByteSource
    private(set) var base: UnsafeMutablePointer<UInt8>
    private(set) var capacity: Int
    /// First byte not yet used, and the end of the text in the window.
    private(set) var start = 0
    private(set) var end = 0
    /// No more bytes will come.
    private(set) var isAtEnd = false
    private var baseOffset: UInt64 = 0
    private var isBegun = false
    private let usual: Int

    init(_ source: any ByteSource, name: String, capacity: Int = TextInput.usualCapacity) {
        self.source = source
        self.name = name
        usual = max(16, capacity)
        self.capacity = usual
        base = .allocate(capacity: usual + Self.padding)
        seal()
    }

    deinit { base.deallocate() }

    /// Offset in the text of the file of the byte at `index` of the window.
    func offset(of index: Int) -> UInt64 { baseOffset &+ UInt64(index) }

    var isEmpty: Bool { start == end }

    /// Uses the text up to `index` of the window.
    func consume(to index: Int) { start = index }

    /// Replaces a used-up window by what the next read gives; false at the end of the file.
    func refill() throws -> Bool {
        guard start == end else { return true }
        baseOffset &+= UInt64(end)
        start = 0
        end = 0
        try readOnce()
        try begin()
        seal()
        return start < end
    }

    /// Keeps what is unused, moves it to the front, and fills the window up. When it is full already it is doubled,
    /// and it shrinks again behind a huge record; so work stays linear whatever the size of single reads.
    func extend() throws {
        let kept = end - start
        var wanted = capacity
        if kept == capacity {
            wanted = capacity &* 2
        } else if capacity > usual &* 4, kept < usual {
            wanted = usual
        }
        if wanted != capacity {
            let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted + Self.padding)
            memcpy(moved, base + start, kept)
            base.deallocate()
            base = moved
            capacity = wanted
        } else if start > 0 {
            memmove(base, base + start, kept)
        }
        baseOffset &+= UInt64(start)
        start = 0
        end = kept
        while end < capacity, !isAtEnd { try readOnce() }
        try begin()
        seal()
    }

    private func readOnce() throws {
        guard !isAtEnd else { return }
        let room = UnsafeMutableRawBufferPointer(start: base + end, count: capacity - end)
        let stored = try source.read(into: room)
        guard (0...room.count).contains(stored) else { throw badRead(stored) }
        isAtEnd = stored == 0
        end += stored
    }

    /// At the start of the file: skips the UTF-8 byte order mark, refuses UTF-16 and UTF-32.
    private func begin() throws {
        guard !isBegun else { return }
        while end < 4, !isAtEnd { try readOnce() }
        isBegun = true
        let head = UnsafeBufferPointer(start: base, count: min(4, end))
        if head.starts(with: [0xef, 0xbb, 0xbf]) { start = 3 }
        if head.starts(with: [0xff, 0xfe]) || head.starts(with: [0xfe, 0xff])
            || head.starts(with: [0, 0, 0xfe, 0xff])
        {
            throw FormatsError(
                .unsupportedEncoding, "\(name): the file is UTF-16 or UTF-32 text: convert it to UTF-8", byteOffset: 0)
        }
        // Only a mark: look whether there is more behind it.
        if start == end { while start == end, !isAtEnd { try readOnce() } }
    }

    private func seal() {
        base[end] = ASCII.lineFeed
        memset(base + end + 1, 0, Self.padding - 1)
    }
}
