internal import Databases
internal import Manifest

/// MariaDB and MySQL through their drivers. Only InnoDB tables: others have no transactions.
struct ODBCMySQL: ODBCDialect {
    /// Bytes that the columns of an InnoDB index may have together, and of a character of utf8mb4.
    private static let indexBytes = 3072
    private static let characterBytes = 4

    let isMariaDB: Bool

    var name: String { isMariaDB ? "MariaDB" : "MySQL" }
    private var collation: String { isMariaDB ? "utf8mb4_nopad_bin" : "utf8mb4_0900_bin" }

    /// Whatever the server's own sql_mode is: the session's has no ANSI_QUOTES.
    var identifierQuote: String? { "`" }

    func session(_ lockSeconds: Double) -> [String] {
        let lock = Int(max(1, min(lockSeconds.rounded(.up), 1_073_741_824)))
        // Strict: what does not fit is an error, not another value.
        let modes = [
            "STRICT_TRANS_TABLES", "STRICT_ALL_TABLES", "ERROR_FOR_DIVISION_BY_ZERO", "NO_AUTO_VALUE_ON_ZERO",
            "NO_ENGINE_SUBSTITUTION", "NO_ZERO_DATE", "NO_ZERO_IN_DATE",
        ].joined(separator: ",")
        return [
            """
            SET SESSION sql_mode = '\(modes)', sql_select_limit = 18446744073709551615, time_zone = '+00:00', innodb_lock_wait_timeout = \(lock), lock_wait_timeout = \(lock)
            """
        ]
    }

    private static let lockName = "CONCAT('bobbin ', DATABASE())"

    var definitionLock: (take: String, release: String)? {
        ("SELECT GET_LOCK(\(Self.lockName), 60)", "SELECT RELEASE_LOCK(\(Self.lockName))")
    }

    func headLock(isMoving: Bool) -> String? { isMoving ? " FOR UPDATE" : " LOCK IN SHARE MODE" }
    func passingOver(_ key: String) -> String? { "ON DUPLICATE KEY UPDATE \(key) = \(key)" }

    var books: [(table: String, sql: String)] {
        let names = ["_bobbin_head", "_bobbin_ledger", "_bobbin_tables"]
        let indexes = """
            CREATE TABLE IF NOT EXISTS _bobbin_indexes(
                name varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
                columns longtext CHARACTER SET utf8mb4 COLLATE \(collation) NOT NULL) ENGINE=InnoDB
            """
        return Array(zip(names, MySQLBooks.schema(collation))) + [("_bobbin_indexes", indexes)]
    }

    func declared(_ column: Column, _ shape: ODBCShape) -> String {
        let length = shape.length(Self.indexBytes / Self.characterBytes)
        return switch column.type {
        case .boolean: "boolean"
        case .integer, .bigint: "bigint"
        case .double: "double"
        case .decimal: MySQLDecimal.declared(column.precision)
        case .date: "date"
        case .time: "time(6)"
        case .datetime, .timestamp: "datetime(6)"
        case .uuid: "char(36) CHARACTER SET ascii COLLATE ascii_bin"
        case .bytes: shape.isIndexed(column) ? "varbinary(\(length))" : "longblob"
        case .json, .text, .null:
            (shape.isIndexed(column) ? "varchar(\(length))" : "longtext")
                + " CHARACTER SET utf8mb4 COLLATE \(collation)"
        }
    }

    var tableOptions: String { " ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4" }

    var decimals: DecimalRange? { MySQLDecimal.range }

    func columns(_ statements: ODBCStatements, _ table: String) throws -> [Column] {
        let found = try statements.query(
            """
            SELECT column_name, column_type FROM information_schema.columns
            WHERE table_schema = DATABASE() AND table_name = ? AND extra NOT LIKE '%GENERATED' ORDER BY ordinal_position
            """, [.text(table)])
        return found.rows.map { Column(name: $0[0] ?? "", type: MySQLTable.logical($0[1] ?? "")) }
    }

    func check(_ statements: ODBCStatements, _ shape: ODBCShape, _ columns: [Column]) throws {
        let manifest = shape.manifest
        for name in [manifest.table] + columns.map(\.name) where name.unicodeScalars.count > 64 || name.last == " " {
            throw LoadError(
                .configuration,
                "table \(manifest.table): the name \(name) cannot be had in \(self.name) (at most 64 characters, no blank at the end): rename it"
            )
        }
        let engine = try statements.query(
            "SELECT engine FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?",
            [.text(manifest.table)]
        ).text(0, 0)
        if let engine, engine != "InnoDB" {
            throw LoadError(
                .configuration,
                "table \(manifest.table) is of engine \(engine), which has no transactions: ALTER TABLE ... ENGINE=InnoDB, or choose another"
            )
        }
        let found = try statements.query(MySQLUniqueIndex.query, [.text(manifest.table)])
        let own = ODBCIndexes.name(manifest.table, "key")
        try MySQLIndexes.refuseOthers(MySQLUniqueIndex.read(found.rows).filter { $0.name != own }, manifest)
    }

    func widen(
        _ statements: ODBCStatements, _ table: String, _ old: Column, _ new: Column, _ shape: ODBCShape
    ) throws -> [String]? {
        let name = try statements.connection.info.quote(identifier: old.name)
        return ["ALTER TABLE \(table) MODIFY \(name) \(declared(new, shape))"]
            + MySQLTable.corrections(table, name, old.type)
    }

    func dropIndex(_ name: String, _ table: String) -> String { "DROP INDEX \(name) ON \(table)" }

    func comparesBytes(_ statements: ODBCStatements, _ table: TargetTable) throws -> Bool {
        let found = try statements.query(
            """
            SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?
            AND (data_type IN ('bigint', 'int', 'smallint', 'tinyint', 'date')
                OR (data_type IN ('varchar', 'longtext') AND collation_name = ?))
            """, [.text(table.name), .text(collation)])
        let names = found.rows.compactMap { $0[0] }
        return table.key.allSatisfy { key in names.contains { $0.isSame(as: key) } }
    }

    // Its driver would send an array in one message, but loses rows of it.
    var rowsAtOnce: ODBCRowsAtOnce { .values(rows: 128, parameters: 32_000) }

    func longest(_ statements: ODBCStatements) throws -> Int? {
        try statements.query("SELECT @@max_allowed_packet", []).text(0, 0).flatMap { Int($0) }
    }

    var staging: (any StagingDialect)? { MySQLStaging() }

    func conflict(_ names: [String], _ others: [String]) -> ODBCConflict {
        let sets =
            others.isEmpty
            ? "\(names[0]) = \(names[0])" : others.map { "\($0) = VALUES(\($0))" }.joined(separator: ", ")
        return .clause(" ON DUPLICATE KEY UPDATE \(sets)")
    }

    func travel(_ type: LogicalType, _ described: ODBCColumn) -> ODBCTravel {
        switch type {
        case .boolean, .integer, .bigint: ODBCTravel(ODBCParameter(.integer))
        case .double: ODBCTravel(ODBCParameter(.double), .finite)
        case .bytes: ODBCTravel(ODBCParameter(.binary), .bytes)
        // A strict server, too, rounds what is behind a column's last digit.
        case .decimal where described.form == .decimal:
            ODBCTravel(ODBCParameter(.text), .decimal(digits: described.size, scale: described.digits))
        case .decimal:
            ODBCTravel(
                ODBCParameter(.text),
                .decimal(digits: MySQLDecimal.range.digits, scale: MySQLDecimal.range.scale))
        case .date: ODBCTravel(ODBCParameter(.text), .day)
        case .time: ODBCTravel(ODBCParameter(.text), .clock)
        case .datetime, .timestamp:
            ODBCTravel(
                ODBCParameter(.text), .moment(digits: described.form == .timestamp ? min(6, described.digits) : 6))
        case .text, .json, .null: ODBCTravel(ODBCParameter(.text), .text)
        case .uuid: ODBCTravel(ODBCParameter(.text))
        }
    }
}
