import Databases
import TestKit
import Testing

/// One server for the tests that do not stop it.
enum Shared {
    static let server = Result { try PostgresServer.start(PostgresServer.Options(hasTLS: true)) }

    /// A connection as superuser over the socket.
    static func connect(_ change: (inout PostgresSettings) -> Void = { _ in }) throws -> PostgresConnection {
        var settings = PostgresSettings(parameters: try server.get().superuserParameters)
        change(&settings)
        return try PostgresConnection(settings)
    }

    /// A user who may do nothing, whose password is `secret-word`.
    static func makeUser(_ name: String) throws {
        try connect().execute("DROP ROLE IF EXISTS \(name); CREATE ROLE \(name) LOGIN PASSWORD 'secret-word'")
    }
}

/// The error that `body` throws.
func failure(_ body: () throws -> Void) throws -> PostgresError {
    try #require(throws: PostgresError.self, performing: body)
}

extension PostgresConnection {
    /// The first value of the first row.
    func value(_ sql: String, _ parameters: [PostgresValue?] = []) throws -> String? {
        try query(sql, parameters).text(0, 0)
    }

    /// Copies rows of texts in.
    func copy(_ rows: [[[UInt8]?]], into sql: String) throws -> Int {
        let writer = CopyTextWriter()
        for row in rows {
            for field in row {
                guard let field else {
                    writer.appendNull()
                    continue
                }
                try field.withUnsafeBytes { try writer.append($0) }
            }
            writer.endRow()
        }
        var copy = try copyIn(sql)
        try copy.put(writer.bytes)
        return try copy.finish()
    }

    /// Copies rows out one by one.
    @discardableResult
    func copyOut(_ sql: String, body: (UnsafeMutableRawBufferPointer) throws -> Void) throws -> Int {
        let copy = try copyOut(sql)
        while let row = try copy.next() { try body(row) }
        return copy.rows
    }

    /// Copies rows of texts out.
    func copy(from sql: String) throws -> [[[UInt8]?]] {
        let reader = CopyTextReader()
        var rows: [[[UInt8]?]] = []
        try copyOut(sql) { line in rows.append(reader.texts(line)) }
        return rows
    }
}

extension CopyTextReader {
    /// The fields of a line; `nil` for NULL.
    func texts(_ line: UnsafeMutableRawBufferPointer) -> [[UInt8]?] {
        split(line).map { $0.isNull ? nil : Array(line[$0.start..<$0.start + $0.count]) }
    }

    /// The fields of a copy of a line.
    func texts(_ line: [UInt8]) -> [[UInt8]?] {
        var line = line
        return line.withUnsafeMutableBytes { texts($0) }
    }
}
