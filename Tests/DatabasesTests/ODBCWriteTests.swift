import Databases
import TestKit
import Testing

/// Statements for many rows at once, and transactions, through each driver.
@Suite struct ODBCWriteTests {
    struct Row: Equatable {
        var id: Int64
        var double: Double?
        var text: String?
        var bytes: [UInt8]?
    }

    private static let rows: [Row] = [
        Row(id: .min, double: 0.1, text: odbcUnicode, bytes: Array(0...255)),
        Row(id: .max, double: nil, text: nil, bytes: nil),
        Row(id: 0, double: -1.7976931348623157e308, text: "", bytes: []),
        Row(id: 1, double: .leastNonzeroMagnitude, text: "a\\b'c\"d?\r\n\t ", bytes: [0]),
        Row(
            id: 2, double: 1e22, text: String(repeating: "😀", count: 20_000), bytes: Array(repeating: 7, count: 100_000)
        ),
    ]

    /// One way of sending rows.
    enum Way: CaseIterable { case array, values, single }

    private func parameters(_ database: ODBCDatabase) -> [ODBCParameter] {
        // psqlodbc writes a float64 with 15 digits.
        [
            ODBCParameter(.integer), ODBCParameter(database == .postgres ? .text : .double), ODBCParameter(.text),
            ODBCParameter(.binary),
        ]
    }

    private func put(_ row: Row, _ buffer: ODBCRowBuffer) {
        buffer.put(0, row.id)
        if let double = row.double { buffer.put(1, double) } else { buffer.putNull(1) }
        if let text = row.text { Array(text.utf8).withUnsafeBytes { buffer.put(2, $0) } } else { buffer.putNull(2) }
        if let bytes = row.bytes { bytes.withUnsafeBytes { buffer.put(3, $0) } } else { buffer.putNull(3) }
        buffer.endRow()
    }

    private func send(
        _ rows: [Row], _ statements: ODBCStatements, _ table: String, _ parameters: [ODBCParameter], _ way: Way
    ) throws {
        let buffer = ODBCRowBuffer(statements.connection, parameters, rows: 8)
        var next = 0
        while next < rows.count {
            let count = buffer.begin(rows.count - next) { row, column in
                switch column {
                case 2: rows[next + row].text?.utf8.count ?? 0
                case 3: rows[next + row].bytes?.count ?? 0
                default: 0
                }
            }
            for row in rows[next..<next + count] { put(row, buffer) }
            let size = way == .values ? count : 1
            let list = Array(repeating: "(?, ?, ?, ?)", count: size).joined(separator: ", ")
            let sql = "INSERT INTO \(table)(id, d, t, b) VALUES \(list)"
            let prepared = try statements.prepare(
                sql, columns: [0, 1, 2, 3], rows: size, array: way == .array ? count : 1)
            switch way {
            case .array, .values: try prepared.execute(buffer, first: 0, count: count)
            case .single: for row in 0..<count { try prepared.execute(buffer, first: row, count: 1) }
            }
            next += count
        }
    }

    @Test(arguments: ODBCDatabase.allCases, Way.allCases) func valuesArriveAsTheyAre(
        _ database: ODBCDatabase, _ way: Way
    )
        throws
    {
        // Nobody is to send arrays there: see ODBCDriver.
        let way = way == .array && database != .postgres ? .values : way
        // sqliteodbc loses planes above the second as UTF-16.
        for form in database == .sqlite ? [ODBCSettings.TextForm.utf8] : [.utf8, .utf16] {
            let connection = try database.connect {
                $0.isWriting = true
                $0.text = form
            }
            let table = try connection.table("id bigint, d double precision, t \(database.text), b \(database.bytes)")
            let statements = ODBCStatements(connection, forgetting: nil)
            try send(Self.rows, statements, table, parameters(database), way)
            var found: [Row] = []
            // Through another connection, with what reading needs.
            let reader = try database == .sqlite ? connection : database.connect()
            try reader.each("SELECT id, d, t, b FROM \(table) ORDER BY id") { row in
                found.append(
                    Row(
                        id: row.integer(0), double: row.isNull(1) ? nil : row.double(1),
                        text: row.isNull(2) ? nil : String(decoding: row.bytes(2), as: UTF8.self),
                        bytes: row.isNull(3) ? nil : Array(row.bytes(3))))
            }
            let expected = Self.rows.sorted { $0.id < $1.id }
            if database == .sqlite {
                // Its driver reads doubles with 15 digits; SQLite itself says what it holds.
                #expect(found.map(\.id) == expected.map(\.id) && found.map(\.text) == expected.map(\.text))
                #expect(found.map(\.bytes) == expected.map(\.bytes))
                for row in expected {
                    guard let double = row.double else { continue }
                    let same = try connection.value("SELECT d = \(double) FROM \(table) WHERE id = \(row.id)")
                    #expect(same == "1", "\(double)")
                }
            } else {
                #expect(found == expected, "\(form) \(way)")
            }
        }
    }

    /// A bad row among others: what the driver says of it is right, or nothing; and the statement goes on after it.
    @Test func aBadRowOfAnArray() throws {
        let connection = try ODBCDatabase.postgres.connect { $0.isWriting = true }
        let table = try connection.table("id integer PRIMARY KEY")
        let statements = ODBCStatements(connection, forgetting: nil)
        let buffer = ODBCRowBuffer(connection, [ODBCParameter(.integer)], rows: 300)
        func fill(_ ids: [Int64]) {
            _ = buffer.begin(ids.count) { _, _ in 0 }
            for id in ids {
                buffer.put(0, id)
                buffer.endRow()
            }
        }
        let insert = try statements.prepare("INSERT INTO \(table)(id) VALUES (?)", columns: [0], array: 300)
        var ids = (0..<300).map { Int64($0) }
        ids[217] = 5
        fill(ids)
        try connection.begin()
        try connection.execute("SAVEPOINT s")
        let error = try odbcFailure { try insert.execute(buffer, first: 0, count: 300) }
        #expect(error.kind == .data && error.state == "23505")
        let suspects = try #require(insert.suspects)
        #expect(suspects.contains(217) && suspects.count < 300, "\(suspects)")
        try connection.execute("ROLLBACK TO SAVEPOINT s")
        fill((0..<300).map { Int64($0) })
        #expect(try insert.execute(buffer, first: 0, count: 300) == 300)
        try connection.end(commit: true)
        #expect(try connection.value("SELECT count(*) FROM \(table)") == "300")
    }

    @Test(arguments: ODBCDatabase.allCases) func transactionsAreWholeOrNothing(_ database: ODBCDatabase) throws {
        let connection = try database.connect { $0.isWriting = true }
        let table = try connection.table("id integer PRIMARY KEY")
        let statements = ODBCStatements(connection, forgetting: nil)
        for commit in [true, false] {
            try connection.begin()
            for id in [1, 2] { try #expect(insert(statements, table, commit ? id : id + 2) == 1) }
            try connection.execute("SAVEPOINT s")
            try #expect(insert(statements, table, 9) == 1)
            // An error spoils nothing that is undone.
            #expect(try odbcFailure { _ = try insert(statements, table, 9) }.kind == .data)
            try connection.execute("ROLLBACK TO SAVEPOINT s")
            try connection.end(commit: commit)
        }
        #expect(try connection.query("SELECT id FROM \(table) ORDER BY id").rows == [["1"], ["2"]])
        // Outside of one each statement commits by itself.
        try #expect(insert(statements, table, 5) == 1)
        let other = try database == .sqlite ? connection : database.connect()
        #expect(try other.value("SELECT count(*) FROM \(table)") == "3")
    }

    private func insert(_ statements: ODBCStatements, _ table: String, _ id: Int) throws -> Int {
        try statements.change("INSERT INTO \(table)(id) VALUES (?)", [.integer(Int64(id))])
    }

    @Test(arguments: ODBCDatabase.allCases) func countsOfChangedRows(_ database: ODBCDatabase) throws {
        let connection = try database.connect { $0.isWriting = true }
        let table = try connection.table("id integer PRIMARY KEY, v varchar(20)")
        let statements = ODBCStatements(connection, forgetting: nil)
        for id in 0..<5 {
            let sql = "INSERT INTO \(table)(id, v) VALUES (?, ?)"
            #expect(try statements.change(sql, [.integer(Int64(id)), .text("v\(id)")]) == 1)
        }
        #expect(try statements.change("UPDATE \(table) SET v = ? WHERE id > ?", [.text("w"), .integer(2)]) == 2)
        #expect(try statements.change("UPDATE \(table) SET v = ? WHERE id > ?", [.text("w"), .integer(9)]) == 0)
        let found = try statements.query("SELECT id FROM \(table) WHERE v = ? ORDER BY id", [.text("w")])
        #expect(found.rows == [["3"], ["4"]])
        #expect(try statements.change("DELETE FROM \(table) WHERE v = ?", [.text("w")]) == 2)
    }

    /// Errors do not leave plans behind that others stumble on (psqlodbc), however often statements are freed.
    @Test(arguments: ODBCDatabase.allCases) func errorsAndFreedStatements(_ database: ODBCDatabase) throws {
        let connection = try database.connect { $0.isWriting = true }
        let forgetting = database == .postgres ? "DEALLOCATE ALL" : nil
        let statements = ODBCStatements(connection, forgetting: forgetting)
        for _ in 0..<5 {
            _ = try odbcFailure { _ = try connection.query("SELECT * FROM there_is_no_such_table") }
            for value in ["a", "b"] {
                let sql = "SELECT CASE WHEN 'a' = ? THEN 1 ELSE 0 END"
                #expect(try statements.query(sql, [.text(value)]).text(0, 0) == (value == "a" ? "1" : "0"))
            }
            try statements.forget()
        }
    }

    @Test(arguments: ODBCDatabase.allCases) func typesAndTransactionsAreTold(_ database: ODBCDatabase) throws {
        let connection = try database.connect()
        #expect(connection.info.hasTransactions)
        #expect(connection.info.definesInTransactions == (database != .mariaDB))
        let types = try connection.types()
        #expect(
            types.contains { $0.type == -5 }
                && types.contains { $0.type == 12 && !$0.parameters.isEmpty || $0.type == 12 })
        #expect(try connection.takesArrays() == (database == .postgres))
    }
}
