internal import Manifest

/// A unique index of a table in MariaDB or MySQL, the primary key among them.
struct MySQLUniqueIndex {
    let name: String
    /// In the index's order; an expression has no name.
    var columns: [String] = []
    /// Whether no column may be NULL.
    var isWhole = true
    /// Whether it stands on the beginnings of values.
    private var hasPrefixes = false

    /// The unique indexes of the table that is its parameter, a row for each column.
    static let query = """
        SELECT index_name, column_name, sub_part, nullable FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = ? AND non_unique = 0 ORDER BY index_name, seq_in_index
        """
    /// Columns of ``query``.
    static let fields = 4

    private init(_ name: String) { self.name = name }

    /// What the rows of ``query`` tell.
    static func read(_ rows: [[String?]]) -> [MySQLUniqueIndex] {
        var indexes: [MySQLUniqueIndex] = []
        for row in rows {
            let name = row[0] ?? ""
            if indexes.last?.name != name { indexes.append(MySQLUniqueIndex(name)) }
            let last = indexes.count - 1
            indexes[last].columns.append(row[1] ?? "")
            indexes[last].hasPrefixes = indexes[last].hasPrefixes || row[2] != nil
            indexes[last].isWhole = indexes[last].isWhole && row[3] != "YES"
        }
        return indexes
    }

    /// Whether it is unique by exactly these columns, in whatever order.
    func isUpon(_ key: [String]) -> Bool {
        !hasPrefixes && columns.count == key.count
            && key.allSatisfy { name in columns.contains { $0.isSame(as: name) } }
    }
}
