internal import Glibc

/// Rows in the form that LOAD DATA reads with ``clauses``: fields end with a tab, rows with a newline, NULL is `\N`.
///
/// A growing buffer that is written at one end and read at the other, and used again after ``reset()``. CR needs no
/// escape, since rows end with LF alone. Source: MariaDB, "LOAD DATA INFILE", FIELDS and LINES.
package struct LoadText: ~Copyable {
    /// What the statement must say about the format.
    package static let clauses =
        #"FIELDS TERMINATED BY '\t' ENCLOSED BY '' ESCAPED BY '\\' LINES STARTING BY '' TERMINATED BY '\n'"#

    private var start: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var end = 0
    private var taken = 0
    /// The position after the last complete row; what lies behind it is a row in the making.
    private var complete = 0

    /// An empty buffer with room for `capacity` bytes.
    package init(capacity: Int = 1 << 16) {
        self.capacity = max(64, capacity)
        start = .allocate(capacity: self.capacity)
    }

    deinit { start.deallocate() }

    /// Bytes of complete rows that were not read yet.
    package var count: Int { complete - taken }

    /// Appends a field's bytes, escaped.
    @inline(__always)
    package mutating func field(_ bytes: UnsafePointer<UInt8>, _ count: Int) {
        // At worst each byte gets a backslash; words are written whole, so up to eight bytes too far; then the tab.
        reserve(2 &* count &+ 17)
        var target = UnsafeMutableRawPointer(start + end)
        var source = UnsafeRawPointer(bytes)
        var rest = count
        while rest >= 8 {
            LoadEscape.put(source.loadUnaligned(as: UInt64.self), 8, &target)
            source += 8
            rest &-= 8
        }
        if rest > 0 { LoadEscape.put(LoadEscape.tail(source, rest, isAlone: count < 8), rest, &target) }
        target.storeBytes(of: 0x09, as: UInt8.self)
        end = target + 1 - UnsafeMutableRawPointer(start)
    }

    /// Appends a field of bytes, as hexadecimal digits.
    package mutating func hexadecimal(_ bytes: UnsafePointer<UInt8>, _ count: Int) {
        reserve(2 &* count &+ 1)
        let digits: StaticString = "0123456789ABCDEF"
        for place in 0..<count {
            start[end] = digits.utf8Start[Int(bytes[place] >> 4)]
            start[end &+ 1] = digits.utf8Start[Int(bytes[place] & 15)]
            end &+= 2
        }
        start[end] = 0x09
        end &+= 1
    }

    /// Appends NULL.
    @inline(__always)
    package mutating func null() {
        reserve(3)
        start[end] = 0x5C
        start[end &+ 1] = 0x4E
        start[end &+ 2] = 0x09
        end &+= 3
    }

    /// Ends the row; it needs at least one field.
    @inline(__always)
    package mutating func endRow() {
        // The tab after the last field becomes the row's end.
        if end > complete { start[end &- 1] = 0x0A }
        complete = end
    }

    /// Gives up the row in the making.
    package mutating func discardRow() { end = complete }

    /// Gives up everything and keeps the memory.
    package mutating func reset() {
        end = 0
        taken = 0
        complete = 0
    }

    /// Moves bytes of complete rows out, as many as fit; 0 when there are none.
    package mutating func read(into target: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(target.count, complete - taken)
        guard count > 0, let destination = target.baseAddress else { return 0 }
        memcpy(destination, start + taken, count)
        taken += count
        return count
    }

    /// The bytes of complete rows that were not read yet.
    package func withBytes<Value>(_ body: (UnsafeRawBufferPointer) throws -> Value) rethrows -> Value {
        try body(UnsafeRawBufferPointer(start: start + taken, count: complete - taken))
    }

    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if end &+ more > capacity { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        // First the room of what was read already, if that is much.
        if taken > capacity / 2 {
            memmove(start, start + taken, end - taken)
            end -= taken
            complete -= taken
            taken = 0
        }
        guard end + more > capacity else { return }
        let larger = max(2 * capacity, end + more)
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        memcpy(moved, start, end)
        start.deallocate()
        start = moved
        capacity = larger
    }
}
