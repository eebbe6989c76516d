internal import Chunk
package import Databases
internal import Manifest

/// Reads a DuckDB file. What has no plain value in a vector comes as the text that DuckDB casts it to.
package final class DuckDBSession: SQLSession {
    private let connection: DuckDBConnection
    /// Whether views stand for files, each as good as a table.
    private let viewsAreTables: Bool
    /// See ``SQLSession``.
    package let dialect: any SQLDialect = DuckDBDialect()
    /// See ``SQLSession``.
    package let tellsTypes = true
    /// See ``SQLSession``.
    package var canceller: @Sendable () -> Void { connection.canceller }
    /// See ``SQLSession``.
    package let defaultSchema: String?

    /// Opens the file, which must be there.
    package init(_ settings: DuckDBSettings) throws(DuckDBError) {
        connection = try DuckDBConnection(settings)
        viewsAreTables = false
        defaultSchema = try connection.query("SELECT current_schema()").first?[0]
    }

    /// Opens a directory of Parquet files: each is a table.
    package init(parquet directory: ParquetDirectory, _ settings: DuckDBSettings) throws {
        var settings = settings
        settings.path = DuckDBSettings.memory
        connection = try DuckDBConnection(settings)
        viewsAreTables = true
        defaultSchema = try connection.query("SELECT current_schema()").first?[0]
        try directory.makeViews(connection)
    }

    /// See ``SQLSession``.
    package var version: String { "DuckDB \(connection.version)" }

    /// See ``SQLSession``.
    package func relations() throws -> [SQLRelation] {
        let here = "database_name = current_database() AND NOT internal"
        let found = try connection.query(
            """
            SELECT schema_name, table_name, 'table', estimated_size FROM duckdb_tables() WHERE \(here)
            UNION ALL SELECT schema_name, view_name, 'view', NULL FROM duckdb_views() WHERE \(here) ORDER BY 1, 2
            """)
        return found.map { row in
            SQLRelation(
                schema: row[0], name: row[1] ?? "", kind: row[2] == "view" && !viewsAreTables ? .view : .table,
                rows: row[3].flatMap { Int($0) })
        }
    }

    /// See ``SQLSession``.
    package func shape(of relation: SQLRelation) throws -> SQLShape {
        let name: [DuckDBValue] = [.text(relation.schema ?? defaultSchema ?? ""), .text(relation.name)]
        let found = try connection.query(
            """
            SELECT column_name, data_type, is_nullable, column_default FROM duckdb_columns()
            WHERE database_name = current_database() AND schema_name = ? AND table_name = ? ORDER BY column_index
            """, name)
        let columns = try found.map { row in
            var column = try column(row[0] ?? "", row[1] ?? "")
            column.isNullable = row[2] != "false"
            column.standard = row[3]
            return column
        }
        let keys = try connection.query(
            """
            SELECT unnest(constraint_column_names) FROM duckdb_constraints()
            WHERE database_name = current_database() AND schema_name = ? AND table_name = ? AND constraint_type = 'PRIMARY KEY'
            """, name)
        let key = keys.compactMap { $0[0] }
        let order = key.compactMap { name in columns.first { $0.name.isSame(as: name) } }
        return SQLShape(columns: columns, primaryKey: key, order: order.count == key.count ? order : [])
    }

    /// See ``SQLSession``.
    package func shape(of query: String) throws -> SQLShape {
        let found = try connection.query("DESCRIBE SELECT * FROM \(SQLRead.source(of: query))")
        return SQLShape(columns: try found.map { try column($0[0] ?? "", $0[1] ?? "") })
    }

    private func column(_ name: String, _ declared: String) throws -> SQLColumn {
        let quoted = try dialect.quote(name)
        func column(_ type: LogicalType, _ form: SQLColumn.Form, _ expression: String? = nil) -> SQLColumn {
            SQLColumn(name, type, form, native: declared, expression: expression ?? quoted)
        }
        let text = "CAST(\(quoted) AS VARCHAR)"
        switch declared {
        case "BOOLEAN": return column(.boolean, .boolean)
        case "TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER": return column(.integer, .integer)
        case "BIGINT": return column(.bigint, .integer)
        case "BIGNUM":
            var whole = column(.decimal, .number, text)
            // A literal of so many digits would be a float.
            whole.boundary = SQLColumn.Boundary(text, .text)
            return whole
        case "UBIGINT", "HUGEINT", "UHUGEINT": return column(.decimal, .number, text)
        case "FLOAT":
            var single = column(.double, .number, "CAST(\(quoted) AS DOUBLE)")
            single.isOrderable = false
            // A literal without quotes is a DECIMAL, of which another float may be made.
            single.boundary = SQLColumn.Boundary(single.expression, .text)
            return single
        case "DOUBLE":
            var double = column(.double, .number)
            double.boundary = SQLColumn.Boundary(quoted, .text)
            return double
        case "VARCHAR": return column(.text, .text)
        case "BLOB": return column(.bytes, .bytes)
        case "DATE": return column(.date, .moment, text)
        case "TIME": return column(.time, .moment, text)
        case "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS": return column(.datetime, .moment, text)
        case "TIMESTAMP WITH TIME ZONE": return column(.timestamp, .instant, text)
        case "UUID": return column(.uuid, .text, text)
        case "JSON": return column(.json, .json)
        default: break
        }
        if declared.hasPrefix("DECIMAL") { return column(.decimal, .number, text) }
        if declared.hasSuffix("]") || ["STRUCT(", "MAP("].contains(where: { declared.hasPrefix($0) }) {
            var nested = column(.json, .json, "CAST(to_json(\(quoted)) AS VARCHAR)")
            nested.cursorRefusal =
                "a value of type \(declared) is read as JSON, which has another order; choose another column"
            return nested
        }
        var other = column(.text, .text, text)
        if declared.hasPrefix("UNION(") || declared == "VARIANT" {
            other.isOrderable = false
            other.cursorRefusal = "values of different types have an order of their own; choose another column"
        }
        if declared.hasPrefix("ENUM(") {
            other.isOrderable = false
            other.cursorRefusal =
                "an enumeration is ordered by the place of its values, and compared by their text; choose another column, or read a "
                + "query that makes it \(text)"
        }
        return other
    }

    /// See ``SQLSession``.
    package func beginSnapshot() throws { try connection.begin() }

    /// See ``SQLSession``.
    package func rows(_ sql: String, _ columns: [SQLColumn]) throws -> any SQLRows {
        DuckDBRows(try connection.stream(sql), columns.count)
    }

    /// See ``SQLSession``.
    package func value(_ sql: String) throws -> String? { try connection.query(sql).first?.first ?? nil }
}

private final class DuckDBRows: SQLRows {
    private let stream: DuckDBStream
    private let types: [DuckDBType]
    private let columns: Int
    private var chunk: DuckDBChunk?
    private var row = -1

    init(_ stream: DuckDBStream, _ columns: Int) {
        self.stream = stream
        self.columns = columns
        types = stream.columns.map(\.type)
    }

    func next(into record: RecordWriter) throws -> Bool {
        row += 1
        if chunk.map({ row >= $0.count }) ?? true {
            chunk = try stream.next()
            row = 0
        }
        guard let chunk else { return false }
        record.begin()
        for column in 0..<columns {
            let vector = chunk[column]
            guard vector.isValid(row) else {
                record.null(column)
                continue
            }
            switch types[column] {
            case .boolean: record.boolean(column, vector.value(row, as: UInt8.self) != 0)
            case .double: record.double(column, vector.value(row, as: Double.self))
            case .blob: record.bytes(column, vector.bytes(row))
            case .varchar: try record.value(column, vector.bytes(row))
            default:
                guard let value = DuckDBRows.integer(vector, row, types[column]) else {
                    throw ExtractError(
                        .configuration, "DuckDB gives a column of a type that was not asked for: run again")
                }
                record.integer(column, value)
            }
        }
        record.end()
        return true
    }

    private static func integer(_ vector: DuckDBVector, _ row: Int, _ type: DuckDBType) -> Int64? {
        switch type {
        case .tinyInt: Int64(vector.value(row, as: Int8.self))
        case .smallInt: Int64(vector.value(row, as: Int16.self))
        case .integer: Int64(vector.value(row, as: Int32.self))
        case .bigInt: vector.value(row, as: Int64.self)
        case .unsignedTinyInt: Int64(vector.value(row, as: UInt8.self))
        case .unsignedSmallInt: Int64(vector.value(row, as: UInt16.self))
        case .unsignedInteger: Int64(vector.value(row, as: UInt32.self))
        default: nil
        }
    }

    func appendText(_ column: Int, to buffer: RawBuffer) -> Bool {
        guard let chunk, row < chunk.count, chunk[column].isValid(row) else { return false }
        let vector = chunk[column]
        switch types[column] {
        case .varchar: buffer.append(vector.bytes(row))
        case .blob: buffer.append(hexadecimal: vector.bytes(row))
        case .double:
            withDecimalDigits(vector.value(row, as: Double.self)) { buffer.append(UnsafeRawBufferPointer($0)) }
        default:
            guard let value = DuckDBRows.integer(vector, row, types[column]) else { return false }
            withDecimalDigits(value) { buffer.append(UnsafeRawBufferPointer($0)) }
        }
        return true
    }
}

/// SQL as DuckDB spells it.
struct DuckDBDialect: SQLDialect {
    let comparesRows = true

    func quote(_ name: String) throws -> String { try DuckDBConnection.quote(identifier: name) }

    func literal(_ text: String) throws -> String { DuckDBConnection.quote(literal: text) }

    /// Each byte as `\\xHH` ("Blob Type").
    func bytes(_ hexadecimal: String) -> String {
        var text = "'"
        for (place, digit) in hexadecimal.enumerated() {
            if place % 2 == 0 { text += "\\x" }
            text.append(digit)
        }
        return text + "'::BLOB"
    }
}
