internal import Chunk
internal import Configuration
internal import JSON
internal import Manifest

/// Where an incremental read of a table stands: the greatest value of the cursor column, and which rows of that value were
/// read. Rows come in the column's order.
///
/// The next run reads from that value on, rows of it included, since another transaction may add one; those that are known are
/// left out by their hashes. So ties at the boundary are neither lost nor doubled.
struct SQLCursor {
    /// Rows of one value that are remembered at most.
    static let tieLimit = 10_000

    private let settings: SQLSourceSettings.Cursor
    private let column: SQLColumn
    private let origin: CursorOrigin
    /// The columns of the records, which the hashes depend on.
    private let columns: String
    /// Rows at the boundary that are known, with how many times each.
    private var known: [UInt64: Int] = [:]
    private let boundary: [UInt8]?
    /// The value of the row that came last, in room that is used again.
    private var value: [UInt8] = []
    private var hasValue = false
    /// Whether that value is a number, where the engine keeps that of each value.
    private var isNumber: Bool?
    private var ties: [UInt64] = []
    private var hasAllTies = true
    /// What the run began with.
    private let from: JSONValue
    /// The value that the read begins with; nil at the first row.
    let start: String?
    /// Whether `start` is a number; nil where that is not known, or goes without saying.
    let startIsNumber: Bool?

    /// - Parameters:
    ///   - origin: of the column.
    ///   - from: `cursor.to` of the log's last manifest.
    ///   - resume: the cursor of the last adopted chunk: rows up to there are in the run.
    init(
        _ settings: SQLSourceSettings.Cursor, _ column: SQLColumn, _ origin: CursorOrigin, columns: [SQLColumn],
        from: JSONValue, resume: JSONValue
    ) throws(ExtractError) {
        self.settings = settings
        self.column = column
        self.origin = origin
        self.columns = columns.map(\.name).joined(separator: "\0")
        self.from = resume.isNull ? from : resume
        let last = self.from["since"]?.text
        let isExact = !resume.isNull || settings.lag == 0
        if let last {
            start = isExact ? last : try SQLCursor.back(last, settings, column)
        } else {
            start = settings.since
        }
        startIsNumber = last == nil ? nil : self.from["number"]?.boolean
        if let start, last == nil || CursorOrigin.isAsked(self.from) { try SQLCursor.check(start, column) }
        boundary = isExact ? last.map { Array($0.utf8) } : nil
        guard isExact, let seen = self.from["seen"]?.elements else { return }
        guard self.from["columns"]?.text == fnv1a(self.columns.utf8) else {
            // Rows that are read again do no harm where they have a key.
            return
        }
        for hash in seen.compactMap(\.text).compactMap({ UInt64($0, radix: 16) }) { known[hash, default: 0] += 1 }
    }

    /// Whether the columns are others than those of the run before, so that its rows at the boundary cannot be told from new ones, and
    /// nobody said to begin there all the same.
    var hasForgotten: Bool {
        boundary != nil && !CursorOrigin.isAsked(from) && !(from["seen"]?.elements ?? []).isEmpty && known.isEmpty
    }

    /// Notes the row that was read last.
    ///
    /// - Parameters:
    ///   - text: its cursor value.
    ///   - isNumber: see ``SQLRows/isNumber(_:)``.
    ///   - row: the record.
    /// - Returns: `false` when the row is known from the run before.
    mutating func note(
        _ text: UnsafeRawBufferPointer, isNumber: Bool? = nil, _ row: UnsafeRawBufferPointer
    ) -> Bool {
        if !hasValue || self.isNumber != isNumber || !value.elementsEqual(text) {
            self.isNumber = isNumber
            value.removeAll(keepingCapacity: true)
            value.append(contentsOf: text)
            hasValue = true
            ties.removeAll(keepingCapacity: true)
            hasAllTies = true
        }
        let hash = xxh64(row)
        if ties.count < SQLCursor.tieLimit { ties.append(hash) } else { hasAllTies = false }
        guard !known.isEmpty, let boundary, boundary.elementsEqual(text), let count = known[hash] else { return true }
        known[hash] = count > 1 ? count - 1 : nil
        return false
    }

    /// Whether more rows have the last value than are remembered.
    var hasTooManyTies: Bool { !hasAllTies }

    /// Where the read stands, as the manifest keeps it.
    var json: JSONValue {
        guard hasValue else { return from }
        var members = [("since", .string(String(decoding: value, as: UTF8.self))), origin.note]
        if let isNumber { members.append(("number", .bool(isNumber))) }
        if hasAllTies {
            members.append(("seen", .array(ties.map { .string(String($0, radix: 16)) })))
            members.append(("columns", .string(fnv1a(columns.utf8))))
        }
        return .record(members)
    }

    /// Refuses a place that is no value of the column, which servers take for its least or greatest one: SQLite calls every text greater
    /// than every number, and MariaDB takes it for 0.
    private static func check(_ start: String, _ column: SQLColumn) throws(ExtractError) {
        let what: String
        switch (column.form, column.type) {
        case (.integer, _), (_, .integer), (_, .bigint):
            if SQLRead.isPlain(start) { return }
            what = "whole numbers, so that no read can begin at \(start.prefix(40)): name a number"
        case (.number, _), (_, .double), (_, .decimal):
            if Double(start) != nil { return }
            what = "numbers, so that no read can begin at \(start.prefix(40)): name a number"
        case (.moment, _), (.instant, _):
            let first = start.utf8.first { !"+-".utf8.contains($0) }
            if let first, (0x30...0x39).contains(first) || start.lowercased().hasSuffix("infinity") { return }
            what = "dates or times, so that no read can begin at \(start.prefix(40)): name one, such as 2026-11-01"
        default: return
        }
        throw ExtractError(
            .configuration,
            "the cursor column \(column.name) holds \(what) (--since, or `since` of the stream)")
    }

    /// `value` less the lag.
    private static func back(
        _ value: String, _ settings: SQLSourceSettings.Cursor, _ column: SQLColumn
    ) throws(ExtractError) -> String {
        let isNumber = column.form == .integer || column.form == .number
        if isNumber || column.form == .text, let number = Int64(value) { return String(number - Int64(settings.lag)) }
        if !isNumber, let earlier = ISOTime.subtract(Int64(settings.lag), from: value) { return earlier }
        throw ExtractError(
            .configuration,
            "the cursor column \(column.name) holds \(value.prefix(40)), from which no lag can be taken: it must be a date, a time or a whole number; "
                + "take lag out, or choose another cursor")
    }
}
