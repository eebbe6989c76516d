internal import Databases
internal import Manifest

/// The stage of a SQLite file: a temporary table, outside of the file.
struct SQLiteStaging: Staging, StagingDialect {
    let connection: SQLiteConnection

    var dialect: any StagingDialect { self }

    func make(_ table: TargetTable, key: [String]) throws {
        let names = table.columns.map { quote($0.name) }.joined(separator: ", ")
        // SELECT keeps the affinities of the columns, so that a value becomes what it would in the table.
        try connection.execute(
            "CREATE TEMP TABLE \(StagedChanges.stage) AS SELECT \(names) FROM main.\(quote(table.name)) LIMIT 0")
        let keys = key.map(quote).joined(separator: ", ")
        try connection.execute(
            "CREATE UNIQUE INDEX temp.\(StagedChanges.stage)_key ON \(StagedChanges.stage)(\(keys))")
    }

    func run(_ sql: String) throws { try connection.execute(sql) }

    func numbers(_ sql: String) throws -> [Int64?] {
        let query = try connection.prepare(sql)
        guard try query.step() else { return [] }
        return (0..<query.columnCount).map { query.isNull($0) ? nil : query.integer($0) }
    }

    func drop() throws { try connection.execute("DROP TABLE temp.\(StagedChanges.stage)") }

    // MARK: Dialect

    func quote(_ name: String) -> String { SQLiteConnection.quote(name) }
    func literal(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }
    func literal(_ flag: Bool) -> String { flag ? "1" : "0" }
    func instant(_ microseconds: Int64) -> String { "'\(InstantText.render(microseconds))'" }

    /// Instants that the loader wrote, which are all of one length.
    func microseconds(_ instant: String) -> String {
        "CAST(strftime('%s', \(instant)) AS INTEGER) * 1000000 + CAST(substr(\(instant), 21, 6) AS INTEGER)"
    }

    /// By bytes, whatever the column's collation.
    func equals(_ column: String, _ literal: String) -> String { "\(column) = \(literal) COLLATE BINARY" }
    func differ(_ left: String, _ right: String, _ type: LogicalType) -> String {
        "\(left) COLLATE BINARY IS NOT \(right)"
    }

    /// The table's index finds the rows: a join is not to be had in a DELETE (https://sqlite.org/lang_delete.html).
    func delete(_ table: String, on partner: String, key: [String], where condition: String) -> String {
        let keys = key.joined(separator: ", ")
        return "DELETE FROM \(table) WHERE (\(keys)) IN (SELECT \(keys) FROM \(StagedChanges.stage) WHERE \(condition))"
    }
}
