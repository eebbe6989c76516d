internal import Databases
internal import Manifest

/// Statements of rows whose keys may be known. Names stand in quotes.
struct MySQLUpsert {
    let table: String
    let columns: [String]
    /// Whether a row takes the place of the one with its key.
    let isReplacing: Bool
    /// What becomes of a row whose key is known; at the end of an INSERT.
    let tail: String
    var names: String { columns.joined(separator: ", ") }

    /// - Parameter mode: rows of others than `merge` and `insert-only` have no known keys.
    init(_ table: TargetTable, mode: WriteMode, key: [String]) throws {
        let name = try MySQLConnection.quote(identifier: table.name)
        let columns = try table.columns.map { try MySQLConnection.quote(identifier: $0.name) }
        let keys = try key.map { try MySQLConnection.quote(identifier: $0) }
        let others = columns.filter { !keys.contains($0) }
        self.table = name
        self.columns = columns
        isReplacing = mode == .merge && !others.isEmpty
        let sets =
            isReplacing
            ? others.map { "\($0) = VALUES(\($0))" } : keys.prefix(1).map { "\($0) = \(name).\($0)" }
        let meetsKeys = (mode == .merge || mode == .insertOnly) && !sets.isEmpty
        tail = meetsKeys ? " ON DUPLICATE KEY UPDATE \(sets.joined(separator: ", "))" : ""
    }

    /// Moves all rows of another table with these columns, in an order.
    func all(from source: String, order: String) -> String {
        "INSERT INTO \(table)(\(names)) SELECT \(names) FROM \(source) ORDER BY \(order)\(tail)"
    }
}

/// The way round for rows whose keys may be known: a temporary table, and one statement from there, in the rows' order.
final class MySQLStage {
    private let connection: MySQLConnection
    private let make: String
    /// Loads rows into the temporary table, which ``begin()`` makes.
    let load: String
    private let move: String

    init(_ connection: MySQLConnection, _ upsert: MySQLUpsert, types: [LogicalType]) {
        self.connection = connection
        // Without indexes: nothing conflicts there. Neither this nor its drop ends the transaction.
        make = """
            CREATE TEMPORARY TABLE `_bobbin_rows`(`_bobbin_line` bigint NOT NULL AUTO_INCREMENT PRIMARY KEY)
            ENGINE=InnoDB SELECT \(upsert.names) FROM \(upsert.table) LIMIT 0
            """
        load = MySQLWriter.load("`_bobbin_rows`", upsert.columns, types, "")
        move = upsert.all(from: "`_bobbin_rows`", order: "`_bobbin_line`")
    }

    /// An empty table: to delete its rows would leave them to be purged.
    func begin() throws {
        try drop()
        try connection.execute(make)
    }

    func moveRows() throws { try connection.execute(move) }

    func drop() throws { try connection.execute("DROP TEMPORARY TABLE IF EXISTS `_bobbin_rows`") }
}
