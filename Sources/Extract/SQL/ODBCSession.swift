internal import Chunk
package import Databases
internal import Manifest

/// Reads whatever database an ODBC driver leads to. What there is comes from the driver's catalogue functions, the rest from
/// plain SQL.
package final class ODBCSession: SQLSession {
    private let connection: ODBCConnection
    private let spelling: ODBCDialect
    package let tellsTypes = true
    package let canceller: @Sendable () -> Void = {}
    package let defaultSchema: String?
    /// What the driver calls the relations.
    private var known: [SQLRelation: ODBCTable] = [:]

    /// Connects.
    package init(_ settings: ODBCSettings) throws(ODBCError) {
        let connection = try ODBCConnection(settings)
        self.connection = connection
        spelling = ODBCDialect(connection.info)
        // The form in which PostgreSQL writes dates.
        if spelling.product == .postgres { _ = try connection.query("SET DateStyle TO ISO") }
        // A server may leave rows out of every answer.
        if spelling.product == .mariaDB {
            _ = try connection.query("SET SESSION sql_select_limit = 18446744073709551615")
        }
        if let sql = spelling.product.schemaQuery {
            defaultSchema = try connection.first(sql)?.first ?? nil
        } else {
            defaultSchema = nil
        }
    }

    package var dialect: any SQLDialect { spelling }

    package var version: String {
        let info = connection.info
        return "\(info.databaseName) \(info.databaseVersion) through \(info.driverName) \(info.driverVersion)"
    }

    /// Of the driver's catalogue (SQLTables), in the current database.
    package func relations() throws -> [SQLRelation] {
        var found: [SQLRelation] = []
        let current = connection.info.currentDatabase
        let tables = try connection.tables(
            catalog: spelling.product == .mariaDB && !current.isEmpty ? current : nil,
            schema: spelling.product.hasSchemas ? "%" : nil)
        let shadows = spelling.product == .sqlite ? try self.shadows() : []
        for table in tables where ["TABLE", "BASE TABLE", "VIEW"].contains(table.kind.uppercased()) {
            // A name without its catalogue leads to the current one.
            if let catalog = table.catalog, !current.isEmpty, !catalog.isSame(as: current) { continue }
            // Where there are no schemas, a database's own tables may lie in catalogues of these names.
            if ODBCProduct.isOfSystem(table.schema ?? table.catalog ?? "") { continue }
            // SQLite's driver lists its counters and statistics among the user's tables.
            if spelling.product == .sqlite, table.name.lowercased().hasPrefix("sqlite_") || shadows.contains(table.name)
            {
                continue
            }
            let relation = SQLRelation(
                schema: table.schema, name: table.name, kind: table.kind.uppercased() == "VIEW" ? .view : .table,
                rows: nil)
            known[relation] = table
            found.append(relation)
        }
        return found.sorted { ODBCSession.isBefore($0.schema ?? "", $1.schema ?? "", $0.name, $1.name) }
    }

    /// Tables in which SQLite's virtual tables keep what they hold; none where SQLite does not tell (before 3.37).
    private func shadows() throws(ODBCError) -> Set<String> {
        do throws(ODBCError) {
            return Set(try connection.query(SQLiteSession.shadows).rows.compactMap { $0[0] })
        } catch {
            guard error.kind == .configuration else { throw error }
            return []
        }
    }

    /// Schemas by their bytes, then names.
    private static func isBefore(_ schema: String, _ other: String, _ name: String, _ otherName: String) -> Bool {
        schema.isSame(as: other)
            ? name.utf8.lexicographicallyPrecedes(otherName.utf8)
            : schema.utf8.lexicographicallyPrecedes(other.utf8)
    }

    /// The result's columns, with what the catalogue says of them (SQLColumns, SQLPrimaryKeys).
    package func shape(of relation: SQLRelation) throws -> SQLShape {
        let table = known[relation] ?? ODBCTable(schema: relation.schema, relation.name)
        let kinds = try visibility(of: relation)
        var shape = try shape(from: SQLCatalog.quoted(relation, dialect), MySQLSession.list(kinds, dialect))
        let catalogue = try connection.columns(table)
        // Of a domain the result names what it is made of.
        let types = shape.columns.map(\.native)
        // sqliteodbc calls a column "a.b" of a result b.
        let isByPlace =
            catalogue.count == shape.columns.count && !catalogue.allSatisfy { shape.column($0.name) != nil }
        for (place, declared) in catalogue.enumerated() {
            let found = isByPlace ? place : shape.columns.firstIndex { $0.name.isSame(as: declared.name) }
            guard let index = found else { continue }
            shape.columns[index].name = declared.name
            shape.columns[index].expression = try dialect.quote(declared.name)
            shape.columns[index].native = spelling.product.native(declared, shape.columns[index])
            restrict(&shape.columns[index])
            write(&shape.columns[index], type: types[index])
            shape.columns[index].isNullable = declared.isNullable != false
            shape.columns[index].standard = declared.defaultValue
        }
        guard relation.kind == .table else { return shape }
        shape.primaryKey = MySQLSession.key(try connection.primaryKey(table), kinds)
        let order = shape.primaryKey.compactMap { shape.column($0) }
        if order.count == shape.primaryKey.count, order.allSatisfy(\.isOrderable) { shape.order = order }
        return shape
    }

    /// What columns of MariaDB are to `*`, which leaves some out; none of other databases.
    private func visibility(of relation: SQLRelation) throws -> [(name: String, kind: String)] {
        guard spelling.product == .mariaDB else { return [] }
        let found = try connection.query(
            "\(MySQLSession.visibility) WHERE table_schema = DATABASE() AND table_name = \(try spelling.literal(relation.name)) "
                + "ORDER BY ordinal_position")
        return found.rows.map { ($0[0] ?? "", $0[1] ?? "") }
    }

    /// The columns of the result that has no rows.
    package func shape(of query: String) throws -> SQLShape { try shape(from: SQLRead.source(of: query)) }

    /// What the declared type says of a column's order; a table's catalogue tells more of it than a result.
    private func restrict(_ column: inout SQLColumn) {
        column.cursorRefusal = nil
        column.boundary = nil
        switch spelling.product {
        case .mariaDB where ["ENUM", "SET"].contains(column.native.uppercased()):
            column.isOrderable = false
            column.cursorRefusal =
                "an ENUM or SET is ordered by the place of its values, and compared by their text; choose another column, or read a "
                + "query that makes it CONCAT(\(column.expression))"
        // A float32 is equal to its shortest digits by chance only.
        case .mariaDB where column.native.lowercased() == "float":
            column.boundary = SQLColumn.Boundary("\(column.expression) + 0e0", .number)
        case .postgres where column.native.lowercased() == "float4":
            column.boundary = SQLColumn.Boundary("\(column.expression)::float8", .number)
        case .sqlite where SQLiteAffinity(declared: column.native) == .none:
            column.isOrderable = false
            column.cursorRefusal = ODBCSession.untyped
        case .sqlite:
            // The driver makes other texts of what is there, and NULL of what does not fit the declared type.
            switch column.type {
            case .double, .decimal, .date, .time, .datetime:
                let name = column.expression
                column.boundary = SQLColumn.Boundary(
                    "CASE typeof(\(name)) WHEN 'real' THEN printf('%!.17g', \(name)) ELSE CAST(\(name) AS TEXT) END",
                    .text)
            default: break
            }
        default: break
        }
    }

    /// Lets PostgreSQL itself write what its driver makes another value of: dates and instants that are infinite, before the year 1 or
    /// behind 9999, and money; and instants with their zone.
    private func write(_ column: inout SQLColumn, type: String) {
        guard spelling.product == .postgres else { return }
        let name = column.expression
        // A cast alone would have the column's name, and ORDER BY would take the text for the column.
        let text = "\(name)::text || ''"
        switch type.lowercased() {
        case "timestamptz", "timestamp with time zone":
            (column.type, column.form) = (.timestamp, .instant)
            // In UTC, whatever zone the session has; where rows are read on from any will do.
            column.expression =
                "(CASE WHEN isfinite(\(name)) THEN replace((\(name) AT TIME ZONE 'UTC')::text || '+00', ' BC+00', '+00 BC') "
                + "ELSE \(name)::text END) || ''"
            column.boundary = SQLColumn.Boundary(text, .instant)
        case "date", "timestamp", "timestamp without time zone":
            column.expression = text
        case "money":
            (column.type, column.form) = (.decimal, .number)
            column.expression = "\(name)::numeric::text || ''"
            column.isOrderable = false
            column.cursorRefusal =
                "money is compared with no number; choose another column, or read a query that makes it numeric"
        default: break
        }
    }

    private static let untyped =
        "it has no declared type, and the driver does not tell numbers from texts, which SQLite never takes for equal; choose another "
        + "column, or read it by a connection of type sqlite"

    private func shape(from source: String, _ list: String = "*") throws -> SQLShape {
        let found = try connection.query("SELECT \(list) FROM \(source) WHERE 1 = 0")
        return SQLShape(columns: try found.columns.map(column))
    }

    private func column(_ found: ODBCColumn) throws -> SQLColumn {
        let (type, form): (LogicalType, SQLColumn.Form) =
            switch found.form {
            case .bit: (.boolean, .boolean)
            case .integer: (found.isWideInteger ? .bigint : .integer, .integer)
            case .unsigned: (.decimal, .integer)
            case .double: (.double, .number)
            case .decimal: (.decimal, .number)
            case .date: (.date, .moment)
            case .time: (.time, .moment)
            case .timestamp: (.datetime, .moment)
            case .guid: (.uuid, .text)
            case .text: (.text, .text)
            case .binary: (.bytes, .bytes)
            }
        var column = SQLColumn(
            found.name, type, form, native: found.typeName, expression: try dialect.quote(found.name),
            isNullable: found.isNullable != false)
        column.isOrderable = spelling.product.isOrderable(found.form)
        restrict(&column)
        write(&column, type: found.typeName)
        switch spelling.product {
        // CHAR, too, which a table's catalogue tells apart.
        case .mariaDB where found.typeName.lowercased() == "char":
            column.cursorRefusal =
                "to the driver a CHAR, an ENUM and a SET of a query are the same, of which the last two are ordered otherwise than they "
                + "are compared; choose another column, or make it CONCAT(\(column.expression)) in the query"
        // The driver's own name for what has no declared type.
        case .sqlite where found.typeName == "varchar": column.cursorRefusal = ODBCSession.untyped
        default: break
        }
        return column
    }

    /// One statement sees one state in the databases that there are drivers for; how to have that for several is no part of ODBC.
    package func beginSnapshot() {}

    /// Runs the statement; a block of rows is in memory at a time.
    package func rows(_ sql: String, _ columns: [SQLColumn]) throws -> any SQLRows {
        try ODBCSourceRows(connection.stream(sql), columns)
    }

    /// The statement ends with its first row.
    package func value(_ sql: String) throws -> String? { try connection.first(sql)?.first ?? nil }
}

private final class ODBCSourceRows: SQLRows {
    private let stream: ODBCStream
    private let forms: [ODBCColumn.Form]
    private let columns: Int
    private var row: ODBCRow?
    /// A value in the making.
    private let scratch = RawBuffer(capacity: ODBCRow.plainCapacity)

    /// - Parameter columns: those that become values of records; others may stand behind them.
    init(_ stream: ODBCStream, _ columns: [SQLColumn]) throws(ExtractError) {
        self.stream = stream
        self.columns = columns.count
        forms = stream.columns.map(\.form)
        guard forms.count >= columns.count else {
            throw ExtractError(.configuration, "the driver gives \(forms.count) of \(columns.count) columns")
        }
    }

    func next(into record: RecordWriter) throws -> Bool {
        row = try stream.next()
        guard let row else { return false }
        record.begin()
        for column in 0..<columns {
            if row.isNull(column) {
                record.null(column)
                continue
            }
            switch forms[column] {
            case .integer: record.integer(column, row.integer(column))
            case .bit: record.boolean(column, row.integer(column) != 0)
            case .double: record.double(column, row.double(column))
            case .decimal, .time, .text, .binary: try record.value(column, row.bytes(column))
            case .unsigned, .date, .timestamp, .guid: try record.value(column, plain(row, column))
            }
        }
        record.end()
        return true
    }

    /// A value that has no text of its own, valid until the next one.
    private func plain(_ row: ODBCRow, _ column: Int) -> UnsafeRawBufferPointer {
        scratch.removeAll()
        scratch.append(capacity: ODBCRow.plainCapacity) { row.write(column, to: $0) }
        return scratch.bytes
    }

    func appendText(_ column: Int, to buffer: RawBuffer) -> Bool {
        guard let row, !row.isNull(column) else { return false }
        switch forms[column] {
        case .bit, .integer:
            withDecimalDigits(row.integer(column)) { buffer.append(UnsafeRawBufferPointer($0)) }
        case .double: withDecimalDigits(row.double(column)) { buffer.append(UnsafeRawBufferPointer($0)) }
        case .decimal, .time, .text: buffer.append(row.bytes(column))
        case .unsigned, .date, .timestamp, .guid: buffer.append(plain(row, column))
        case .binary: buffer.append(hexadecimal: row.bytes(column))
        }
        return true
    }
}
