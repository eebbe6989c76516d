/// The same records of one partition behind each way of paging that APIs use.
struct Pager: Sendable {
    let partition: Partition
    let parameters: Parameters
    let origin: String

    private func limit(_ name: String = "limit") throws -> Int {
        min(try parameters.integer(name, default: 1000, from: 1), Service.maxPage)
    }

    /// The rows behind a rank, and the rank to go on from unless they are the last.
    private func rows(after rank: Int, limit: Int) -> (rows: Range<Int>, next: Int?) {
        let first = partition.index(after: rank)
        let end = min(first + limit, partition.rows)
        return (first..<end, end < partition.rows ? partition.rank(at: end - 1) : nil)
    }

    private func reply(
        head: String, _ rows: Range<Int>, tail: String, headers: [(name: String, value: String)] = []
    ) -> Reply {
        let body = RowWriter(partition).body(head: head, rows: rows, tail: tail)
        return Reply(json: body, rows: rows.count, headers: headers)
    }

    private func quoted(_ text: String) -> String {
        var json = JSONText()
        json.string(text)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// `/faults`: `lastRank` and `limit`; the answer names the rank to go on from.
    func byRank() throws -> Reply {
        // A rank below the first means the same as none; one past the last is an empty page.
        let (rows, next) = rows(after: try parameters.integer("lastRank", default: 0, from: .min), limit: try limit())
        return reply(head: #"{"data":["#, rows, tail: #"],"next":\#(next.map(String.init) ?? "null")}"#)
    }

    /// `/pages`: `page` from 1 and `per_page`, with totals.
    func byNumber() throws -> Reply {
        let size = try limit("per_page"), page = try parameters.integer("page", default: 1, from: 1)
        let (first, overflow) = (page - 1).multipliedReportingOverflow(by: size)
        let start = overflow ? partition.rows : min(first, partition.rows)
        let pages = (partition.rows + size - 1) / size
        return reply(
            head: #"{"items":["#, start..<min(start + size, partition.rows),
            tail: #"],"total":\#(partition.rows),"page":\#(page),"pages":\#(pages)}"#)
    }

    /// `/linked`: a bare array; the next page is in the `Link` header (RFC 8288).
    func byLink() throws -> Reply {
        let size = try limit()
        let (rows, next) = rows(after: try parameters.integer("after", default: 0, from: .min), limit: size)
        var links = #"<\#(url("/linked", after: 0, limit: size))>; rel="first""#
        if let next { links += #", <\#(url("/linked", after: next, limit: size))>; rel="next""# }
        return reply(head: "[", rows, tail: "]", headers: [("Link", links)])
    }

    /// `/cursor`: an opaque token under `/meta/next_cursor`, null at the end.
    func byCursor() throws -> Reply {
        let after = try parameters["after"].map { try OpaqueToken.decode($0, key: partition.key) } ?? 0
        let (rows, next) = rows(after: Int(truncatingIfNeeded: after), limit: try limit())
        let token = next.map { quoted(OpaqueToken.encode(UInt64($0), key: partition.key)) } ?? "null"
        return reply(head: #"{"data":["#, rows, tail: #"],"meta":{"next_cursor":\#(token)}}"#)
    }

    /// `/nexturl`: the address of the next page in the body, absolute or, with `relative=1`, relative.
    func byURL() throws -> Reply {
        let size = try limit()
        let (rows, next) = rows(after: try parameters.integer("after", default: 0, from: .min), limit: size)
        let address = next.map { quoted(url("/nexturl", after: $0, limit: size)) } ?? "null"
        return reply(head: #"{"data":["#, rows, tail: #"],"next":\#(address)}"#)
    }

    private func url(_ path: String, after: Int, limit: Int) -> String {
        let query = Percent.query([
            "domain": partition.domain, "date": "\(partition.date)", "after": String(after), "limit": String(limit),
        ])
        return parameters.flag("relative") ? "\(path)?\(query)&relative=1" : "\(origin)\(path)?\(query)"
    }

    /// `/changes`: records with `updated_at` not before `since` (after it with `strict=1`), oldest change first, several
    /// with the same time; `next_cursor`, handed back as `cursor`, continues exactly behind the last record.
    func changes() throws -> Reply {
        let size = try limit()
        var earliest = Int.min
        if let text = parameters["since"], !text.isEmpty {
            guard let since = parseTimestamp(text) else {
                throw UpstreamError(.badRequest, "'since' must be an ISO 8601 time, not '\(text.prefix(40))'.")
            }
            earliest = parameters.flag("strict") ? since + 1 : since
        }
        var position: UInt64 = 0
        if let cursor = parameters["cursor"] {
            position = try OpaqueToken.decode(cursor, key: ~partition.key)
        }
        var found: [Int] = []
        var next: UInt64?
        search: for change in Int(position >> 32)...max(Int(position >> 32), partition.epoch) {
            let start = change == Int(position >> 32) ? Int(position & 0xFFFF_FFFF) : 0
            for index in max(start, firstIndex(changedIn: change, notBefore: earliest))..<max(start, partition.rows)
            where partition.lastChange(of: index) == change {
                if found.count == size {
                    next = UInt64(change) << 32 | UInt64(index)
                    break search
                }
                found.append(index)
            }
        }
        let token = next.map { quoted(OpaqueToken.encode($0, key: ~partition.key)) } ?? "null"
        let body = RowWriter(partition, withTimestamp: true).body(
            head: #"{"data":["#, rows: found, tail: #"],"has_more":\#(next != nil),"next_cursor":\#(token)}"#)
        return Reply(json: body, rows: found.count)
    }

    /// The first index whose time, if it changed in this epoch, is not before a moment; `rows` when there is none.
    private func firstIndex(changedIn change: Int, notBefore moment: Int) -> Int {
        let start = partition.updatedAt(0, changedIn: change)
        guard moment > start else { return 0 }
        guard moment <= partition.updatedAt(partition.rows, changedIn: change) else { return partition.rows }
        return min((moment - start + 9) / 10 * Partition.rowsPerTimestamp, partition.rows)
    }
}
