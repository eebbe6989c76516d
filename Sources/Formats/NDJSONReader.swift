import Glibc

/// Reads NDJSON (JSON Lines): one record a line, passed on verbatim.
///
/// Lines end in LF or CR LF, the last one may lack its end; blank lines are skipped; whether a line is JSON is not
/// looked at.
package final class NDJSONReader: RecordReader {
    private let input: TextInput
    private let limits: RecordLimits
    private var latch = FailureLatch()
    private var ordinal: UInt64 = 0
    private var line: UInt64 = 1

    /// Makes a reader over decompressed text. `name` (a path) is for messages.
    package convenience init(_ source: any ByteSource, name: String, limits: RecordLimits = RecordLimits()) {
        self.init(TextInput(source, name: name), limits: limits)
    }

    init(_ input: TextInput, limits: RecordLimits) {
        self.input = input
        self.limits = limits
    }

    /// See ``RecordReader/read(into:reject:)``.
    package func read(into block: RecordBlock, reject: (RejectedRecord) throws -> Void) throws -> Bool {
        try latch.fill(block) {
            while !block.isFull, try readLine(into: block, reject) {}
        }
    }

    /// Takes one line; false at the end of the file.
    private func readLine(into block: RecordBlock, _ reject: (RejectedRecord) throws -> Void) throws -> Bool {
        // Bytes of the line, and how many of them are kept behind the block's records: all, or, of a line that is too
        // long, what its reject shows.
        var total = 0
        var length = 0
        var isTooLong = false
        var isSomething = false
        while try input.refill() {
            isSomething = true
            let from = input.base + input.start
            let available = input.end - input.start
            let found = memchr(from, Int32(ASCII.lineFeed), available)
            let taken = found.map { UnsafeRawPointer($0) - UnsafeRawPointer(from) } ?? available
            total = total &+ taken
            // One byte over the limit is for a CR.
            if total > limits.record + 1 { isTooLong = true }
            let kept = isTooLong ? min(taken, max(0, RejectedRecord.rawLimit - length)) : taken
            try block.reserve(block.count + length + kept)
            memcpy(block.base + block.count + length, from, kept)
            length += kept
            input.consume(to: input.start + taken + (found == nil ? 0 : 1))
            if found != nil { break }
        }
        guard isSomething else { return false }
        let text = block.base + block.count
        if total == length, length > 0, text[length - 1] == ASCII.carriageReturn {
            length -= 1
            total -= 1
        }
        defer { line &+= 1 }
        if total > limits.record {
            let raw = UnsafeRawBufferPointer(start: text, count: length)
            let reason = "the line is longer than \(limits.record) bytes"
            defer { ordinal &+= 1 }
            try reject(RejectedRecord(ordinal: ordinal, line: line, reason: reason, raw: raw, isCut: length < total))
            return true
        }
        if isBlank(text, length) { return true }
        text[length] = ASCII.lineFeed
        block.commit(end: block.count + length + 1, ordinal: ordinal, line: line)
        ordinal &+= 1
        return true
    }

    private func isBlank(_ text: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        // The first byte settles it for all but odd lines.
        for index in 0..<length where !ASCII.isBlank(text[index]) { return false }
        return true
    }
}
