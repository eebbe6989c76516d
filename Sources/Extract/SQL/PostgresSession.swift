internal import Chunk
package import Databases
internal import Manifest

/// Reads a PostgreSQL database by `COPY (SELECT ...) TO STDOUT` (manual, COPY).
package final class PostgresSession: SQLSession {
    private let connection: PostgresConnection
    /// See ``SQLSession``.
    package let dialect: any SQLDialect = PostgresDialect()
    /// See ``SQLSession``.
    package let defaultSchema: String?

    /// Connects; without `schema` the search path decides.
    package init(_ settings: PostgresSettings, schema: String?) throws(PostgresError) {
        connection = try PostgresConnection(settings)
        if let schema {
            _ = try connection.query(
                "SELECT pg_catalog.set_config('search_path', $1, false)",
                [.text(try PostgresConnection.quote(identifier: schema))])
        }
        let found = try connection.query("SELECT current_schema(), pg_catalog.current_setting('server_encoding')")
        defaultSchema = schema ?? (found.rows > 0 ? found.text(0, 0) : nil)
        // Such a database checks no text when it is stored, and would refuse the whole table for one that is no UTF-8: the reader
        // sets that row aside.
        if found.rows > 0, found.text(0, 1) == "SQL_ASCII" {
            try connection.execute("SET client_encoding TO SQL_ASCII")
        }
    }

    /// See ``SQLSession``.
    package let tellsTypes = true
    /// See ``SQLSession``.
    package var canceller: @Sendable () -> Void {
        let canceller = connection.canceller
        return { canceller.cancel() }
    }

    /// See ``SQLSession``.
    package var version: String {
        let number = connection.serverVersion
        return "PostgreSQL \(number / 10_000).\(number % 10_000)"
    }

    /// See ``SQLSession``.
    package func relations() throws -> [SQLRelation] {
        // Parts of a partitioned table are read with it.
        let found = try connection.query(
            """
            SELECT n.nspname, c.relname, c.relkind IN ('v', 'm'), CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint END
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
                AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
                AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
            ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
            """)
        return (0..<found.rows).map { row in
            SQLRelation(
                schema: found.text(row, 0), name: found.text(row, 1) ?? "",
                kind: found.text(row, 2) == "t" ? .view : .table, rows: found.text(row, 3).flatMap { Int($0) })
        }
    }

    /// See ``SQLSession``.
    package func shape(of relation: SQLRelation) throws -> SQLShape {
        let name = try SQLCatalog.quoted(relation, dialect)
        let found = try connection.query(
            """
            SELECT a.attname, a.atttypid, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
                pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attgenerated <> ''
            FROM pg_catalog.pg_attribute a
                LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = $1::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped
                AND pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT')
            ORDER BY a.attnum
            """, [.text(name)])
        let types = try self.types((0..<found.rows).compactMap { found.text($0, 1) })
        let columns = try (0..<found.rows).map { row in
            var column = try column(
                found.text(row, 0) ?? "", types[found.text(row, 1) ?? ""], native: found.text(row, 2) ?? "")
            column.isNullable = found.text(row, 3) != "t"
            column.standard = found.text(row, 4)
            column.isGenerated = found.text(row, 5) == "t"
            return column
        }
        let keys = try connection.query(
            """
            SELECT a.attname FROM pg_catalog.pg_index i
                CROSS JOIN LATERAL pg_catalog.unnest(i.indkey) WITH ORDINALITY AS k(number, place)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
            WHERE i.indrelid = $1::pg_catalog.regclass AND i.indisprimary ORDER BY k.place
            """, [.text(name)])
        let key = (0..<keys.rows).map { keys.text($0, 0) ?? "" }
        let order = key.compactMap { name in columns.first { $0.name.isSame(as: name) } }
        return SQLShape(columns: columns, primaryKey: key, order: order.count == key.count ? order : [])
    }

    /// See ``SQLSession``.
    package func shape(of query: String) throws -> SQLShape {
        let found = try connection.query("SELECT * FROM \(SQLRead.source(of: query)) LIMIT 0")
        let names = found.names
        let types = try self.types(names.indices.map { String(found.typeOID($0)) })
        return SQLShape(
            columns: try names.enumerated().map { index, name in
                let type = types[String(found.typeOID(index))]
                return try column(name, type, native: type?.native ?? "")
            })
    }

    /// A type below all domains.
    private struct BaseType {
        /// pg_type.oid; those of the built-in types are fixed (pg_type.dat).
        var number: Int
        /// pg_type.typcategory.
        var category: String
        var native: String
    }

    /// The types of some numbers, by number; a domain's is the one it is based on.
    private func types(_ numbers: [String]) throws -> [String: BaseType] {
        let found = try connection.query(
            """
            WITH RECURSIVE type(asked, oid, kind, base, category) AS (
                SELECT oid, oid, typtype, typbasetype, typcategory FROM pg_catalog.pg_type WHERE oid = ANY($1::pg_catalog.oid[])
                UNION ALL
                SELECT t.asked, p.oid, p.typtype, p.typbasetype, p.typcategory
                FROM type t JOIN pg_catalog.pg_type p ON p.oid = t.base WHERE t.kind = 'd')
            SELECT asked, oid, category, pg_catalog.format_type(asked, NULL) FROM type WHERE kind <> 'd'
            """, [.text("{\(Set(numbers).joined(separator: ","))}")])
        var types: [String: BaseType] = [:]
        for row in 0..<found.rows {
            types[found.text(row, 0) ?? ""] = BaseType(
                number: found.text(row, 1).flatMap { Int($0) } ?? 0, category: found.text(row, 2) ?? "",
                native: found.text(row, 3) ?? "")
        }
        return types
    }

    private func column(_ name: String, _ type: BaseType?, native: String) throws -> SQLColumn {
        let quoted = try dialect.quote(name)
        func column(_ type: LogicalType, _ form: SQLColumn.Form, _ expression: String? = nil) -> SQLColumn {
            SQLColumn(name, type, form, native: native, expression: expression ?? quoted)
        }
        switch type?.number {
        case 16: return column(.boolean, .boolean)
        case 21, 23, 26: return column(.integer, .integer)
        case 20: return column(.bigint, .integer)
        case 700:
            var single = column(.double, .number)
            // Compared as a float64, which the shortest digits of a float32 are not equal to.
            single.boundary = SQLColumn.Boundary("\(quoted)::pg_catalog.float8", .number)
            return single
        case 701: return column(.double, .number)
        case 1700: return column(.decimal, .number)
        case 17: return column(.bytes, .hexadecimal)
        case 1082: return column(.date, .moment)
        case 1083: return column(.time, .moment)
        case 1114: return column(.datetime, .moment)
        case 1184: return column(.timestamp, .instant)
        case 2950: return column(.uuid, .text)
        case 3802: return column(.json, .json)
        case 114:
            var json = column(.json, .json)
            json.cursorRefusal =
                "values of type json have no order; choose another column, or read a query that makes it jsonb"
            return json
        default: break
        }
        // Arrays and composite values have a JSON of their own.
        if type?.category == "A" || type?.category == "C" {
            var nested = column(.json, .json, "pg_catalog.to_json(\(quoted))")
            nested.cursorRefusal =
                "a value of type \(native) is read as JSON, which the server does not compare it with; choose another column, or read a "
                + "query that makes it text"
            return nested
        }
        var other = column(.text, .text)
        // Names of objects (regclass, pg_type.dat); in comparisons they are numbers.
        if native.hasPrefix("reg"), type?.category == "N" {
            other.boundary = SQLColumn.Boundary("\(quoted)::pg_catalog.oid", .integer)
        }
        return other
    }

    /// See ``SQLSession``.
    package func beginSnapshot() throws {
        try connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    }

    /// See ``SQLSession``.
    package func rows(_ sql: String, _ columns: [SQLColumn]) throws -> any SQLRows {
        PostgresRows(try connection.copyOut("COPY (\(sql)) TO STDOUT"), columns.count)
    }

    /// See ``SQLSession``.
    package func value(_ sql: String) throws -> String? {
        let found = try connection.query(sql)
        return found.rows > 0 && found.columns > 0 ? found.text(0, 0) : nil
    }
}

private final class PostgresRows: SQLRows {
    private let copy: PostgresCopyOut
    private let columns: Int
    private let reader = CopyTextReader()
    private var line: UnsafeMutableRawBufferPointer?
    private var fields: UnsafeBufferPointer<CopyTextReader.Field>?

    init(_ copy: PostgresCopyOut, _ columns: Int) {
        self.copy = copy
        self.columns = columns
    }

    func next(into record: RecordWriter) throws -> Bool {
        guard let line = try copy.next() else { return false }
        let fields = reader.split(line)
        self.line = line
        self.fields = fields
        // Of no columns the line is empty, which is one field.
        guard fields.count >= columns else {
            throw ExtractError(.transient, "the server sent a row of \(fields.count) columns in place of \(columns)")
        }
        record.begin()
        for column in 0..<columns {
            let field = fields[column]
            if field.isNull {
                record.null(column)
            } else {
                try record.value(
                    column, UnsafeRawBufferPointer(rebasing: line[field.start..<(field.start &+ field.count)]))
            }
        }
        record.end()
        return true
    }

    func appendText(_ column: Int, to buffer: RawBuffer) -> Bool {
        guard let line, let fields, column < fields.count, !fields[column].isNull else { return false }
        let field = fields[column]
        buffer.append(UnsafeRawBufferPointer(rebasing: line[field.start..<(field.start &+ field.count)]))
        return true
    }
}

/// SQL as PostgreSQL spells it.
struct PostgresDialect: SQLDialect {
    let comparesRows = true

    func quote(_ name: String) throws -> String { try PostgresConnection.quote(identifier: name) }

    func literal(_ text: String) throws -> String { try PostgresConnection.quote(literal: text) }
}
