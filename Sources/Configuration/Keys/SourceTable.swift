/// The keys of sources; `Key.cases` are here the types of the connection, except within `pagination`.
enum SourceTable {
    static let source = Section(
        "source", "Where rows come from; which keys apply follows from the connection's type.",
        [
            Key("connection", .text(.name), required: true, "The connection to read from."),
            Key(
                "path", .text(.template), for: ["http"] + Connection.fileStores,
                "http: the path below base_url. Files: a glob below the connection's path or prefix (`*`, `**`, `?`). "
                    + "Both may hold `{placeholders}`. Required, but for `files`."),
            Key(
                "files", .either([.text(.template), .list(of: .text(.template))]), for: ["http"],
                "Files to fetch in place of pages of records, below base_url, each with its `{placeholders}` filled in; there is no listing, so no globs."
            ),
            Key("method", .choice(["GET", "POST"]), for: ["http"], "The method, in place of the connection's."),
            Key(
                "query", .map(of: .text(.template), names: .name), for: ["http"],
                "Query parameters. Placeholders: partition columns, `{cursor}`, `{page}`, `{page_size}`, `{since}`."),
            Key(
                "headers", .map(of: .text(.template), names: .headerName), for: ["http"],
                "Headers besides the connection's."),
            Key("body", .json, for: ["http"], "The JSON body of a POST; its strings may hold `{placeholders}`."),
            Key(
                "table", .text(.name), for: Connection.databases,
                "The table as the database has it, with its schema before a dot or without; without it the stream's name is its."
            ),
            Key(
                "records", .text(.pointer), standard: "", for: ["http"] + Connection.fileStores,
                "The JSON pointer to the array of records in an answer or a JSON file; empty is the whole of it."),
            Key(
                "page_size", .integer(1...1_000_000), standard: "1000", for: ["http"],
                "What `{page_size}` stands for."),
            Key("pagination", .section(pagination), for: ["http"], "How the next page is found."),
            Key(
                "incremental", .section(incremental), for: ["http"],
                "Pulls only what is new, from a column's greatest value."),
            Key(
                "parent", .section(parent), for: ["http"],
                "Another stream of the job, for each of whose records the source is asked."),
            Key(
                "format", .choice(["auto", "ndjson", "json", "csv", "tsv"]), standard: "auto",
                for: ["http"] + Connection.fileStores,
                "The format of files; auto goes by the name's ending."),
            Key(
                "compression", .choice(["auto", "none", "gzip", "zstd"]), standard: "auto",
                for: ["http"] + Connection.fileStores,
                "The compression of files; auto goes by the first bytes."),
            Key(
                "header", .boolean, standard: "true", for: ["http"] + Connection.fileStores,
                "csv, tsv: whether the first line names the columns."),
            Key(
                "columns", .list(of: .text(.name)), for: ["http"] + Connection.fileStores,
                "csv, tsv: the names of the columns, when no line does."),
            Key(
                "delimiter", .text(.delimiter), for: ["http"] + Connection.fileStores,
                "csv, tsv: what stands between fields, in place of comma or tab."),
            Key(
                "null", .text(.value), for: ["http"] + Connection.fileStores,
                "csv, tsv: the unquoted field that is NULL; without it the empty one is."),
        ])

    static let pagination = Section(
        "pagination", "How the next page is found.", discriminator: "type",
        [
            Key(
                "type", .choice(["none", "cursor", "next_cursor", "page", "link", "next_url"]), standard: "none",
                "cursor: from the last record; next_cursor: from the answer; page: numbers; link: the Link header; "
                    + "next_url: an address in the answer."),
            Key(
                "field", .text(.name), required: true, for: ["cursor"],
                "The record's field whose last value is `{cursor}`."),
            Key(
                "pointer", .text(.pointer), required: true, for: ["next_cursor", "next_url"],
                "The JSON pointer to the next cursor or address; absent, null or empty ends."),
            Key(
                "parameter", .text(.name), for: ["cursor", "next_cursor", "page"],
                "The query parameter that carries the cursor or page; not needed when a template has "
                    + "`{cursor}` or `{page}`."
            ),
            Key(
                "start", .text(.value), for: ["cursor", "page"],
                "cursor: what `{cursor}` is at first (built in 0). page: the first page's number (built in 1)."),
            Key("total_pages", .text(.pointer), for: ["page"], "The JSON pointer to the number of pages."),
            Key(
                "stop", .choice(["short_page", "empty_page"]), standard: "short_page", for: ["cursor", "page"],
                "Whether a page with fewer records than page_size is the last, or only one without records."),
        ])

    static let parent = Section(
        "parent", "Asks for the records of each record of another stream, such as the items of each order.",
        [
            Key("stream", .text(.name), required: true, "The stream of this job that is read for it."),
            Key(
                "fields", .map(of: .text(.name), names: .name), required: true,
                "Placeholders, each with the field of the parent's record that fills it. They are columns of the records, too, unless a record has the "
                    + "name itself."),
            Key("at_once", .integer(1...64), standard: "4", "Parents that are asked about at once, of each partition."),
            Key(
                "not_found", .choice(["fail", "skip"]), standard: "fail",
                "What a 404 for one parent means: the run fails, or that parent has no records."),
        ])

    static let incremental = Section(
        "incremental", "Pulls only what is new; `{since}` in the source is where to begin.",
        [
            Key("cursor", .text(.name), required: true, "The column whose greatest value the next run begins from."),
            Key("since", .text(.value), required: true, "What `{since}` is on the first run."),
            Key(
                "lookback", .duration(minimum: .zero), standard: "0s",
                "How far before the greatest value the next run begins, for late rows."),
            Key(
                "format", .choice(["timestamp", "date", "unix", "unix_ms", "integer", "text"]), standard: "timestamp",
                "What the column's values are."),
        ])
}
