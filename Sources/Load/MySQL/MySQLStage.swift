internal import Databases
internal import Manifest

/// The way round for rows whose keys may be known: a temporary table, and one statement from there, in the rows' order.
final class MySQLStage {
    private let connection: MySQLConnection
    private let make: String
    /// Loads rows into the temporary table, which ``begin()`` makes.
    let load: String
    private let move: String

    init(_ connection: MySQLConnection, table: String, columns: [String], types: [LogicalType], tail: String) {
        let names = columns.joined(separator: ", ")
        self.connection = connection
        // Without indexes: nothing conflicts there. Neither this nor its drop ends the transaction.
        make = """
            CREATE TEMPORARY TABLE `_bobbin_rows`(`_bobbin_line` bigint NOT NULL AUTO_INCREMENT PRIMARY KEY)
            ENGINE=InnoDB SELECT \(names) FROM \(table) LIMIT 0
            """
        load = MySQLWriter.load("`_bobbin_rows`", columns, types, "")
        move = "INSERT INTO \(table)(\(names)) SELECT \(names) FROM `_bobbin_rows` ORDER BY `_bobbin_line`\(tail)"
    }

    /// An empty table: to delete its rows would leave them to be purged.
    func begin() throws {
        try drop()
        try connection.execute(make)
    }

    func moveRows() throws { try connection.execute(move) }

    func drop() throws { try connection.execute("DROP TEMPORARY TABLE IF EXISTS `_bobbin_rows`") }
}
