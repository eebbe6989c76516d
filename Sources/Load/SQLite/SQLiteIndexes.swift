internal import Databases
internal import Manifest

/// The indexes that Bobbin keeps on a target table: `<table>_key`, unique by the primary key, and `<table>_partition`.
enum SQLiteIndexes {
    /// Makes those that the run needs, and takes away an own one of a former primary key.
    static func make(_ connection: SQLiteConnection, _ manifest: RunManifest) throws {
        let name = "\(manifest.table)_key"
        let wanted =
            manifest.tableKey.isEmpty ? nil : statement(name, on: manifest.table, manifest.tableKey, isUnique: true)
        if let found = try index(connection, name) {
            let own = statement(name, on: manifest.table, found.columns, isUnique: true)
            if found.table.utf8.elementsEqual(manifest.table.utf8), found.sql == own {
                if found.sql == wanted { return try makePartition(connection, manifest) }
                try connection.execute("DROP INDEX \(SQLiteConnection.quote(name))")
            } else if wanted != nil {
                throw LoadError(
                    .configuration,
                    "table \(manifest.table) needs a unique index \(name), but an index of that name stands on table \(found.table): "
                        + "drop or rename it (\(found.sql))")
            }
        }
        if let wanted {
            do { try connection.execute(wanted) } catch {
                guard error.kind == .data else { throw error }
                throw TableNeeds.notUnique(manifest.table, manifest.mode, manifest.tableKey, error.message)
            }
        }
        try makePartition(connection, manifest)
    }

    /// The delete of a partition needs an index that begins with its columns.
    private static func makePartition(_ connection: SQLiteConnection, _ manifest: RunManifest) throws {
        let columns = manifest.partition.fields.map(\.name)
        guard manifest.looksForPartition, Set(manifest.tableKey.prefix(columns.count)) != Set(columns) else {
            return
        }
        let name = "\(manifest.table)_partition"
        if try index(connection, name) != nil { return }
        try connection.execute(statement(name, on: manifest.table, columns, isUnique: false))
    }

    private static func statement(_ name: String, on table: String, _ columns: [String], isUnique: Bool) -> String {
        let list = columns.map(SQLiteConnection.quote).joined(separator: ", ")
        return "CREATE \(isUnique ? "UNIQUE " : "")INDEX \(SQLiteConnection.quote(name)) "
            + "ON \(SQLiteConnection.quote(table))(\(list))"
    }

    private static func index(
        _ connection: SQLiteConnection, _ name: String
    ) throws(SQLiteError) -> (table: String, columns: [String], sql: String)? {
        let query = try connection.prepare(
            "SELECT tbl_name, sql FROM sqlite_schema WHERE type = 'index' AND name = ? COLLATE NOCASE")
        query.bind(0, name)
        guard try query.step() else { return nil }
        let (table, sql) = (query.text(0), query.text(1))
        let parts = try connection.prepare("SELECT name FROM pragma_index_info(?) ORDER BY seqno")
        parts.bind(0, name)
        var columns: [String] = []
        while try parts.step() { columns.append(parts.text(0)) }
        return (table, columns, sql)
    }
}
