internal import Databases
internal import Manifest

/// Changes declared types, which SQLite cannot alter: a new table, the rows, the old indexes and triggers
/// (https://sqlite.org/lang_altertable.html section 7), inside the caller's transaction.
enum SQLiteRebuild {
    static func run(_ connection: SQLiteConnection, _ table: String, from old: [Column], to columns: [Column]) throws {
        let quoted = SQLiteConnection.quote(table)
        let temporary = SQLiteConnection.quote("_bobbin_rebuild_\(table)")
        try refuseForeign(connection, table, from: old, to: columns)
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
            let before = old.named(column.name)?.type ?? column.type
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

    /// A table that somebody else made may hold what a new one would lack: constraints, defaults, generated columns.
    private static func refuseForeign(
        _ connection: SQLiteConnection, _ table: String, from old: [Column], to columns: [Column]
    ) throws {
        let schema = try connection.prepare("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?")
        schema.bind(0, table)
        let parts = try connection.prepare("SELECT name, type FROM pragma_table_info(?)")
        parts.bind(0, table)
        var list: [String] = []
        while try parts.step() { list.append("\(SQLiteConnection.quote(parts.text(0))) \(parts.text(1))") }
        let own = "CREATE TABLE \(SQLiteConnection.quote(table))(\(list.joined(separator: ", ")))"
        if try schema.step(), schema.text(0) == own { return }
        let widened = columns.filter { column in old.named(column.name).map { $0.type != column.type } ?? false }
        let changed =
            widened.first { column in
                old.named(column.name).map { SQLiteTable.declared($0.type) } != SQLiteTable.declared(column.type)
            } ?? widened.first
        throw LoadError(
            .configuration,
            "table \(table) was not made by Bobbin, and its column \"\(changed?.name ?? "")\" cannot hold the source's values "
                + "without change: make it \(changed.map { SQLiteTable.declared($0.type) } ?? "TEXT") in the table, declare its type "
                + "(`columns:`), or refuse such rows (`contract: {types: freeze}`)")
    }
}
