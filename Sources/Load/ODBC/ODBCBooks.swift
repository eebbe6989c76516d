internal import Databases
internal import Manifest

/// The bookkeeping tables of a database that is reached through its driver.
final class ODBCBooks: BookSession {
    /// Marks an insert whose key may be there, in a database that has no words for it.
    private static let mark = "/* a row whose key is there is passed over */"

    private let statements: ODBCStatements
    private var connection: ODBCConnection { statements.connection }
    private let dialect: any ODBCDialect
    private let hasSavepoints: Bool

    init(_ statements: ODBCStatements, _ dialect: any ODBCDialect, hasSavepoints: Bool) {
        self.statements = statements
        self.dialect = dialect
        self.hasSavepoints = hasSavepoints
    }

    /// A statement with its bookkeeping tables in quotes: not every database lets a name begin with an underscore.
    static func quoted(_ sql: String, _ connection: ODBCConnection) throws -> String {
        var text = sql
        for name in ["_bobbin_head", "_bobbin_ledger", "_bobbin_tables", "_bobbin_indexes"] {
            text = text.replacing(name, with: try connection.info.quote(identifier: name))
        }
        return text
    }

    func rows(_ sql: String, _ values: [BookValue]) throws -> [[String?]] {
        let rows = try statements.query(try ODBCBooks.quoted(sql, connection), values.map(value)).rows
        guard dialect.losesEmptyTexts else { return rows }
        return rows.map { row in row.map { $0 == " " ? "" : $0 } }
    }

    func change(_ sql: String, _ values: [BookValue]) throws -> Int {
        let text = try ODBCBooks.quoted(sql, connection)
        let values = values.map(value)
        guard sql.hasSuffix(ODBCBooks.mark) else { return try statements.change(text, values) }
        let savepoint = dialect.savepoint("bobbin_book")
        let isUndone = hasSavepoints && connection.isInTransaction
        if isUndone { try connection.run(savepoint.make) }
        do {
            let count = try statements.change(text, values)
            if isUndone, let release = savepoint.release { try connection.run(release) }
            return max(1, count)
        } catch {
            guard error.kind == .data else { throw error }
            if isUndone {
                try connection.run(savepoint.undo)
                if let release = savepoint.release { try connection.run(release) }
            }
            return 0
        }
    }

    func passingOver(_ key: String) -> String { dialect.passingOver(key) ?? ODBCBooks.mark }

    private func value(_ value: BookValue) -> ODBCValue {
        switch value {
        case .text(let text): .text(text.isEmpty && dialect.losesEmptyTexts ? " " : text)
        case .integer(let number): .integer(number, dialect.integer)
        case .double(let number): .double(number, dialect.double)
        case .boolean(let flag): .text(dialect.boolean(flag))
        case .null: .text(nil)
        }
    }

    /// Makes the tables that are missing; other loaders may do the same.
    static func make(_ connection: ODBCConnection, _ dialect: any ODBCDialect) throws {
        for (table, sql) in dialect.books where try !isThere(table, connection) {
            do { try connection.run(try quoted(sql, connection)) } catch {
                guard try isThere(table, connection) else { throw error }
            }
        }
    }

    /// Outside of a transaction, which the error could end.
    private static func isThere(_ table: String, _ connection: ODBCConnection) throws -> Bool {
        do {
            _ = try connection.query("SELECT 1 FROM \(try connection.info.quote(identifier: table)) WHERE 1 = 0")
            return true
        } catch {
            guard error.kind == .configuration else { throw error }
            return false
        }
    }
}

extension ODBCConnection {
    /// Runs a statement that gives no rows, or whose rows do not matter.
    func run(_ sql: String) throws(ODBCError) { _ = try query(sql) }
}
