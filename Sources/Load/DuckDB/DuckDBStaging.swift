internal import Databases
internal import Manifest

/// The stage of a DuckDB file: a table that is made and dropped within the transaction. Its writer leaves one row of a key.
struct DuckDBStaging: StagingDialect {
    func make(_ table: TargetTable, key: [String]) throws -> [String] {
        [
            "CREATE TABLE \(StagedChanges.stage) AS SELECT \(try list(table.columns.map(\.name))) FROM \(try quote(table.name)) LIMIT 0"
        ]
    }

    func quote(_ name: String) throws -> String { try DuckDBConnection.quote(identifier: name) }
    func literal(_ text: String) throws -> String { "'\(text.replacing("'", with: "''"))'" }
    func instant(_ microseconds: Int64) -> String { "TIMESTAMPTZ '\(InstantText.render(microseconds))'" }
    func microseconds(_ instant: String) -> String { "epoch_us(\(instant))" }
}
