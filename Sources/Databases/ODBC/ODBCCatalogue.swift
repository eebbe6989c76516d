/// A table, view or the like, as the driver's catalogue has it (Microsoft, "ODBC API Reference", SQLTables).
package struct ODBCTable: Sendable, Hashable {
    /// nil where the database has no catalogues, or the driver does not say.
    package var catalog: String?
    /// nil where the database has no schemas, or the driver does not say.
    package var schema: String?
    package var name: String
    /// `TABLE`, `VIEW`, `SYSTEM TABLE` and whatever the driver has.
    package var kind = "TABLE"

    /// A table's name.
    package init(catalog: String? = nil, schema: String? = nil, _ name: String) {
        self.catalog = catalog
        self.schema = schema
        self.name = name
    }
}

/// A table's column, as the driver's catalogue has it (Microsoft, "ODBC API Reference", SQLColumns).
package struct ODBCTableColumn: Sendable, Equatable {
    package var name: String
    /// The SQL type's number.
    package var type: Int
    /// The database's own name of the type.
    package var typeName: String
    /// Characters, bytes or digits; nil where that means nothing.
    package var size: Int?
    /// Digits after the point; of times, of seconds.
    package var digits: Int?
    /// nil when it is not known.
    package var isNullable: Bool?
    /// The default as the database writes it; nil for none.
    package var defaultValue: String?
}

extension ODBCConnection {
    /// Tables and views whose name fits a pattern, in which `_` is one character and `%` any number.
    ///
    /// - Parameters:
    ///   - catalog: a name, no pattern; without it some drivers list all.
    ///   - schema: a pattern; without it some drivers list the current one only.
    package func tables(
        catalog: String? = nil, schema: String? = nil, pattern: String = "%"
    ) throws(ODBCError) -> [ODBCTable] {
        let statement = try ODBCStatement(self, "")
        try statement.check(
            statement.ask(catalog, schema, pattern, nil, library.tables))
        return try all(statement).rows.map { row in
            var table = ODBCTable(catalog: row.named(0), schema: row.named(1), row.value(2) ?? "")
            table.kind = row.value(3) ?? ""
            return table
        }
    }

    /// A table's columns in their order; none when there is no such table.
    package func columns(_ table: ODBCTable) throws(ODBCError) -> [ODBCTableColumn] {
        let statement = try ODBCStatement(self, "")
        try statement.check(
            statement.ask(
                table.catalog, table.schema.map { escaped($0) }, escaped(table.name), nil, library.columns))
        // Where the driver knows no escape, the pattern fits other tables too.
        return try all(statement).rows.filter { $0.value(2) == table.name }.map { row in
            ODBCTableColumn(
                name: row.value(3) ?? "", type: row.integer(4) ?? 0, typeName: row.value(5) ?? "",
                size: row.integer(6), digits: row.integer(8),
                isNullable: row.integer(10).flatMap { $0 == 2 ? nil : $0 == 1 },
                defaultValue: row.value(12).flatMap { $0 == "NULL" ? nil : $0 })
        }
    }

    /// The columns of a table's primary key in the key's order; none without one.
    package func primaryKey(_ table: ODBCTable) throws(ODBCError) -> [String] {
        let statement = try ODBCStatement(self, "")
        let isWide = isWide
        let code = ODBCText.with(optional: table.catalog, isWide: isWide) { catalog, catalogCount in
            ODBCText.with(optional: table.schema, isWide: isWide) { schema, schemaCount in
                ODBCText.with(optional: table.name, isWide: isWide) { name, nameCount in
                    library.primaryKeys[isWide](
                        statement.handle, catalog, catalogCount, schema, schemaCount, name, nameCount)
                }
            }
        }
        try statement.check(code)
        let rows = try all(statement).rows
        return rows.sorted { ($0.integer(4) ?? 0) < ($1.integer(4) ?? 0) }.compactMap { $0.value(3) }
    }

    /// A name as a pattern that fits only itself.
    private func escaped(_ name: String) -> String {
        let escape = info.patternEscape
        guard !escape.isEmpty else { return name }
        var pattern = ""
        for character in name {
            if character == "_" || character == "%" || String(character) == escape { pattern += escape }
            pattern.append(character)
        }
        return pattern
    }
}

extension ODBCStatement {
    /// Calls SQLTables or SQLColumns.
    fileprivate func ask(
        _ catalog: String?, _ schema: String?, _ table: String?, _ last: String?, _ function: ODBCPair<ODBCLibrary.Four>
    ) -> Int16 {
        let isWide = connection.isWide
        return ODBCText.with(optional: catalog, isWide: isWide) { catalog, catalogCount in
            ODBCText.with(optional: schema, isWide: isWide) { schema, schemaCount in
                ODBCText.with(optional: table, isWide: isWide) { table, tableCount in
                    ODBCText.with(optional: last, isWide: isWide) { last, lastCount in
                        function[isWide](
                            handle, catalog, catalogCount, schema, schemaCount, table, tableCount, last, lastCount)
                    }
                }
            }
        }
    }
}

extension [String?] {
    /// The value of a column that the driver may have left out.
    fileprivate func value(_ column: Int) -> String? { indices.contains(column) ? self[column] : nil }

    /// A name; empty is none.
    fileprivate func named(_ column: Int) -> String? { value(column).flatMap { $0.isEmpty ? nil : $0 } }

    fileprivate func integer(_ column: Int) -> Int? { value(column).flatMap { Int($0) } }
}
