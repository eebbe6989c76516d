/// The reference of the configuration file as Markdown; generated from the table of keys.
package func configurationReference() -> String {
    var text = """
        # Configuration reference

        Generated from the table of keys in the sources; do not edit. `bobbin init` writes a file to begin with, and
        `schema/bobbin.schema.json` lets editors complete and check it.

        A stream takes each key from the first place that has it: the stream, its job's `defaults`, its job, the
        top-level `defaults`, the built-in value. Sections are joined key by key; lists, and maps with names of your
        own (`partitions`, `query`, `headers`, `columns`), are taken whole. A `retry` or `pagination` that names its
        strategy or type takes nothing from farther away.

        `${NAME}` is an environment variable, also within text, and `file:PATH` the content of a file, without its last
        line end. Both are read in `connections`, variables also in `spool` and `on_failure.webhook`; secrets may be
        given in no other way. `{name}` is a placeholder in `path`, `query`, `headers` and `body` of a source: a
        partition column, `{cursor}`, `{page}`, `{page_size}` or `{since}`; `{{` and `}}` are the braces themselves.

        Durations: `50ms 2s 15m 2h 7d 1h30m`. Sizes: `512KiB 64MB 2GB`. A file has at most 1,000,000 bytes.

        """
    for section in Table.sections {
        text += "\n## \(section.name)\n\n\(section.docs)"
        for base in section.base {
            text += " Besides the keys below: those of [\(base.name)](#\(base.name))."
        }
        text += "\n\n| Key | Value | Built in | Meaning |\n|---|---|---|---|\n"
        for key in section.keys {
            let standard = key.standard.map { $0.isEmpty ? "empty" : "`\($0)`" } ?? (key.isRequired ? "required" : "")
            let docs = key.cases.isEmpty ? key.docs : "*\(key.cases.joined(separator: ", "))*: \(key.docs)"
            text += "| `\(key.name)` | \(reference(key.shape)) | \(standard) | \(escaped(docs)) |\n"
        }
    }
    return text
}

private func reference(_ shape: Shape) -> String {
    switch shape {
    case .section(let section): "[\(section.name)](#\(section.name))"
    case .map(let value, _): "names, each with \(reference(value))"
    case .list(let item): "list of \(reference(item))"
    case .either(let shapes): shapes.map(reference).joined(separator: ", or ")
    case .choice(let words): words.map { "`\($0)`" }.joined(separator: ", ")
    case .text, .integer, .boolean, .duration, .size, .json: escaped(shape.expectation)
    }
}

private func escaped(_ text: String) -> String {
    text.replacing("|", with: "\\|")
}
