internal import JSON
internal import Manifest

/// What a run needs of its table, whatever the engine.
enum TableNeeds {
    /// Whether the run's columns fit without any DDL.
    ///
    /// - Parameter decimals: those of the engine; nil where a decimal has any number of digits.
    static func fits(_ table: TargetTable, _ manifest: RunManifest, _ decimals: DecimalRange? = nil) -> Bool {
        guard table.key == manifest.tableKey, !table.columns.isEmpty else { return false }
        return columns(manifest, present: table.columns).allSatisfy { column in
            table.columns.named(column.name).map { present in
                manifest.guards.freezesTypes
                    || present.type.widened(with: column.type) == present.type
                        && (decimals == nil || decimals?.precision(of: present, with: column) == present.precision)
            } ?? manifest.guards.freezesColumns
        }
    }

    /// The run's columns that need a place: those with values, and those of the key and of the partition, which are
    /// texts unless the table or the records say otherwise.
    static func columns(_ manifest: RunManifest, present: [Column]) -> [Column] {
        var wanted = manifest.schema.filter { $0.type != .null }
        var implied: [Column] = []
        for field in manifest.partition.fields where wanted.named(field.name) == nil {
            if let column = present.named(field.name), column.holds(field.value) { continue }
            implied.append(Column(name: field.name, type: .text))
        }
        for name in manifest.key where (wanted + implied).named(name) == nil && present.named(name) == nil {
            implied.append(Column(name: name, type: .text))
        }
        if wanted.isEmpty, implied.isEmpty, present.isEmpty {
            // Rows of nothing but nulls are rows all the same.
            wanted = manifest.schema.map { Column(name: $0.name, type: .text) }
        }
        return implied + wanted + manifest.keptColumns.filter { wanted.named($0.name) == nil }
    }

    /// Refuses a run whose records bring columns that the loader fills, or whose contract keeps those out.
    static func refuseKept(_ manifest: RunManifest, _ table: TargetTable) throws {
        for column in manifest.keptColumns {
            if manifest.schema.named(column.name) != nil {
                throw LoadError(
                    .configuration,
                    "table \(manifest.table): the records of \(manifest.job) have a column \(column.name), which mode "
                        + "\(manifest.mode.rawValue) fills itself: rename it (`shape: {rename: {\(column.name): ...}}`), then give the "
                        + "run up (bobbin dead discard) and extract again")
            }
            if !table.columns.isEmpty, table.columns.named(column.name) == nil {
                throw LoadError(
                    .configuration,
                    "table \(manifest.table) has no column \(column.name), and the contract of \(manifest.job) lets none be added: "
                        + "add it (a timestamp), or give the run up (bobbin dead discard) and extract again with "
                        + "`contract: {columns: evolve}`")
            }
        }
    }

    /// Columns as an engine makes them: decimals with the digits that they get.
    static func made(_ columns: [Column], _ decimals: DecimalRange) -> [Column] {
        columns.map { column in
            var column = column
            if column.type == .decimal { column.precision = decimals.precision(column.precision) }
            return column
        }
    }

    /// The columns of a table as `_bobbin_tables` keeps them, by the bytes of their names.
    private static func noted(_ text: String?) -> [[UInt8]: Column] {
        guard let items = text.flatMap({ try? JSONValue(parsing: $0) })?.elements,
            let columns = try? Column.parse(items)
        else { return [:] }
        return Dictionary(columns.map { (Array($0.name.utf8), $0) }, uniquingKeysWith: { _, last in last })
    }

    /// The columns of a table that stands.
    ///
    /// - Parameters:
    ///   - declared: as the engine has them.
    ///   - note: of what Bobbin made, with its types. What is not noted somebody else made.
    static func present(_ declared: [Column], note: String?) -> [Column] {
        let noted = noted(note)
        return declared.map { column in
            if let known = noted[Array(column.name.utf8)] { return known }
            var column = column
            column.isForeign = true
            return column
        }
    }

    /// The columns of a table that rows of these runs go into: not those of somebody else that no record brings.
    static func written(_ table: TargetTable, _ manifests: [RunManifest]) -> TargetTable {
        var table = table
        table.columns.removeAll { column in
            column.isForeign
                && !manifests.contains { manifest in
                    manifest.schema.named(column.name) != nil
                        || (manifest.key + manifest.partition.fields.map(\.name)).contains { column.isNamed($0) }
                }
        }
        return table
    }

    /// Rows that stand in a table are not unique by the key that a run asks for.
    ///
    /// - Parameter mode: of the run; nil where there is none.
    static func notUnique(_ table: String, _ mode: WriteMode?, _ columns: [String], _ error: String) -> LoadError {
        let key = columns.joined(separator: ", ")
        let remedy =
            mode == .replace
            ? "; this run brings all rows again: drop the table, then `bobbin load`"
            : "; delete the doubled ones, or drop the table and extract again (--full-refresh), then `bobbin load`"
        return LoadError(
            .configuration,
            "table \(table): an index on (\(key)) cannot be made, its rows are not unique by that key or too long for an index: "
                + error + remedy)
    }

    /// Refuses a run whose table is not there where the contract lets none be made; before anything is changed.
    static func refuseNewTable(_ manifest: RunManifest, present: [Column]) throws {
        guard manifest.guards.freezesTables, present.isEmpty else { return }
        throw LoadError(
            .configuration,
            "table \(manifest.table) is not there, and the contract of \(manifest.job) lets none be made: make it, or give the run up "
                + "(bobbin dead discard) and extract again with `contract: {tables: evolve}`")
    }

    /// The column as it holds its values and those to come.
    ///
    /// - Parameter decimals: those of the engine; nil where a decimal has any number of digits.
    /// - Throws: for bytes, which are no text, and of which none would be made, and for keys whose rows would not be found again.
    static func widened(
        _ column: Column, with other: Column, _ manifest: RunManifest, _ decimals: DecimalRange? = nil
    ) throws -> Column {
        let type = other.type
        let wider = column.type.widened(with: type)
        try refuseLostKey(column, wider, manifest)
        guard column.type == .bytes, wider != .bytes else {
            var wide = Column(name: column.name, type: wider, precision: decimals?.precision(of: column, with: other))
            wide.isForeign = column.isForeign
            return wide
        }
        throw LoadError(
            .configuration,
            "table \(manifest.table): column \(column.name) holds bytes and the source now brings \(type.rawValue): declare it "
                + "(columns: {\(column.name): bytes}), or give the stream another `table`")
    }

    /// Refuses to declare a column of somebody else's anew.
    ///
    /// - Parameters:
    ///   - actual: its declaration, where that is known.
    ///   - wide: what could hold the run's values.
    static func refuseForeign(_ column: Column, _ actual: String? = nil, wide: String, _ manifest: RunManifest) throws {
        guard column.isForeign else { return }
        throw LoadError(
            .configuration,
            "table \(manifest.table) was not made by Bobbin, and its column \"\(column.name)\"\(actual.map { " (\($0))" } ?? "") cannot hold "
                + "the source's values without change: make it \(wide) in the table, declare its type (`columns:`), or refuse such "
                + "rows (`contract: {types: freeze}`)")
    }

    /// Refuses to make a text of a key whose values have several spellings: the table keeps one, records bring another (`1` of 1.0, `1e22`,
    /// an instant of another zone), and the row of that key would come twice.
    private static func refuseLostKey(_ column: Column, _ wider: LogicalType, _ manifest: RunManifest) throws {
        guard wider != column.type, wider == .text || wider == .json, !manifest.mode.isReplace,
            manifest.mode != .append,
            manifest.key.contains(where: { column.isNamed($0) })
        else { return }
        switch column.type {
        case .double, .decimal, .timestamp, .datetime, .time, .uuid: break
        case .boolean, .integer, .bigint, .text, .json, .date, .bytes, .null: return
        }
        throw LoadError(
            .configuration,
            "table \(manifest.table): column \(column.name) of the key holds \(column.type.rawValue) and the source now brings texts, whose rows "
                + "could not be told from those that are there: give this run up (bobbin dead discard), declare the column "
                + "(columns: {\(column.name): text}) and read all anew (bobbin run --full-refresh)")
    }

    /// One stream owns a table; otherwise one job's replace would delete another's rows.
    ///
    /// - Returns: whether the same stream of another spool has it, which takes it over.
    static func isFromElsewhere(
        _ owner: (spool: String, job: String, stream: String), _ manifest: RunManifest
    ) throws -> Bool {
        if owner.job != manifest.job || owner.stream != manifest.stream {
            throw LoadError(
                .configuration,
                "table \(manifest.table) belongs to stream \(owner.stream) of job \(owner.job): give \(manifest.stream) of job "
                    + "\(manifest.job) another `table`")
        }
        guard owner.spool != manifest.spool else { return false }
        if manifest.isPart, manifest.mode.isReplace {
            throw LoadError(
                .configuration,
                "table \(manifest.table) was filled from another spool (\(owner.spool)), and a run with --limit would put a part in the place of "
                    + "those rows: use another target or `table`, and give this run up (bobbin dead discard)")
        }
        if manifest.mode == .append {
            throw LoadError(
                .configuration,
                "table \(manifest.table) was filled from another spool (\(owner.spool)); appending from this one could double rows: "
                    + "use that spool, another `table`, or drop the table and its row in _bobbin_tables")
        }
        return true
    }

    /// Refuses columns whose names the engine cannot tell apart, or cannot hold.
    static func refuseTwins(_ columns: [Column], _ manifest: RunManifest, engine: String) throws {
        var seen: [[UInt8]: String] = [:]
        for column in columns {
            if column.name.utf8.contains(0) {
                throw LoadError(
                    .configuration,
                    "table \(manifest.table): the column \"\(column.name.replacing("\0", with: "\\0"))\" holds a NUL, which no "
                        + "column of \(engine) can: rename it at the source")
            }
            let folded = column.name.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
            if let other = seen[folded] {
                throw LoadError(
                    .configuration,
                    "table \(manifest.table): the columns \"\(other)\" and \"\(column.name)\" differ only in case, which \(engine) "
                        + "cannot hold: rename one at the source, or in primary_key or partitions if it stands there")
            }
            seen[folded] = column.name
        }
    }

    /// The name of an index, within the length that an engine keeps: a long table's is told apart by a hash.
    static func indexName(_ table: String, _ suffix: String, limit: Int) -> String {
        let name = "\(table)_\(suffix)"
        guard name.utf8.count > limit else { return name }
        let hash = HexDigits.render(Array(table.utf8).withUnsafeBytes { xxh64($0) })
        return "bobbin_\(hash)_\(suffix)"
    }

    /// The partition's values by column, of which no other text is the same value in the table.
    static func partition(
        _ manifest: RunManifest, _ table: TargetTable
    ) throws -> [(name: String, value: PartitionValue)] {
        try manifest.partition.fields.compactMap { field in
            guard let type = table.columns.named(field.name)?.type else { return nil }
            guard let value = PartitionValue(field.value, of: type) else {
                // 007 would delete what belongs to 7.
                throw LoadError(
                    .configuration,
                    "table \(manifest.table): the partition \(field.name)=\(field.value) stands in a column of type \(type.rawValue), "
                        + "where other partitions may be equal to it: write the value as the column holds it (7, 1.5, true), or "
                        + "declare the column as text (`columns: {\(field.name): text}`)")
            }
            return (field.name, value)
        }
    }
}

extension Column {
    /// Names are equal by their bytes, as in SQLite: two spellings of one letter are two names.
    func isNamed(_ name: String) -> Bool { self.name.utf8.elementsEqual(name.utf8) }

    /// Whether a column of this type can hold a partition's value.
    fileprivate func holds(_ value: String) -> Bool {
        switch type {
        case .integer, .bigint: Int64(value) != nil
        case .double: Double(value) != nil
        case .boolean: ValueConversion.boolean(value.utf8) != nil
        default: true
        }
    }
}

extension Array where Element == Column {
    /// The column of this name.
    func named(_ name: String) -> Column? { first { $0.isNamed(name) } }
}
