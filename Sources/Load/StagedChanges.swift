internal import Manifest

/// The statements by which the rows of a stage change their table, in this order, in the transaction that moves the head. Pure.
///
/// The stage holds one row of a key, the last of the run. `docs/targets.md`, "Deletes and versions", says what must come out.
struct StagedChanges {
    /// The name of the stage of one transaction, in every engine.
    static let stage = "_bobbin_stage"

    let manifest: RunManifest
    let table: TargetTable
    let dialect: any StagingDialect
    /// When the run began, in microseconds since 1970.
    let instant: Int64
    /// Whether rows that are missing go: not if some of the run's rows were refused, as these are no deletions.
    let deletesMissing: Bool
    /// The stage's name.
    var stage = StagedChanges.stage

    private var name: String { get throws { try dialect.quote(table.name) } }

    /// A column of the table or of the stage.
    private func column(_ column: String) throws -> String { "\(try name).\(try dialect.quote(column))" }
    private func staged(_ column: String) throws -> String { "\(stage).\(try dialect.quote(column))" }

    /// What makes two rows partners.
    private var partner: String {
        get throws {
            try manifest.key.map { "\(try column($0)) = \(try staged($0))" }.joined(separator: " AND ")
        }
    }

    /// The table's columns besides the key and those that the loader fills.
    private var values: [Column] {
        table.columns.filter { column in
            !manifest.key.contains { column.isNamed($0) }
                && !manifest.keptColumns.contains { column.isNamed($0.name) }
        }
    }

    /// All statements.
    func statements() throws -> [String] {
        switch manifest.mode {
        case .scd2: try versions()
        case .updateOnly: try update(values.filter { manifest.schema.named($0.name) != nil })
        case .append, .insertOnly, .replace, .replacePartition: [try insert(kept: [], unless: nil)]
        case .merge: try missing() + marked() + upsert()
        }
    }

    /// The greatest instants in the table, so that a clock that went back makes no version that ends before it begins.
    ///
    /// - Returns: a query of two numbers; nil where no instants are compared.
    static func latest(_ manifest: RunManifest, _ dialect: any StagingDialect) throws -> String? {
        guard manifest.mode == .scd2 else { return nil }
        let columns = try [RowChanges.validFrom, RowChanges.validTo].map { name in
            dialect.microseconds("max(\(try dialect.quote(name)))")
        }
        return "SELECT \(columns.joined(separator: ", ")) FROM \(try dialect.quote(manifest.table))"
    }

    // MARK: Merge

    /// What becomes of rows that the run does not hold, and holds the table yet.
    private func missing() throws -> [String] {
        guard deletesMissing else { return [] }
        let absent = try absent()
        guard manifest.changes.isSoft else { return ["DELETE FROM \(try name) WHERE \(absent)"] }
        let deleted = try dialect.quote(RowChanges.deletedAt)
        return [
            "UPDATE \(try name) SET \(deleted) = \(dialect.instant(instant)) WHERE \(deleted) IS NULL AND \(absent)"
        ]
    }

    /// Rows of the run's partition without a partner.
    private func absent() throws -> String {
        let terms = try TableNeeds.partition(manifest, table).map { field in
            let literal =
                switch field.value {
                case .integer(let value):
                    table.columns.named(field.name)?.type == .boolean ? dialect.literal(value == 1) : "\(value)"
                case .double(let value): "\(value)"
                case .text(let text): try dialect.literal(text)
                }
            return dialect.equals(try column(field.name), literal)
        }
        let absent = "NOT EXISTS (SELECT 1 FROM \(stage) WHERE \(try partner))"
        return (terms + [absent]).joined(separator: " AND ")
    }

    /// What becomes of rows that the run says are deleted.
    private func marked() throws -> [String] {
        guard let mark = try mark() else { return [] }
        let change: String
        if manifest.changes.isSoft {
            let deleted = try dialect.quote(RowChanges.deletedAt)
            change = dialect.update(
                try name, from: stage, on: try partner, sets: [(deleted, dialect.instant(instant))],
                where: "\(try column(RowChanges.deletedAt)) IS NULL AND \(mark)")
        } else {
            let key = try manifest.key.map { try dialect.quote($0) }
            change = dialect.delete(try name, from: stage, on: try partner, key: key, where: mark)
        }
        return [change, "DELETE FROM \(stage) WHERE \(mark)"]
    }

    /// Which rows of the stage say that theirs is gone; nil when none can.
    private func mark() throws -> String? {
        guard let marker = manifest.changes.marker, let found = table.columns.named(marker.column) else { return nil }
        let column = try staged(marker.column)
        let name = found.type == .decimal ? dialect.number(column) : column
        if marker.values.isEmpty {
            switch found.type {
            case .boolean: return "\(name) = \(dialect.literal(true))"
            case .integer, .bigint, .double, .decimal: return "\(name) <> 0"
            case .text:
                // A zero may have been written as 0.00.
                let digits = "replace(replace(\(name), '0', ''), '.', '')"
                return "\(name) IS NOT NULL AND lower(\(name)) NOT IN ('', 'f', 'false', 'n', 'no') "
                    + "AND (\(digits) NOT IN ('', '-') OR \(name) = '-')"
            case .json, .date, .time, .datetime, .timestamp, .uuid, .bytes, .null: return "\(name) IS NOT NULL"
            }
        }
        let literals: [String] =
            switch found.type {
            case .boolean:
                marker.values.compactMap { value in
                    ValueConversion.boolean(value.utf8).map { dialect.literal($0 == 1) }
                }
            case .integer, .bigint, .double, .decimal:
                marker.values.compactMap { value in Int64(value).map { "\($0)" } ?? Double(value).map { "\($0)" } }
            case .text: try marker.values.map { try dialect.literal($0) }
            case .json, .date, .time, .datetime, .timestamp, .uuid, .bytes, .null:
                throw LoadError(
                    .configuration,
                    "table \(table.name): delete_marker names values of \(marker.column), a column of type \(found.type.rawValue), "
                        + "which are not compared: leave `values` out (then any value is a deletion), or declare the column as text"
                )
            }
        return literals.isEmpty ? nil : "\(name) IN (\(literals.joined(separator: ", ")))"
    }

    /// - Parameter kept: columns that the loader fills, with their values.
    private func update(_ columns: [Column], kept: [(name: String, value: String)] = []) throws -> [String] {
        let sets =
            try columns.map { (column: try dialect.quote($0.name), value: try staged($0.name)) }
            + kept.map { (column: try dialect.quote($0.name), value: $0.value) }
        if sets.isEmpty { return [] }
        return [dialect.update(try name, from: stage, on: try partner, sets: sets, where: "1 = 1")]
    }

    func upsert() throws -> [String] {
        // A row that is there again is no longer deleted.
        let kept = manifest.keptColumns.map { (name: $0.name, value: "NULL") }
        return try update(values, kept: kept) + [insert(kept: kept, unless: "1 = 1")]
    }

    /// Inserts rows of the stage: all, or those that have no partner which meets a condition.
    private func insert(kept: [(name: String, value: String)], unless condition: String?) throws -> String {
        let columns = table.columns.filter { column in !kept.contains { column.isNamed($0.name) } }
        let names = try (columns.map(\.name) + kept.map(\.name)).map { try dialect.quote($0) }
        let values = try columns.map { try staged($0.name) } + kept.map(\.value)
        let rows =
            "INSERT INTO \(try name)(\(names.joined(separator: ", "))) SELECT \(values.joined(separator: ", ")) FROM \(stage)"
        guard let condition else { return rows }
        return rows + " WHERE NOT EXISTS (SELECT 1 FROM \(try name) WHERE \(try partner) AND \(condition))"
    }

    // MARK: Versions

    /// Ends the versions that no longer hold, then begins those that do.
    private func versions() throws -> [String] {
        let end = try dialect.quote(RowChanges.validTo)
        let now = dialect.instant(instant)
        let holds = "\(try column(RowChanges.validTo)) IS NULL"
        var statements: [String] = []
        if deletesMissing {
            statements.append("UPDATE \(try name) SET \(end) = \(now) WHERE \(end) IS NULL AND \(try absent())")
        }
        if let mark = try mark() {
            statements.append(
                dialect.update(
                    try name, from: stage, on: try partner, sets: [(end, now)], where: "\(holds) AND \(mark)"))
            statements.append("DELETE FROM \(stage) WHERE \(mark)")
        }
        let ignored = manifest.changes.unversioned + (manifest.changes.marker.map { [$0.column] } ?? [])
        let differences = try values.filter { column in !ignored.contains { column.isNamed($0) } }.map { column in
            dialect.differ(try self.column(column.name), try staged(column.name), column.type)
        }
        if !differences.isEmpty {
            statements.append(
                dialect.update(
                    try name, from: stage, on: try partner, sets: [(end, now)],
                    where: "\(holds) AND (\(differences.joined(separator: " OR ")))"))
        }
        let kept = [(RowChanges.validFrom, now), (RowChanges.validTo, "NULL")]
        statements.append(try insert(kept: kept, unless: holds))
        return statements
    }
}
