internal import Chunk
package import Databases
internal import Manifest

/// Reads a MariaDB or MySQL database by results that are not buffered (mysql_use_result).
package final class MySQLSession: SQLSession {
    private let connection: MySQLConnection
    /// See ``SQLSession``.
    package let dialect: any SQLDialect = MySQLDialect()
    /// See ``SQLSession``.
    package let defaultSchema: String?

    /// Connects.
    package init(_ settings: MySQLSettings) throws(MySQLError) {
        connection = try MySQLConnection(settings)
        defaultSchema = try connection.query("SELECT DATABASE()").text(0, 0)
    }

    /// See ``SQLSession``.
    package let tellsTypes = true
    /// See ``SQLSession``.
    package var canceller: @Sendable () -> Void { connection.canceller }

    /// See ``SQLSession``.
    package var version: String {
        let numbers = connection.versionNumbers.map(String.init).joined(separator: ".")
        return "\(connection.flavour == .mariaDB ? "MariaDB" : "MySQL") \(numbers)"
    }

    /// See ``SQLSession``.
    package func relations() throws -> [SQLRelation] {
        let found = try connection.query(
            """
            SELECT table_schema, table_name, table_type, table_rows FROM information_schema.tables
            WHERE table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')
                AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW')
            ORDER BY BINARY table_schema, BINARY table_name
            """)
        return found.rows.indices.map { row in
            SQLRelation(
                schema: found.text(row, 0), name: found.text(row, 1) ?? "",
                kind: found.text(row, 2) == "VIEW" ? .view : .table, rows: found.integer(row, 3))
        }
    }

    /// See ``SQLSession``.
    package func shape(of relation: SQLRelation) throws -> SQLShape {
        let name: [MySQLValue] = [.text(relation.schema ?? defaultSchema ?? ""), .text(relation.name)]
        let visible = try connection.query(
            "\(MySQLSession.visibility) WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position", name)
        let kinds = visible.rows.indices.map { (name: visible.text($0, 0) ?? "", kind: visible.text($0, 1) ?? "") }
        var shape = try self.shape(
            from: SQLCatalog.quoted(relation, dialect), try MySQLSession.list(kinds, dialect))
        let catalogue = try connection.query(
            """
            SELECT c.column_name, c.column_type, c.is_nullable, c.column_default, c.generation_expression IS NOT NULL
                AND c.generation_expression <> '' FROM information_schema.columns c
            WHERE c.table_schema = ? AND c.table_name = ?
            """, name)
        for row in catalogue.rows.indices {
            guard let found = catalogue.text(row, 0),
                let index = shape.columns.firstIndex(where: { $0.name.isSame(as: found) })
            else { continue }
            shape.columns[index].native = catalogue.text(row, 1) ?? ""
            shape.columns[index].isNullable = catalogue.text(row, 2) != "NO"
            shape.columns[index].standard = catalogue.text(row, 3)
            shape.columns[index].isGenerated = catalogue.integer(row, 4) == 1
        }
        for found in try jsonColumns(name) {
            guard let index = shape.columns.firstIndex(where: { $0.name.isSame(as: found) }) else { continue }
            shape.columns[index].type = .json
            shape.columns[index].form = .json
        }
        let keys = try connection.query(
            """
            SELECT column_name FROM information_schema.statistics
            WHERE table_schema = ? AND table_name = ? AND index_name = 'PRIMARY' ORDER BY seq_in_index
            """, name)
        shape.primaryKey = MySQLSession.key(keys.rows.indices.compactMap { keys.text($0, 0) }, kinds)
        let order = shape.primaryKey.compactMap { key in shape.columns.first { $0.name.isSame(as: key) } }
        if order.count == shape.primaryKey.count { shape.order = order }
        let engine = try connection.query(
            "SELECT engine FROM information_schema.tables WHERE table_schema = ? AND table_name = ?", name)
        // Others lock the table for as long as it is read. A view may read from any.
        if !engine.rows.isEmpty, let engine = engine.text(0, 0), engine != "InnoDB" { shape.hasSnapshot = false }
        return shape
    }

    /// Columns and what they are to `*`.
    static let visibility = """
        SELECT column_name, CASE WHEN extra NOT LIKE '%INVISIBLE%' THEN 'shown'
            WHEN generation_expression IN ('ROW START', 'ROW END') THEN 'system' ELSE 'hidden' END
        FROM information_schema.columns
        """

    /// What stands in place of `*`, which leaves INVISIBLE columns out. Such ones in which the server keeps the times of a versioned
    /// row are none of the table's values.
    static func list(_ columns: [(name: String, kind: String)], _ dialect: any SQLDialect) throws -> String {
        guard columns.contains(where: { $0.kind == "hidden" }) else { return "*" }
        return try columns.filter { $0.kind != "system" }.map { try dialect.quote($0.name) }.joined(separator: ", ")
    }

    /// A primary key without such times: of the rows that are valid now it is one all the same.
    static func key(_ names: [String], _ columns: [(name: String, kind: String)]) -> [String] {
        names.filter { name in !columns.contains { $0.kind == "system" && $0.name.isSame(as: name) } }
    }

    /// MariaDB's JSON columns are texts with a check (MariaDB, "JSON Data Type").
    private func jsonColumns(_ table: [MySQLValue]) throws -> [String] {
        guard connection.flavour == .mariaDB else { return [] }
        let checks = try connection.query(
            """
            SELECT check_clause FROM information_schema.check_constraints
            WHERE constraint_schema = ? AND table_name = ? AND check_clause LIKE 'json\\_valid(`%`)'
            """, table)
        return checks.rows.indices.compactMap { row in
            checks.text(row, 0).map {
                String($0.dropFirst("json_valid(`".count).dropLast("`)".count)).replacing("``", with: "`")
            }
        }
    }

    /// See ``SQLSession``.
    package func shape(of query: String) throws -> SQLShape {
        try shape(from: SQLRead.source(of: query))
    }

    private func shape(from source: String, _ list: String = "*") throws -> SQLShape {
        // Prepared and not run: even for no rows the server would make those of a query first.
        return SQLShape(columns: try connection.prepare("SELECT \(list) FROM \(source)").columns.map(column))
    }

    private func column(_ found: MySQLColumn) throws -> SQLColumn {
        let quoted = try dialect.quote(found.name)
        func column(_ type: LogicalType, _ form: SQLColumn.Form, _ expression: String? = nil) -> SQLColumn {
            SQLColumn(
                found.name, type, form, native: found.kind.map { "\($0)" } ?? "unknown",
                expression: expression ?? quoted, isNullable: !found.flags.contains(.notNull))
        }
        if !found.flags.isDisjoint(with: [.isEnum, .isSet]) || found.kind == .enum || found.kind == .set {
            var column = column(.text, .text)
            column.isOrderable = false
            column.cursorRefusal =
                "an ENUM or SET is ordered by the place of its values, and compared by their text; choose another column, or read a "
                + "query that makes it CONCAT(\(quoted))"
            return column
        }
        switch found.kind {
        case .tiny, .short, .int24, .year: return column(.integer, .integer)
        case .long: return column(.integer, .integer)
        case .longLong where found.flags.contains(.unsigned): return column(.decimal, .integer)
        case .longLong: return column(.bigint, .integer)
        // As text it would come with six digits; as a double it is the float itself.
        case .float:
            var single = column(.double, .number, "\(quoted) + 0e0")
            // A float is equal to no decimal literal but by chance.
            single.isOrderable = false
            return single
        case .double: return column(.double, .number)
        case .decimal, .oldDecimal: return column(.decimal, .number)
        case .bit:
            var bits =
                found.length == 1
                ? column(.boolean, .boolean)
                : column(found.length < 54 ? .integer : found.length < 64 ? .bigint : .decimal, .bits)
            // Its bytes are no text.
            bits.boundary = SQLColumn.Boundary("CAST(\(quoted) AS UNSIGNED)", .integer)
            return bits
        case .date, .newDate: return column(.date, .moment)
        case .time: return column(.time, .moment)
        case .dateTime: return column(.datetime, .moment)
        // The session's zone is UTC.
        case .timestamp: return column(.timestamp, .instant)
        case .json:
            var json = column(.json, .json)
            json.cursorRefusal = "a JSON value is compared with a text as with a JSON string; choose another column"
            return json
        case .geometry:
            var shape = column(.text, .text, "ST_AsText(\(quoted))")
            shape.isOrderable = false
            shape.cursorRefusal = "geometries have no order; choose another column"
            return shape
        case .tinyBlob, .mediumBlob, .longBlob, .blob, .varString, .string, .varchar:
            return found.isBytes ? column(.bytes, .bytes) : column(.text, .text)
        case .null, .enum, .set, nil: return column(.text, .text)
        }
    }

    /// See ``SQLSession``.
    package func beginSnapshot() throws {
        try connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        try connection.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
    }

    /// See ``SQLSession``.
    package func rows(_ sql: String, _ columns: [SQLColumn]) throws -> any SQLRows {
        MySQLSourceRows(try connection.stream(sql), columns)
    }

    /// See ``SQLSession``.
    package func value(_ sql: String) throws -> String? {
        let found = try connection.query(sql)
        return found.rows.isEmpty || found.columns.isEmpty ? nil : found.text(0, 0)
    }
}

private final class MySQLSourceRows: SQLRows {
    private let stream: MySQLStream
    private let columns: [SQLColumn]
    private var row: MySQLRow?

    init(_ stream: MySQLStream, _ columns: [SQLColumn]) {
        self.stream = stream
        self.columns = columns
    }

    func next(into record: RecordWriter) throws -> Bool {
        row = try stream.next()
        guard let row else { return false }
        record.begin()
        for column in 0..<columns.count {
            if let bytes = row[column] { try record.value(column, bytes) } else { record.null(column) }
        }
        record.end()
        return true
    }

    func appendText(_ column: Int, to buffer: RawBuffer) -> Bool {
        guard let bytes = row?[column] else { return false }
        if column < columns.count, columns[column].form == .bytes {
            buffer.append(hexadecimal: bytes)
        } else {
            buffer.append(bytes)
        }
        return true
    }
}

/// SQL as MariaDB and MySQL spell it.
struct MySQLDialect: SQLDialect {
    /// Their optimizers find no range by it.
    let comparesRows = false

    func quote(_ name: String) throws -> String { try MySQLConnection.quote(identifier: name) }

    func literal(_ text: String) -> String { MySQLConnection.quote(literal: text) }

    func moment(_ text: String) throws -> String {
        try Self.refuseOffset(text)
        return literal(text)
    }

    /// MariaDB passes over what stands behind a time with a warning: of an offset the value would be another one.
    static func refuseOffset(_ text: String) throws(ExtractError) {
        guard text.utf8.dropFirst(11).contains(where: { "+-".utf8.contains($0) }) else { return }
        throw ExtractError(
            .configuration,
            "\(text.prefix(40)): MariaDB and MySQL take no offset from UTC: write the time in UTC, without one")
    }
}
