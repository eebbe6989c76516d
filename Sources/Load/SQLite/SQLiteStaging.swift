internal import Databases
internal import Manifest

/// The stage of a SQLite file: a temporary table, outside of the file.
struct SQLiteStaging: StagingDialect {
    func make(_ table: TargetTable, key: [String]) throws -> [String] {
        // SELECT keeps the affinities of the columns, so that a value becomes what it would in the table.
        [
            "CREATE TEMP TABLE \(StagedChanges.stage) AS SELECT \(try list(table.columns.map(\.name))) FROM main.\(quote(table.name)) LIMIT 0",
            "CREATE UNIQUE INDEX temp.\(StagedChanges.stage)_key ON \(StagedChanges.stage)(\(try list(key)))",
        ]
    }

    func quote(_ name: String) -> String { SQLiteConnection.quote(name) }
    func literal(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }
    func literal(_ flag: Bool) -> String { flag ? "1" : "0" }
    func instant(_ microseconds: Int64) -> String { "'\(InstantText.render(microseconds))'" }

    /// Instants that the loader wrote, which are all of one length.
    func microseconds(_ instant: String) -> String {
        "CAST(strftime('%s', \(instant)) AS INTEGER) * 1000000 + CAST(substr(\(instant), 21, 6) AS INTEGER)"
    }

    /// They are stored as texts, so that no digit is lost.
    func number(_ column: String) -> String { "CAST(\(column) AS NUMERIC)" }

    /// By bytes, whatever the column's collation.
    func equals(_ column: String, _ literal: String) -> String { "\(column) = \(literal) COLLATE BINARY" }
    func differ(_ left: String, _ right: String, _ type: LogicalType) -> String {
        "\(left) COLLATE BINARY IS NOT \(right)"
    }

    /// The table's index finds the rows: a join is not to be had in a DELETE (https://sqlite.org/lang_delete.html).
    func delete(_ table: String, from stage: String, on partner: String, key: [String], where condition: String)
        -> String
    {
        let keys = key.joined(separator: ", ")
        return "DELETE FROM \(table) WHERE (\(keys)) IN (SELECT \(keys) FROM \(stage) WHERE \(condition))"
    }
}
