import Manifest

/// What must hold between the keys of a stream.
struct StreamRules {
    let fields: Fields
    let mode: WriteMode
    let partitions: [Partition]
    let primaryKey: [String]
    /// Whether a key that is not named is the one that the source's catalogue has.
    let isCatalogued: Bool

    func check() {
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
        case .merge, .insertOnly:
            if !fields.has("primary_key"), !isCatalogued {
                fields.fail(
                    .missingKey, "primary_key",
                    "the key is missing; mode \(mode.rawValue) needs the columns that identify a row")
            }
        case .append:
            break
        }
        let missing = columns.filter { column in !primaryKey.contains { $0.isSame(as: column) } }
        if mode == .merge || mode == .replacePartition, fields.has("primary_key"), !missing.isEmpty {
            fields.fail(
                .conflict, "primary_key",
                "mode \(mode.rawValue) needs the partition columns in the key; add "
                    + missing.map(Message.shortened).joined(separator: ", "))
        }
    }
}
