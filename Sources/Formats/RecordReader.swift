/// A record that cannot be passed on, while the file goes on behind it.
package struct RejectedRecord: Sendable, Equatable {
    /// How much of a rejected record is kept.
    package static let rawLimit = 64 << 10

    /// Number from 0 among all records of the file, as ``RecordPosition/ordinal``.
    package let ordinal: UInt64
    /// Line number from 1 where the record begins.
    package let line: UInt64
    /// What is wrong, in one sentence without a stop.
    package let reason: String
    /// The record as it stands in the file, without its line end, cut at ``rawLimit`` (JSON: without the white space
    /// between its tokens).
    package let raw: [UInt8]
    /// Whether ``raw`` is all of it.
    package let isCut: Bool

    init(ordinal: UInt64, line: UInt64, reason: String, raw: UnsafeRawBufferPointer, isCut: Bool = false) {
        self.ordinal = ordinal
        self.line = line
        self.reason = reason
        self.raw = Array(raw.prefix(Self.rawLimit))
        self.isCut = isCut || raw.count > Self.rawLimit
    }
}

/// Limits that bound memory, in bytes. What exceeds one is rejected without being held.
package struct RecordLimits: Sendable, Equatable {
    /// Longest record (a line, an element of a JSON array, a CSV row).
    package var record: Int
    /// Longest field of a CSV row, with its quotes.
    package var field: Int

    /// The built-in limits: 256 MB a record, 64 MB a field.
    package init(record: Int = 256 << 20, field: Int = 64 << 20) {
        self.record = record
        self.field = field
    }
}

/// Turns a source file into blocks of NDJSON records, in one pass and with a bounded amount of memory.
///
/// A reader serves one thread. It never looks at what comes behind a full block, so a caller that stops after any block
/// has lost nothing but the rest.
package protocol RecordReader: AnyObject {
    /// Replaces the content of `block` by the next records of the file.
    ///
    /// - Parameter reject: called for each record that cannot be passed on, in the order of the file; what it throws
    ///   ends the reading.
    /// - Returns: whether there is a record; false is the end of the file.
    /// - Throws: ``FormatsError``, and what the source or `reject` throws; always behind the good records: a block cut
    ///   short by a failure is returned first, the next call throws, and so does every later one.
    func read(into block: RecordBlock, reject: (RejectedRecord) throws -> Void) throws -> Bool
}

/// The part that all readers share: good records first, then the failure, again and again.
struct FailureLatch {
    private var failure: (any Error)?

    mutating func fill(_ block: RecordBlock, _ body: () throws -> Void) throws -> Bool {
        block.reset()
        if let failure { throw failure }
        do {
            try body()
        } catch {
            failure = error
            if block.isEmpty { throw error }
        }
        return !block.isEmpty
    }
}
