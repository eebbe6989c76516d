import Manifest

/// Sources that are asked for each record of another stream.
extension SourceReader {
    func readParent(_ fields: Fields, _ used: Set<String>) -> ParentSource? {
        guard let parent = fields.section("parent") else { return nil }
        parent.checkKeys()
        if fields.has("incremental") {
            fields.fail(
                .conflict, "incremental",
                "the records of a source with a parent are read anew for each of its parents; put incremental into the parent's source, and only "
                    + "parents that are new or changed are asked about")
        }
        let entries = parent.entries("fields").compactMap { entry in
            entry.value.text.map { ParentSource.Field(name: entry.key, source: $0) }
        }
        for field in entries {
            if Self.reserved.contains(field.name) || partitions.contains(where: { $0.name.isSame(as: field.name) }) {
                parent.fail(
                    .conflict, "fields",
                    "{\(Message.shortened(field.name))} is known already, as a partition or by Bobbin; give the field another name"
                )
            }
        }
        if !entries.isEmpty, !entries.contains(where: { used.contains($0.name) }) {
            parent.fail(
                .conflict, "fields",
                "nothing in the source uses {\(Message.shortened(entries[0].name))}, so every parent would have the same records; put it into the path, "
                    + "the query or the body")
        }
        guard let stream = parent.optionalText("stream"), !entries.isEmpty else { return nil }
        return ParentSource(
            stream: stream, fields: entries, atOnce: parent.integer("at_once"),
            skipsMissing: parent.text("not_found") == "skip")
    }
}
