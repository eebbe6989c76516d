internal import Configuration
internal import HTTP
internal import JSON
internal import Manifest

/// Where a partition's paging stands, and how the next page is found. Pure.
struct Pager: Equatable {
    private let pagination: Pagination
    private let pageSize: Int
    /// The value of `{cursor}`; nil before the first page of an opaque cursor.
    private(set) var cursor: String?
    /// The value of `{page}`.
    private(set) var page: Int
    /// The address of the next page, where the source gives it.
    private(set) var nextURL: String?
    /// Pages taken.
    private var pages = 0

    /// - Parameter resume: what ``json`` gave at the end of an adopted chunk; null at the beginning.
    init(_ pagination: Pagination, pageSize: Int, resume: JSONValue) throws {
        self.pagination = pagination
        self.pageSize = pageSize
        cursor = nil
        page = 1
        switch pagination {
        case .cursor(_, let start, _, _): cursor = start
        case .page(_, let start, _, _): page = start
        case .none, .nextCursor, .link, .nextURL: break
        }
        let place = resume["place"] ?? resume
        if let text = place["cursor"]?.text { cursor = text }
        if let number = place["page"]?.int64 { page = Int(number) }
        if !place.isNull { pages = 1 }
    }

    /// Whether `{cursor}` is a record's field, which is sent back as the number it may be, or the source's opaque text.
    var isNumber: Bool {
        if case .cursor = pagination { return true }
        return false
    }

    /// The record's field that gives the next cursor.
    var field: [UInt8]? {
        if case .cursor(let field, _, _, _) = pagination { return Array(field.utf8) }
        return nil
    }

    /// The pointer into the answer that the next page depends on.
    var pointer: [String]? {
        switch pagination {
        case .nextCursor(let pointer, _), .nextURL(let pointer), .page(_, _, .some(let pointer), _):
            HTTPEndpoint.tokens(pointer)
        case .none, .cursor, .page, .link: nil
        }
    }

    /// The query parameter that carries the place, when the query does not name it by a placeholder.
    var parameter: (name: String, template: String)? {
        switch pagination {
        case .cursor(_, _, _, .some(let name)), .nextCursor(_, .some(let name)): (name, "{cursor}")
        case .page(.some(let name), _, _, _): (name, "{page}")
        case .none, .cursor, .nextCursor, .page, .link, .nextURL: nil
        }
    }

    /// Takes note of a page.
    ///
    /// - Parameters:
    ///   - rows: elements of the page, refused ones included.
    ///   - objects: those that are objects.
    /// - Returns: whether there is another one.
    mutating func advance(
        rows: Int, objects: Int, last: String?, captured: String?, link: String?, url: String
    ) throws -> Bool {
        pages += 1
        switch pagination {
        case .none: return false
        case .cursor(let field, _, let stop, _):
            let isShort = stop == .shortPage && rows < pageSize
            if rows == 0 || (objects == 0 && isShort) { return false }
            guard let last else {
                throw ExtractError(
                    .configuration, "the last record of a page has no \"\(field)\": check pagination.field")
            }
            if isShort { return false }
            cursor = last
            return true
        case .nextCursor:
            guard let captured, !captured.isEmpty else { return false }
            cursor = captured
            return true
        case .page(_, let start, let total, let stop):
            if total != nil {
                guard let captured, let number = Int(captured) else {
                    throw ExtractError(
                        .configuration,
                        "\(Redaction.url(url)): no number at \(total ?? "") of the answer: check pagination.total_pages"
                    )
                }
                if page - start + 1 >= number { return false }
            } else if rows == 0 || (stop == .shortPage && rows < pageSize) {
                return false
            }
            page += 1
            return true
        case .link:
            guard let link else { return false }
            nextURL = link
            return true
        case .nextURL:
            guard let captured, !captured.isEmpty else { return false }
            nextURL = try HTTPEndpoint.resolve(captured, against: url)
            return true
        }
    }

    /// The place as a chunk's cursor; nil where it may hold a secret (addresses made by the source): such a run begins anew.
    var json: JSONValue? {
        switch pagination {
        case .cursor, .nextCursor: cursor.map { .record([("cursor", .string($0))]) }
        case .page: .record([("page", .integer(Int64(page)))])
        case .none, .link, .nextURL: nil
        }
    }

    /// The page in words, without an address, which may hold a secret.
    var place: String {
        switch pagination {
        case .cursor, .nextCursor: cursor.map { "the page at cursor \($0)" } ?? "the first page"
        case .page: "page \(page)"
        case .none, .link, .nextURL: "page \(pages + 1)"
        }
    }

    /// The words for a source that gives the same place again, which would never end.
    func stuck(_ url: String) -> String {
        "the source answers with the place that was asked for (\(cursor ?? nextURL.map { _ in "next URL" } ?? "page \(page)")): it "
            + "does not honour the cursor; check query and pagination"
    }

    static func == (left: Pager, right: Pager) -> Bool {
        left.page == right.page && left.cursor?.bytes == right.cursor?.bytes
            && left.nextURL?.bytes == right.nextURL?.bytes
    }
}
