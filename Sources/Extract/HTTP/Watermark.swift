internal import Configuration
internal import JSON

extension HTTPSourceSettings {
    /// What the cursor of an incremental source belongs to; nil for one that is not.
    var origin: CursorOrigin? { incremental.map { CursorOrigin($0.cursor, of: path.description) } }
}

/// The greatest value of an incremental stream's cursor column, and what `{since}` is because of it.
struct Watermark {
    private let settings: Incremental
    private let column: [UInt8]
    private let origin: CursorOrigin
    private var committed: String?
    private var seen: String?
    private var seenNumber: Int64?
    /// The value of `{since}` for this run.
    let since: String

    /// Nil for a source that is not incremental.
    ///
    /// - Parameter stream: whose records they are; for errors.
    init?(_ source: HTTPSourceSettings, from: JSONValue, resume: JSONValue, stream: String) throws(ExtractError) {
        guard let settings = source.incremental, let origin = source.origin else { return nil }
        self.settings = settings
        self.origin = origin
        try origin.check(from, stream)
        column = Array(settings.cursor.utf8)
        let last = from["since"]?.text
        committed = resume["watermark"]?["since"]?.text ?? last
        since = last.map { Watermark.back($0, settings) } ?? settings.since
        seen = committed
        seenNumber = committed.flatMap { Int64($0) }
    }

    /// What the next run begins with; the old one where nothing new was seen.
    var json: JSONValue { committed.map { .record([("since", .string($0)), origin.note]) } ?? .null }

    mutating func observe(_ scanner: borrowing RecordScanner, _ base: UnsafePointer<UInt8>) throws {
        guard let field = Fields.find(column, scanner, base), let text = try Fields.text(field, base) else { return }
        switch settings.format {
        case .integer, .unix, .unixMilliseconds:
            guard let number = Int64(text) else {
                throw ExtractError(
                    .configuration,
                    "the cursor column \(settings.cursor) holds \"\(text.prefix(40))\", which is no integer: check incremental.format"
                )
            }
            if seenNumber.map({ number > $0 }) ?? true {
                seenNumber = number
                seen = text
            }
        case .timestamp, .date, .text:
            if seen.map({ text.utf8.lexicographicallyPrecedes($0.utf8) == false && text != $0 }) ?? true { seen = text }
        }
    }

    /// The page was whole: what was seen counts.
    mutating func commitPage() { committed = seen }

    /// `value` less the look-back, in the column's own format.
    private static func back(_ value: String, _ settings: Incremental) -> String {
        let seconds = Int64(settings.lookback.components.seconds)
        guard seconds > 0 else { return value }
        switch settings.format {
        case .integer, .unix: return Int64(value).map { String($0 - seconds) } ?? value
        case .unixMilliseconds: return Int64(value).map { String($0 - seconds * 1000) } ?? value
        case .timestamp, .date: return ISOTime.subtract(seconds, from: value) ?? value
        case .text: return value
        }
    }
}
