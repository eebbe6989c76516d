/// Rows in COPY's text format, in a buffer that grows; one thread at a time.
///
/// A row is its fields in turn, then ``endRow()``. The texts must be UTF-8, which the server checks and this does not.
/// Running out of memory ends the process.
package final class CopyTextWriter {
    private struct State {
        var base: UnsafeMutablePointer<UInt8>
        var count: Int
        var capacity: Int
    }

    // Behind a constant pointer, so that reading it costs a load and no exclusivity check.
    private let state: UnsafeMutablePointer<State>

    /// An empty buffer with room for `capacity` bytes.
    package init(capacity: Int = 1 << 18) {
        let room = max(capacity, 64)
        state = .allocate(capacity: 1)
        state.initialize(to: State(base: .allocate(capacity: room), count: 0, capacity: room))
    }

    deinit {
        state.pointee.base.deallocate()
        state.deallocate()
    }

    /// Bytes so far.
    package var count: Int { state.pointee.count }

    /// The bytes, for `put`; valid until the next call that changes them.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: state.pointee.base, count: count) }

    /// Drops the bytes behind the first `count` ones, such as a row that turned out bad.
    package func truncate(to count: Int) {
        precondition(count >= 0 && count <= self.count, "cannot truncate to more than there is")
        state.pointee.count = count
    }

    /// Empties the buffer; the room stays.
    package func removeAll() { state.pointee.count = 0 }

    /// Appends NULL.
    package func appendNull() {
        reserve(3)
        let output = state.pointee.base + count
        output[0] = CopyText.backslash
        output[1] = 0x4E
        output[2] = CopyText.tab
        state.pointee.count &+= 3
    }

    /// Appends a field that needs no escaping, such as a number or a time.
    package func appendPlain(_ bytes: UnsafeRawBufferPointer) {
        reserve(bytes.count &+ 1)
        let output = state.pointee.base + count
        if let start = bytes.baseAddress {
            UnsafeMutableRawPointer(output).copyMemory(from: start, byteCount: bytes.count)
        }
        output[bytes.count] = CopyText.tab
        state.pointee.count &+= bytes.count &+ 1
    }

    /// Appends a field of bytes in the form `\x` and hexadecimal digits (manual, "Binary Data Types"), whose backslash COPY wants twice.
    package func appendBytes(_ bytes: UnsafeRawBufferPointer) {
        reserve(bytes.count &* 2 &+ 4)
        let output = state.pointee.base + count
        let digits: StaticString = "0123456789abcdef"
        output[0] = CopyText.backslash
        output[1] = CopyText.backslash
        output[2] = 0x78
        var written = 3
        for byte in bytes {
            output[written] = digits.utf8Start[Int(byte >> 4)]
            output[written &+ 1] = digits.utf8Start[Int(byte & 15)]
            written &+= 2
        }
        output[written] = CopyText.tab
        state.pointee.count &+= written &+ 1
    }

    /// Appends a text field.
    ///
    /// - Throws: for a NUL, which PostgreSQL cannot hold; nothing is appended then.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        let count = bytes.count
        // Twice the text, since each byte may need a backslash, and the tab.
        reserve(count &* 2 &+ 1)
        let output = state.pointee.base + state.pointee.count
        var written = 0
        if count > 0, let source = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) {
            guard let length = copyTextEscape(source, count, output) else {
                throw PostgresError(
                    "PostgreSQL has no NUL character (U+0000) in texts", sqlState: "22021", kind: .data)
            }
            written = length
        }
        output[written] = CopyText.tab
        state.pointee.count &+= written &+ 1
    }

    /// Ends the row; one without fields is an empty line.
    package func endRow() {
        // Inside fields each tab is escaped, so a last tab is the one behind the last field.
        let count = state.pointee.count
        if count > 0, state.pointee.base[count &- 1] == CopyText.tab {
            state.pointee.base[count &- 1] = CopyText.lineFeed
            return
        }
        reserve(1)
        state.pointee.base[count] = CopyText.lineFeed
        state.pointee.count &+= 1
    }

    @inline(__always)
    private func reserve(_ additional: Int) {
        if additional > state.pointee.capacity &- state.pointee.count { grow(by: additional) }
    }

    private func grow(by additional: Int) {
        let capacity = max(count + additional, state.pointee.capacity + state.pointee.capacity / 2)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.update(from: state.pointee.base, count: count)
        state.pointee.base.deallocate()
        state.pointee.base = larger
        state.pointee.capacity = capacity
    }
}
extension CopyTextWriter {
    /// Appends a field that is ASCII and needs no escaping.
    package func appendDigits(_ digits: String) {
        var digits = digits
        digits.withUTF8 { appendPlain(UnsafeRawBufferPointer($0)) }
    }

    /// Appends an integer in decimal digits.
    package func appendInteger(_ value: Int64) {
        withDecimalDigits(value) { appendPlain(UnsafeRawBufferPointer($0)) }
    }

    /// Appends the shortest decimal digits that read as this float64, as `Double.description` has them.
    package func appendDouble(_ value: Double) {
        withDecimalDigits(value) { appendPlain(UnsafeRawBufferPointer($0)) }
    }
}
