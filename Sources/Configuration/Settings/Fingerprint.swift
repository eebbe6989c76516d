extension Settings {
    /// 16 hex digits that stay the same while a stream reads the same rows in the same way: an unfinished run is only
    /// continued under the same fingerprint. Credentials, limits and delays do not count, and no secret is in it.
    package func fingerprint(of stream: Stream) -> String {
        var text = CanonicalText()
        text.add("connection", stream.source.connection)
        switch connections[stream.source.connection] {
        case .http(let settings): text.add("base_url", settings.baseURL)
        case .files(let settings): text.add("directory", settings.path)
        case .s3(let settings):
            text.add("endpoint", settings.endpoint ?? settings.region)
            text.add("bucket", settings.bucket)
            text.add("prefix", settings.prefix)
        case .sftp(let settings):
            text.add("host", settings.host)
            text.add("port", String(settings.port))
            text.add("user", settings.user)
            text.add("directory", settings.path)
        case .sqlite(let settings): text.add("file", settings.path)
        case .postgres(let settings):
            for name in ["host", "port", "dbname"] { text.add(name, settings.parameters[name]) }
            text.add("schema", settings.schema)
        case .mysql(let settings):
            text.add("host", settings.host ?? settings.socket)
            text.add("port", settings.port.map { String($0) })
            text.add("database", settings.database)
        case .duckdb(let settings), .parquet(let settings): text.add("file", settings.path)
        case .odbc(let settings):
            text.add("dsn", settings.dataSource)
            for pair in ConnectionString.pairs(settings.connectionString?.reveal() ?? "")
            where ConnectionString.isPlace(pair.key) {
                text.add(pair.key.lowercased(), pair.value)
            }
        case nil: break
        }
        switch stream.source {
        case .http(let source):
            text.add(source)
            if let parent = parent(of: stream), case .http(let source) = parent.source {
                text.add("parent", source.connection)
                text.add(source)
            }
        case .files(let source): text.add(source)
        case .sql(let source): text.add(source, stream)
        }
        if let shape = stream.shape { text.add(shape) }
        return fnv1a(text.bytes)
    }
}

extension Settings {
    /// The stream for each of whose records `stream` is asked; nil for other streams.
    package func parent(of stream: Stream) -> Stream? {
        guard case .http(let source) = stream.source, let parent = source.parent else { return nil }
        return jobs.first { $0.name == stream.job }?.streams.first { $0.name == parent.stream }
    }
}

/// The 64-bit FNV-1a hash as 16 hex digits (Fowler, Noll, Vo; RFC 9923).
package func fnv1a(_ bytes: some Sequence<UInt8>) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes {
        hash ^= UInt64(byte)
        hash = hash &* 0x0000_0100_0000_01b3
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}

/// Names and values, each with its length before it, so that no two settings have one text.
private struct CanonicalText {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        for text in [name, value] {
            bytes += String(text.utf8.count).utf8
            bytes.append(UInt8(ascii: ":"))
            bytes += text.utf8
        }
    }

    mutating func add(_ source: HTTPSourceSettings) {
        add("type", "http")
        add("path", source.path.description)
        add("method", source.method.rawValue)
        for item in source.query { add("query", item.name); add("value", item.template.description) }
        for item in source.headers { add("header", item.name); add("value", item.template.description) }
        // A placeholder keeps its braces, so that it differs from what may be put in its place.
        add("body", source.body?.rendered { JSONTemplate.Value(text: "{\($0)}", isNumber: false) })
        add("records", source.records)
        add("page_size", String(source.pageSize))
        switch source.pagination {
        case .none: break
        case .cursor(let field, let start, let stop, let parameter):
            add("cursor", field)
            add("start", start)
            add("stop", stop.rawValue)
            add("parameter", parameter)
        case .nextCursor(let pointer, let parameter):
            add("next_cursor", pointer)
            add("parameter", parameter)
        case .page(let parameter, let start, let totalPages, let stop):
            add("page", String(start))
            add("total_pages", totalPages)
            add("stop", stop.rawValue)
            add("parameter", parameter)
        case .link: add("link", "")
        case .nextURL(let pointer): add("next_url", pointer)
        }
        if let parent = source.parent {
            add("parent", parent.stream)
            for field in parent.fields { add("field", field.name); add("source", field.source) }
        }
        if let incremental = source.incremental {
            add("incremental", incremental.cursor)
            add("since", incremental.since)
            add("lookback", "\(incremental.lookback)")
            add("format", incremental.format.rawValue)
        }
    }

    mutating func add(_ source: SQLSourceSettings, _ stream: Stream) {
        add("type", "sql")
        add("table", source.table ?? stream.name)
        add("query", source.query)
        add("cursor", source.cursor?.column)
        add("lag", source.cursor.map { String($0.lag) })
        add("since", source.cursor?.since)
        add("nulls", source.cursor?.nulls.rawValue)
    }

    /// Of the salt only whether there is one.
    mutating func add(_ shape: RecordShape) {
        add("flatten", String(shape.flatten))
        switch shape.selection {
        case .all: break
        case .only(let names): for name in names { add("select", name) }
        case .allBut(let names): for name in names { add("drop", name) }
        }
        for rename in shape.renames { add("rename", rename.from); add("to", rename.to) }
        for name in shape.hashed { add("hash", name) }
        add("salted", shape.salt.map { _ in "" })
        for constant in shape.constants { add("constant", constant.name); add("value", "\(constant.value)") }
        add("loaded_at", shape.loadedAt)
    }

    mutating func add(_ source: FileSourceSettings) {
        add("type", "files")
        add("path", source.path.description)
        for file in source.files { add("file", file.description) }
        add("format", source.format.rawValue)
        add("compression", source.compression.rawValue)
        add("header", String(source.hasHeader))
        for column in source.columns { add("column", column) }
        add("delimiter", source.delimiter.map { String($0) })
        add("null", source.null)
        add("records", source.records)
    }
}
