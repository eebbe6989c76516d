import Manifest

/// Reads the source of one stream.
struct SourceReader {
    /// The placeholders that are not partitions.
    static let reserved = ["cursor", "page", "page_size", "since"]

    let connections: [String: ConnectionSummary]
    let partitions: [Partition]
    let mode: WriteMode

    func read(_ stream: Fields) -> Source? {
        guard let fields = stream.section("source") else {
            if !stream.has("source") {
                stream.fail(
                    .missingKey, "source", "the key is missing; expected a section with a connection and a path")
            }
            return nil
        }
        let name = fields.optionalText("connection")
        guard let name, let connection = connections[name] else {
            fields.checkKeys()
            if let name { fields.fail(.unknownName, "connection", unknownConnection(name, connections)) }
            return nil
        }
        let type = connection.type
        guard Connection.sources.contains(type) else {
            if !type.isEmpty, Table.connection["type"]?.shape.problem(in: type, isPlain: true) == nil {
                fields.fail(
                    .conflict, "connection",
                    "the connection \(Message.quoted(name)) is of type \(type), which rows cannot be read from; "
                        + "name one of type \(Connection.sources.joined(separator: ", "))")
            }
            return nil
        }
        let advice =
            Connection.databases.contains(type)
            ? ["query": "the query of a database is a key of the stream: `streams: {NAME: {query: \"SELECT ...\"}}`"]
            : [:]
        fields.checkKeys(for: type, called: "connection type", advice: advice)
        switch type {
        case "http" where fields.hasAny("files"): return readHTTPFiles(name, fields)
        case "http": return readHTTP(name, connection.method, fields)
        case "files", "s3", "sftp": return readFiles(name, fields)
        default: return readSQL(name, fields, stream)
        }
    }

    /// Keys of a stream that only tables and queries have.
    static let databaseKeys = ["query", "cursor", "lag", "since", "null_cursor"]

    private func readSQL(_ connection: String, _ fields: Fields, _ stream: Fields) -> Source {
        for partition in partitions where partition.values == .fromPath {
            stream.fail(
                .conflict, "partitions",
                "the values of {\(Message.shortened(partition.name))} cannot come from a path; list them, as the column's values"
            )
        }
        let table = fields.optionalText("table")
        let query = stream.optionalText("query")
        if table != nil, query != nil {
            stream.fail(.conflict, "query", "the source names a table, too: keep one of them")
        }
        return .sql(
            SQLSourceSettings(
                connection: connection, table: table, query: query, cursor: readCursor(stream),
                namesTarget: stream.has("table")))
    }

    private func readCursor(_ stream: Fields) -> SQLSourceSettings.Cursor? {
        guard let column = stream.optionalText("cursor") else {
            for key in ["lag", "since", "null_cursor"] where stream.hasOwn(key) {
                stream.fail(.conflict, key, "the key belongs to a cursor; name the column under cursor")
            }
            return nil
        }
        if mode.isReplace {
            // What a job says for all its streams is not meant for those that read everything.
            if stream.hasOwn("cursor") {
                stream.fail(
                    .conflict, "cursor",
                    "mode \(mode.rawValue) reads everything with each run; take the cursor out, or use merge, insert-only or append"
                )
            }
            return nil
        }
        var lag = 0
        if let text = stream.optionalText("lag") {
            if let seconds = try? DurationText.parse(text).components.seconds {
                lag = Int(seconds)
            } else if let number = Int(text), number >= 0 {
                lag = number
            } else {
                stream.fail(
                    .wrongValue, "lag",
                    "expected a duration such as 2h, or a whole number for a column of numbers, found \(Message.quoted(text))"
                )
            }
        }
        if lag > 0, mode == .append {
            stream.fail(
                .conflict, "lag",
                "mode append would double the rows that are read again; use merge or insert-only with a primary_key, or take lag out"
            )
        }
        let standard: SQLSourceSettings.NullCursor = mode == .append ? .fail : .include
        let nulls = stream.choice("null_cursor", standard)
        if nulls == .include, mode == .append {
            stream.fail(
                .conflict, "null_cursor",
                "mode append would double the rows that are read with every run; use skip or fail")
        }
        return SQLSourceSettings.Cursor(
            column: column, lag: lag, since: stream.optionalText("since"), nulls: nulls, isExact: mode == .append)
    }

    private func readHTTP(_ connection: String, _ standard: HTTPMethod, _ fields: Fields) -> Source? {
        for partition in partitions where partition.values == .fromPath {
            fields.fail(
                .conflict, "path",
                "the values of {\(Message.shortened(partition.name))} cannot come from the path of an HTTP source; list them"
            )
        }
        requirePath(fields)
        refuse(Self.fileKeys, of: fields, "the key is for files; name them under `files`, in place of `path`")
        let query = named("query", of: fields)
        let headers = named("headers", of: fields)
        checkHeaders(fields)
        let body = fields.find("body").flatMap { jsonTemplate($0.node, $0.path, fields.issues) }
        let path = template("path", of: fields)
        var templates = query.map(\.placed) + headers.map(\.placed)
        if let path { templates.append(path) }
        if let body, let found = fields.find("body") {
            templates += body.templates.map { Placed(template: $0, mark: found.mark, path: found.path) }
        }
        let used = Set(templates.flatMap(\.template.placeholders))
        let parent = readParent(fields, used)
        let pagination = readPagination(fields, used)
        let incremental = readIncremental(fields, used)
        var known = ["page_size"] + (parent?.fields.map(\.name) ?? [])
        switch pagination {
        case .cursor, .nextCursor: known.append("cursor")
        case .page: known.append("page")
        case .none, .link, .nextURL: break
        }
        if incremental != nil { known.append("since") }
        checkPlaceholders(templates, known: known, fields)
        let method = fields.choice("method", standard)
        if method == .get, body != nil {
            fields.fail(.conflict, "body", "a body needs method POST")
        }
        guard let path else { return nil }
        return .http(
            HTTPSourceSettings(
                connection: connection, path: path.template, method: method, query: query.map(\.value),
                headers: headers.map(\.value), body: body, records: fields.text("records"),
                pageSize: fields.integer("page_size"), pagination: pagination, incremental: incremental, parent: parent)
        )
    }

    private func checkHeaders(_ fields: Fields) {
        guard let headers = fields.find("headers") else { return }
        for entry in headers.node.entries ?? [] where ConnectionReader.isCredential(entry.key) {
            fields.issues.add(
                .literalSecret, at: entry.mark, headers.path.appending(entry.key),
                "headers with credentials belong to the connection, as ${NAME} or file:PATH")
        }
    }

    // MARK: Templates

    /// A template and where it stands.
    struct Placed {
        let template: Template
        let mark: Mark
        let path: KeyPath
    }

    func template(_ name: String, of fields: Fields) -> Placed? {
        guard let template = try? fields.optionalText(name).map({ try Template(parsing: $0) }) else { return nil }
        let place = fields.place(of: name)
        if template.description.isEmpty { fields.fail(.wrongValue, name, "the text is empty") }
        return Placed(template: template, mark: place.mark, path: place.path)
    }

    private func named(_ name: String, of fields: Fields) -> [(value: NamedTemplate, placed: Placed)] {
        let path = fields.place(of: name).path
        return fields.entries(name).compactMap { entry in
            guard let text = entry.value.text, let template = try? Template(parsing: text) else { return nil }
            return (
                NamedTemplate(name: entry.key, template: template),
                Placed(template: template, mark: entry.value.mark, path: path.appending(entry.key))
            )
        }
    }

    /// - Parameter isPattern: whether braces with a comma are alternatives (`{csv,tsv}`) and not a name.
    func checkPlaceholders(
        _ templates: [Placed], known: [String], _ fields: Fields, isPattern: Bool = false,
        at key: String = "path"
    ) {
        let columns = partitions.map(\.name)
        let all = columns + known
        for placed in templates {
            for name in placed.template.placeholders where !all.contains(name) && !placed.template.hasVariables {
                if isPattern, name.contains(",") { continue }
                let needs = [
                    "cursor": "pagination of type cursor or next_cursor", "page": "pagination of type page",
                    "since": "incremental", "page_size": "a connection of type http",
                ]
                let shown = all.isEmpty ? "none are known here" : "known here: \(all.joined(separator: ", "))"
                let message =
                    needs[name].map { "{\(name)} needs \($0)" }
                    ?? "unknown placeholder {\(Message.shortened(name))}; \(shown)"
                    + Message.suggestion(for: name, among: all)
                fields.issues.add(.unknownName, at: placed.mark, placed.path, message)
            }
        }
        let used = Set(templates.flatMap(\.template.placeholders))
        for partition in partitions where partition.count > 1 && !used.contains(partition.name) {
            fields.fail(
                .conflict, key,
                "nothing in the source uses {\(Message.shortened(partition.name))}, so every value of that partition "
                    + "would read the same rows; put it into the \(key)\(known.isEmpty ? "" : ", the query or the body")"
            )
        }
    }
}
