internal import Manifest

/// The statements that read a table or query: a pure value.
struct SQLRead {
    let dialect: any SQLDialect
    /// What stands behind FROM.
    let source: String
    let columns: [SQLColumn]
    /// Columns of the order that are not among `columns`; they stand behind them in the result.
    let hidden: [SQLColumn]
    /// The order's columns; empty when rows come in any order.
    let order: [SQLColumn]
    /// Conditions that each row fulfils.
    let filters: [String]

    /// Where the order's columns stand in the result.
    let positions: [Int]
    /// What is selected in place of the columns.
    private let list: String?

    /// - Parameter order: the columns whose values are read after each page.
    init(
        dialect: any SQLDialect, source: String, columns: [SQLColumn], order: [SQLColumn], filters: [String],
        list: String? = nil
    ) {
        self.list = list
        self.dialect = dialect
        self.source = source
        self.columns = columns
        self.order = order
        self.filters = filters
        var hidden: [SQLColumn] = []
        var positions: [Int] = []
        for column in order {
            if let index = columns.firstIndex(where: {
                $0.name.isSame(as: column.name) && $0.expression == column.expression
            }) {
                positions.append(index)
            } else {
                positions.append(columns.count + hidden.count)
                hidden.append(column)
            }
        }
        self.hidden = hidden
        self.positions = positions
    }

    /// All rows, or those behind a row of the order.
    ///
    /// - Parameters:
    ///   - after: the order's values of that row.
    ///   - limit: rows at most.
    func rows(after: [String]? = nil, limit: Int? = nil) throws -> String {
        var conditions = filters
        if let after, !order.isEmpty { conditions.append(try behind(after)) }
        return try select(conditions, ordered: true, limit)
    }

    /// The rows whose cursor, the first column of the order, is at least `value`; all that have one without it.
    ///
    /// - Parameter isNumber: whether `value` is a number; nil where that is not known, or goes without saying.
    func rows(from value: String?, isNumber: Bool? = nil) throws -> String {
        guard let cursor = order.first else { return try rows() }
        let name = try dialect.quote(cursor.name)
        if let value {
            let literal = try literal(value, cursor, isNumber: isNumber)
            return try select(filters + ["\(name) >= \(literal)"], ordered: true, nil)
        }
        return try select(filters + (cursor.isNullable ? ["\(name) IS NOT NULL"] : []), ordered: true, nil)
    }

    /// The rows whose cursor is NULL.
    func rowsWithoutCursor() throws -> String {
        guard let cursor = order.first else { return try rows() }
        return try select(filters + ["\(try dialect.quote(cursor.name)) IS NULL"], ordered: false, nil)
    }

    /// Gives a value if there is a row whose cursor is NULL.
    func rowWithoutCursor() throws -> String {
        let all = SQLRead(dialect: dialect, source: source, columns: [], order: order, filters: filters, list: "1")
        return dialect.limited(try all.rowsWithoutCursor(), to: 1)
    }

    private func select(_ conditions: [String], ordered: Bool, _ limit: Int?) throws -> String {
        // A name of its own, or the order would be by either of two columns.
        let behind = hidden.enumerated().map { index, column in
            column.boundary == nil ? column.expression : "\(column.expression) AS bobbin_order_\(index)"
        }
        let all = columns.map(\.expression) + behind
        let list = self.list ?? (all.isEmpty ? "NULL" : all.joined(separator: ", "))
        var text = "SELECT \(list) FROM \(source)"
        if !conditions.isEmpty { text += " WHERE " + conditions.joined(separator: " AND ") }
        if ordered, !order.isEmpty {
            text += " ORDER BY " + (try order.map { try dialect.quote($0.name) }.joined(separator: ", "))
        }
        return limit.map { dialect.limited(text, to: $0) } ?? text
    }

    /// The condition for rows behind one in the order: `(a, b) > (x, y)`, or the same spelled out.
    private func behind(_ values: [String]) throws -> String {
        let names = try order.map { try dialect.quote($0.name) }
        let texts = try zip(values, order).map { try literal($0, $1) }
        guard texts.count == names.count else {
            throw ExtractError(
                .data, "the run's last chunk names \(texts.count) values for a key of \(names.count) columns")
        }
        if names.count == 1 { return "\(names[0]) > \(texts[0])" }
        if dialect.comparesRows { return "(\(names.joined(separator: ", "))) > (\(texts.joined(separator: ", ")))" }
        let terms = names.indices.map { last in
            ((0..<last).map { "\(names[$0]) = \(texts[$0])" } + ["\(names[last]) > \(texts[last])"]).joined(
                separator: " AND ")
        }
        // The first condition alone is implied by the others, and what an optimizer finds a range by.
        return "\(names[0]) >= \(texts[0]) AND (" + terms.map { "(\($0))" }.joined(separator: " OR ") + ")"
    }

    /// A value as it stands in a condition on its column.
    func literal(_ text: String, _ column: SQLColumn, isNumber: Bool? = nil) throws -> String {
        switch column.form {
        case .integer, .number, .bits:
            // As a number, so that no engine compares by way of floats or texts.
            return SQLRead.isPlain(text) ? text : try dialect.literal(text)
        case .bytes:
            return try dialect.bytes(text)
        case .moment, .instant:
            return try dialect.moment(text)
        case .boolean, .text, .json, .hexadecimal:
            return try dialect.literal(text, of: column, isNumber: isNumber)
        }
    }

    /// Whether a text is digits, perhaps with a point between them and a sign before them.
    static func isPlain(_ text: String) -> Bool {
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") }
        return !digits.isEmpty && text.utf8.count - digits.count <= 1
            && digits.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
    }

    /// A statement as the engine takes it as a source of rows.
    static func source(of query: String) -> String {
        // A line feed, as the query may end in a comment. Oracle takes no AS before the name of a table.
        "(\(trimmed(query))\n) bobbin_query"
    }

    /// A query without the semicolon at its end.
    static func trimmed(_ query: String) -> String {
        var text = Substring(query)
        while let last = text.last, last.isWhitespace || last == ";" { text.removeLast() }
        return String(text)
    }
}
