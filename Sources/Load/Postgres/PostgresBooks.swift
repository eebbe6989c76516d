internal import Databases

/// The bookkeeping tables in PostgreSQL.
final class PostgresBooks: BookSession {
    /// Key of the advisory lock under which tables are made and changed: "bobbin" in ASCII.
    static let lock = 0x626F_6262_696E

    /// Compared by bytes, whatever the database's collation: ranges of chunk ids depend on it.
    static let schema = """
        CREATE TABLE IF NOT EXISTS _bobbin_head(
            log_id text COLLATE "C" NOT NULL PRIMARY KEY, spool text NOT NULL, job text NOT NULL, stream text NOT NULL,
            partition_key text NOT NULL, n bigint NOT NULL, run text NOT NULL, row_count bigint NOT NULL,
            target_table text NOT NULL);
        CREATE TABLE IF NOT EXISTS _bobbin_ledger(
            chunk_id text COLLATE "C" NOT NULL PRIMARY KEY, target_table text NOT NULL, run text NOT NULL,
            manifest bigint NOT NULL, seq bigint, outcome text, row_count bigint NOT NULL, rejects bigint NOT NULL,
            rejects_file text, loader text NOT NULL, attempt bigint NOT NULL, committed_at text NOT NULL, chunks text);
        CREATE TABLE IF NOT EXISTS _bobbin_tables(
            target_table text COLLATE "C" NOT NULL PRIMARY KEY, spool text NOT NULL, job text NOT NULL,
            stream text NOT NULL, columns text NOT NULL)
        """

    private let connection: PostgresConnection

    init(_ connection: PostgresConnection) { self.connection = connection }

    func rows(_ sql: String, _ values: [BookValue]) throws -> [[String?]] {
        let result = try connection.query(PostgresBooks.numbered(sql), values.map(PostgresBooks.value))
        return (0..<result.rows).map { row in (0..<result.columns).map { result.text(row, $0) } }
    }

    func change(_ sql: String, _ values: [BookValue]) throws -> Int {
        try connection.query(PostgresBooks.numbered(sql), values.map(PostgresBooks.value)).affectedRows
    }

    func passingOver(_ key: String) -> String { "ON CONFLICT DO NOTHING" }

    private static func value(_ value: BookValue) -> PostgresValue? {
        switch value {
        case .text(let text): .text(text)
        case .integer(let number): .integer(number)
        case .double(let number): .float(number)
        case .boolean(let flag): .boolean(flag)
        case .null: nil
        }
    }

    /// `$1`, `$2`, ... in place of the question marks; the statements hold no others.
    private static func numbered(_ sql: String) -> String {
        var count = 0
        return sql.split(separator: "?", omittingEmptySubsequences: false).reduce(into: "") { text, part in
            if count > 0 { text += "$\(count)" }
            text += part
            count += 1
        }
    }
}
