import Manifest

/// What must hold between the keys of a stream.
struct StreamRules {
    let fields: Fields
    let mode: WriteMode
    let partitions: [Partition]
    let primaryKey: [String]
    /// Whether a key that is not named is the one that the source's catalogue has.
    let isCatalogued: Bool
    let changes: RowChanges

    func check() {
        checkChanges()
        let columns = partitions.map(\.name)
        switch mode {
        case .replace:
            if fields.has("partitions") {
                fields.fail(
                    .conflict, "mode",
                    "replace exchanges the whole table, so each partition would wipe the others; "
                        + "use replace-partition, or remove partitions")
            }
        case .replacePartition:
            if !fields.has("partitions") {
                fields.fail(.conflict, "mode", "replace-partition needs partitions; name them, or use replace")
            }
        case .merge, .insertOnly, .updateOnly, .scd2:
            if !fields.has("primary_key"), !isCatalogued {
                fields.fail(
                    .missingKey, "primary_key",
                    "the key is missing; mode \(mode.rawValue) needs the columns that identify a row")
            }
        case .append:
            break
        }
        let missing = columns.filter { column in !primaryKey.contains { $0.isSame(as: column) } }
        if mode.needsKey && mode != .insertOnly || mode == .replacePartition, fields.has("primary_key"),
            !missing.isEmpty
        {
            fields.fail(
                .conflict, "primary_key",
                "mode \(mode.rawValue) needs the partition columns in the key; add "
                    + missing.map(Message.shortened).joined(separator: ", "))
        }
    }

    /// Deletions need a mode that knows of them. What a job says for all its streams is not meant for those of other modes.
    private func checkChanges() {
        for key in ["delete_marker", "delete_missing"] where fields.hasOwn(key) && mode != .merge && mode != .scd2 {
            fields.fail(
                .conflict, key,
                "mode \(mode.rawValue) deletes nothing by itself\(mode.isReplace ? " but what it replaces" : ""); use merge or scd2, or take "
                    + "the key out")
        }
        if fields.hasOwn("soft_delete"), changes.isSoft {
            if mode != .merge {
                fields.fail(
                    .conflict, "soft_delete",
                    mode == .scd2
                        ? "scd2 keeps deleted rows as versions that have ended; take the key out"
                        : "the key is for merge; use that, or take the key out")
            } else if changes.marker == nil, !changes.deletesMissing {
                fields.fail(
                    .conflict, "soft_delete",
                    "nothing says which rows are deleted; name a delete_marker, or set delete_missing: true")
            }
        }
        guard changes.deletesMissing, mode == .merge || mode == .scd2 else { return }
        if let text = fields.optionalText("since") {
            fields.fail(
                .conflict, "delete_missing",
                "since \(Message.quoted(text)) leaves rows out, which would be deleted as missing; take one of the two out"
            )
        }
        if fields.optionalText("null_cursor") == "skip" {
            fields.fail(
                .conflict, "delete_missing",
                "null_cursor: skip leaves rows out, which would be deleted as missing; take one of the two out")
        }
    }
}
