internal import Chunk
package import Databases
internal import Manifest

/// Reads a SQLite file (https://sqlite.org/lang.html).
package final class SQLiteSession: SQLSession {
    private let connection: SQLiteConnection
    /// See ``SQLSession``.
    package let dialect: any SQLDialect = SQLiteDialect()

    /// Opens the file, which must be there, for reading only.
    package init(path: String, busySeconds: Double) throws(SQLiteError) {
        connection = try SQLiteConnection(path: path, access: .readOnly, busySeconds: busySeconds)
        // Asked at once, so that a file that is no database is found here.
        _ = try Self.first(connection, "SELECT count(*) FROM sqlite_schema")
    }

    /// See ``SQLSession``.
    package let tellsTypes = false
    /// See ``SQLSession``.
    package var canceller: @Sendable () -> Void { connection.canceller }

    /// See ``SQLSession``.
    package var version: String {
        (try? Self.first(connection, "SELECT sqlite_version()")).flatMap { $0 }.map { "SQLite \($0)" } ?? "SQLite"
    }

    /// See ``SQLSession``.
    package let defaultSchema: String? = nil

    /// Tables in which virtual tables keep what they hold, such as the index of an FTS table; SQLite tells since 3.37.
    static let shadows = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'"

    /// See ``SQLSession``.
    package func relations() throws -> [SQLRelation] {
        let list = try connection.prepare(
            "SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
        )
        var shadows: Set<String> = []
        do throws(SQLiteError) {
            let inner = try connection.prepare(SQLiteSession.shadows)
            while try inner.step() { shadows.insert(inner.text(0)) }
        } catch {
            // There is no such list before SQLite 3.37.
            guard error.kind == .configuration else { throw error }
        }
        var found: [SQLRelation] = []
        while try list.step() {
            if shadows.contains(list.text(0)) { continue }
            found.append(
                SQLRelation(schema: nil, name: list.text(0), kind: list.text(1) == "view" ? .view : .table, rows: nil))
        }
        return found
    }

    /// See ``SQLSession``.
    package func shape(of relation: SQLRelation) throws -> SQLShape {
        let info = try connection.prepare(
            "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?)")
        info.bind(0, relation.name)
        var columns: [SQLColumn] = []
        var keys: [(place: Int64, name: String)] = []
        while try info.step() {
            // Hidden columns of virtual tables are arguments, not values.
            if info.integer(5) == 1 { continue }
            var column = Self.column(info.text(0), info.text(1))
            column.isNullable = info.integer(2) == 0
            column.standard = info.isNull(3) ? nil : info.text(3)
            column.isGenerated = info.integer(5) > 1
            columns.append(column)
            if info.integer(4) > 0 { keys.append((info.integer(4), info.text(0))) }
        }
        let key = keys.sorted { $0.place < $1.place }.map(\.name)
        var shape = SQLShape(columns: columns, primaryKey: key)
        if relation.kind == .table { shape.order = order(relation, columns, key) }
        shape.hasSnapshot = try Self.first(connection, "PRAGMA journal_mode") == "wal"
        return shape
    }

    /// By row id where there is one, which costs no sorting; else by the primary key, whose columns are never NULL then.
    private func order(_ relation: SQLRelation, _ columns: [SQLColumn], _ key: [String]) -> [SQLColumn] {
        for name in ["rowid", "oid", "_rowid_"] where !columns.contains(where: { $0.name.lowercased() == name }) {
            let table = SQLiteConnection.quote(relation.name)
            guard (try? connection.prepare("SELECT \(name) FROM \(table) LIMIT 0")) != nil else { break }
            return [SQLColumn(name, .bigint, .integer, native: "INTEGER", expression: name, isNullable: false)]
        }
        return key.compactMap { name in columns.first { $0.name.isSame(as: name) } }
    }

    /// See ``SQLSession``.
    package func shape(of query: String) throws -> SQLShape {
        let statement = try connection.prepare("SELECT * FROM \(SQLRead.source(of: query)) LIMIT 0")
        return SQLShape(
            columns: (0..<statement.columnCount).map { Self.column(statement.name($0), statement.declaredType($0)) })
    }

    /// A column by its declared type. What values there are decides in the end: SQLite takes any value in any column.
    private static func column(_ name: String, _ declared: String) -> SQLColumn {
        let upper = declared.uppercased()
        func has(_ words: String...) -> Bool { words.contains { upper.contains($0) } }
        let type: LogicalType
        if has("INT") || has("BOOL") {
            type = .integer
        } else if has("CHAR", "CLOB", "TEXT", "DATE", "TIME") {
            type = .text
        } else if has("BLOB", "BINARY") {
            type = .bytes
        } else if has("REAL", "FLOA", "DOUB", "NUMERIC", "DECIMAL") {
            type = .double
        } else {
            type = upper.isEmpty ? .null : .text
        }
        var column = SQLColumn(
            name, type, type == .bytes ? .bytes : .text, native: declared, expression: SQLiteConnection.quote(name))
        // Without an affinity values of all sorts come, and the text of one does not tell its sort.
        column.isOrderable = SQLiteAffinity(declared: declared) != .none
        return column
    }

    /// See ``SQLSession``.
    package func beginSnapshot() throws { try connection.execute("BEGIN") }

    /// See ``SQLSession``.
    package func rows(_ sql: String, _ columns: [SQLColumn]) throws -> any SQLRows {
        SQLiteRows(try connection.prepare(sql), columns)
    }

    /// See ``SQLSession``.
    package func value(_ sql: String) throws -> String? { try Self.first(connection, sql) }

    private static func first(_ connection: SQLiteConnection, _ sql: String) throws(SQLiteError) -> String? {
        let statement = try connection.prepare(sql)
        guard try statement.step(), !statement.isNull(0) else { return nil }
        return statement.text(0)
    }
}

private final class SQLiteRows: SQLRows {
    private let statement: SQLiteStatement
    private let columns: [SQLColumn]
    /// Columns of bytes; a column itself, with its texts, is too much to look at for each value.
    private let wantsBytes: [Bool]

    init(_ statement: SQLiteStatement, _ columns: [SQLColumn]) {
        self.statement = statement
        self.columns = columns
        wantsBytes = columns.map { $0.form == .bytes }
    }

    func next(into record: RecordWriter) throws -> Bool {
        guard try statement.step() else { return false }
        record.begin()
        for column in wantsBytes.indices {
            let wantsBytes = wantsBytes[column]
            switch statement.kind(column) {
            case .null:
                record.null(column)
                record.note(column, SchemaInference.Kinds.null)
            case .integer where !wantsBytes:
                let value = statement.integer(column)
                record.integer(column, value)
                record.note(column, SchemaInference.Kinds.of(value))
            case .float where !wantsBytes:
                let value = statement.double(column)
                record.double(column, value)
                // The infinities are written as strings.
                record.note(column, value.isFinite ? SchemaInference.Kinds.number : SchemaInference.Kinds.text)
            case .text where !wantsBytes:
                try record.text(column, text: statement.textBytes(column))
                record.note(column, SchemaInference.Kinds.text)
            case .blob where wantsBytes:
                record.bytes(column, statement.bytes(column))
                record.note(column, SchemaInference.Kinds.text)
            case .blob:
                throw RecordFault(
                    reason: "bytes in a column of another type: declare it (columns: {\(columns[column].name): bytes})",
                    column: columns[column].name)
            case .integer, .float, .text:
                throw RecordFault(
                    reason:
                        "a value that is not bytes in a column of bytes: declare it (columns: {\(columns[column].name): text})",
                    column: columns[column].name)
            }
        }
        record.end()
        return true
    }

    func appendText(_ column: Int, to buffer: RawBuffer) -> Bool {
        switch statement.kind(column) {
        case .null: return false
        case .blob: buffer.append(hexadecimal: statement.bytes(column))
        case .text: buffer.append(statement.textBytes(column))
        case .integer:
            withDecimalDigits(statement.integer(column)) { buffer.append(UnsafeRawBufferPointer($0)) }
        case .float:
            let value = statement.double(column)
            if value.isInfinite {
                // A literal that is as great.
                for byte in (value < 0 ? "-9e999" : "9e999").utf8 { buffer.append(byte) }
            } else {
                withDecimalDigits(value) { buffer.append(UnsafeRawBufferPointer($0)) }
            }
        }
        return true
    }

    func isNumber(_ column: Int) -> Bool? {
        switch statement.kind(column) {
        case .integer, .float: true
        case .null, .text, .blob: false
        }
    }
}

/// What a column makes of values, and of literals that they are compared with (https://sqlite.org/datatype3.html, 3.1).
enum SQLiteAffinity {
    case number
    case text
    /// Values stay as they are; numbers stand before texts.
    case none

    /// By the declared type; an expression has none.
    init(declared: String) {
        let upper = declared.uppercased()
        func has(_ words: String...) -> Bool { words.contains { upper.contains($0) } }
        // ANY has one in tables that are not STRICT, which nobody needs to know.
        if upper.isEmpty || upper == "ANY" {
            self = .none
        } else if has("INT") {
            self = .number
        } else if has("CHAR", "CLOB", "TEXT") {
            self = .text
        } else {
            self = has("BLOB") ? .none : .number
        }
    }
}

/// SQL as SQLite spells it.
struct SQLiteDialect: SQLDialect {
    let comparesRows = true

    func quote(_ name: String) -> String { SQLiteConnection.quote(name) }

    func literal(_ text: String) throws -> String {
        guard !text.utf8.contains(0) else {
            throw ExtractError(.data, "a value with U+0000 cannot stand in a statement")
        }
        return "'" + text.replacing("'", with: "''") + "'"
    }

    /// A number without quotes: where the column has no affinity, any number is less than any text.
    func literal(_ text: String, of column: SQLColumn, isNumber: Bool?) throws -> String {
        // Of what a person wrote, and of the log of an earlier version, nobody knows which of the two it is. As a number it lets
        // through all texts, so that no row is lost.
        let isNumber = isNumber ?? (SQLiteAffinity(declared: column.native) != .text)
        return isNumber && SQLiteDialect.isNumber(text) ? text : try literal(text)
    }

    private static func isNumber(_ text: String) -> Bool {
        text.utf8.allSatisfy { "0123456789.eE+-".utf8.contains($0) } && Double(text) != nil
    }
}

extension RawBuffer {
    /// Appends bytes as hexadecimal digits.
    func append(hexadecimal bytes: UnsafeRawBufferPointer) {
        let digits: StaticString = "0123456789abcdef"
        append(capacity: 2 * bytes.count) { room in
            for (place, byte) in bytes.enumerated() {
                room[2 &* place] = digits.utf8Start[Int(byte >> 4)]
                room[2 &* place &+ 1] = digits.utf8Start[Int(byte & 15)]
            }
            return 2 * bytes.count
        }
    }
}
