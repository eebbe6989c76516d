internal import Databases
internal import Manifest

/// The databases behind ODBC drivers, as far as their SQL differs in what is needed. SQL Server, Sybase and Oracle go by their
/// manuals and were not tried.
enum ODBCProduct: Sendable {
    case postgres
    /// MySQL, too.
    case mariaDB
    case sqlite
    /// Sybase, too.
    case sqlServer
    case oracle
    case other

    /// A database by the name that its driver gives it (SQL_DBMS_NAME).
    init(_ name: String) {
        let name = name.lowercased()
        func isOne(_ words: String...) -> Bool { words.contains { name.contains($0) } }
        self =
            isOne("postgres")
            ? .postgres
            : isOne("mariadb", "mysql")
                ? .mariaDB
                : isOne("sqlite")
                    ? .sqlite
                    : isOne("sql server", "adaptive server", "sybase") ? .sqlServer : isOne("oracle") ? .oracle : .other
    }

    /// Whether its drivers tell schemas.
    var hasSchemas: Bool {
        switch self {
        case .postgres, .sqlServer, .oracle: true
        case .mariaDB, .sqlite, .other: false
        }
    }

    /// Asks where tables are sought that are named without a schema.
    var schemaQuery: String? {
        switch self {
        case .postgres: "SELECT current_schema()"
        case .sqlServer: "SELECT user_name()"
        case .oracle: "SELECT SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') FROM dual"
        case .mariaDB, .sqlite, .other: nil
        }
    }

    /// Whether a literal made of a value's text is equal to the value, and the type has an order that goes by.
    func isOrderable(_ form: ODBCColumn.Form) -> Bool {
        switch form {
        case .integer, .unsigned, .text: true
        // SQLite keeps dates as any text, of which the driver makes another one, and decimals as floats.
        case .decimal, .date, .timestamp: self != .sqlite
        case .bit, .double, .time, .guid, .binary: false
        }
    }

    /// The database's name of a column's type, with the precision and scale of a decimal where the catalogue's are those of its
    /// declaration.
    func native(_ declared: ODBCTableColumn, _ column: SQLColumn) -> String {
        guard column.type == .decimal, column.form == .number, let digits = declared.size, let scale = declared.digits
        else { return declared.typeName }
        let isDeclared =
            switch self {
            // psqlodbc says 28 and 6 of a numeric without limits, and makes a number beyond PostgreSQL's limits of a scale below 0.
            case .postgres where declared.typeName == "money": false
            case .postgres: (digits, scale) != (28, 6) && (0...1000).contains(scale)
            case .mariaDB: true
            // SQLite's columns take any number. Of the others it is not known.
            case .sqlite, .sqlServer, .oracle, .other: false
            }
        // Of "decimal unsigned" the first word.
        return isDeclared ? "\(declared.typeName.prefix { $0 != " " })(\(digits),\(scale))" : declared.typeName
    }

    /// Whether a schema is the database's own.
    static func isOfSystem(_ schema: String) -> Bool {
        let schema = schema.lowercased()
        return schema.hasPrefix("pg_")
            || [
                "information_schema", "mysql", "performance_schema", "sys", "system", "xdb", "ctxsys", "mdsys",
                "ordsys",
            ]
            .contains(schema)
    }
}

/// SQL as the database behind a driver spells it.
struct ODBCDialect: SQLDialect {
    let product: ODBCProduct
    private let info: ODBCInfo
    /// Not every database has `(a, b) > (x, y)`.
    let comparesRows = false

    init(_ info: ODBCInfo) {
        self.info = info
        product = ODBCProduct(info.databaseName)
    }

    func quote(_ name: String) throws -> String { try info.quote(identifier: name) }

    func literal(_ text: String) throws -> String {
        if text.contains("\0") {
            throw ExtractError(.data, "\(info.databaseName) takes no text with U+0000 in a statement")
        }
        let quoted = text.replacing("'", with: "''")
        switch product {
        // The backslash escapes, as long as NO_BACKSLASH_ESCAPES is not set.
        case .mariaDB: return "'\(quoted.replacing("\\", with: "\\\\"))'"
        // Without the N it would be converted to the database's character set.
        case .sqlServer: return text.utf8.allSatisfy { $0 < 0x80 } ? "'\(quoted)'" : "N'\(quoted)'"
        case .postgres, .sqlite, .oracle, .other: return "'\(quoted)'"
        }
    }

    func moment(_ text: String) throws -> String {
        switch product {
        case .oracle, .other:
            // The ODBC escapes, whatever formats the session is set to.
            let kind = text.contains(" ") ? "ts" : text.contains(":") ? "t" : "d"
            return "{\(kind) \(try literal(text))}"
        case .mariaDB:
            try MySQLDialect.refuseOffset(text)
            return try literal(text)
        case .postgres, .sqlite, .sqlServer: return try literal(text)
        }
    }

    func bytes(_ hexadecimal: String) throws -> String {
        switch product {
        case .postgres: "'\\x\(hexadecimal)'"
        case .sqlServer: "0x\(hexadecimal)"
        case .oracle: "HEXTORAW('\(hexadecimal)')"
        case .mariaDB, .sqlite, .other: "x'\(hexadecimal)'"
        }
    }

    /// Left to the reader, who takes no more rows: `LIMIT` is not everybody's.
    func limited(_ sql: String, to rows: Int) -> String { sql }
}
