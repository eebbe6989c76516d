internal import Databases
internal import Manifest

/// The statements that take the rows of a buffer into a table, as the mode asks.
final class ODBCSending {
    /// Rows whose keys are looked for by one statement.
    private static let looked = 64

    let buffer: ODBCRowBuffer
    /// Where the driver or the size of a statement says that the bad row of the last failure is, in the buffer.
    private(set) var suspects: Range<Int>?

    private let statements: ODBCStatements
    private let columns: [Int]
    private let most: Int
    private let isArray: Bool
    private let insertHead: String
    private let insertTail: String
    /// Columns of the key, when known keys are to be looked for.
    private let sought: [Int]
    private let seek: String
    private let seekTerm: String
    /// What is set where a key is known, and how; nil passes over such rows.
    private let update: (sql: String, columns: [Int])?
    private var inserts: [Int: ODBCPrepared] = [:]
    private var seeks: [Int: ODBCPrepared] = [:]

    init(
        _ session: ODBCTarget.Session, table: TargetTable, travels: [ODBCTravel], mode: WriteMode, key: [String]
    ) throws {
        statements = session.statements
        let quoted = try table.columns.map { try session.connection.info.quote(identifier: $0.name) }
        let name = try session.connection.info.quote(identifier: table.name)
        columns = Array(quoted.indices)
        switch session.dialect.rowsAtOnce {
        case .values(let rows, let parameters):
            most = ODBCSending.power(max(1, min(rows, parameters / max(1, quoted.count))))
            isArray = false
        case .array(let rows):
            most = ODBCSending.power(rows)
            isArray = rows > 1
        }
        insertHead = "INSERT INTO \(name)(\(quoted.joined(separator: ", "))) VALUES "
        let keys = key.compactMap { name in table.columns.firstIndex { $0.isNamed(name) } }
        let others = columns.filter { !keys.contains($0) }
        let isKeyed = (mode == .merge || mode == .insertOnly) && !keys.isEmpty
        let isMerging = isKeyed && mode == .merge && !others.isEmpty
        var tail = ""
        var sought: [Int] = []
        if isKeyed {
            switch session.dialect.conflict(keys.map { quoted[$0] }, isMerging ? others.map { quoted[$0] } : []) {
            case .clause(let clause): tail = clause
            case .none: sought = keys
            }
        }
        insertTail = tail
        self.sought = sought
        let term = keys.map { "\(quoted[$0]) = ?" }.joined(separator: " AND ")
        seekTerm = "(\(term))"
        seek = "SELECT COUNT(*) FROM \(name) WHERE "
        let sets = others.map { "\(quoted[$0]) = ?" }.joined(separator: ", ")
        update = isMerging ? ("UPDATE \(name) SET \(sets) WHERE \(term)", others + keys) : nil
        buffer = ODBCRowBuffer(session.connection, travels.map(\.parameter), rows: most, limit: session.longest)
    }

    /// The largest power of two that is not more.
    private static func power(_ number: Int) -> Int {
        1 << (Int.bitWidth - 1 - max(1, number).leadingZeroBitCount)
    }

    /// Takes all rows of the buffer in, in their order.
    ///
    /// - Throws: `ODBCError` for the first failure; ``suspects`` says where.
    func send() throws {
        suspects = nil
        if sought.isEmpty { return try insert(0, buffer.count) }
        var first = 0
        while first < buffer.count {
            let count = ODBCSending.power(min(ODBCSending.looked, buffer.count - first))
            try merge(first, count)
            first += count
        }
    }

    // MARK: Known keys that are looked for

    /// Rows of which none is known go in, rows that all are known change those, and others are halved.
    private func merge(_ first: Int, _ count: Int) throws {
        let known = try seek(first, count)
        if known == 0 { return try insert(first, count) }
        guard known >= count else {
            try merge(first, count / 2)
            return try merge(first + count / 2, count - count / 2)
        }
        guard let update else { return }
        try run(update.sql, update.columns, first, count)
    }

    /// How many rows of the table have keys of these rows; counts are powers of two, so that there are few statements.
    private func seek(_ first: Int, _ count: Int) throws -> Int {
        let made: ODBCPrepared
        if let found = seeks[count] {
            made = found
        } else {
            let terms = Array(repeating: seekTerm, count: count).joined(separator: " OR ")
            made = try statements.prepare(seek + terms, columns: sought, rows: count)
            seeks[count] = made
        }
        suspects = first..<first + count
        let found = try made.query(buffer, first: first, count: count).text(0, 0).flatMap { Double($0) } ?? 0
        suspects = nil
        return Int(found)
    }

    // MARK: Inserts

    private func insert(_ first: Int, _ count: Int) throws {
        if isArray || most == 1 { return try run(insertHead + row + insertTail, columns, first, count, isInsert: true) }
        var next = first
        while next < first + count {
            let size = ODBCSending.power(min(most, first + count - next))
            suspects = next..<next + size
            try statement(size).execute(buffer, first: next, count: size)
            next += size
        }
        suspects = nil
    }

    private func statement(_ rows: Int) throws -> ODBCPrepared {
        if let found = inserts[rows] { return found }
        let made = try statements.prepare(
            insertHead + Array(repeating: row, count: rows).joined(separator: ", ") + insertTail, columns: columns,
            rows: rows)
        inserts[rows] = made
        return made
    }

    /// Question marks for one row.
    private var row: String { "(" + Array(repeating: "?", count: columns.count).joined(separator: ", ") + ")" }

    /// Runs a statement of one row with these rows: by arrays whose sizes are powers of two, or one by one.
    private func run(_ sql: String, _ columns: [Int], _ first: Int, _ count: Int, isInsert: Bool = false) throws {
        var next = first
        while next < first + count {
            let size = isArray ? ODBCSending.power(min(most, first + count - next)) : 1
            let prepared = try statements.prepare(sql, columns: columns, array: size)
            do {
                let changed = try prepared.execute(buffer, first: next, count: size)
                // One is what some drivers say of each row.
                if isInsert, changed > 1, changed != size { throw lost(changed, size) }
            } catch let error as ODBCError {
                let found = prepared.suspects ?? 0..<size
                suspects = next + found.lowerBound..<next + found.upperBound
                throw error
            }
            next += size
        }
    }

    private func lost(_ changed: Int, _ sent: Int) -> LoadError {
        LoadError(
            .configuration,
            "\(statements.connection.settings.name): of \(sent) rows that were sent in an array \(changed) arrived: the driver loses rows, or "
                + "something in the database passes over them")
    }
}
