internal import Databases
internal import Manifest

/// The stage of PostgreSQL: a temporary table that goes with the transaction.
struct PostgresStaging: StagingDialect {
    func make(_ table: TargetTable, key: [String]) throws -> [String] {
        [
            """
            CREATE TEMPORARY TABLE \(StagedChanges.stage) ON COMMIT DROP AS
            SELECT \(try list(table.columns.map(\.name))) FROM \(try quote(table.name)) WITH NO DATA
            """, "CREATE UNIQUE INDEX ON pg_temp.\(StagedChanges.stage)(\(try list(key)))",
        ]
    }

    func analyze(_ stage: String) -> String? { "ANALYZE \(stage)" }

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

extension PostgresStaging: SharedStagingDialect {
    func make(shared stage: String, _ table: TargetTable, key: [String]) throws -> String {
        """
        CREATE TABLE IF NOT EXISTS \(stage) AS SELECT \(try list(table.columns.map(\.name))),
            0::bigint AS \(SharedStage.number), 0::bigint AS \(SharedStage.place) FROM \(try quote(table.name)) WITH NO DATA
        """
    }

    func deleteEarlier(_ stage: String, key: [String]) throws -> String {
        """
        DELETE FROM \(stage) USING (\(try earlier(stage, key: key))) AS earlier
        WHERE \(stage).\(SharedStage.number) = earlier.n AND \(stage).\(SharedStage.place) = earlier.place
        """
    }

    func merge(_ table: TargetTable, from stage: String, key: [String]) throws -> String {
        let upsert = try PostgresUpsert(table, mode: .merge, key: key)
        return upsert.once(from: stage, first: "\(SharedStage.number) DESC, \(SharedStage.place) DESC")
    }

    var schema: String { "current_schema()" }
}
