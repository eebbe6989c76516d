extension PostgresError {
    /// The error in a result; without a SQLSTATE it is libpq's own, most often a lost connection.
    ///
    /// - Parameter place, sql: where and what was tried, put around the server's words.
    init(_ library: PostgresLibrary, result: OpaquePointer?, isBroken: Bool, place: String, sql: String) {
        func field(_ code: PostgresConstants.Field) -> String? {
            library.resultErrorField(result, Int32(code.rawValue)).map { String(cString: $0) }
        }
        let words =
            field(.primary) ?? library.resultErrorMessage(result).map { Self.oneLine(String(cString: $0)) }
            ?? "no answer"
        let state = field(.sqlState) ?? ""
        let message = "\(place): \(words) in: \(sql.prefix(120))"
        self.init(
            message, sqlState: state, kind: state.isEmpty ? (isBroken ? .transient : .environment) : Self.kind(state))
        detail = field(.detail)
        context = field(.context)
        schema = field(.schema)
        table = field(.table)
        constraint = field(.constraint)
        let copy = context.flatMap(CopyContext.init)
        column = field(.column) ?? copy?.column
        line = copy?.line
    }

    /// The text in one line, since libpq breaks and indents its own messages.
    static func oneLine(_ text: String) -> String { ClientWords.oneLine(text) }
}

/// The place in COPY data that an error's context tells, as in `COPY fault, line 3, column id: "x"`.
///
/// The words are in the server's language (lc_messages) and the names are not quoted, so only the shape is read: the
/// first word and number between a comma and the end, a comma or a colon. A table whose name has that shape deceives
/// it.
package struct CopyContext: Equatable, Sendable {
    /// The line, counted from 1.
    package let line: Int
    package let column: String?

    /// Reads the context of an error; `nil` when it names no line of COPY.
    package init?(_ context: String) {
        for text in context.split(separator: "\n") where text.hasPrefix("COPY ") {
            let parts = text.split(separator: ", ", omittingEmptySubsequences: false)
            for (index, part) in parts.enumerated().dropFirst() {
                let words = part.split(separator: " ", maxSplits: 1)
                guard words.count == 2 else { continue }
                let digits = words[1].prefix { $0.isASCII && $0.isNumber }
                guard let line = Int(digits) else { continue }
                let rest = words[1][digits.endIndex...]
                guard rest.isEmpty || rest.first == ":" else { continue }
                self.line = line
                column = rest.isEmpty ? Self.column(parts[(index + 1)...].joined(separator: ", ")) : nil
                return
            }
        }
        return nil
    }

    /// The name in `column id: "x"`; `nil` for another shape.
    private static func column(_ text: String) -> String? {
        guard let space = text.firstIndex(of: " ") else { return nil }
        let name = text[text.index(after: space)...]
        var end = name.startIndex
        while end < name.endIndex {
            if name[end...].hasPrefix(": ") { break }
            end = name.index(after: end)
        }
        return end == name.startIndex ? nil : String(name[..<end])
    }
}
