internal import Databases

/// The bookkeeping tables in a DuckDB file.
final class DuckDBBooks: BookSession {
    /// Texts are compared by their bytes. `key_columns` says by which columns the index that Bobbin made is unique,
    /// `is_own` whether it made the table.
    static let schema = """
        CREATE TABLE IF NOT EXISTS _bobbin_head(
            log_id VARCHAR NOT NULL PRIMARY KEY, spool VARCHAR NOT NULL, job VARCHAR NOT NULL, stream VARCHAR NOT NULL,
            partition_key VARCHAR NOT NULL, n BIGINT NOT NULL, run VARCHAR NOT NULL, row_count BIGINT NOT NULL,
            target_table VARCHAR NOT NULL);
        CREATE TABLE IF NOT EXISTS _bobbin_ledger(
            chunk_id VARCHAR NOT NULL PRIMARY KEY, target_table VARCHAR NOT NULL, run VARCHAR NOT NULL,
            manifest BIGINT NOT NULL, seq BIGINT, outcome VARCHAR, row_count BIGINT NOT NULL, rejects BIGINT NOT NULL,
            rejects_file VARCHAR, loader VARCHAR NOT NULL, attempt BIGINT NOT NULL, committed_at VARCHAR NOT NULL,
            chunks VARCHAR);
        CREATE TABLE IF NOT EXISTS _bobbin_tables(
            target_table VARCHAR NOT NULL PRIMARY KEY, spool VARCHAR NOT NULL, job VARCHAR NOT NULL,
            stream VARCHAR NOT NULL, columns VARCHAR NOT NULL, key_columns VARCHAR, is_own BOOLEAN)
        """

    private let connection: DuckDBConnection

    init(_ connection: DuckDBConnection) { self.connection = connection }

    func rows(_ sql: String, _ values: [BookValue]) throws -> [[String?]] {
        try connection.query(sql, values.map(DuckDBBooks.value))
    }

    func change(_ sql: String, _ values: [BookValue]) throws -> Int {
        try connection.change(sql, values.map(DuckDBBooks.value))
    }

    func passingOver(_ key: String) -> String { "ON CONFLICT DO NOTHING" }

    static func value(_ value: BookValue) -> DuckDBValue {
        switch value {
        case .text(let text): .text(text)
        case .integer(let number): .integer(number)
        case .double(let number): .double(number)
        case .boolean(let flag): .boolean(flag)
        case .null: .null
        }
    }
}
