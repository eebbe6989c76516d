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
    /// The manifest's number, when each row tells where it comes from in two more cells: this, and ``place(_:_:)``.
    var number: Int?
    /// Indexes of the key's columns in `targets`, in the key's order.
    var key: [Int]
    /// What becomes of a row's column that the table does not have.
    var unknown: ContractPolicy
    /// What becomes of a value that does not fit its column.
    var misfit: ContractPolicy

    /// - Parameters:
    ///   - table: the table's columns with their logical types, after the run's were added.
    ///   - number: see ``number``.
    init(table: [Column], manifest: RunManifest, number: Int? = nil) {
        self.number = number
        // By bytes: a String is equal to others that are spelled with other code points.
        var constants: [[UInt8]: [UInt8]] = [:]
        for field in manifest.partition.fields { constants[Array(field.name.utf8)] = Array(field.value.utf8) }
        let keys = manifest.key.map { Array($0.utf8) }
        let targets = table.map { column in
            let name = Array(column.name.utf8)
            return Target(name: name, type: column.type, constant: constants[name], isKey: keys.contains(name))
        }
        self.targets = targets
        key = keys.compactMap { name in targets.firstIndex { $0.name == name } }
        unknown = manifest.guards.columns
        misfit = manifest.guards.types
    }

    /// Cells of a row.
    var width: Int { targets.count + (number == nil ? 0 : 2) }

    /// Where a row stands in its run, ascending: sequence of the chunk, then line.
    static func place(_ sequence: Int, _ line: Int) -> Int64 {
        Int64(truncatingIfNeeded: sequence) << 32 | Int64(truncatingIfNeeded: line)
    }
}

/// Why a row cannot go into the table.
struct RowFault: Error {
    var reason: String
    var column: String?
    /// The contract leaves the row out instead of rejecting it.
    var isDiscarded = false
}
