internal import Glibc

/// A growable run of bytes with at least 64 readable bytes behind the last one, as the scanners want it.
///
/// One thread at a time. The bookkeeping lies beside the bytes behind a constant pointer, so that reading it costs a
/// load and no exclusivity check. Running out of memory ends the process.
package final class RawBuffer {
    /// Bytes behind `count` that may always be read; what they hold is unspecified.
    package static let padding = 64

    @usableFromInline
    struct State {
        @usableFromInline var base: UnsafeMutablePointer<UInt8>
        @usableFromInline var count: Int
        @usableFromInline var capacity: Int
    }

    @usableFromInline let state: UnsafeMutablePointer<State>

    /// An empty buffer with room for `capacity` bytes.
    package init(capacity: Int = 0) {
        let room = max(capacity, 0)
        state = .allocate(capacity: 1)
        let base = UnsafeMutablePointer<UInt8>.allocate(capacity: room + Self.padding)
        base.initialize(repeating: 0, count: room + Self.padding)
        state.initialize(to: State(base: base, count: 0, capacity: room))
    }

    deinit {
        state.pointee.base.deallocate()
        state.deallocate()
    }

    /// The first byte; valid until the next call that may grow the buffer.
    @inlinable package var base: UnsafeMutablePointer<UInt8> { state.pointee.base }

    /// Bytes in the buffer.
    @inlinable package var count: Int { state.pointee.count }

    /// Bytes that fit without growing.
    @inlinable package var capacity: Int { state.pointee.capacity }

    /// The bytes; valid until the next call that may grow the buffer.
    @inlinable package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Makes room for `additional` more bytes, growing at least by half.
    @inlinable
    package func reserve(_ additional: Int) {
        if additional > capacity &- count { grow(by: additional) }
    }

    /// Appends a copy of bytes, which must not lie in this buffer.
    @inlinable
    package func append(_ source: UnsafeRawBufferPointer) {
        guard let start = source.baseAddress else { return }
        reserve(source.count)
        UnsafeMutableRawPointer(base + count).copyMemory(from: start, byteCount: source.count)
        state.pointee.count &+= source.count
    }

    /// Appends one byte.
    @inlinable
    package func append(_ byte: UInt8) {
        reserve(1)
        base[count] = byte
        state.pointee.count &+= 1
    }

    /// Makes room for `capacity` bytes, lets `body` write them and appends as many as it says (more is a mistake of it).
    @inlinable
    package func append<Failure: Error>(
        capacity: Int, _ body: (UnsafeMutablePointer<UInt8>) throws(Failure) -> Int
    ) throws(Failure) {
        reserve(capacity)
        let written = try body(base + count)
        precondition(written >= 0 && written <= capacity, "wrote past the room")
        state.pointee.count &+= written
    }

    /// Drops the bytes behind the first `count` ones, which must be no more than there are.
    @inlinable
    package func truncate(to count: Int) {
        precondition(count >= 0 && count <= self.count, "cannot truncate to more than there is")
        state.pointee.count = count
    }

    /// Empties the buffer; the room stays unless told otherwise.
    package func removeAll(keepingCapacity: Bool = true) {
        state.pointee.count = 0
        if !keepingCapacity { resize(to: 0) }
    }

    @usableFromInline
    func grow(by additional: Int) {
        let (needed, overflow) = count.addingReportingOverflow(additional)
        precondition(!overflow && additional >= 0, "buffer size out of range")
        resize(to: max(needed, capacity &+ capacity / 2))
    }

    private func resize(to capacity: Int) {
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity + Self.padding)
        larger.update(from: base, count: count)
        // Only the padding is read before it is written, and a checker of initialised memory should not mind.
        (larger + capacity).initialize(repeating: 0, count: Self.padding)
        base.deallocate()
        state.pointee.base = larger
        state.pointee.capacity = capacity
    }
}
