/// Sources of files: by a glob of a store, or by name over HTTP.
extension SourceReader {
    /// Keys of sources that only files have.
    static let fileKeys = ["format", "compression", "header", "columns", "delimiter", "null"]
    /// Keys of sources that only pages of records have.
    static let pageKeys = [
        "path", "method", "query", "headers", "body", "page_size", "pagination", "incremental", "parent",
    ]

    func requirePath(_ fields: Fields) {
        guard !fields.has("path"), let shape = fields.section["path"]?.shape else { return }
        fields.fail(.missingKey, "path", "the key is missing; expected \(shape.expectation)")
    }

    /// Notes keys that do not go with the kind of the source.
    func refuse(_ keys: [String], of fields: Fields, _ reason: String) {
        for layer in fields.layers where !layer.isShared {
            for entry in layer.entries where keys.contains(entry.key) && !entry.value.isNull {
                fields.issues.add(.conflict, at: entry.mark, layer.path.appending(entry.key), reason)
            }
        }
    }

    /// Files by name: HTTP has no listing.
    func readHTTPFiles(_ connection: String, _ fields: Fields) -> Source? {
        refuse(
            Self.pageKeys, of: fields, "the key is for pages of records, and the source names `files`: keep one of them"
        )
        for partition in partitions where partition.values == .fromPath {
            fields.fail(
                .conflict, "files",
                "the values of {\(Message.shortened(partition.name))} cannot come from paths, as there is no listing over http; list them"
            )
        }
        let place = fields.place(of: "files")
        let templates = fields.texts("files").compactMap { text -> Placed? in
            if text.utf8.contains(UInt8(ascii: "*")) {
                fields.fail(
                    .wrongValue, "files",
                    "\(Message.quoted(text)): there is no listing over http, so no globs: name each file, with {placeholders} for the values of "
                        + "partitions")
            }
            return (try? Template(parsing: text)).map { Placed(template: $0, mark: place.mark, path: place.path) }
        }
        checkPlaceholders(templates, known: [], fields, at: "files")
        return files(connection, path: nil, templates.map(\.template), fields)
    }

    func readFiles(_ connection: String, _ fields: Fields) -> Source? {
        requirePath(fields)
        let path = template("path", of: fields)
        if let path { checkPlaceholders([path], known: [], fields, isPattern: true) }
        for partition in partitions where partition.values != .fromPath {
            fields.fail(
                .conflict, "path",
                "files tell their partition by their path; write `\(Message.shortened(partition.name)): path` under partitions"
            )
        }
        return path.map { files(connection, path: $0.template, [], fields) }
    }

    private func files(_ connection: String, path: Template?, _ files: [Template], _ fields: Fields) -> Source {
        let columns = fields.texts("columns")
        if !fields.boolean("header"), columns.isEmpty {
            fields.fail(
                .missingKey, "columns",
                "the key is missing; files without a header line need the names of their columns")
        }
        return .files(
            FileSourceSettings(
                connection: connection, path: path ?? .empty, files: files,
                format: fields.choice("format", FileSourceSettings.Format.auto),
                compression: fields.choice("compression", FileSourceSettings.Compression.auto),
                hasHeader: fields.boolean("header"), columns: columns,
                delimiter: fields.optionalText("delimiter").flatMap(TextRule.delimiter),
                null: fields.optionalText("null"), records: fields.text("records")))
    }
}
