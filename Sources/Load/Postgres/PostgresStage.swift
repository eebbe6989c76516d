internal import Databases
internal import Manifest

/// The statements that move rows of another table into one whose keys may be known.
struct PostgresUpsert {
    /// Names in quotes.
    let target: String
    let names: String
    private let keys: String
    /// Whether a row takes the place of the one with its key.
    let isMerging: Bool
    private let conflict: String

    /// - Parameter table: with the columns that the other table has.
    init(_ table: TargetTable, mode: WriteMode, key: [String]) throws {
        let quoted = try table.columns.map { try PostgresConnection.quote(identifier: $0.name) }
        let key = try key.map { try PostgresConnection.quote(identifier: $0) }
        let others = quoted.filter { !key.contains($0) }
        target = try PostgresConnection.quote(identifier: table.name)
        names = quoted.joined(separator: ", ")
        keys = key.joined(separator: ", ")
        isMerging = mode == .merge && !others.isEmpty
        let action =
            isMerging ? "UPDATE SET " + others.map { "\($0) = excluded.\($0)" }.joined(separator: ", ") : "NOTHING"
        conflict = "ON CONFLICT (\(keys)) DO \(action)"
    }

    /// Of rows whose keys differ; of a merge with equal ones it fails.
    func all(from source: String) -> String {
        "INSERT INTO \(target)(\(names)) SELECT \(names) FROM \(source) \(conflict)"
    }

    /// One row of each key.
    ///
    /// - Parameter order: in which the one that counts stands first.
    func once(from source: String, first order: String) -> String {
        """
        INSERT INTO \(target)(\(names)) SELECT DISTINCT ON (\(keys)) \(names) FROM \(source)
        ORDER BY \(keys), \(order) \(conflict)
        """
    }
}

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
        let upsert = try PostgresUpsert(table, mode: mode, key: key)
        let names = upsert.names
        copy = """
            SAVEPOINT rows;
            CREATE TEMPORARY TABLE IF NOT EXISTS _bobbin_rows ON COMMIT DROP AS SELECT \(names) FROM \(upsert.target) WITH NO DATA;
            TRUNCATE pg_temp._bobbin_rows; COPY pg_temp._bobbin_rows(\(names)) FROM STDIN
            """
        move = upsert.all(from: "pg_temp._bobbin_rows")
        // Of rows of one key in a batch the last one wins a merge, and the first one stays otherwise.
        moveOnce = upsert.once(from: "pg_temp._bobbin_rows", first: upsert.isMerging ? "ctid DESC" : "ctid")
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
