import CZlibABI

/// Inflates a sequence of gzip members (RFC 1952), checking each member's CRC and length.
final class GzipDecoder {
    private let zlib: ZlibLibrary
    // Allocated, because the library's state points back at it: it must never move.
    private let stream: UnsafeMutablePointer<bobbin_z_stream>
    private let name: String
    private var isBetweenMembers = false

    init(name: String) throws {
        self.name = name
        zlib = try ZlibLibrary.shared.get()
        stream = .allocate(capacity: 1)
        stream.initialize(to: bobbin_z_stream())
        let size = Int32(MemoryLayout<bobbin_z_stream>.size)
        let status = zlib.inflateInit2(stream, ZlibLibrary.gzipWindowBits, "1.2.3", size)
        guard status == ZlibLibrary.ok else {
            throw FormatsError(.libraryMissing, "\(name): libz.so.1 refused to start (status \(status)): update zlib1g")
        }
    }

    deinit {
        _ = zlib.inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Inflates into `buffer`; 0 at the end of the last member.
    func read(from input: inout CompressedInput, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let target = buffer.baseAddress else { return 0 }
        while true {
            if isBetweenMembers, try !startNextMember(&input) { return 0 }
            try input.fill()
            let waiting = input.waiting
            stream.pointee.next_in = waiting.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_in = UInt32(waiting.count)
            stream.pointee.next_out = target.assumingMemoryBound(to: UInt8.self)
            let room = min(buffer.count, 1 << 30)
            stream.pointee.avail_out = UInt32(room)
            let status = zlib.inflate(stream, ZlibLibrary.noFlush)
            let produced = room - Int(stream.pointee.avail_out)
            let used = waiting.count - Int(stream.pointee.avail_in)
            input.consume(used)
            switch status {
            case ZlibLibrary.streamEnd:
                isBetweenMembers = true
                if produced > 0 { return produced }
            case ZlibLibrary.ok, ZlibLibrary.bufferError:
                if produced > 0 { return produced }
                if input.isEmpty, input.isAtEnd { throw truncated(at: input.offset) }
                if used == 0, !waiting.isEmpty { throw corrupt("no progress", at: input.offset) }
            default:
                throw corrupt(stream.pointee.msg.map { String(cString: $0) } ?? "status \(status)", at: input.offset)
            }
        }
    }

    /// Looks for another member: false at the end of the file. Zero bytes up to the end are a tape's padding.
    private func startNextMember(_ input: inout CompressedInput) throws -> Bool {
        try input.fill(atLeast: 2)
        if input.isEmpty { return false }
        if input.waiting.elementsEqual([0x1f]) { throw truncated(at: input.offset + 1) }
        if input.waiting.starts(with: [0x1f, 0x8b]) {
            isBetweenMembers = false
            _ = zlib.inflateReset(stream)
            return true
        }
        while !input.isEmpty {
            if let garbage = input.waiting.firstIndex(where: { $0 != 0 }) {
                let offset = input.offset + UInt64(garbage)
                throw FormatsError(
                    .corruptStream, "\(name): bytes that are not gzip follow the end of the data, at byte \(offset)",
                    byteOffset: offset)
            }
            input.consume(input.waiting.count)
            try input.fill()
        }
        return false
    }

    private func truncated(at offset: UInt64) -> FormatsError {
        FormatsError(
            .truncatedStream, "\(name): the gzip data is cut off at byte \(offset): fetch the file again",
            byteOffset: offset)
    }

    private func corrupt(_ detail: String, at offset: UInt64) -> FormatsError {
        FormatsError(
            .corruptStream, "\(name): the gzip data is damaged at byte \(offset) (\(detail)): fetch the file again",
            byteOffset: offset)
    }
}
