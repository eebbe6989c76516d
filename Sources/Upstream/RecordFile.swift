import Glibc

/// A file of records, read at random access: a sparse index of where records begin is made once, a page is then read and
/// cut alone, so that memory does not grow with the file.
final class RecordFile: Sendable {
    /// One of this many records is in the index.
    private static let stride = 256
    /// The most bytes that one page may span.
    private static let maxSpan = 256 << 20

    let format: RecordFormat
    /// Number of records; the header of delimited text is none.
    let count: Int
    /// The fields of the header, empty for lines.
    let header: [CSVScanner.Field]

    private let descriptor: Int32
    private let checkpoints: [Int]
    private let end: Int

    /// Reads through an open file, which it owns from now on, and makes the index.
    init(owning descriptor: Int32, format: RecordFormat) throws {
        self.descriptor = descriptor
        self.format = format
        var cutter = RecordCutter(format)
        var position = try Self.lengthOfByteOrderMark(descriptor)
        let origin = position
        var headerRange: Range<Int>?
        var checkpoints: [Int] = [], count = 0
        let found: (Range<Int>) -> Void = { range in
            if format != .lines && headerRange == nil {
                headerRange = origin + range.lowerBound..<origin + range.upperBound
                return
            }
            if count % Self.stride == 0 { checkpoints.append(origin + range.lowerBound) }
            count += 1
        }
        while case let block = try Self.read(descriptor, position..<position + (1 << 20)), !block.isEmpty {
            cutter.feed(block, found)
            position += block.count
        }
        cutter.finish(found)
        self.checkpoints = checkpoints
        self.count = count
        end = position
        if case .delimited(let delimiter) = format, let headerRange {
            let bytes = try Self.read(descriptor, headerRange)
            header = CSVScanner.fields(of: Self.trimmed(bytes[...]), delimiter: delimiter)
        } else {
            header = []
        }
    }

    deinit {
        close(descriptor)
    }

    /// The bytes of some records, each without its line break.
    func records(_ range: Range<Int>) throws -> [ArraySlice<UInt8>] {
        let range = range.clamped(to: 0..<count)
        guard !range.isEmpty else { return [] }
        let first = range.lowerBound / Self.stride, last = (range.upperBound - 1) / Self.stride + 1
        let start = checkpoints[first], stop = last < checkpoints.count ? checkpoints[last] : end
        guard stop - start <= Self.maxSpan else {
            throw UpstreamError(
                .unreadable, "The records span \(stop - start) bytes; ask for fewer, or check the quotes.")
        }
        let bytes = try Self.read(descriptor, start..<stop)
        var cutter = RecordCutter(format)
        var index = first * Self.stride
        var records: [ArraySlice<UInt8>] = []
        let found: (Range<Int>) -> Void = { record in
            if range.contains(index) { records.append(Self.trimmed(bytes[record])) }
            index += 1
        }
        cutter.feed(bytes, found)
        cutter.finish(found)
        guard records.count == range.count else {
            throw UpstreamError(.unreadable, "The file was changed while it was read; ask again.")
        }
        return records
    }

    private static func trimmed(_ record: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        record.last == 0x0D ? record.dropLast() : record
    }

    private static func lengthOfByteOrderMark(_ descriptor: Int32) throws -> Int {
        try read(descriptor, 0..<3) == [0xEF, 0xBB, 0xBF] ? 3 : 0
    }

    /// Reads a range of bytes, fewer only at the end of the file.
    private static func read(_ descriptor: Int32, _ range: Range<Int>) throws -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
            while filled < buffer.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                let read = pread(descriptor, rest.baseAddress, rest.count, off_t(range.lowerBound + filled))
                if read < 0 && errno == EINTR { continue }
                if read < 0 { failure = errno }
                if read <= 0 { break }
                filled += read
            }
        }
        guard failure == 0 else {
            throw UpstreamError(.unreadable, "The file cannot be read: \(String(cString: strerror(failure))).")
        }
        return bytes
    }
}
