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
        let wanted = JSONValue.array(manifest.key.map { .string($0) }).serializedText()
        let name = name(manifest)
        let found = try connection.query(
            "SELECT table_name FROM duckdb_indexes() WHERE \(DuckDBTable.here) AND lower(index_name) = lower(?)",
            [.text(name)])
        if let table = found.first?[0] {
            if noted == wanted, table.isSame(as: manifest.table) { return }
            if noted != nil {
                try drop(connection, manifest)
            } else if !manifest.key.isEmpty {
                throw LoadError(
                    .configuration,
                    "table \(manifest.table) needs an index \(name), but an index of that name stands on table \(table) that Bobbin did not "
                        + "make: drop or rename it")
            }
        }
        if manifest.key.isEmpty { return }
        let table = try DuckDBTable.quoted(manifest.table, manifest)
        let list = try manifest.key.map { try DuckDBTable.quoted($0, manifest) }.joined(separator: ", ")
        do {
            try DuckDBTable.transaction(connection) {
                try connection.execute(
                    "CREATE UNIQUE INDEX \(try DuckDBTable.quoted(name, manifest)) ON \(table)(\(list))")
                try connection.change(
                    "UPDATE _bobbin_tables SET key_columns = ? WHERE target_table = ?",
                    [.text(wanted), .text(manifest.table)])
            }
        } catch let error as DuckDBError {
            guard error.kind == .data else { throw error }
            throw LoadError(
                .configuration,
                "table \(manifest.table): its rows are not unique by (\(manifest.key.joined(separator: ", "))): \(error)"
            )
        }
    }

    /// Takes the index away that Bobbin made, if it did.
    static func drop(_ connection: DuckDBConnection, _ manifest: RunManifest) throws {
        guard try keyOfIndex(connection, manifest) != nil else { return }
        connection.forgetStatements()
        try DuckDBTable.transaction(connection) {
            try connection.execute("DROP INDEX IF EXISTS \(try DuckDBTable.quoted(name(manifest), manifest))")
            try connection.change(
                "UPDATE _bobbin_tables SET key_columns = NULL WHERE target_table = ?", [.text(manifest.table)])
        }
    }

    private static func keyOfIndex(_ connection: DuckDBConnection, _ manifest: RunManifest) throws -> String? {
        try connection.query(
            "SELECT key_columns FROM _bobbin_tables WHERE target_table = ?", [.text(manifest.table)]
        ).first?[0]
    }
}
