internal import JSON

/// What a run does besides putting its rows into the place of those with the same key.
package struct RowChanges: Sendable, Hashable {
    /// Which rows say that the row of their key is gone.
    package struct Marker: Sendable, Hashable {
        /// The column that says so.
        package var column: String
        /// The values that say so; empty for every value that is not null, false, zero or empty.
        package var values: [String]

        /// A marker of this column.
        package init(column: String, values: [String]) {
            self.column = column
            self.values = values
        }
    }

    /// The column of a row's first instant, under `scd2`.
    package static let validFrom = "_valid_from"
    /// The column of the instant at which a version ended, under `scd2`; null of the one that holds.
    package static let validTo = "_valid_to"
    /// The column of the instant at which a row was found to be deleted; null of the others.
    package static let deletedAt = "_deleted_at"

    /// Which rows are deletions; nil for none.
    package var marker: Marker?
    /// The run has read all rows of its partition: those that it does not hold are deleted.
    package var deletesMissing = false
    /// Deleted rows stay, and ``deletedAt`` tells when.
    package var isSoft = false
    /// Columns that make no new version by themselves, under `scd2`.
    package var unversioned: [String] = []

    /// Nothing of the kind.
    package init() {}

    /// Whether there is nothing of the kind.
    package var isEmpty: Bool { self == RowChanges() }
}

extension RunManifest {
    /// Whether the rows have to be together before any of them can go into the table.
    package var isStaged: Bool {
        switch mode {
        case .updateOnly, .scd2: true
        case .merge: !changes.isEmpty
        case .append, .insertOnly, .replace, .replacePartition: false
        }
    }

    /// What the table is unique by: the key, of a table of versions with the instant of each.
    package var tableKey: [String] { mode == .scd2 && !key.isEmpty ? key + [RowChanges.validFrom] : key }

    /// The columns that the loader itself fills.
    package var keptColumns: [Column] {
        switch mode {
        case .scd2:
            [
                Column(name: RowChanges.validFrom, type: .timestamp),
                Column(name: RowChanges.validTo, type: .timestamp),
            ]
        case .merge where changes.isSoft: [Column(name: RowChanges.deletedAt, type: .timestamp)]
        case .append, .insertOnly, .merge, .updateOnly, .replace, .replacePartition: []
        }
    }

    /// Whether rows of the partition are looked for in the table by its columns.
    package var looksForPartition: Bool { mode == .replacePartition || changes.deletesMissing }

    /// Whether what stands for the partition and is not among the run's rows goes.
    package var isWholePartition: Bool { mode.isReplace || changes.deletesMissing }
}

extension RowChanges {
    /// As it stands in a manifest; nothing when there is nothing.
    var members: [(String, JSONValue)] {
        var members: [(String, JSONValue)] = []
        if let marker {
            members.append(
                (
                    "delete_marker",
                    .record([
                        ("column", .string(marker.column)), ("values", .array(marker.values.map { .string($0) })),
                    ])
                ))
        }
        if deletesMissing { members.append(("delete_missing", .bool(true))) }
        if isSoft { members.append(("soft_delete", .bool(true))) }
        if !unversioned.isEmpty { members.append(("unversioned", .array(unversioned.map { .string($0) }))) }
        return members
    }

    init(_ reader: ObjectReader) throws(ManifestError) {
        self.init()
        if reader.any("delete_marker") != .null {
            let marker = try ObjectReader(reader.any("delete_marker"), "the manifest's delete_marker")
            self.marker = Marker(column: try marker.string("column"), values: try marker.strings("values"))
        }
        deletesMissing = reader.any("delete_missing") == .bool(true)
        isSoft = reader.any("soft_delete") == .bool(true)
        if reader.any("unversioned") != .null { unversioned = try reader.strings("unversioned") }
    }
}
