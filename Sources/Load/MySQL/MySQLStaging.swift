internal import Databases
internal import Manifest

/// The stage of MariaDB and MySQL: a temporary table of the connection, whose making and dropping do not end a transaction.
struct MySQLStaging: StagingDialect {
    func make(_ table: TargetTable, key: [String]) throws -> [String] {
        // It outlives a transaction that was undone. Its index stands in the statement, as ALTER TABLE would commit.
        [
            drop,
            """
            CREATE TEMPORARY TABLE \(StagedChanges.stage)(UNIQUE KEY `key`(\(try list(key)))) ENGINE=InnoDB
            SELECT \(try list(table.columns.map(\.name))) FROM \(try quote(table.name)) LIMIT 0
            """,
        ]
    }

    var drop: String { "DROP TEMPORARY TABLE IF EXISTS \(StagedChanges.stage)" }

    func quote(_ name: String) throws -> String { try MySQLConnection.quote(identifier: name) }
    func literal(_ text: String) throws -> String { MySQLConnection.quote(literal: text) }
    func instant(_ microseconds: Int64) -> String { "'\(InstantText.render(microseconds, " "))'" }
    func microseconds(_ instant: String) -> String {
        "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', \(instant))"
    }

    /// By bytes, whatever the column's collation.
    func equals(_ column: String, _ literal: String) -> String { "\(column) = BINARY \(literal)" }
    func differ(_ left: String, _ right: String, _ type: LogicalType) -> String {
        switch type {
        case .text, .json, .uuid: "NOT (BINARY \(left) <=> BINARY \(right))"
        case .boolean, .integer, .bigint, .double, .decimal, .date, .time, .datetime, .timestamp, .bytes, .null:
            "NOT (\(left) <=> \(right))"
        }
    }

    /// There is no FROM: the table is joined, and names its columns (MariaDB, "UPDATE").
    func update(
        _ table: String, from stage: String, on partner: String, sets: [(column: String, value: String)],
        where condition: String
    ) -> String {
        let sets = sets.map { "\(table).\($0.column) = \($0.value)" }.joined(separator: ", ")
        return "UPDATE \(table) JOIN \(stage) ON \(partner) SET \(sets) WHERE \(condition)"
    }

    func delete(_ table: String, from stage: String, on partner: String, key: [String], where condition: String)
        -> String
    {
        "DELETE \(table) FROM \(table) JOIN \(stage) ON \(partner) WHERE \(condition)"
    }
}

extension MySQLStaging: SharedStagingDialect {
    /// Clustered by the rows' places, in which they come; the key's index serves the looks for what is missing.
    func make(shared stage: String, _ table: TargetTable, key: [String]) throws -> String {
        let index = key.isEmpty ? "" : ", KEY `key`(\(try list(key)))"
        return """
            CREATE TABLE IF NOT EXISTS \(stage)(\(SharedStage.number) bigint NOT NULL DEFAULT 0, \(SharedStage.place) bigint NOT NULL DEFAULT 0,
                PRIMARY KEY (\(SharedStage.number), \(SharedStage.place))\(index)) ENGINE=InnoDB
            SELECT \(try list(table.columns.map(\.name))) FROM \(try quote(table.name)) LIMIT 0
            """
    }

    /// As a join: a subquery would be run for each row (MariaDB before 11.1, "Semi-join Subquery Optimizations").
    func deleteEarlier(_ stage: String, key: [String]) throws -> String {
        """
        DELETE \(stage) FROM \(stage) JOIN (\(try earlier(stage, key: key))) AS earlier
        ON \(stage).\(SharedStage.number) = earlier.n AND \(stage).\(SharedStage.place) = earlier.place
        """
    }

    /// In the rows' order, which is the stage's own: a later row changes what an earlier one has brought.
    func merge(_ table: TargetTable, from stage: String, key: [String]) throws -> String {
        let upsert = try MySQLUpsert(table, mode: .merge, key: key)
        return upsert.all(from: stage, order: "\(SharedStage.number), \(SharedStage.place)")
    }

    var schema: String { "DATABASE()" }
}
