internal import Databases
internal import JSON
internal import Manifest

/// Tables as MariaDB and MySQL have them.
enum MySQLTable {
    /// Bytes that the columns of an InnoDB index may have together, and of a character of utf8mb4.
    private static let indexBytes = 3072
    private static let characterBytes = 4

    /// Makes or changes the table, and claims it for the run's stream. Each statement commits by itself and may be repeated.
    static func prepare(_ connection: MySQLConnection, _ manifest: RunManifest) throws -> TargetTable {
        let table = try quoted(manifest.table, manifest)
        // Each statement commits by itself: what is refused must not claim the name.
        try TableNeeds.refuseNewTable(
            manifest, present: manifest.guards.freezesTables ? columns(connection, manifest) : [])
        try claim(connection, manifest)
        var present = try columns(connection, manifest)
        let wanted = TableNeeds.made(TableNeeds.columns(manifest, present: present), MySQLDecimal.range)
        guard !wanted.isEmpty || !present.isEmpty else {
            return TargetTable(name: manifest.table, columns: [], key: manifest.tableKey)
        }
        let types = Types(
            manifest, connection.byteCollation, present + wanted,
            required: present.isEmpty ? manifest.key : try required(connection, manifest))
        // Before they are there: a loader that dies in between must not leave columns that nobody is known to have made.
        let new =
            manifest.guards.freezesColumns && !present.isEmpty ? [] : wanted.filter { present.named($0.name) == nil }
        if !new.isEmpty { try note(connection, manifest, present + new) }
        if present.isEmpty {
            let list = try wanted.map { "\(try quoted($0.name, manifest)) \(types.declared($0))" }
            try connection.execute(
                "CREATE TABLE IF NOT EXISTS \(table)(\(list.joined(separator: ", "))) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4"
            )
            present = wanted
        } else {
            try refuseEngine(connection, manifest)
            for column in wanted {
                let name = try quoted(column.name, manifest)
                if let index = present.firstIndex(where: { $0.isNamed(column.name) }) {
                    if manifest.guards.freezesTypes { continue }
                    let old = present[index]
                    present[index] = try TableNeeds.widened(old, with: column, manifest, MySQLDecimal.range)
                    guard types.declared(present[index]) != types.declared(old) else { continue }
                    try TableNeeds.refuseForeign(old, wide: types.declared(present[index]), manifest)
                    try connection.execute("ALTER TABLE \(table) MODIFY \(name) \(types.declared(present[index]))")
                    for update in corrections(table, name, old.type) { try connection.execute(update) }
                } else if !manifest.guards.freezesColumns {
                    try connection.execute("ALTER TABLE \(table) ADD COLUMN \(name) \(types.declared(column))")
                    present.append(column)
                }
            }
        }
        for name in try MySQLIndexes.make(connection, manifest) {
            // No row must have a value there any more.
            guard let column = present.named(name), types.isRequired(column) else { continue }
            try connection.execute(
                "ALTER TABLE \(table) MODIFY \(try quoted(name, manifest)) \(types.declared(column, isRequired: false))"
            )
        }
        try note(connection, manifest, present)
        return TargetTable(name: manifest.table, columns: present, key: manifest.tableKey)
    }

    private static func note(_ connection: MySQLConnection, _ manifest: RunManifest, _ columns: [Column]) throws {
        let note = try connection.prepare("UPDATE _bobbin_tables SET columns = ? WHERE target_table = ?")
        note.bind(0, .text(Column.json(columns).serializedText()))
        note.bind(1, .text(manifest.table))
        _ = try note.run()
    }

    private static func quoted(_ name: String, _ manifest: RunManifest) throws -> String {
        guard name.unicodeScalars.count <= 64, !name.isEmpty, name.last != " " else {
            throw LoadError(
                .configuration,
                "table \(manifest.table): the name \(name) cannot be had in MariaDB (at most 64 characters, no blank at the end): rename it"
            )
        }
        return try MySQLConnection.quote(identifier: name)
    }

    /// How columns are declared, given which of them stand in an index.
    private struct Types {
        private let collation: String
        private let indexed: Set<[UInt8]>
        private let length: Int
        private let required: Set<[UInt8]>

        /// - Parameter required: columns that are NOT NULL.
        init(_ manifest: RunManifest, _ collation: String, _ columns: [Column], required: [String]) {
            self.collation = collation
            let names = manifest.tableKey + manifest.partition.fields.map(\.name)
            let indexed = Set(names.map { Array($0.utf8) })
            let texts = Set(
                columns.filter { indexed.contains(Array($0.name.utf8)) && Types.isText($0.type) }.map {
                    Array($0.name.utf8)
                })
            self.indexed = indexed
            self.required = Set(required.map { Array($0.utf8) })
            length = min(255, MySQLTable.indexBytes / MySQLTable.characterBytes / max(1, texts.count))
        }

        private static func isText(_ type: LogicalType) -> Bool { type == .text || type == .json || type == .null }

        func isRequired(_ column: Column) -> Bool { required.contains(Array(column.name.utf8)) }

        /// InnoDB keeps the rows in the first unique index without NULLs. Where there is none, a row of a known key is inserted, looked
        /// for, and taken back before the known one is changed, which takes the server twice the time (measured).
        func declared(_ column: Column) -> String { declared(column, isRequired: isRequired(column)) }

        func declared(_ column: Column, isRequired: Bool) -> String { type(column) + (isRequired ? " NOT NULL" : "") }

        /// No type may change a value: `json` of MySQL would, and so would texts of a collation that takes two for one.
        private func type(_ column: Column) -> String {
            switch column.type {
            case .boolean: "boolean"
            case .integer, .bigint: "bigint"
            case .double: "double"
            case .decimal: MySQLDecimal.declared(column.precision)
            case .date: "date"
            case .time: "time(6)"
            case .datetime, .timestamp: "datetime(6)"
            case .uuid: "char(36) CHARACTER SET ascii COLLATE ascii_bin"
            case .bytes: indexed.contains(Array(column.name.utf8)) ? "varbinary(\(length))" : "longblob"
            case .json, .text, .null:
                (indexed.contains(Array(column.name.utf8)) ? "varchar(\(length))" : "longtext")
                    + " CHARACTER SET utf8mb4 COLLATE \(collation)"
            }
        }
    }

    /// What makes texts of values that were of another type what the records said; may be run again.
    static func corrections(_ table: String, _ name: String, _ old: LogicalType) -> [String] {
        switch old {
        case .boolean:
            ["UPDATE \(table) SET \(name) = IF(\(name) = '1', 'true', 'false') WHERE \(name) IN ('0', '1')"]
        case .decimal:
            [
                """
                UPDATE \(table) SET \(name) = TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM \(name))) WHERE \(name) LIKE '%.%'
                """
            ]
        case .datetime:
            ["UPDATE \(table) SET \(name) = REPLACE(\(name), ' ', 'T') WHERE \(name) LIKE '____-__-__ %'"]
        case .timestamp:
            ["UPDATE \(table) SET \(name) = CONCAT(REPLACE(\(name), ' ', 'T'), 'Z') WHERE \(name) LIKE '____-__-__ %'"]
        default: []
        }
    }

    private static func claim(_ connection: MySQLConnection, _ manifest: RunManifest) throws {
        let insert = try connection.prepare(
            """
            INSERT INTO _bobbin_tables(target_table, spool, job, stream, columns) VALUES (?, ?, ?, ?, '[]')
            ON DUPLICATE KEY UPDATE target_table = target_table
            """)
        for (index, text) in [manifest.table, manifest.spool, manifest.job, manifest.stream].enumerated() {
            insert.bind(index, .text(text))
        }
        _ = try insert.run()
        let owner = try connection.query(
            "SELECT spool, job, stream FROM _bobbin_tables WHERE target_table = ?", [.text(manifest.table)])
        guard !owner.rows.isEmpty else { return }
        let found = (owner.text(0, 0) ?? "", owner.text(0, 1) ?? "", owner.text(0, 2) ?? "")
        guard try TableNeeds.isFromElsewhere(found, manifest) else { return }
        let update = try connection.prepare("UPDATE _bobbin_tables SET spool = ? WHERE target_table = ?")
        update.bind(0, .text(manifest.spool))
        update.bind(1, .text(manifest.table))
        _ = try update.run()
    }

    private static func refuseEngine(_ connection: MySQLConnection, _ manifest: RunManifest) throws {
        let found = try connection.query(
            "SELECT engine FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?",
            [.text(manifest.table)])
        guard !found.rows.isEmpty, let engine = found.text(0, 0), engine != "InnoDB" else { return }
        throw LoadError(
            .configuration,
            "table \(manifest.table) is of engine \(engine), which has no transactions: ALTER TABLE ... ENGINE=InnoDB, or choose another"
        )
    }

    /// The table's columns: as noted, else as declared (a table that somebody else made); none when there is no table.
    private static func columns(_ connection: MySQLConnection, _ manifest: RunManifest) throws -> [Column] {
        let note = try connection.query(
            "SELECT columns FROM _bobbin_tables WHERE target_table = ?", [.text(manifest.table)])
        let found = try connection.query(
            """
            SELECT column_name, column_type FROM information_schema.columns
            WHERE table_schema = DATABASE() AND table_name = ? AND extra NOT LIKE '%GENERATED' ORDER BY ordinal_position
            """, [.text(manifest.table)])
        return TableNeeds.present(
            found.rows.indices.map { Column(name: found.text($0, 0) ?? "", type: logical(found.text($0, 1) ?? "")) },
            note: note.rows.isEmpty ? nil : note.text(0, 0))
    }

    /// The columns that are NOT NULL.
    private static func required(_ connection: MySQLConnection, _ manifest: RunManifest) throws -> [String] {
        let found = try connection.query(
            """
            SELECT column_name FROM information_schema.columns
            WHERE table_schema = DATABASE() AND table_name = ? AND is_nullable = 'NO'
            """, [.text(manifest.table)])
        return found.rows.indices.compactMap { found.text($0, 0) }
    }

    /// The logical type whose values a declared one takes; whatever else there is gets texts, which the server reads.
    static func logical(_ declared: String) -> LogicalType {
        if declared == "tinyint(1)" { return .boolean }
        for (prefix, type) in [
            ("tinyint", LogicalType.bigint), ("smallint", .bigint), ("mediumint", .bigint), ("int", .bigint),
            ("bigint", .bigint), ("double", .double), ("decimal", .decimal), ("datetime", .timestamp), ("date", .date),
            ("tinyblob", .bytes), ("blob", .bytes), ("mediumblob", .bytes), ("longblob", .bytes),
            ("varbinary", .bytes), ("binary", .bytes),
        ] where declared.hasPrefix(prefix) { return type }
        return .text
    }
}

/// The indexes that Bobbin keeps on a target table: unique by the primary key, and one for the partition's delete.
enum MySQLIndexes {
    /// - Returns: the columns of a former key that are in the key no longer.
    static func make(_ connection: MySQLConnection, _ manifest: RunManifest) throws -> [String] {
        let key = TableNeeds.indexName(manifest.table, "key", limit: 64)
        let others = try unique(connection, manifest).filter { $0.name != key }
        // Before anything is made.
        try refuseOthers(others, manifest)
        // One that somebody else made upon the key is the key's.
        let present = manifest.tableKey.isEmpty ? nil : others.first { $0.isWhole && $0.isUpon(manifest.tableKey) }
        let former =
            manifest.tableKey.isEmpty || present != nil
            ? try dropKey(connection, manifest, key)
            : try make(connection, manifest, key, manifest.tableKey, isUnique: true)
        let columns = manifest.partition.fields.map(\.name)
        let order = present?.columns ?? manifest.tableKey
        if manifest.looksForPartition, Set(order.prefix(columns.count)) != Set(columns) {
            let name = TableNeeds.indexName(manifest.table, "partition", limit: 64)
            _ = try make(connection, manifest, name, columns, isUnique: false)
        }
        return former.filter { name in !manifest.tableKey.contains { $0.isSame(as: name) } }
    }

    /// Says of an index whose it is.
    private static let mark = "made by bobbin"

    /// Takes the index of a former key away, so that rows may be equal in it.
    ///
    /// - Returns: its columns.
    private static func dropKey(_ connection: MySQLConnection, _ manifest: RunManifest, _ name: String) throws
        -> [String]
    {
        let found = try connection.query(
            """
            SELECT column_name FROM information_schema.statistics
            WHERE table_schema = DATABASE() AND table_name = ? AND index_name = ? AND index_comment = ?
            """, [.text(manifest.table), .text(name), .text(mark)])
        guard !found.rows.isEmpty else { return [] }
        try connection.execute(
            "DROP INDEX \(try MySQLConnection.quote(identifier: name)) ON \(try MySQLConnection.quote(identifier: manifest.table))"
        )
        return found.rows.indices.compactMap { found.text($0, 0) }
    }

    /// - Returns: the columns of the index that stood there under its name.
    private static func make(
        _ connection: MySQLConnection, _ manifest: RunManifest, _ name: String, _ columns: [String], isUnique: Bool
    ) throws -> [String] {
        let found = try connection.query(
            """
            SELECT column_name, non_unique FROM information_schema.statistics
            WHERE table_schema = DATABASE() AND table_name = ? AND index_name = ? ORDER BY seq_in_index
            """, [.text(manifest.table), .text(name)])
        let present = found.rows.indices.map { found.text($0, 0) ?? "" }
        let table = try MySQLConnection.quote(identifier: manifest.table)
        let quoted = try MySQLConnection.quote(identifier: name)
        if !present.isEmpty {
            let isSame = present.count == columns.count && zip(present, columns).allSatisfy { $0.isSame(as: $1) }
            if isSame, found.text(0, 1) == (isUnique ? "0" : "1") { return [] }
            // Of a former primary key.
            try connection.execute("DROP INDEX \(quoted) ON \(table)")
        }
        let list = try columns.map { try MySQLConnection.quote(identifier: $0) }.joined(separator: ", ")
        do {
            try connection.execute(
                "CREATE \(isUnique ? "UNIQUE " : "")INDEX \(quoted) ON \(table)(\(list)) COMMENT '\(mark)'")
        } catch {
            guard error.kind == .data || error.kind == .configuration else { throw error }
            throw TableNeeds.notUnique(manifest.table, manifest.mode, columns, "\(error)")
        }
        return present
    }

    private static func unique(_ connection: MySQLConnection, _ manifest: RunManifest) throws -> [MySQLUniqueIndex] {
        let found = try connection.query(MySQLUniqueIndex.query, [.text(manifest.table)])
        return MySQLUniqueIndex.read(
            found.rows.indices.map { row in (0..<MySQLUniqueIndex.fields).map { found.text(row, $0) } })
    }

    /// `ON DUPLICATE KEY` asks no one which key: by another one it would take a different row for the same.
    ///
    /// - Parameter others: unique indexes that are not Bobbin's.
    static func refuseOthers(_ others: [MySQLUniqueIndex], _ manifest: RunManifest) throws {
        guard manifest.mode.needsKey, let other = others.first(where: { !$0.isUpon(manifest.tableKey) }) else { return }
        throw LoadError(
            .configuration,
            "table \(manifest.table) has another unique index, \(other.name): mode \(manifest.mode.rawValue) could take different rows for one; "
                + "drop it, or make it not unique")
    }
}
