internal import Configuration
internal import JSON

/// What the cursor of an incremental read belongs to: a column of a table, query or path.
///
/// The greatest value of one column says nothing of another one, nor of the same one in another table or under another condition:
/// rows below it would never be read. So each place that a read has reached carries this, and is of use to no other.
struct CursorOrigin {
    private static let member = "of"
    /// Stands in its place where somebody said where to begin: that holds for whatever is read.
    private static let anything = "any"
    /// What the place belonged to before.
    private static let former = "was"

    private let column: String
    private let hash: String

    /// - Parameter source: what is read, in whatever words tell it from others.
    init(_ column: String, of source: String) {
        self.column = column
        hash = fnv1a(column.utf8) + fnv1a(source.utf8)
    }

    /// What goes into the place.
    var note: (String, JSONValue) { (CursorOrigin.member, .string(hash)) }

    /// Whether a place belongs to something else, or to what somebody said: a run from there on is refused, or was.
    func isForeign(_ from: JSONValue) -> Bool { from[CursorOrigin.member]?.text.map { $0 != hash } ?? false }

    /// Refuses a place of something else. One that an older version noted is taken.
    ///
    /// - Parameter isExact: rows must not come twice: then no value of another column is a place to begin.
    func check(_ from: JSONValue, _ stream: String, isExact: Bool = false) throws(ExtractError) {
        guard let noted = from[CursorOrigin.member]?.text, noted != hash else { return }
        let since = from["since"]?.text ?? ""
        let former = from[CursorOrigin.former]?.text ?? noted
        if isExact, former != CursorOrigin.anything, former.prefix(16) != hash.prefix(16) {
            throw ExtractError(
                .configuration,
                "\(stream): the last run ended at \(since.prefix(200)) of another cursor than \(column), so that under append rows would be missing or "
                    + "come twice: read all of it with --full-refresh")
        }
        if noted == CursorOrigin.anything { return }
        throw ExtractError(
            .configuration,
            "\(stream): the last run ended at \(since.prefix(200)) of another cursor, table, query or path than \(column) of what is to be read now, so "
                + "that rows below it may be missing: read all of it with --full-refresh, or go on as if nothing had changed with "
                + "--since '\(since.prefix(200))' (any other VALUE does, but under append)")
    }

    /// Where a read begins that somebody wants to begin at `since`.
    ///
    /// - Parameter reached: what the last run reached, where its rows must not come again: if it is that value, those of it that are
    ///   known stay known.
    static func place(_ since: String, reached: JSONValue) -> JSONValue {
        var place: [JSONValue.Member] = [.init("since", .string(since)), .init(member, .string(anything))]
        guard reached["since"]?.text == since else { return .object(place) }
        // Also when it was said before, and no row came since.
        if let owner = reached[former]?.text ?? reached[member]?.text { place.append(.init(former, .string(owner))) }
        place += (reached.members ?? []).filter { !["since", member, former].contains($0.key) }
        return .object(place)
    }

    /// Whether somebody said where this read begins.
    static func isAsked(_ from: JSONValue) -> Bool { from[member]?.text == anything }
}
