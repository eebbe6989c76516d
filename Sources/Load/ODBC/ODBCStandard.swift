internal import Databases
internal import Manifest

/// Any other database, by what its driver says of its types (SQLGetTypeInfo) and by ANSI SQL. Known keys are looked for; moments
/// and times of day are texts, unless the database is known to keep them.
struct ODBCStandard: ODBCDialect {
    let name: String
    private let types: [ODBCTypeInfo]
    private let isWide: Bool
    private let takesArrays: Bool
    private let known: Known

    /// What is known, from their manuals, of databases with which this was not tried.
    private enum Known {
        case oracle, sqlServer, other
    }

    init(_ connection: ODBCConnection) throws {
        name = connection.info.databaseName.isEmpty ? "the database" : connection.info.databaseName
        types = try connection.types()
        isWide = !connection.textIsUTF8
        takesArrays = try connection.takesArrays()
        known =
            switch name.lowercased() {
            case "oracle": .oracle
            case "microsoft sql server": .sqlServer
            default: .other
            }
    }

    /// The closest type for one of these numbers.
    private func type(_ numbers: Int...) -> ODBCTypeInfo? {
        for number in numbers { if let found = types.first(where: { $0.type == number }) { return found } }
        return nil
    }

    private func sized(_ type: ODBCTypeInfo, _ size: String) -> String {
        type.parameters.isEmpty || type.name.contains("(") ? type.name : "\(type.name)(\(size))"
    }

    /// A text of at most so many characters, compared by bytes where that can be said.
    private func short(_ length: Int) -> String {
        switch known {
        case .oracle: return "VARCHAR2(\(length) CHAR)"
        case .sqlServer: return "nvarchar(\(length)) COLLATE Latin1_General_100_BIN2"
        case .other: break
        }
        guard let found = isWide ? type(-9, 12, 1) : type(12, -9, 1) else { return "VARCHAR(\(length))" }
        return sized(found, "\(length)")
    }

    private var long: String {
        switch known {
        case .oracle: return "CLOB"
        case .sqlServer: return "nvarchar(max)"
        case .other: break
        }
        guard let found = isWide ? type(-10, -1) : type(-1, -10) else { return short(4000) }
        return found.name
    }

    private var bigint: String { known == .oracle ? "NUMBER(19)" : type(-5)?.name ?? "DECIMAL(19, 0)" }

    /// Digits of a decimal and those behind its point; nil where decimals are too short to be of use.
    private var decimal: (name: String, digits: Int, scale: Int)? {
        guard let found = type(3, 2), found.size >= 28 else { return nil }
        let digits = min(found.size, 38)
        return (found.name, digits, digits / 3)
    }

    var books: [(table: String, sql: String)] {
        ODBCStandardBooks(short: short, long: long, bigint: bigint).tables
    }

    // Oracle takes an empty text for NULL.
    var losesEmptyTexts: Bool { known == .oracle }

    func savepoint(_ name: String) -> (make: String, undo: String, release: String?) {
        if known == .sqlServer { return ("SAVE TRANSACTION \(name)", "ROLLBACK TRANSACTION \(name)", nil) }
        let release = known == .oracle ? nil : "RELEASE SAVEPOINT \(name)"
        return ("SAVEPOINT \(name)", "ROLLBACK TO SAVEPOINT \(name)", release)
    }

    var integer: ODBCParameter { ODBCParameter(.text, type: 3, size: 19) }

    func declared(_ column: Column, _ shape: ODBCShape) -> String {
        // Bytes that an index takes differ; this is what all known ones take.
        let length = shape.length(200)
        switch column.type {
        case .boolean: return type(5)?.name ?? "SMALLINT"
        case .integer, .bigint: return bigint
        case .double: return known == .oracle ? "BINARY_DOUBLE" : type(8, 6)?.name ?? "DOUBLE PRECISION"
        case .decimal:
            if let decimal { return "\(decimal.name)(\(decimal.digits), \(decimal.scale))" }
            return short(100)
        case .date: return known == .oracle ? short(10) : type(91)?.name ?? short(10)
        case .time: return short(40)
        case .datetime, .timestamp:
            switch known {
            case .oracle: return "TIMESTAMP(6)"
            case .sqlServer: return "datetime2(6)"
            case .other: return short(40)
            }
        case .uuid: return short(36)
        case .bytes:
            if known == .sqlServer { return shape.isIndexed(column) ? "varbinary(\(length))" : "varbinary(max)" }
            if known == .oracle { return shape.isIndexed(column) ? "RAW(\(length))" : "BLOB" }
            if shape.isIndexed(column), let found = type(-3, -2) { return sized(found, "\(length)") }
            return type(-4, -3)?.name ?? "BLOB"
        case .text, .json, .null: return shape.isIndexed(column) ? short(length) : long
        }
    }

    func columns(_ statements: ODBCStatements, _ table: String) throws -> [Column] {
        let name = try statements.connection.info.quote(identifier: table)
        let described: [ODBCColumn]
        do { described = try statements.connection.query("SELECT * FROM \(name) WHERE 1 = 0").columns } catch {
            // There is none, or this account does not see it; to make it says which.
            guard error.kind == .configuration else { throw error }
            return []
        }
        return described.map { column in
            let type: LogicalType =
                switch column.form {
                case .bit: .boolean
                case .integer, .unsigned: .bigint
                case .double: .double
                case .decimal: .decimal
                case .date: .date
                case .timestamp: .timestamp
                case .binary: .bytes
                case .guid: .uuid
                case .time, .text: .text
                }
            return Column(name: column.name, type: type)
        }
    }

    func widen(
        _ statements: ODBCStatements, _ table: String, _ old: Column, _ new: Column, _ shape: ODBCShape
    ) throws -> [String]? { nil }

    func addColumn(_ table: String, _ name: String, _ type: String) -> String {
        "ALTER TABLE \(table) ADD \(name) \(type)"
    }

    func dropIndex(_ name: String, _ table: String) -> String {
        known == .sqlServer ? "DROP INDEX \(name) ON \(table)" : "DROP INDEX \(name)"
    }

    var rowsAtOnce: ODBCRowsAtOnce { .array(takesArrays ? 500 : 1) }

    func conflict(_ names: [String], _ others: [String]) -> ODBCConflict { .none }

    var needsDistinctKeys: Bool { true }

    func travel(_ type: LogicalType, _ described: ODBCColumn) -> ODBCTravel {
        // Beyond some thousand characters drivers want to hear the value's own length.
        let size = described.size > 0 && described.size <= 4000 ? described.size : 0
        let text = ODBCParameter(.text, type: described.type, size: size, scale: described.digits)
        switch described.form {
        case .binary: return ODBCTravel(ODBCParameter(.binary, type: described.type, size: size), .bytes)
        case .double: return ODBCTravel(ODBCParameter(.double, type: described.type), .finite)
        case .timestamp: return ODBCTravel(text, .moment(digits: min(6, described.digits)))
        case .date: return ODBCTravel(text, .day)
        case .decimal where type == .decimal:
            return ODBCTravel(text, .decimal(digits: described.size, scale: described.digits))
        case .time: return ODBCTravel(text, .clock)
        case .text:
            return ODBCTravel(text, losesEmptyTexts ? .filledText : .text)
        case .bit, .integer, .unsigned, .decimal, .guid: return ODBCTravel(text)
        }
    }
}

/// The bookkeeping tables in standard SQL.
struct ODBCStandardBooks {
    var short: (Int) -> String
    var long: String
    var bigint = "bigint"

    var tables: [(table: String, sql: String)] {
        [
            (
                "_bobbin_head",
                """
                CREATE TABLE _bobbin_head(
                    log_id \(short(64)) NOT NULL PRIMARY KEY, spool \(short(64)) NOT NULL, job \(long) NOT NULL,
                    stream \(long) NOT NULL, partition_key \(long) NOT NULL, n \(bigint) NOT NULL, run \(short(64)) NOT NULL,
                    row_count \(bigint) NOT NULL, target_table \(long) NOT NULL)
                """
            ),
            (
                "_bobbin_ledger",
                """
                CREATE TABLE _bobbin_ledger(
                    chunk_id \(short(128)) NOT NULL PRIMARY KEY, target_table \(long) NOT NULL, run \(short(64)) NOT NULL,
                    manifest \(bigint) NOT NULL, seq \(bigint), outcome \(short(32)), row_count \(bigint) NOT NULL,
                    rejects \(bigint) NOT NULL, rejects_file \(long), loader \(short(255)) NOT NULL,
                    attempt \(bigint) NOT NULL, committed_at \(short(64)) NOT NULL, chunks \(long))
                """
            ),
            (
                "_bobbin_tables",
                """
                CREATE TABLE _bobbin_tables(
                    target_table \(short(128)) NOT NULL PRIMARY KEY, spool \(short(64)) NOT NULL, job \(long) NOT NULL,
                    stream \(long) NOT NULL, columns \(long) NOT NULL)
                """
            ),
            (
                "_bobbin_indexes",
                "CREATE TABLE _bobbin_indexes(name \(short(64)) NOT NULL PRIMARY KEY, columns \(long) NOT NULL)"
            ),
        ]
    }
}
