/// One diagnostic record (Microsoft, "ODBC API Reference", SQLGetDiagRec).
struct ODBCRecord: Sendable, Equatable {
    /// Five characters; HY000 says nothing.
    var state: String
    /// The database's or the driver's own number.
    var native: Int
    var message: String
}

/// A call that the database, its driver, the driver manager or this client refused.
package struct ODBCError: DatabaseError, Sendable {
    package let kind: DatabaseFailure
    /// The SQLSTATE of the first record that is no warning; empty for this client's own errors.
    package let state: String
    /// That record's own number.
    package let native: Int
    /// All records' words and what was tried, without passwords, values and literals of the statement.
    package let message: String

    /// An error of this client.
    init(_ kind: DatabaseFailure, _ message: String, state: String = "") {
        self.kind = kind
        self.state = state
        native = 0
        self.message = message
    }

    /// An error of a call's records.
    ///
    /// - Parameters:
    ///   - kind: nil has the class decided by the records; see ``kind(of:)``.
    ///   - secrets: what no message may show.
    init(_ records: [ODBCRecord], kind: DatabaseFailure? = nil, place: String, sql: String, secrets: [ODBCSecret]) {
        let first = Self.first(records)
        state = first.state
        native = first.native
        self.kind = kind ?? Self.kind(of: records)
        var words = records.map { Self.withoutValues($0) }.filter { !$0.isEmpty }.joined(separator: "; ")
        if words.isEmpty { words = "an error without words" }
        for secret in secrets where !secret.value.isEmpty {
            words = words.split(separator: secret.value, omittingEmptySubsequences: false).joined(separator: "...")
        }
        message = "\(place): \(words)" + (sql.isEmpty ? "" : " in: \(Self.shape(of: sql))")
    }

    package var description: String {
        state.isEmpty ? message : "\(message) (SQLSTATE \(state)\(native == 0 ? "" : ", \(native)"))"
    }

    /// The first record that is no warning, else the first.
    static func first(_ records: [ODBCRecord]) -> ODBCRecord {
        records.first { !$0.state.hasPrefix("00") && !$0.state.hasPrefix("01") } ?? records.first
            ?? ODBCRecord(state: "HY000", native: 0, message: "")
    }

    /// The start of a statement with each literal replaced by `'...'`: literals are values and sometimes passwords.
    static func shape(of sql: String) -> String {
        var shape = ""
        var quote: Character?
        for character in sql.prefix(2000) {
            if let open = quote {
                if character == open {
                    quote = nil
                    shape += "...\(open)"
                }
            } else {
                if character == "'" { quote = character }
                shape.append(character.isNewline ? " " : character)
            }
            if shape.count >= 120 { break }
        }
        return shape
    }
}

extension ODBCError {
    /// A record's words in one line, without the value that they quote: values are people's data.
    static func withoutValues(_ record: ODBCRecord) -> String {
        var words = record.message
        if isAboutData(record) {
            // PostgreSQL: DETAIL: Key (id)=(5) already exists. CONTEXT: unnamed portal parameter $1 = '...'.
            for opening in ["DETAIL:", "CONTEXT:"] { words = dropLines(words, from: opening) }
            // PostgreSQL: invalid input syntax for type integer: "value". MariaDB: Duplicate entry 'value' for key 'name';
            // Incorrect integer value: 'value' for column `a`.`b`.`c` at row 1. SQLite's words hold no values.
            words = replace(words, after: ": \"", before: "\"")
            words = replace(words, after: "entry '", before: "' for key")
            words = replace(words, after: "value: '", before: "' for column")
        }
        return ClientWords.oneLine(words)
    }

    private static func isAboutData(_ record: ODBCRecord) -> Bool { kind(ofOne: record) == .data }

    private static func dropLines(_ words: String, from opening: String) -> String {
        guard let start = words.firstRange(of: opening) else { return words }
        let rest = words[start.lowerBound...].drop { !$0.isNewline }
        return String(words[..<start.lowerBound] + rest)
    }

    private static func replace(_ message: String, after opening: String, before closing: String) -> String {
        guard let start = message.firstRange(of: opening)?.upperBound else { return message }
        let rest = message[start...]
        // The last one: the value may hold the words itself.
        let end = rest.ranges(of: closing).last?.lowerBound ?? rest.endIndex
        return message[..<start] + "..." + message[end...]
    }
}
