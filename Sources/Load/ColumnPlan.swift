internal import Manifest

/// How the columns of one run's rows go into the table's columns.
struct ColumnPlan: Sendable {
    /// A column of the table, and how its values are bound.
    struct Target: Sendable {
        var name: [UInt8]
        var type: LogicalType
        /// The partition's value, when the column is part of the partition's key.
        var constant: [UInt8]?
        /// A null is refused with its row.
        var isKey: Bool
    }

    var targets: [Target]
    /// Columns that a record may have and that are dropped: only nulls were ever seen in them.
    var ignored: Set<[UInt8]>
    /// Indexes of the key's columns in `targets`, in the key's order.
    var key: [Int]

    /// - Parameters:
    ///   - table: the table's columns with their logical types, after the run's were added.
    init(table: [Column], manifest: RunManifest) {
        var constants: [String: [UInt8]] = [:]
        for field in manifest.partition.fields { constants[field.name] = Array(field.value.utf8) }
        targets = table.map { column in
            Target(
                name: Array(column.name.utf8), type: column.type, constant: constants[column.name],
                isKey: manifest.key.contains(column.name))
        }
        let known = Set(table.map(\.name))
        ignored = Set(manifest.schema.filter { !known.contains($0.name) }.map { Array($0.name.utf8) })
        key = manifest.key.compactMap { name in table.firstIndex { $0.name == name } }
    }
}

/// Why a row cannot go into the table.
struct RowFault: Error {
    var reason: String
    var column: String?
}
