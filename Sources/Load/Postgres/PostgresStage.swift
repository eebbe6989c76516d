internal import Databases
internal import Manifest

/// The way round for rows whose keys may be known: a temporary table, and one statement from there.
///
/// It is empty at the begin of each batch, so that the order of its rows on disk (ctid) is the order in which they came.
final class PostgresStage {
    private let connection: PostgresConnection
    /// Statements around the COPY into the temporary table, whose data are to follow; a savepoint `rows` is left open.
    let copy: String
    private let move: String
    private let moveOnce: String
    private var hasRepeats = false

    init(_ connection: PostgresConnection, table: TargetTable, mode: WriteMode, key: [String]) throws {
        self.connection = connection
        let quoted = try table.columns.map { try PostgresConnection.quote(identifier: $0.name) }
        let names = quoted.joined(separator: ", ")
        let keys = try key.map { try PostgresConnection.quote(identifier: $0) }
        let target = try PostgresConnection.quote(identifier: table.name)
        copy = """
            SAVEPOINT rows;
            CREATE TEMPORARY TABLE IF NOT EXISTS _bobbin_rows ON COMMIT DROP AS SELECT \(names) FROM \(target) WITH NO DATA;
            TRUNCATE pg_temp._bobbin_rows; COPY pg_temp._bobbin_rows(\(names)) FROM STDIN
            """
        let others = quoted.filter { !keys.contains($0) }
        let list = keys.joined(separator: ", ")
        let isMerging = mode == .merge && !others.isEmpty
        let action =
            isMerging ? "UPDATE SET " + others.map { "\($0) = excluded.\($0)" }.joined(separator: ", ") : "NOTHING"
        let insert = "INSERT INTO \(target)(\(names)) SELECT"
        let conflict = "ON CONFLICT (\(list)) DO \(action)"
        move = "\(insert) \(names) FROM pg_temp._bobbin_rows \(conflict)"
        // Of rows of one key in a batch the last one wins a merge, and the first one stays otherwise.
        moveOnce = """
            \(insert) DISTINCT ON (\(list)) \(names) FROM pg_temp._bobbin_rows
            ORDER BY \(list), ctid\(isMerging ? " DESC" : "") \(conflict)
            """
    }

    /// Moves the rows of the temporary table into the table, and releases the savepoint.
    func moveRows() throws(PostgresError) {
        do throws(PostgresError) {
            if try !moveDistinct() { try connection.execute("\(moveOnce); RELEASE SAVEPOINT rows") }
        } catch {
            // A line in it would be one of another table.
            var error = error
            error.line = nil
            throw error
        }
    }

    /// - Returns: whether no key stands twice in the batch, as far as that matters: then the rows were moved.
    private func moveDistinct() throws(PostgresError) -> Bool {
        if hasRepeats { return false }
        do throws(PostgresError) {
            try connection.execute("SAVEPOINT moved; \(move); RELEASE SAVEPOINT moved; RELEASE SAVEPOINT rows")
            return true
        } catch {
            // DO UPDATE takes a row once (cardinality_violation): only then is it worth a sort to find such rows.
            guard error.sqlState == "21000" else { throw error }
            try connection.execute("ROLLBACK TO SAVEPOINT moved; RELEASE SAVEPOINT moved")
            hasRepeats = true
            return false
        }
    }

    func drop() throws {
        guard connection.transactionStatus == .open else { return }
        try connection.execute("DROP TABLE IF EXISTS pg_temp._bobbin_rows")
    }
}
