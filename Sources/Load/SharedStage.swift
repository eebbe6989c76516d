internal import JSON
internal import Manifest

/// Where loaders bring the chunks of one long run of a staged mode together, each row with its place in the run, until one of them
/// lets all of them change the table (`docs/spool-format.md`, "A stage that loaders share").
///
/// A table of the target that is named by the run, and a row of the ledger that says whether it is open. What is staged stands in the
/// ledger, too, and is counted again before it counts.
struct SharedStage {
    /// What the ledger says of a run's stage.
    enum State {
        /// There is none.
        case none
        /// Chunks go into this table.
        case open(TargetTable)
        /// Its rows could not change the table as they are, or some were lost: one loader takes all chunks.
        case givenUp
    }

    /// The column of the manifest's number.
    static let number = "_bobbin_n"
    /// The column of ``ColumnPlan/place(_:_:)``.
    static let place = "_bobbin_place"
    private static let prefix = "_bobbin_stage_"

    let books: SQLBooks
    let dialect: any SharedStagingDialect
    /// Runs a statement that makes or drops a table, in no transaction.
    let define: (String) throws -> Void

    /// The name of a run's stage.
    static func table(_ unit: RunID) -> String { prefix + unit.text }

    /// What becomes visible together goes by the id of its first run.
    static func unit(_ manifest: RunManifest) -> RunID {
        manifest.mode.isReplace ? manifest.generation : manifest.run
    }

    /// Whether rows of this table can have their places beside them.
    static func fits(_ table: TargetTable) -> Bool {
        !table.columns.isEmpty
            && table.columns.allSatisfy { $0.name.lowercased() != number && $0.name.lowercased() != place }
    }

    private func chunkID(_ unit: RunID) -> BookValue { .text("\(books.spool)/\(unit)/stage") }

    func state(of unit: RunID) throws -> State {
        let sql = "SELECT outcome, chunks FROM _bobbin_ledger WHERE chunk_id = ?"
        guard let row = try books.session.rows(sql, [chunkID(unit)]).first else { return .none }
        guard row[0] == nil, let items = row[1].flatMap({ try? JSONValue(parsing: $0) })?.elements,
            let columns = try? Column.parse(items)
        else { return .givenUp }
        return .open(TargetTable(name: SharedStage.table(unit), columns: columns, key: []))
    }

    /// Makes the table, before any transaction; it may be there.
    ///
    /// - Parameters:
    ///   - table: the run's, of which it has the columns that records bring.
    ///   - key: is looked for in the stage; empty when it is not.
    func make(_ unit: RunID, _ table: TargetTable, key: [String]) throws {
        try define(try dialect.make(shared: SharedStage.table(unit), table, key: key))
    }

    /// Says that the stage is open, or given up for good; in the transaction in which the head stays where it is.
    ///
    /// - Parameter table: see ``make(_:_:key:)``; nil gives it up.
    func enter(_ unit: RunID, _ table: TargetTable?, manifest: Int, loader: String, at: String) throws {
        let columns: [Column] =
            table.map { $0.columns + [SharedStage.number, SharedStage.place].map { Column(name: $0, type: .bigint) } }
            ?? []
        _ = try books.session.change(
            """
            INSERT INTO _bobbin_ledger(chunk_id, target_table, run, manifest, outcome, row_count, rejects, loader, attempt,
                committed_at, chunks) VALUES (?, ?, ?, ?, ?, 0, 0, ?, 0, ?, ?) \(books.session.passingOver("chunk_id"))
            """,
            [
                chunkID(unit), .text(SharedStage.table(unit)), .text(unit.text), .number(manifest),
                table == nil ? .text("given-up") : .null, .text(loader), .text(at),
                .text(Column.json(columns).serializedText()),
            ])
    }

    /// Rows of each chunk, by the manifest's number and the chunk's sequence.
    func counts(_ unit: RunID) throws -> [Int: [Int: Int]] {
        var counts: [Int: [Int: Int]] = [:]
        let sql = """
            SELECT \(SharedStage.number), \(SharedStage.place) >> 32, count(*) FROM \(SharedStage.table(unit)) GROUP BY 1, 2
            """
        for row in try books.session.rows(sql, []) {
            let numbers = row.map { $0.flatMap { Int($0) } ?? 0 }
            counts[numbers[0], default: [:]][numbers[1]] = numbers[2]
        }
        return counts
    }

    /// Drops the table, after what made it needless is committed; it may be gone.
    func drop(_ unit: RunID) throws { try define("DROP TABLE IF EXISTS \(SharedStage.table(unit))") }

    /// The runs of which there are stages, of this spool or others.
    func all() throws -> [RunID] {
        let prefix = SharedStage.prefix
        let sql = """
            SELECT table_name FROM information_schema.tables
            WHERE table_schema = \(dialect.schema) AND substring(table_name, 1, \(prefix.utf8.count)) = '\(prefix)'
            """
        return try books.session.rows(sql, []).compactMap { row in
            row[0].flatMap { RunID($0.dropFirst(prefix.count)) }
        }
    }
}

/// What a shared stage needs of an engine's SQL.
protocol SharedStagingDialect: StagingDialect {
    /// The statement that makes the stage unless it is there: the table's columns, then those of ``SharedStage``.
    ///
    /// - Parameter key: of an index; none when it is empty.
    func make(shared stage: String, _ table: TargetTable, key: [String]) throws -> String
    /// Deletes all rows of a key but the last.
    func deleteEarlier(_ stage: String, key: [String]) throws -> String
    /// Lets the rows of the stage take the place of those with their keys, the last one of a key staying, as the engine's writer does
    /// with rows of known keys.
    ///
    /// - Parameter table: with the columns that the stage has.
    func merge(_ table: TargetTable, from stage: String, key: [String]) throws -> String
    /// The schema that tables without one lie in, as an expression.
    var schema: String { get }
}

extension SharedStagingDialect {
    /// A query of the rows that others of their key come after.
    func earlier(_ stage: String, key: [String]) throws -> String {
        let places = "\(SharedStage.number), \(SharedStage.place)"
        let order = "\(SharedStage.number) DESC, \(SharedStage.place) DESC"
        return """
            SELECT \(SharedStage.number) AS n, \(SharedStage.place) AS place FROM (SELECT \(places), row_number() OVER
            (PARTITION BY \(try list(key)) ORDER BY \(order)) AS later FROM \(stage)) AS numbered WHERE later > 1
            """
    }
}
