import Manifest

extension SourceReader {
    func readPagination(_ fields: Fields, _ used: Set<String>) -> Pagination {
        guard let section = fields.section("pagination") else { return .none }
        let type = section.chosenCase
        section.checkKeys(for: type)
        let parameter = section.optionalText("parameter")
        let stop = section.choice("stop", Pagination.Stop.shortPage)
        func requirePlaceholder(_ name: String) {
            guard parameter == nil, !used.contains(name) else { return }
            section.fail(
                .conflict, "type",
                "nothing carries the \(name) to the server, so every page would be the first; "
                    + "use {\(name)} in the query or name a parameter")
        }
        switch type {
        case "cursor":
            requirePlaceholder("cursor")
            return .cursor(
                field: section.text("field"), start: section.optionalText("start") ?? "0", stop: stop,
                parameter: parameter)
        case "next_cursor":
            requirePlaceholder("cursor")
            return .nextCursor(pointer: section.text("pointer"), parameter: parameter)
        case "page":
            requirePlaceholder("page")
            let start = section.optionalText("start") ?? "1"
            let first = Shape.integer(start)
            if first == nil || first ?? 0 < 0 || first ?? 0 > 1_000_000_000 {
                section.fail(
                    .wrongValue, "start",
                    "expected a whole number from 0 to 1000000000, found \(Message.quoted(start))")
            }
            return .page(
                parameter: parameter, start: first ?? 1, totalPages: section.optionalText("total_pages"), stop: stop)
        case "link": return .link
        case "next_url": return .nextURL(pointer: section.text("pointer"))
        default: return .none
        }
    }

    func readIncremental(_ fields: Fields, _ used: Set<String>) -> Incremental? {
        guard let section = fields.section("incremental") else { return nil }
        section.checkKeys()
        let format = section.choice("format", Incremental.Format.timestamp)
        let lookback = section.duration("lookback")
        let since = section.text("since")
        if !used.contains("since") {
            fields.fail(
                .conflict, "incremental", "nothing in the source uses {since}, so every run would read all; put it in")
        }
        if mode.isReplace {
            fields.fail(
                .conflict, "incremental",
                "mode \(mode.rawValue) replaces what it does not read again; use append, insert-only or merge")
        }
        if lookback > .zero, format == .integer || format == .text {
            section.fail(.conflict, "lookback", "a duration cannot be taken from a column of format \(format.rawValue)")
        }
        let isValid =
            switch format {
            case .timestamp: CivilDate(String(since.prefix(10))) != nil
            case .date: CivilDate(since) != nil
            case .unix, .unixMilliseconds, .integer: Shape.integer(since) != nil
            case .text: true
            }
        if section.has("since"), !isValid {
            section.fail(
                .wrongValue, "since", "expected a value of format \(format.rawValue), found \(Message.quoted(since))")
        }
        return Incremental(cursor: section.text("cursor"), since: since, lookback: lookback, format: format)
    }
}
