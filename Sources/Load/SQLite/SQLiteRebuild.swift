internal import Databases
internal import Manifest

/// Changes declared types, which SQLite cannot alter: a new table, the rows, the old indexes and triggers
/// (https://sqlite.org/lang_altertable.html section 7), inside the caller's transaction.
enum SQLiteRebuild {
    static func run(_ connection: SQLiteConnection, _ table: String, from old: [Column], to columns: [Column]) throws {
        let quoted = SQLiteConnection.quote(table)
        let temporary = SQLiteConnection.quote("_bobbin_rebuild_\(table)")
        var kept: [String] = []
        let dependents = try connection.prepare(
            "SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND type IN ('index', 'trigger') AND sql IS NOT NULL")
        dependents.bind(0, table)
        while try dependents.step() { kept.append(dependents.text(0)) }
        let list = columns.map { "\(SQLiteConnection.quote($0.name)) \(SQLiteTable.declared($0.type))" }
        try connection.execute("DROP TABLE IF EXISTS \(temporary)")
        try connection.execute("CREATE TABLE \(temporary)(\(list.joined(separator: ", ")))")
        // A float64 becomes the shortest text that reads back as the same float64; SQLite's own cast keeps 15 digits.
        let values = columns.map { column in
            let name = SQLiteConnection.quote(column.name)
            let before = old.first { $0.name == column.name }?.type ?? column.type
            guard SQLiteTable.declared(column.type) == "TEXT", SQLiteTable.declared(before) != "TEXT" else {
                return name
            }
            // A boolean's text is what JSON calls it, as it is for rows to come.
            if before == .boolean {
                return "CASE \(name) WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE CAST(\(name) AS TEXT) END"
            }
            return "CAST(bobbin_text(\(name)) AS TEXT)"
        }
        try connection.execute("INSERT INTO \(temporary) SELECT \(values.joined(separator: ", ")) FROM \(quoted)")
        try connection.execute("DROP TABLE \(quoted)")
        // Views keep naming the table; without this they would be checked against a table that is not there yet.
        try connection.execute("PRAGMA legacy_alter_table = ON")
        try connection.execute("ALTER TABLE \(temporary) RENAME TO \(quoted)")
        try connection.execute("PRAGMA legacy_alter_table = OFF")
        for sql in kept { try connection.execute(sql) }
    }
}
