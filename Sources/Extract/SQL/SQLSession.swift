package import Chunk

/// One connection to a database that rows are read from; used by one thread.
///
/// Errors are those of the engine's client, or `ExtractError`. `docs/sources.md` says what must hold.
package protocol SQLSession: AnyObject {
    /// How statements are spelled.
    var dialect: any SQLDialect { get }
    /// The engine and its version, in words.
    var version: String { get }
    /// Whether columns hold what they are declared as; otherwise types are inferred from the values.
    var tellsTypes: Bool { get }
    /// Where tables are sought that are named without a schema; nil where there are no schemas.
    var defaultSchema: String? { get }

    /// Ends the statement that runs, from any thread; does nothing where the client cannot.
    var canceller: @Sendable () -> Void { get }

    /// The tables and views that the login sees, without those of the system.
    func relations() throws -> [SQLRelation]
    /// The columns and the key of a table or view.
    func shape(of relation: SQLRelation) throws -> SQLShape
    /// The columns of a query, which is not run for it where the engine can help it.
    func shape(of query: String) throws -> SQLShape

    /// From here on one state of the database is read, whatever others write meanwhile.
    func beginSnapshot() throws
    /// Runs a SELECT that gives `columns`, and behind them columns that are no part of the records, row by row.
    func rows(_ sql: String, _ columns: [SQLColumn]) throws -> any SQLRows
    /// The first value of the first row as text; `nil` when it is NULL or there is no row.
    func value(_ sql: String) throws -> String?
}

/// The rows of one statement. Dropping it ends the statement.
package protocol SQLRows: AnyObject {
    /// Writes the next row as a record; `false` at the end.
    ///
    /// - Throws: `RecordFault` when the row cannot be written; the next one can still be read.
    func next(into record: RecordWriter) throws -> Bool
    /// Appends a value of the row that was read last, as the engine writes it, bytes as hexadecimal digits.
    ///
    /// - Returns: `false` for NULL.
    func appendText(_ column: Int, to buffer: RawBuffer) -> Bool
    /// Whether a value of the row that was read last is a number; nil where the column tells that of all its values.
    func isNumber(_ column: Int) -> Bool?
}

extension SQLRows {
    /// Most engines have columns of one type.
    package func isNumber(_ column: Int) -> Bool? { nil }
}

/// How an engine spells statements.
package protocol SQLDialect: Sendable {
    /// An identifier in its quotes.
    func quote(_ name: String) throws -> String
    /// A text in its quotes.
    func literal(_ text: String) throws -> String
    /// A value of a column whose values are texts, as far as the engine has types.
    ///
    /// - Parameter isNumber: what ``SQLRows/isNumber(_:)`` said of it; nil also for what a person wrote.
    func literal(_ text: String, of column: SQLColumn, isNumber: Bool?) throws -> String
    /// Bytes, given as hexadecimal digits.
    func bytes(_ hexadecimal: String) throws -> String
    /// A date, or a date and time with a space between them, as a literal.
    func moment(_ text: String) throws -> String
    /// A SELECT of which no more than `rows` rows are taken.
    func limited(_ sql: String, to rows: Int) -> String
    /// Whether `(a, b) > (x, y)` uses an index on `(a, b)`.
    var comparesRows: Bool { get }
}

extension SQLDialect {
    /// A text in its quotes.
    package func literal(_ text: String, of column: SQLColumn, isNumber: Bool?) throws -> String { try literal(text) }

    /// As in the SQL standard.
    package func bytes(_ hexadecimal: String) throws -> String { "x'\(hexadecimal)'" }

    /// A text in its quotes.
    package func moment(_ text: String) throws -> String { try literal(text) }

    /// The statement with a LIMIT clause.
    package func limited(_ sql: String, to rows: Int) -> String { "\(sql) LIMIT \(rows)" }
}
