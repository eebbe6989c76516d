import Databases
import Foundation
import Glibc
import TestKit
import Testing

extension ODBCDatabase {
    /// A connection to the shared server; for SQLite to a database of its own.
    func connect(_ change: (inout ODBCSettings) -> Void = { _ in }) throws -> ODBCConnection {
        try ODBCConnection(ownSettings(change))
    }

    func ownSettings(_ change: (inout ODBCSettings) -> Void = { _ in }) throws -> ODBCSettings {
        var settings =
            switch self {
            case .postgres: try settings("postgres")
            case .mariaDB: try settings("test")
            case .sqlite: try settings(try Self.sqliteFile())
            }
        change(&settings)
        return settings
    }

    /// A new file that goes with the process.
    static func sqliteFile() throws -> String { "\(try folder.get())/\(UUID().uuidString).db" }

    private static let folder = Result {
        let path = NSTemporaryDirectory() + "bobbin-odbc-\(getpid())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        // The tests' only place at which the process's end is seen.
        atexit { try? FileManager.default.removeItem(atPath: NSTemporaryDirectory() + "bobbin-odbc-\(getpid())") }
        return path
    }

    /// The type of an unlimited text.
    var text: String { self == .mariaDB ? "longtext" : "text" }
    /// The type of unlimited bytes.
    var bytes: String { self == .postgres ? "bytea" : self == .mariaDB ? "longblob" : "blob" }

    /// A text as the database's literal.
    func literal(_ text: String?) -> String {
        guard let text else { return "NULL" }
        let quoted = text.replacing("'", with: "''")
        return "'\(self == .mariaDB ? quoted.replacing("\\", with: "\\\\") : quoted)'"
    }

    /// Bytes as the database's literal.
    func literal(bytes: [UInt8]?) -> String {
        guard let bytes else { return "NULL" }
        let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return self == .postgres ? "'\\x\(digits)'" : "x'\(digits)'"
    }
}

extension ODBCConnection {
    /// Runs a statement that gives no rows.
    func execute(_ sql: String) throws { _ = try query(sql) }

    /// A new table of the test's own.
    func table(_ columns: String) throws -> String {
        let name = "t_" + UUID().uuidString.prefix(8).lowercased()
        try execute("CREATE TABLE \(name) (\(columns))")
        return name
    }

    /// The first value of a result as text.
    func value(_ sql: String) throws -> String? { try first(sql)?.first ?? nil }

    /// Passes on all rows.
    @discardableResult
    func each(
        _ sql: String, rowsAtOnce: Int? = nil, begin: ([ODBCColumn]) throws -> Void = { _ in },
        _ body: (ODBCRow) throws -> Void
    ) throws -> Int {
        let stream = try stream(sql, rowsAtOnce: rowsAtOnce)
        try begin(stream.columns)
        var rows = 0
        while let row = try stream.next() {
            try body(row)
            rows += 1
        }
        return rows
    }
}

/// The `ODBCError` that `action` throws.
func odbcFailure(_ location: SourceLocation = #_sourceLocation, _ action: () throws -> Void) throws -> ODBCError {
    try #require(throws: ODBCError.self, sourceLocation: location, performing: action)
}

/// A text of each length of UTF-8: one to four bytes a character.
let odbcUnicode = "aä€😀z\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}e\u{301}"
