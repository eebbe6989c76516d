/// Where a stream's rows come from.
package enum Source: Sendable, Hashable {
    case http(HTTPSourceSettings)
    case files(FileSourceSettings)
    case sql(SQLSourceSettings)

    /// The connection's name.
    package var connection: String {
        switch self {
        case .http(let settings): settings.connection
        case .files(let settings): settings.connection
        case .sql(let settings): settings.connection
        }
    }

    /// Whether it is a table or query of a database.
    package var isDatabase: Bool { if case .sql = self { true } else { false } }
}

/// A table, tables by a pattern, or a query of a database.
package struct SQLSourceSettings: Sendable, Hashable {
    /// Rows that have no cursor.
    package enum NullCursor: String, Sendable, Hashable {
        /// They are read anew with every run.
        case include
        /// They are left out.
        case skip
        /// The run fails.
        case fail
    }

    /// A column by whose values only what is new is read.
    package struct Cursor: Sendable, Hashable {
        /// The column.
        package let column: String
        /// How far before the greatest value the next run begins: a duration in seconds, or a number for columns of numbers.
        package let lag: Int
        /// Where the first run begins; nil is at the first row.
        package let since: String?
        package let nulls: NullCursor
        /// Whether rows that are read again would be doubled, so that each one at the boundary must be known.
        package let isExact: Bool
    }

    /// The connection's name.
    package let connection: String
    /// The table as the database has it, with its schema before a dot or without; nil is the stream's name.
    package let table: String?
    /// A SELECT in place of a table.
    package let query: String?
    /// Set when only what is new is read.
    package let cursor: Cursor?
    /// Whether the stream names a table of its own for the target.
    package let namesTarget: Bool
}

/// A paged HTTP API. Placeholders are names of partitions, and `cursor`, `page`, `page_size`, `since`.
package struct HTTPSourceSettings: Sendable, Hashable {
    /// The connection's name.
    package let connection: String
    /// Below the connection's base address.
    package let path: Template
    /// The source's own method, else the connection's.
    package let method: HTTPMethod
    /// Query parameters in the order of the file.
    package let query: [NamedTemplate]
    /// Headers besides the connection's.
    package let headers: [NamedTemplate]
    /// The body of a POST.
    package let body: JSONTemplate?
    /// The JSON pointer to the array of records; empty is the whole answer.
    package let records: String
    /// What `{page_size}` stands for.
    package let pageSize: Int
    /// How the next page is found.
    package let pagination: Pagination
    /// Set when only what is new is pulled.
    package let incremental: Incremental?
    /// Set when the source is asked for each record of another stream.
    package let parent: ParentSource?
}

/// Another stream of the job, for each of whose records a source is asked.
package struct ParentSource: Sendable, Hashable {
    /// A placeholder of the source, and a column of its records.
    package struct Field: Sendable, Hashable {
        package let name: String
        /// The field of the parent's record that fills it.
        package let source: String
    }

    /// The stream's name.
    package let stream: String
    /// In the order of the file; at least one.
    package let fields: [Field]
    /// Parents that are asked about at once.
    package let atOnce: Int
    /// Whether a parent that the source does not know (404) has no records; otherwise the run fails.
    package let skipsMissing: Bool
}

/// How the next page is found.
package enum Pagination: Sendable, Hashable {
    /// Which page is the last.
    package enum Stop: String, Sendable, Hashable {
        case shortPage = "short_page"
        case emptyPage = "empty_page"
    }

    case none
    /// `{cursor}` is `field` of the last record, at first `start`.
    case cursor(field: String, start: String, stop: Stop, parameter: String?)
    /// `{cursor}` is the value at `pointer` in the answer; absent, null or empty ends.
    case nextCursor(pointer: String, parameter: String?)
    /// `{page}` counts from `start` to the value at `totalPages`, or until `stop`.
    case page(parameter: String?, start: Int, totalPages: String?, stop: Stop)
    /// The `Link` header's `rel="next"` (RFC 8288).
    case link
    /// The address at `pointer` in the answer.
    case nextURL(pointer: String)
}

/// Pulls only what is new, from a column's greatest value.
package struct Incremental: Sendable, Hashable {
    /// What the column's values are.
    package enum Format: String, Sendable, Hashable {
        /// ISO 8601.
        case timestamp
        case date
        /// Seconds since 1970.
        case unix
        /// Milliseconds since 1970.
        case unixMilliseconds = "unix_ms"
        case integer
        case text
    }

    /// The column.
    package let cursor: String
    /// What `{since}` is on the first run.
    package let since: String
    /// How far before the greatest value the next run begins.
    package let lookback: Duration
    /// What the values, or the files, are.
    package let format: Format
}

/// Files below a connection's directory, prefix or base address.
package struct FileSourceSettings: Sendable, Hashable {
    /// The format of files; `auto` goes by the name's ending.
    package enum Format: String, Sendable, Hashable {
        case auto, ndjson, json, csv, tsv
    }

    /// The compression of files; `auto` goes by the first bytes.
    package enum Compression: String, Sendable, Hashable {
        case auto, none, gzip, zstd
    }

    /// The connection's name.
    package let connection: String
    /// A glob; placeholders are names of partitions, or alternatives (`{csv,tsv}`). Empty where ``files`` names them.
    package let path: Template
    /// Of HTTP connections: the files by name, with partition values as placeholders; else empty.
    package let files: [Template]
    /// The glob as `Formats` reads it: `{{` and `}}` are escaped there.
    package var pattern: String {
        path.parts.map { part in
            switch part {
            case .placeholder(let name): "{\(name)}"
            case .literal(let text): text.map { $0 == "{" || $0 == "}" ? "\\\($0)" : "\($0)" }.joined()
            }
        }.joined()
    }
    /// What the values, or the files, are.
    package let format: Format
    /// How the files are compressed.
    package let compression: Compression
    /// Whether the first line of a CSV or TSV file names its columns.
    package let hasHeader: Bool
    /// The columns of a CSV or TSV file, when no line names them.
    package let columns: [String]
    /// An ASCII character; nil is the format's.
    package let delimiter: UInt8?
    /// The unquoted field that is NULL; nil when none is.
    package let null: String?
    /// The JSON pointer to the array of records of a JSON file; empty is the whole of it.
    package let records: String
}
