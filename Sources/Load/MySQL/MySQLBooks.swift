internal import Databases

/// The bookkeeping tables in MariaDB and MySQL.
final class MySQLBooks: BookSession {
    /// Compared by bytes, the end of texts included.
    static func schema(_ collation: String) -> [String] {
        let text = "CHARACTER SET utf8mb4 COLLATE \(collation)"
        let ascii = "CHARACTER SET ascii COLLATE ascii_bin"
        return [
            """
            CREATE TABLE IF NOT EXISTS _bobbin_head(
                log_id char(64) \(ascii) NOT NULL PRIMARY KEY, spool varchar(64) \(ascii) NOT NULL, job text \(text) NOT NULL,
                stream text \(text) NOT NULL, partition_key longtext \(text) NOT NULL, n bigint NOT NULL,
                run varchar(64) \(ascii) NOT NULL, row_count bigint NOT NULL, target_table text \(text) NOT NULL) ENGINE=InnoDB
            """,
            """
            CREATE TABLE IF NOT EXISTS _bobbin_ledger(
                chunk_id varchar(128) \(ascii) NOT NULL PRIMARY KEY, target_table text \(text) NOT NULL,
                run varchar(64) \(ascii) NOT NULL, manifest bigint NOT NULL, seq bigint, outcome varchar(32) \(ascii),
                row_count bigint NOT NULL, rejects bigint NOT NULL, rejects_file text \(text), loader varchar(255) \(text) NOT NULL,
                attempt bigint NOT NULL, committed_at varchar(64) \(ascii) NOT NULL, chunks longtext \(text)) ENGINE=InnoDB
            """,
            """
            CREATE TABLE IF NOT EXISTS _bobbin_tables(
                target_table varchar(64) \(text) NOT NULL PRIMARY KEY, spool varchar(64) \(ascii) NOT NULL, job text \(text) NOT NULL,
                stream text \(text) NOT NULL, columns longtext \(text) NOT NULL) ENGINE=InnoDB
            """,
        ]
    }

    private let connection: MySQLConnection

    init(_ connection: MySQLConnection) { self.connection = connection }

    func rows(_ sql: String, _ values: [BookValue]) throws -> [[String?]] {
        let result = try connection.query(sql, values.map(MySQLBooks.value))
        return result.rows.indices.map { row in result.columns.indices.map { result.text(row, $0) } }
    }

    func change(_ sql: String, _ values: [BookValue]) throws -> Int {
        let statement = try connection.prepare(sql)
        for (index, value) in values.enumerated() { statement.bind(index, MySQLBooks.value(value)) }
        return try statement.run()
    }

    /// IGNORE would pass over other mistakes, too.
    func passingOver(_ key: String) -> String { "ON DUPLICATE KEY UPDATE \(key) = \(key)" }

    private static func value(_ value: BookValue) -> MySQLValue {
        switch value {
        case .text(let text): .text(text)
        case .integer(let number): .integer(number)
        case .double(let number): .double(number)
        case .boolean(let flag): .integer(flag ? 1 : 0)
        case .null: .null
        }
    }
}
