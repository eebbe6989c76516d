internal import Databases
internal import Manifest

/// The stage of a DuckDB file: a table that is made and dropped within the transaction.
struct DuckDBStaging: Staging, StagingDialect {
    let connection: DuckDBConnection

    var dialect: any StagingDialect { self }

    func make(_ table: TargetTable, key: [String]) throws {
        let names = try table.columns.map { try quote($0.name) }.joined(separator: ", ")
        try connection.execute(
            "CREATE TABLE \(StagedChanges.stage) AS SELECT \(names) FROM \(try quote(table.name)) LIMIT 0")
    }

    func run(_ sql: String) throws { try connection.execute(sql) }

    func numbers(_ sql: String) throws -> [Int64?] {
        try connection.query(sql).first?.map { $0.flatMap { Int64($0) } } ?? []
    }

    func drop() throws { try connection.execute("DROP TABLE \(StagedChanges.stage)") }

    // MARK: Dialect

    func quote(_ name: String) throws -> String { try DuckDBConnection.quote(identifier: name) }
    func literal(_ text: String) throws -> String { "'\(text.replacing("'", with: "''"))'" }
    func instant(_ microseconds: Int64) -> String { "TIMESTAMPTZ '\(InstantText.render(microseconds))'" }
    func microseconds(_ instant: String) -> String { "epoch_us(\(instant))" }
}
