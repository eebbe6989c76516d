internal import Chunk
internal import Databases
internal import JSON
internal import Manifest

/// Tables as the database has them. Each statement commits by itself, as in some databases it must, and may be repeated.
struct ODBCTable {
    let statements: ODBCStatements
    let dialect: any ODBCDialect
    let books: ODBCBooks

    private var connection: ODBCConnection { statements.connection }

    /// Makes or changes the table, and claims it for the run's stream.
    func prepare(_ manifest: RunManifest) throws -> TargetTable {
        let table = try quoted(manifest.table, manifest)
        // What is refused must not claim the name.
        try TableNeeds.refuseNewTable(
            manifest, present: manifest.guards.freezesTables ? columns(manifest.table) : [])
        try claim(manifest)
        var present = try columns(manifest.table)
        var wanted = TableNeeds.columns(manifest, present: present)
        if let decimals = dialect.decimals { wanted = TableNeeds.made(wanted, decimals) }
        guard !wanted.isEmpty || !present.isEmpty else {
            return TargetTable(name: manifest.table, columns: [], key: manifest.tableKey)
        }
        let new = wanted.filter { present.named($0.name) == nil }
        let shape = ODBCShape(manifest, present + new)
        try dialect.check(statements, shape, present + new)
        if present.isEmpty {
            let list = try wanted.map { "\(try quoted($0.name, manifest)) \(dialect.declared($0, shape))" }
            // Before the table is there: a loader that dies in between must not leave types to be guessed.
            try note(wanted, manifest)
            try connection.run("CREATE TABLE \(table)(\(list.joined(separator: ", ")))\(dialect.tableOptions)")
            present = wanted
        } else {
            try widen(manifest, table, &present, wanted, shape)
        }
        try ODBCIndexes(statements: statements, dialect: dialect, books: books).make(manifest, table)
        try note(present, manifest)
        return TargetTable(name: manifest.table, columns: present, key: manifest.tableKey)
    }

    private func widen(
        _ manifest: RunManifest, _ table: String, _ present: inout [Column], _ wanted: [Column], _ shape: ODBCShape
    ) throws {
        for column in wanted {
            if let index = present.firstIndex(where: { $0.isNamed(column.name) }) {
                // A frozen contract changes nothing: rows that do not fit are rejected one by one.
                if manifest.guards.freezesTypes { continue }
                let old = present[index]
                let new = try TableNeeds.widened(old, with: column, manifest, dialect.decimals)
                present[index] = new
                guard dialect.declared(new, shape) != dialect.declared(old, shape) else { continue }
                try TableNeeds.refuseForeign(old, wide: dialect.declared(new, shape), manifest)
                try change(manifest, table, old, new, shape)
            } else if !manifest.guards.freezesColumns {
                try note(present + [column], manifest)
                let name = try quoted(column.name, manifest)
                try connection.run(dialect.addColumn(table, name, dialect.declared(column, shape)))
                present.append(column)
            }
        }
    }

    /// Widens one column; all at once, where that can be had.
    private func change(
        _ manifest: RunManifest, _ table: String, _ old: Column, _ new: Column, _ shape: ODBCShape
    ) throws {
        guard let changes = try dialect.widen(statements, table, old, new, shape) else {
            throw LoadError(
                .configuration,
                "table \(manifest.table): column \(old.name) holds \(old.type.rawValue) and the source now brings values for which it would "
                    + "have to be \(new.type.rawValue), and how \(dialect.name) does that is not known here: declare it in the stream "
                    + "(columns: {\(old.name): \(new.type.rawValue)}) and give it another `table`")
        }
        let isWhole = connection.info.definesInTransactions
        let indexes = ODBCIndexes(statements: statements, dialect: dialect, books: books)
        if isWhole { try connection.begin() }
        do {
            if changes.count > 1, isWhole { try indexes.drop(manifest, table) }
            for change in changes { try connection.run(change) }
            if isWhole { try connection.end(commit: true) }
        } catch {
            if isWhole { try? connection.end(commit: false) }
            throw error
        }
    }

    private func quoted(_ name: String, _ manifest: RunManifest) throws -> String {
        let limit = connection.info.longestName
        guard limit == 0 || name.utf8.count <= limit else {
            throw LoadError(
                .configuration,
                "table \(manifest.table): the name \(name) has \(name.utf8.count) bytes, \(dialect.name) takes \(limit): rename it"
            )
        }
        return try connection.info.quote(identifier: name)
    }

    private func note(_ columns: [Column], _ manifest: RunManifest) throws {
        _ = try books.change(
            "UPDATE _bobbin_tables SET columns = ? WHERE target_table = ?",
            [.text(Column.json(columns).serializedText()), .text(manifest.table)])
    }

    private func claim(_ manifest: RunManifest) throws {
        let find = "SELECT spool, job, stream FROM _bobbin_tables WHERE target_table = ?"
        if try books.rows(find, [.text(manifest.table)]).isEmpty {
            _ = try books.change(
                """
                INSERT INTO _bobbin_tables(target_table, spool, job, stream, columns) VALUES (?, ?, ?, ?, '[]') \
                \(books.passingOver("target_table"))
                """, [manifest.table, manifest.spool, manifest.job, manifest.stream].map { .text($0) })
        }
        guard let row = try books.rows(find, [.text(manifest.table)]).first else { return }
        guard try TableNeeds.isFromElsewhere((row[0] ?? "", row[1] ?? "", row[2] ?? ""), manifest) else { return }
        _ = try books.change(
            "UPDATE _bobbin_tables SET spool = ? WHERE target_table = ?",
            [.text(manifest.spool), .text(manifest.table)])
    }

    /// The table's columns: as noted, else as declared (a table that somebody else made); none when there is no table.
    private func columns(_ table: String) throws -> [Column] {
        let rows = try books.rows("SELECT columns FROM _bobbin_tables WHERE target_table = ?", [.text(table)])
        return TableNeeds.present(try dialect.columns(statements, table), note: rows.first?[0])
    }
}

/// The indexes that Bobbin keeps on a target table: unique by the primary key, and one for the partition's delete. What they
/// stand on is noted, since drivers tell of indexes in too many ways; their names are such as nobody else gives.
struct ODBCIndexes {
    let statements: ODBCStatements
    let dialect: any ODBCDialect
    let books: ODBCBooks

    private var connection: ODBCConnection { statements.connection }

    static func name(_ table: String, _ suffix: String) -> String {
        "bobbin_\(HexDigits.render(Array(table.utf8).withUnsafeBytes { xxh64($0) }))_\(suffix)"
    }

    func make(_ manifest: RunManifest, _ table: String) throws {
        if !manifest.tableKey.isEmpty {
            try make(manifest, table, "key", manifest.tableKey)
        } else if try noted(manifest, "key") != nil {
            // Of a key that the job no longer has.
            try drop(ODBCIndexes.name(manifest.table, "key"), table)
        }
        let columns = manifest.partition.fields.map(\.name)
        // The delete of a partition needs an index that begins with its columns.
        guard manifest.looksForPartition, Set(manifest.tableKey.prefix(columns.count)) != Set(columns) else {
            return
        }
        try make(manifest, table, "partition", columns)
    }

    /// Takes all of them away; ``make(_:_:)`` makes them anew.
    func drop(_ manifest: RunManifest, _ table: String) throws {
        for suffix in ["key", "partition"] where try noted(manifest, suffix) != nil {
            try drop(ODBCIndexes.name(manifest.table, suffix), table)
        }
    }

    private func drop(_ name: String, _ table: String) throws {
        try connection.run(dialect.dropIndex(try connection.info.quote(identifier: name), table))
        _ = try books.change("DELETE FROM _bobbin_indexes WHERE name = ?", [.text(name)])
    }

    private func noted(_ manifest: RunManifest, _ suffix: String) throws -> [String]? {
        let name = ODBCIndexes.name(manifest.table, suffix)
        let rows = try books.rows("SELECT columns FROM _bobbin_indexes WHERE name = ?", [.text(name)])
        return rows.first?[0].flatMap { try? JSONValue(parsing: $0) }?.elements?.compactMap(\.text)
    }

    private func make(_ manifest: RunManifest, _ table: String, _ suffix: String, _ columns: [String]) throws {
        let name = ODBCIndexes.name(manifest.table, suffix)
        if let present = try noted(manifest, suffix) {
            if present.count == columns.count, zip(present, columns).allSatisfy({ $0.isSame(as: $1) }) { return }
            // Of a former primary key.
            try drop(name, table)
        }
        let quoted = try connection.info.quote(identifier: name)
        let list = try columns.map { try connection.info.quote(identifier: $0) }.joined(separator: ", ")
        let sql = "CREATE \(suffix == "key" ? "UNIQUE " : "")INDEX \(quoted) ON \(table)(\(list))"
        do { try connection.run(sql) } catch let first {
            guard first.kind == .data || first.kind == .configuration else { throw first }
            // A loader that died between it and its note has left one.
            let isLeft = (try? connection.run(dialect.dropIndex(quoted, table))) != nil
            do {
                guard isLeft else { throw first }
                try connection.run(sql)
            } catch let error as ODBCError {
                guard error.kind == .data || error.kind == .configuration else { throw error }
                throw TableNeeds.notUnique(manifest.table, manifest.mode, columns, "\(error)")
            }
        }
        _ = try books.change(
            "INSERT INTO _bobbin_indexes(name, columns) VALUES (?, ?)",
            [.text(name), .text(JSONValue.array(columns.map { .string($0) }).serializedText())])
    }
}
