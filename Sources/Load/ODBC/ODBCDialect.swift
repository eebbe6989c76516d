internal import Databases
internal import Manifest

/// A table as a run needs it, for those who declare its columns.
struct ODBCShape {
    let manifest: RunManifest
    private let indexed: Set<[UInt8]>
    private let texts: Int

    init(_ manifest: RunManifest, _ columns: [Column]) {
        self.manifest = manifest
        let names = Set((manifest.tableKey + manifest.partition.fields.map(\.name)).map { Array($0.utf8) })
        indexed = names
        texts =
            Set(
                columns.filter { column in
                    names.contains(Array(column.name.utf8)) && [.text, .json, .null, .bytes].contains(column.type)
                }.map { Array($0.name.utf8) }
            ).count
    }

    /// Whether a column stands in an index.
    func isIndexed(_ column: Column) -> Bool { indexed.contains(Array(column.name.utf8)) }

    /// Characters that a text of an index may have where all of them together may have `limit`.
    func length(_ limit: Int) -> Int { min(255, limit / max(1, texts)) }
}

/// How many rows one statement takes.
enum ODBCRowsAtOnce {
    /// Question marks for so many rows in one statement, of so many in all.
    case values(rows: Int, parameters: Int)
    /// One row a statement, which is run with arrays of so many.
    case array(Int)
}

/// What becomes of rows whose key the table has, in one statement with the insert.
enum ODBCConflict {
    /// At the end of the insert.
    case clause(String)
    /// The database has no such clause, so that known keys are looked for.
    case none
}

/// What ANSI SQL and ODBC leave to each database. What stands in the extension goes for one of which nothing is known.
protocol ODBCDialect: Sendable {
    /// The database, in messages.
    var name: String { get }
    var hasOneWriter: Bool { get }
    /// What a session begins with.
    ///
    /// - Parameter lockSeconds: how long it waits for another one's lock.
    func session(_ lockSeconds: Double) -> [String]
    /// What stands around identifiers in such a session; nil where that is what the driver says.
    var identifierQuote: String? { get }
    /// Takes away at the server what freed statements leave there.
    var forgetting: String? { get }
    /// What sees to it that one loader at a time changes tables, and what ends that; a value other than 1 or an error is "not now".
    var definitionLock: (take: String, release: String)? { get }
    /// The end of a SELECT that locks the row of a head; nil has it locked by an update.
    func headLock(isMoving: Bool) -> String?
    /// What makes an insert pass over a row of which `key` is there; nil has the error caught.
    func passingOver(_ key: String) -> String?
    /// How numbers of the bookkeeping travel.
    var integer: ODBCParameter { get }
    var double: ODBCParameter { get }
    func boolean(_ value: Bool) -> String
    /// Whether an empty text becomes NULL.
    var losesEmptyTexts: Bool { get }
    /// Statements around a part of a transaction; where the last is nil, nothing ends a savepoint.
    func savepoint(_ name: String) -> (make: String, undo: String, release: String?)

    /// CREATE TABLE of the bookkeeping, by table.
    var books: [(table: String, sql: String)] { get }

    // MARK: Tables

    /// The type of a column that Bobbin makes. No type may change a value.
    func declared(_ column: Column, _ shape: ODBCShape) -> String
    /// How many digits decimals have; nil where they have any number, or all the same.
    var decimals: DecimalRange? { get }
    /// What follows the list of columns.
    var tableOptions: String { get }
    /// The table's columns in their order, without those that take no values; none when there is no table.
    func columns(_ statements: ODBCStatements, _ table: String) throws -> [Column]
    /// Refuses what the database cannot hold, or a table that a load could harm.
    func check(_ statements: ODBCStatements, _ shape: ODBCShape, _ columns: [Column]) throws
    /// Statements that widen a column of a table; nil where Bobbin does not know how.
    func widen(_ statements: ODBCStatements, _ table: String, _ old: Column, _ new: Column, _ shape: ODBCShape)
        throws -> [String]?
    func addColumn(_ table: String, _ name: String, _ type: String) -> String
    func dropIndex(_ name: String, _ table: String) -> String
    /// See ``TargetEngine/comparesBytes(_:)``.
    func comparesBytes(_ statements: ODBCStatements, _ table: TargetTable) throws -> Bool

    /// How rows of a run wait for each other; nil where that is not known.
    var staging: (any StagingDialect)? { get }

    // MARK: Rows

    var rowsAtOnce: ODBCRowsAtOnce { get }
    /// - Parameters:
    ///   - names: of the key, quoted.
    ///   - others: that are set; none when rows with known keys are passed over.
    func conflict(_ names: [String], _ others: [String]) -> ODBCConflict
    /// Whether one statement may not hold two rows of one key.
    var needsDistinctKeys: Bool { get }
    /// Bytes below which a statement with its values must stay, where a longer one ends the connection; nil where none is too long.
    func longest(_ statements: ODBCStatements) throws -> Int?
    /// How values of a column travel, and what is asked of them before.
    ///
    /// - Parameter described: the column as the driver has it.
    func travel(_ type: LogicalType, _ described: ODBCColumn) -> ODBCTravel
}

extension ODBCDialect {
    var hasOneWriter: Bool { false }
    func session(_ lockSeconds: Double) -> [String] { [] }
    var identifierQuote: String? { nil }
    var forgetting: String? { nil }
    var definitionLock: (take: String, release: String)? { nil }
    func headLock(isMoving: Bool) -> String? { nil }
    func passingOver(_ key: String) -> String? { nil }
    var integer: ODBCParameter { ODBCParameter(.integer) }
    var double: ODBCParameter { ODBCParameter(.double) }
    func boolean(_ value: Bool) -> String { value ? "1" : "0" }
    var losesEmptyTexts: Bool { false }
    func savepoint(_ name: String) -> (make: String, undo: String, release: String?) {
        ("SAVEPOINT \(name)", "ROLLBACK TO SAVEPOINT \(name)", "RELEASE SAVEPOINT \(name)")
    }
    var decimals: DecimalRange? { nil }
    var tableOptions: String { "" }
    func check(_ statements: ODBCStatements, _ shape: ODBCShape, _ columns: [Column]) throws {}
    func addColumn(_ table: String, _ name: String, _ type: String) -> String {
        "ALTER TABLE \(table) ADD COLUMN \(name) \(type)"
    }
    func dropIndex(_ name: String, _ table: String) -> String { "DROP INDEX \(name)" }
    func comparesBytes(_ statements: ODBCStatements, _ table: TargetTable) throws -> Bool { false }
    var needsDistinctKeys: Bool { false }
    func longest(_ statements: ODBCStatements) throws -> Int? { nil }
    var staging: (any StagingDialect)? { nil }
}

extension ODBCConnection {
    /// The dialect of the database behind it.
    func dialect() throws -> any ODBCDialect {
        switch info.databaseName.lowercased() {
        case "postgresql": ODBCPostgres()
        case "mariadb", "mysql": ODBCMySQL(isMariaDB: info.databaseName.lowercased() == "mariadb")
        case "sqlite": ODBCSQLite()
        default: try ODBCStandard(self)
        }
    }
}
