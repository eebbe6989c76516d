import Databases
import Foundation
import TestKit
import Testing

/// The servers that all tests share: plain ones are quick to start, but not for each test.
enum Servers {
    private static let plainResult = Result { try MariaDBServer.start() }
    private static let secureResult = Result { try MariaDBServer.start(.init(tls: true)) }

    /// A server without TLS.
    static var plain: MariaDBServer { get throws { try plainResult.get() } }
    /// A server with TLS.
    static var secure: MariaDBServer { get throws { try secureResult.get() } }
}

extension MySQLConnection {
    /// A new table of the test's own.
    func table(_ columns: String) throws -> String {
        let name = "t_" + UUID().uuidString.prefix(8).lowercased()
        try execute("CREATE TABLE \(name) (\(columns)) ENGINE=InnoDB")
        return name
    }

    /// The first value of a result as text.
    func value(_ sql: String) throws -> String? { try query(sql).text(0, 0) }

    /// Loads `rows` into all columns of `table`; NULL is nil.
    @discardableResult
    func load(_ table: String, _ rows: [[[UInt8]?]], charset: String = "utf8mb4") throws -> MySQLLoadResult {
        var text = LoadText(capacity: 64)
        for row in rows {
            for value in row {
                if let value {
                    (value + [0]).withUnsafeBufferPointer { bytes in
                        if let start = bytes.baseAddress { text.field(start, value.count) }
                    }
                } else {
                    text.null()
                }
            }
            text.endRow()
        }
        return try loadData(MySQLConnection.loadStatement(table, charset)) { text.read(into: $0) }
    }

    static func loadStatement(_ table: String, _ charset: String = "utf8mb4") -> String {
        "LOAD DATA LOCAL INFILE 'bobbin' INTO TABLE \(table) CHARACTER SET \(charset) \(LoadText.clauses)"
    }
}

/// The `MySQLError` that `action` throws.
func mysqlFailure(_ location: SourceLocation = #_sourceLocation, _ action: () throws -> Void) -> MySQLError? {
    do {
        try action()
        Issue.record("nothing was thrown", sourceLocation: location)
    } catch let error as MySQLError {
        return error
    } catch {
        Issue.record("another error was thrown: \(error)", sourceLocation: location)
    }
    return nil
}

/// The process's memory in use, in bytes (Linux, proc(5), statm).
func residentBytes() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let words = text.split(separator: " ")
    return words.count > 1 ? (Int(words[1]) ?? 0) * 4096 : 0
}

/// SplitMix64: the same seed gives the same test again.
struct Seeded {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((value ^ (value >> 31)) % UInt64(max(1, bound)))
    }
}
