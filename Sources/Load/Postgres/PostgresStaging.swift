internal import Databases
internal import Manifest

/// The stage of PostgreSQL: a temporary table that goes with the transaction.
struct PostgresStaging: Staging, StagingDialect {
    let connection: PostgresConnection

    var dialect: any StagingDialect { self }

    func make(_ table: TargetTable, key: [String]) throws {
        let names = try table.columns.map { try quote($0.name) }.joined(separator: ", ")
        let keys = try key.map { try quote($0) }.joined(separator: ", ")
        try connection.execute(
            """
            CREATE TEMPORARY TABLE \(StagedChanges.stage) ON COMMIT DROP AS
            SELECT \(names) FROM \(try quote(table.name)) WITH NO DATA;
            CREATE UNIQUE INDEX ON pg_temp.\(StagedChanges.stage)(\(keys))
            """)
    }

    func run(_ sql: String) throws {
        do throws(PostgresError) { try connection.execute(sql) } catch {
            // A line in it would be one of another statement.
            var error = error
            error.line = nil
            throw error
        }
    }

    func numbers(_ sql: String) throws -> [Int64?] {
        let result = try connection.query(sql)
        guard result.rows > 0 else { return [] }
        return (0..<result.columns).map { result.text(0, $0).flatMap { Int64($0) } }
    }

    func drop() throws { try connection.execute("DROP TABLE pg_temp.\(StagedChanges.stage)") }

    // MARK: Dialect

    func quote(_ name: String) throws -> String { try PostgresConnection.quote(identifier: name) }
    func literal(_ text: String) throws -> String { try PostgresConnection.quote(literal: text) }
    func instant(_ microseconds: Int64) -> String {
        "TIMESTAMP WITH TIME ZONE '\(InstantText.render(microseconds))'"
    }
    func microseconds(_ instant: String) -> String { "(extract(epoch FROM \(instant)) * 1000000)::bigint" }

    /// Some types have no equality (`json`), and numbers that are equal may be spelled differently.
    func differ(_ left: String, _ right: String, _ type: LogicalType) -> String {
        switch type {
        case .text, .json, .decimal: "\(left)::text IS DISTINCT FROM \(right)::text"
        case .boolean, .integer, .bigint, .double, .date, .time, .datetime, .timestamp, .uuid, .bytes, .null:
            "\(left) IS DISTINCT FROM \(right)"
        }
    }
}
