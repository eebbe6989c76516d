internal import Databases
internal import JSON
internal import Manifest

/// The index that Bobbin keeps on a target table, unique by the primary key. The delete of a partition needs none: DuckDB knows
/// the least and greatest value of each block of rows.
enum DuckDBIndexes {
    private static func name(_ manifest: RunManifest) -> String {
        TableNeeds.indexName(manifest.table, "key", limit: 200)
    }

    /// Makes the run's index, and takes away one of a former key.
    static func make(_ connection: DuckDBConnection, _ manifest: RunManifest) throws {
        let noted = try keyOfIndex(connection, manifest)
        let wanted = JSONValue.array(manifest.tableKey.map { .string($0) }).serializedText()
        let name = name(manifest)
        let found = try connection.query(
            "SELECT table_name FROM duckdb_indexes() WHERE \(DuckDBTable.here) AND lower(index_name) = lower(?)",
            [.text(name)])
        if let table = found.first?[0] {
            if noted == wanted, table.isSame(as: manifest.table) { return }
            if noted != nil {
                try drop(connection, manifest)
            } else if !manifest.tableKey.isEmpty {
                throw LoadError(
                    .configuration,
                    "table \(manifest.table) needs an index \(name), but an index of that name stands on table \(table) that Bobbin did not "
                        + "make: drop or rename it")
            }
        }
        if manifest.tableKey.isEmpty { return }
        try create(connection, name, on: manifest.table, manifest.tableKey, wanted, manifest.mode)
    }

    /// - Parameters:
    ///   - noted: the key as `_bobbin_tables` keeps it.
    ///   - mode: of the run that asks for it, if one does.
    private static func create(
        _ connection: DuckDBConnection, _ index: String, on table: String, _ key: [String], _ noted: String,
        _ mode: WriteMode? = nil
    ) throws {
        let list = try key.map { try DuckDBConnection.quote(identifier: $0) }.joined(separator: ", ")
        do {
            try DuckDBTable.transaction(connection) {
                try connection.execute(
                    "CREATE UNIQUE INDEX \(try DuckDBConnection.quote(identifier: index)) ON "
                        + "\(try DuckDBConnection.quote(identifier: table))(\(list))")
                try connection.change(
                    "UPDATE _bobbin_tables SET key_columns = ? WHERE target_table = ?", [.text(noted), .text(table)])
            }
        } catch let error as DuckDBError {
            guard error.kind == .data else { throw error }
            throw TableNeeds.notUnique(table, mode, key, "\(error)")
        }
    }

    /// Takes the index away that Bobbin made, if it did.
    static func drop(_ connection: DuckDBConnection, _ manifest: RunManifest) throws {
        guard try keyOfIndex(connection, manifest) != nil else { return }
        try drop(connection, name(manifest), of: manifest.table)
    }

    private static func drop(_ connection: DuckDBConnection, _ index: String, of table: String) throws {
        connection.forgetStatements()
        try DuckDBTable.transaction(connection) {
            try connection.execute("DROP INDEX IF EXISTS \(try DuckDBConnection.quote(identifier: index))")
            try connection.change(
                "UPDATE _bobbin_tables SET key_columns = NULL WHERE target_table = ?", [.text(table)])
        }
    }

    /// Makes all indexes of Bobbin's anew.
    ///
    /// When DuckDB 1.5.6 reads its log again after a crash, indexes may lose rows, also for good once the log is in the file: then the
    /// commit of a delete fails with a fatal error ("Failed to delete all rows from index"), and a second row of a key is not noticed
    /// (tried with kill -9). What dies in between leaves a table without its index, which the next run makes.
    static func renew(_ connection: DuckDBConnection) throws {
        let tables = try connection.query(
            "SELECT target_table, key_columns FROM _bobbin_tables WHERE key_columns IS NOT NULL ORDER BY target_table")
        for row in tables {
            guard let table = row[0], let noted = row[1],
                let key = (try? JSONValue(parsing: noted))?.elements?.compactMap(\.text), !key.isEmpty
            else { continue }
            let index = TableNeeds.indexName(table, "key", limit: 200)
            let found = try connection.query(
                "SELECT 1 FROM duckdb_indexes() WHERE \(DuckDBTable.here) AND index_name = ? AND table_name = ?",
                [.text(index), .text(table)])
            if found.isEmpty { continue }
            try drop(connection, index, of: table)
            try create(connection, index, on: table, key, noted)
        }
    }

    private static func keyOfIndex(_ connection: DuckDBConnection, _ manifest: RunManifest) throws -> String? {
        try connection.query(
            "SELECT key_columns FROM _bobbin_tables WHERE target_table = ?", [.text(manifest.table)]
        ).first?[0]
    }
}
