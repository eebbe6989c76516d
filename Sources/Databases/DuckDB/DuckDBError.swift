/// A call that DuckDB or this client refused.
package struct DuckDBError: DatabaseError, Sendable {
    /// What a caller does about it.
    package let kind: DatabaseFailure
    /// DuckDB's name of the sort of error, such as Constraint or Conversion; empty of errors of this client.
    package let code: String
    /// DuckDB's words and what was tried; never values.
    package let message: String
    /// Whether the database in this process is of no use after this.
    let endsDatabase: Bool

    /// An error of this client.
    init(_ kind: DatabaseFailure, _ message: String) {
        self.kind = kind
        self.message = message
        code = ""
        endsDatabase = false
    }

    /// An error in DuckDB's words: `Constraint Error: what is wrong`, then lines that quote the statement.
    ///
    /// - Parameter place: the file.
    init(place: String, _ words: String, _ sql: String? = nil) {
        let first = words.prefix { $0 != "\n" }
        let parts = first.split(separator: ": ", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts.count == 2 && parts[0].hasSuffix(" Error") ? String(parts[0].dropLast(6)) : ""
        // A commit that finds no room for a block is one of transactions, in DuckDB's words.
        let isShort = name == "Out of Memory" || words.contains("failed to pin block")
        code = isShort ? "Out of Memory" : name
        kind = isShort ? .environment : DuckDBError.kind(name, words)
        endsDatabase = name == "FATAL" || name == "INTERNAL" || words.contains("database has been invalidated")
        let statement = sql.map { " in: \(DuckDBError.shape(of: $0))" } ?? ""
        let remedy = isShort ? " (the connection's memory_limit is too small for this load: raise it)" : ""
        message = "\(place): \(DuckDBError.withoutValues(name, first))\(remedy)\(statement)"
    }

    package var description: String { message }

    /// Whether a file that was to be read only is not there.
    package var isMissingFile: Bool { message.contains("does not exist") || message.contains("No such file") }

    /// Whether the memory that DuckDB may use did not suffice.
    package var isOutOfMemory: Bool { code == "Out of Memory" }

    /// The name of an error by its number (duckdb_error_type), of those that a class depends on.
    static func name(_ number: UInt32) -> String? {
        switch number {
        case 1: "Out of Range"
        case 2: "Conversion"
        case 4: "Decimal"
        case 5: "Mismatch Type"
        case 6: "Divide by Zero"
        case 10: "TransactionContext"
        case 13: "Catalog"
        case 14: "Parser"
        case 18: "Constraint"
        case 24: "Binder"
        case 28: "IO"
        case 29: "INTERRUPT"
        case 30: "FATAL"
        case 31: "INTERNAL"
        case 32: "Invalid Input"
        case 33: "Out of Memory"
        case 34: "Permission"
        default: nil
        }
    }

    /// The class of an error by its name (duckdb_error_type, as its message begins) and, of files, by its words.
    private static func kind(_ name: String, _ words: String) -> DatabaseFailure {
        switch name {
        case "Constraint", "Conversion", "Out of Range", "Mismatch Type", "Decimal", "Invalid Input", "Divide by Zero":
            return .data
        case "IO":
            if words.contains("Could not set lock") { return .transient }
            if words.contains("Permission denied") { return .permission }
            let isWrongPath = [
                "Is a directory", "No such file", "not a valid DuckDB", "Trying to read a database file with version",
            ]
            .contains { words.contains($0) }
            return isWrongPath ? .configuration : .environment
        case "FATAL", "INTERNAL", "Fatal": return .environment
        case "TransactionContext", "Interrupted", "INTERRUPT": return .transient
        case "Permission": return .permission
        default: return words.contains("database has been invalidated") ? .environment : .configuration
        }
    }

    /// A message without what it quotes of rows: values are people's data, and logs must hold none.
    static func withoutValues(_ name: String, _ message: Substring) -> String {
        guard ["Constraint", "Conversion", "Out of Range", "Mismatch Type", "Decimal", "Invalid Input"].contains(name)
        else { return String(message) }
        // A CHECK or NOT NULL names the table's own definition, the others quote the value last.
        if message.contains("CHECK constraint") || message.contains("NOT NULL constraint") { return String(message) }
        guard let open = message.firstIndex(where: { $0 == "'" || $0 == "\"" }),
            let close = message.lastIndex(of: message[open]), close > open
        else { return String(message) }
        return String(message[...open]) + "..." + String(message[close...])
    }

    /// The start of a statement with each text literal replaced by `'...'`.
    static func shape(of sql: String) -> String {
        var shape = ""
        var isInText = false
        for character in sql.prefix(2000) {
            if character == "'" {
                shape += isInText ? "...'" : "'"
                isInText.toggle()
            } else if !isInText {
                shape.append(character == "\n" ? " " : character)
            }
            if shape.count >= 120 { break }
        }
        return shape
    }
}
