internal import Databases
internal import Manifest

/// The temporary table that rows wait in, `line` and `c0`, `c1` ...: what is refused of them, and how the others go on.
struct DuckDBStage {
    struct Refusal {
        /// The row's number in the table.
        var line: Int
        var reason: String
        var code: String
    }

    private let connection: DuckDBConnection
    private let target: String
    /// The table's columns as SQL names them, and those of the temporary table.
    private let names: [String]
    private let places: [String]
    private let columns: [DuckDBTable.Place]
    private let defaults: [String]
    private let constraints: [DuckDBConstraint]
    private let mode: WriteMode
    /// Names and places of the key.
    private let key: [(name: String, place: String)]

    init(_ connection: DuckDBConnection, _ table: DuckDBTable, mode: WriteMode, key: [String]) throws {
        self.connection = connection
        target = try DuckDBConnection.quote(identifier: table.table.name)
        names = try table.columns.map { try DuckDBConnection.quote(identifier: $0.name) }
        let places = table.columns.indices.map { "c\($0)" }
        self.places = places
        columns = table.columns
        defaults = table.defaults
        self.mode = mode
        self.key = try key.compactMap { name in
            guard let index = table.columns.firstIndex(where: { $0.name.isSame(as: name) }) else { return nil }
            return (try DuckDBConnection.quote(identifier: name), places[index])
        }
        var constraints = table.constraints
        if mode == .merge || mode == .insertOnly {
            for case .unique(let own) in constraints where Set(own) != Set(key) {
                throw LoadError(
                    .configuration,
                    "table \(table.table.name) has another unique constraint, on (\(own.joined(separator: ", "))): mode "
                        + "\(mode.rawValue) could take different rows for one; make the table without it")
            }
            constraints.removeAll { if case .unique = $0 { true } else { false } }
        } else if !key.isEmpty {
            constraints.append(.unique(key))
        }
        self.constraints = constraints
    }

    /// Makes the table, empty.
    func make() throws(DuckDBError) {
        let list = columns.indices.map { "\(places[$0]) \(DuckDBFeed.declared(DuckDBFeed.kind(columns[$0])))" }
        try connection.execute(
            "CREATE OR REPLACE TEMP TABLE _bobbin_rows(line BIGINT, \(list.joined(separator: ", ")))")
    }

    /// Takes it away.
    func drop() throws(DuckDBError) { try connection.execute("DROP TABLE IF EXISTS temp._bobbin_rows") }

    // MARK: What is refused

    /// Finds the rows that the table would refuse, and takes them out.
    func refusals() throws -> [Refusal] {
        var found = try single()
        try remove(found)
        // Of rows of one key the first one stays, so that these are looked at when the others are gone.
        for constraint in constraints {
            guard case .unique(let own) = constraint else { continue }
            let twins = try twins(own)
            try remove(twins)
            found += twins
        }
        return found.sorted { $0.line < $1.line }
    }

    private func remove(_ refusals: [Refusal]) throws(DuckDBError) {
        if refusals.isEmpty { return }
        let lines = refusals.map { "\($0.line)" }.joined(separator: ", ")
        try connection.execute("DELETE FROM temp._bobbin_rows WHERE line IN (\(lines))")
    }

    /// What a row breaks by itself: types, NOT NULL, CHECK, references.
    private func single() throws -> [Refusal] {
        var queries: [String] = []
        for (index, column) in columns.enumerated() where column.isForeign {
            let place = places[index]
            let given = DuckDBFeed.declared(DuckDBFeed.kind(column))
            let fitted = "TRY_CAST(\(place) AS \(column.declared))"
            // What comes back otherwise was rounded or cut; of texts that DuckDB reads the reading counts, and what they say of moments.
            let isBent =
                given == "VARCHAR"
                ? DuckDBStage.cut(column.declared).map { " OR regexp_matches(\(place), '\($0)')" } ?? ""
                : " OR TRY_CAST(\(fitted) AS \(given)) IS DISTINCT FROM \(place)"
            queries.append(
                query(
                    "a value does not fit the column \(column.name) (\(column.declared)) as it is", "Conversion",
                    "FROM temp._bobbin_rows WHERE \(place) IS NOT NULL AND (\(fitted) IS NULL\(isBent))"))
        }
        // Checks see the values as the table would hold them, by the table's names.
        let fitted = columns.indices.map { "TRY_CAST(\(places[$0]) AS \(columns[$0].declared)) AS \(names[$0])" }
        let items = (fitted + defaults).joined(separator: ", ")
        let rows = "(SELECT line AS _bobbin_line, \(items) FROM temp._bobbin_rows) AS rows"
        for constraint in constraints {
            switch constraint {
            case .notNull(let name):
                queries.append(
                    query(
                        "NOT NULL constraint of \(name)", "Constraint",
                        "FROM \(rows) WHERE \(try DuckDBConnection.quote(identifier: name)) IS NULL", "_bobbin_line"))
            case .check(let expression):
                queries.append(
                    query(
                        "CHECK constraint \(expression)", "Constraint",
                        "FROM \(rows) WHERE NOT coalesce(CAST((\(expression)) AS BOOLEAN), true)", "_bobbin_line"))
            case .foreign(let own, let table, let other):
                let pairs = try zip(own, other).map { own, other in
                    "known.\(try DuckDBConnection.quote(identifier: other)) = rows.\(try DuckDBConnection.quote(identifier: own))"
                }
                let given = try own.map { "\(try DuckDBConnection.quote(identifier: $0)) IS NOT NULL" }
                queries.append(
                    query(
                        "FOREIGN KEY constraint to \(table)", "Constraint",
                        "FROM \(rows) WHERE \(given.joined(separator: " AND ")) AND NOT EXISTS (SELECT 1 FROM "
                            + "\(try DuckDBConnection.quote(identifier: table)) AS known WHERE \(pairs.joined(separator: " AND ")))",
                        "_bobbin_line"))
            case .unique: break
            }
        }
        if queries.isEmpty { return [] }
        return try refusals(
            "SELECT line, any_value(reason), any_value(code) FROM (\(queries.joined(separator: " UNION ALL "))) GROUP BY line"
        )
    }

    /// What is in a text of which a column of moments would keep a part only: digits of a second behind those that it has, and an
    /// offset from UTC where there is no zone.
    private static func cut(_ declared: String) -> String? {
        let digits: Int
        switch declared {
        case "TIMESTAMP_S": digits = 0
        case "TIMESTAMP_MS": digits = 3
        case "TIMESTAMP", "TIME", "TIME WITH TIME ZONE": digits = 6
        case "TIMESTAMP_NS", "TIME_NS": digits = 9
        default: return nil
        }
        let fraction = "[.][0-9]{\(digits)}[0-9]*[1-9]"
        if declared == "TIME WITH TIME ZONE" { return fraction }
        return "\(fraction)|:[0-9.]+ ?[+-]([0-9:]*[1-9])"
    }

    /// Rows whose key another row of the batch or of the table has.
    private func twins(_ own: [String]) throws -> [Refusal] {
        let parts = try own.compactMap { name -> (name: String, value: String)? in
            guard let index = columns.firstIndex(where: { $0.name.isSame(as: name) }) else { return nil }
            return (
                try DuckDBConnection.quote(identifier: name),
                "CAST(rows.\(places[index]) AS \(columns[index].declared))"
            )
        }
        let values = parts.map(\.value).joined(separator: ", ")
        let given = parts.map { "\($0.value) IS NOT NULL" }.joined(separator: " AND ")
        let pairs = parts.map { "known.\($0.name) = \($0.value)" }.joined(separator: " AND ")
        let reason = "another row has the same \(own.joined(separator: ", "))"
        return try refusals(
            """
            SELECT line, any_value(reason), any_value(code) FROM (
                \(query(reason, "Constraint", """
                    FROM (SELECT line, row_number() OVER (PARTITION BY \(values) ORDER BY line) AS place
                        FROM temp._bobbin_rows AS rows WHERE \(given)) WHERE place > 1
                    """))
                UNION ALL
                \(query(reason, "Constraint", "FROM temp._bobbin_rows AS rows SEMI JOIN \(target) AS known ON \(pairs)"))
            ) GROUP BY line
            """)
    }

    private func query(_ reason: String, _ code: String, _ rest: String, _ line: String = "line") -> String {
        "SELECT \(line) AS line, \(DuckDBConnection.quote(literal: reason)) AS reason, '\(code)' AS code \(rest)"
    }

    private func refusals(_ sql: String) throws(DuckDBError) -> [Refusal] {
        try connection.query(sql).map { row in
            Refusal(line: row[0].flatMap { Int($0) } ?? 0, reason: row[1] ?? "", code: row[2] ?? "")
        }
    }

    // MARK: How rows go on

    /// Moves the rows into the table as the mode asks. Of rows of one key the last one stays in a merge, else the first one.
    func move() throws(DuckDBError) {
        guard isKeyed else {
            try insertAll()
            return
        }
        try removeTwins()
        if isMerging, !defaults.isEmpty {
            // What the rows do not bring stays.
            try connection.execute(
                "UPDATE \(target) AS known SET \(sets.joined(separator: ", ")) FROM temp._bobbin_rows AS rows WHERE \(pairs)"
            )
            try connection.execute("\(insert) ANTI JOIN \(target) AS known ON (\(pairs))")
        } else if isMerging {
            try connection.execute("DELETE FROM \(target) AS known USING temp._bobbin_rows AS rows WHERE \(pairs)")
            try connection.execute(insert)
        } else {
            try connection.execute("\(insert) ANTI JOIN \(target) AS known ON (\(pairs))")
        }
    }

    /// The same of a merge or an insert-only, or a replacement: rows whose keys stay are updated where they are.
    ///
    /// What an update changes and what it was stays in memory until the commit. Columns of the key are none of those that change, so
    /// that the index is left alone.
    ///
    /// - Returns: whether it was done; a replacement is not when two rows have the same key.
    func moveInPlace(_ replacement: DuckDBReplacement?) throws(DuckDBError) -> Bool {
        guard isMerging || replacement != nil else {
            try move()
            return true
        }
        if replacement == nil {
            try removeTwins()
        } else if try hasTwins(" WHERE \(key.map { "\($0.place) IS NOT NULL" }.joined(separator: " AND "))") {
            return false
        }
        let update = sets.isEmpty ? "DO NOTHING" : "UPDATE SET \(sets.joined(separator: ", "))"
        let values = places.map { "rows.\($0)" }.joined(separator: ", ")
        // What is gone goes first, so that the statement has the replacement's values.
        if let replacement {
            let condition = replacement.condition.isEmpty ? " WHERE" : "\(replacement.condition) AND"
            try connection.change(
                "DELETE FROM \(target) AS known\(condition) NOT EXISTS (SELECT 1 FROM temp._bobbin_rows AS rows WHERE \(pairs))",
                replacement.values)
        }
        try connection.execute(
            """
            MERGE INTO \(target) AS known USING temp._bobbin_rows AS rows ON (\(pairs))
            WHEN MATCHED THEN \(update)
            WHEN NOT MATCHED THEN INSERT (\(names.joined(separator: ", "))) VALUES (\(values))
            """)
        return true
    }

    /// Moves all rows as they are.
    func insertAll() throws(DuckDBError) { try connection.execute("\(insert) ORDER BY line") }

    /// What an update sets.
    private var sets: [String] {
        names.indices.filter { index in !key.contains { $0.place == places[index] } }
            .map { "\(names[$0]) = rows.\(places[$0])" }
    }
    private var isKeyed: Bool { (mode == .merge || mode == .insertOnly) && !key.isEmpty }
    /// Whether known keys get other values.
    private var isMerging: Bool { mode == .merge && !key.isEmpty && key.count < columns.count }
    private var pairs: String { key.map { "known.\($0.name) = rows.\($0.place)" }.joined(separator: " AND ") }
    private var insert: String {
        let values = columns.indices.map { index in
            columns[index].isForeign ? "CAST(\(places[index]) AS \(columns[index].declared))" : places[index]
        }
        return "INSERT INTO \(target)(\(names.joined(separator: ", "))) SELECT \(values.joined(separator: ", ")) "
            + "FROM temp._bobbin_rows AS rows"
    }

    private func hasTwins(_ condition: String) throws(DuckDBError) -> Bool {
        let list = key.map(\.place).joined(separator: ", ")
        return try !connection.query(
            "SELECT 1 FROM temp._bobbin_rows\(condition) GROUP BY \(list) HAVING count(*) > 1 LIMIT 1"
        ).isEmpty
    }

    /// Leaves one row of each key. To look whether there is anything to do costs half as much.
    private func removeTwins() throws(DuckDBError) {
        guard try hasTwins("") else { return }
        let list = key.map(\.place).joined(separator: ", ")
        try connection.execute(
            """
            DELETE FROM temp._bobbin_rows WHERE line NOT IN
                (SELECT \(isMerging ? "max" : "min")(line) FROM temp._bobbin_rows GROUP BY \(list))
            """)
    }
}
