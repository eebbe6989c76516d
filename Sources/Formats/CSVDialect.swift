/// How a CSV or TSV file is written, and how its fields become JSON.
///
/// Fields become JSON by these rules: a quoted field is a string; an unquoted field equal to ``nullMarker`` is null; an
/// unquoted field that is a JSON number (RFC 8259) is that number, digit for digit, unless its column is in
/// ``textColumns``; everything else (`007`, `+5`, ` 5`, `.5`, `true`, `nan`) is a string, with its white space.
package struct CSVDialect: Sendable, Equatable {
    /// Where the column names come from.
    package enum Names: Sendable, Equatable {
        /// The first row.
        case header
        /// This list; with `skippingFirstRow` the file has a header too, which is passed over.
        case declared([String], skippingFirstRow: Bool)
    }

    /// What is written for a null field.
    package enum Nulls: Sendable, Equatable {
        /// `"name":null`.
        case written
        /// Nothing: the key is missing, which means the same and keeps wide sparse rows small.
        case omitted
    }

    /// Between two fields: one ASCII character that is no quote, line end, letter, digit, `+`, `-` or `.`.
    package var delimiter: UInt8 = ASCII.comma
    /// Whether `"` quotes a field (RFC 4180); false for files in which it is a character like any other.
    package var isQuoted = true
    /// Column names.
    package var names: Names = .header
    /// The unquoted field that means null; by default the empty one, as in PostgreSQL's CSV format.
    package var nullMarker: String = ""
    /// How nulls are written.
    package var nulls: Nulls = .written
    /// Columns whose fields are always strings (or null).
    package var textColumns: Set<String> = []

    /// RFC 4180: commas, quotes, a header.
    package static let csv = CSVDialect()
    /// The same with tabs.
    package static let tsv = CSVDialect(delimiter: ASCII.tab)

    /// Makes a dialect; what is not given is as in ``csv``.
    package init(
        delimiter: UInt8 = 0x2c, isQuoted: Bool = true, names: Names = .header, nullMarker: String = "",
        nulls: Nulls = .written, textColumns: Set<String> = []
    ) {
        self.delimiter = delimiter
        self.isQuoted = isQuoted
        self.names = names
        self.nullMarker = nullMarker
        self.nulls = nulls
        self.textColumns = textColumns
    }

    /// Refuses what would be ambiguous.
    ///
    /// - Throws: ``FormatsError/Code/badOption``.
    package func validate() throws(FormatsError) {
        let isWord = ASCII.isDigit(delimiter) || (delimiter | 0x20) &- 0x61 < 26
        if isWord || delimiter >= 0x7f || [0, 0x0a, 0x0d, 0x22, 0x2b, 0x2d, 0x2e].contains(delimiter) {
            throw FormatsError(
                .badOption,
                "the CSV delimiter must be one ASCII character that is no quote, line end, letter, digit, +, - or .")
        }
        if nullMarker.utf8.contains(where: { [delimiter, 0x0a, 0x0d, 0x22].contains($0) }) {
            throw FormatsError(
                .badOption, "the CSV null marker must not contain the delimiter, a quote or a line end: choose another")
        }
        if case .declared(let names, _) = names { _ = try CSVColumns.checked(names, name: "columns") }
    }
}
