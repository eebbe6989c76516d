internal import Databases
internal import JSON
internal import Manifest

/// PostgreSQL through psqlodbc. All values but bytes travel as texts of no type, which the server reads as COPY's.
struct ODBCPostgres: ODBCDialect {
    var name: String { "PostgreSQL" }

    func session(_ lockSeconds: Double) -> [String] {
        [
            "SET lock_timeout = \(max(1, Int(min(lockSeconds * 1000, 2e9))))", "SET TimeZone = 'UTC'",
            "SET DateStyle = 'ISO, YMD'",
        ]
    }

    var forgetting: String? { "DEALLOCATE ALL" }

    var definitionLock: (take: String, release: String)? {
        (
            "SELECT 1 FROM pg_catalog.pg_advisory_lock(\(PostgresBooks.lock))",
            "SELECT pg_catalog.pg_advisory_unlock(\(PostgresBooks.lock))"
        )
    }

    func headLock(isMoving: Bool) -> String? { isMoving ? " FOR UPDATE" : " FOR SHARE" }
    func passingOver(_ key: String) -> String? { "ON CONFLICT DO NOTHING" }
    // Its driver writes a float64 with 15 digits.
    var integer: ODBCParameter { ODBCParameter(.text) }
    var double: ODBCParameter { ODBCParameter(.text) }
    func boolean(_ value: Bool) -> String { value ? "t" : "f" }

    var books: [(table: String, sql: String)] {
        let made = PostgresBooks.schema.split(separator: ";").map(String.init)
        return Array(zip(["_bobbin_head", "_bobbin_ledger", "_bobbin_tables"], made)) + [
            (
                "_bobbin_indexes",
                "CREATE TABLE _bobbin_indexes(name text COLLATE \"C\" NOT NULL PRIMARY KEY, columns text NOT NULL)"
            )
        ]
    }

    func declared(_ column: Column, _ shape: ODBCShape) -> String { PostgresTable.declared(column.type) }

    func columns(_ statements: ODBCStatements, _ table: String) throws -> [Column] {
        // By the search path, as the statements find it. Generated columns take no values.
        let found = try statements.query(
            """
            SELECT attname::text, pg_catalog.format_type(atttypid, atttypmod)::text FROM pg_catalog.pg_attribute
            WHERE attrelid = pg_catalog.to_regclass(?) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
            ORDER BY attnum
            """, [.text(try statements.connection.info.quote(identifier: table))])
        return found.rows.map { Column(name: $0[0] ?? "", type: PostgresTable.logical($0[1] ?? "")) }
    }

    func widen(
        _ statements: ODBCStatements, _ table: String, _ old: Column, _ new: Column, _ shape: ODBCShape
    ) throws -> [String]? {
        let name = try statements.connection.info.quote(identifier: old.name)
        let type = declared(new, shape)
        let value =
            switch (type, old.type) {
            case ("text", .boolean): "CASE \(name) WHEN true THEN 'true' WHEN false THEN 'false' END"
            case ("text", .timestamp):
                "to_char(\(name) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
            case ("text", .datetime): "to_char(\(name), 'YYYY-MM-DD\"T\"HH24:MI:SS.US')"
            default: "CAST(\(name) AS \(type))"
            }
        return ["ALTER TABLE \(table) ALTER COLUMN \(name) TYPE \(type) USING \(value)"]
    }

    func comparesBytes(_ statements: ODBCStatements, _ table: TargetTable) throws -> Bool {
        let found = try statements.query(
            """
            SELECT count(*) FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation
            WHERE a.attrelid = pg_catalog.to_regclass(?) AND a.attname = ANY(CAST(? AS text[]))
            AND pg_catalog.format_type(a.atttypid, NULL) IN ('text', 'character varying', 'bigint', 'integer', 'smallint',
                'boolean', 'date') AND coalesce(c.collisdeterministic, true)
            """,
            [
                .text(try statements.connection.info.quote(identifier: table.name)),
                .text(PostgresTable.array(table.key)),
            ])
        return found.text(0, 0) == "\(table.key.count)"
    }

    // One parse of a statement for so many rows is quicker than an array, of which the driver makes one statement for each row.
    var rowsAtOnce: ODBCRowsAtOnce { .values(rows: 128, parameters: 32_000) }

    var staging: (any StagingDialect)? { PostgresStaging() }

    func conflict(_ names: [String], _ others: [String]) -> ODBCConflict {
        let sets = others.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        let action = others.isEmpty ? "NOTHING" : "UPDATE SET \(sets)"
        return .clause(" ON CONFLICT (\(names.joined(separator: ", "))) DO \(action)")
    }

    // DO UPDATE takes a row once (cardinality_violation).
    var needsDistinctKeys: Bool { true }

    func travel(_ type: LogicalType, _ described: ODBCColumn) -> ODBCTravel {
        switch type {
        case .bytes: ODBCTravel(ODBCParameter(.binary), .bytes)
        case .timestamp, .datetime: ODBCTravel(ODBCParameter(.text), .postgresMoment)
        case .time: ODBCTravel(ODBCParameter(.text), .postgresClock)
        case .text, .json, .null: ODBCTravel(ODBCParameter(.text), .text)
        case .boolean, .integer, .bigint, .double, .decimal, .date, .uuid: ODBCTravel(ODBCParameter(.text))
        }
    }
}
