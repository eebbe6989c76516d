internal import Manifest

/// Where the rows of one run wait, one of a key, until all of them change the table together.
///
/// A table that only this transaction knows; ``SharedStage`` is one that all loaders see. A run comes this way when a row may do more than take the place of the one with its
/// key (``RunManifest/isStaged``).
struct Staging {
    let dialect: any StagingDialect
    /// Runs a statement of the open transaction.
    let run: (String) throws -> Void
    /// The whole numbers of the one row that a query has; nil for NULL.
    let numbers: (String) throws -> [Int64?]

    /// Makes the stage, empty, with the table's columns and unique by `key`; as a table that rows are written to.
    func stage(_ table: TargetTable, key: [String]) throws -> TargetTable {
        for statement in try dialect.make(table, key: key) { try run(statement) }
        return TargetTable(name: StagedChanges.stage, columns: table.columns, key: key)
    }
}

/// What the statements of ``StagedChanges`` are in an engine's SQL. Names of columns come quoted and with their table.
protocol StagingDialect {
    /// Statements that make the stage in the open transaction, with the table's columns, and unique by `key` where the engine's
    /// writer needs that.
    func make(_ table: TargetTable, key: [String]) throws -> [String]
    /// Takes the stage away.
    var drop: String { get }
    /// An identifier in the engine's quotes.
    func quote(_ name: String) throws -> String
    /// A text as a literal.
    func literal(_ text: String) throws -> String
    /// true or false as a literal.
    func literal(_ flag: Bool) -> String
    /// An instant as a literal, of microseconds since 1970 in UTC.
    func instant(_ microseconds: Int64) -> String
    /// The microseconds since 1970 of an instant.
    func microseconds(_ instant: String) -> String
    /// A column of decimals as a number.
    func number(_ column: String) -> String
    /// Whether a column has this value, byte for byte.
    func equals(_ column: String, _ literal: String) -> String
    /// Whether two columns of one type hold different values, or one of them none.
    func differ(_ left: String, _ right: String, _ type: LogicalType) -> String
    /// Lets the server look at what the stage holds, so that it joins the right way round; nil where it knows.
    func analyze(_ stage: String) -> String?
    /// Changes the rows of a table that have a partner in the stage and meet a condition.
    ///
    /// - Parameter sets: columns of the table, without it, with what they become.
    func update(
        _ table: String, from stage: String, on partner: String, sets: [(column: String, value: String)],
        where condition: String
    ) -> String
    /// Deletes the rows of a table that have a partner in the stage and meet a condition.
    ///
    /// - Parameter key: the key's columns, without a table.
    func delete(_ table: String, from stage: String, on partner: String, key: [String], where condition: String)
        -> String
}

/// Most engines say these in the same way.
extension StagingDialect {
    var drop: String { "DROP TABLE \(StagedChanges.stage)" }

    func analyze(_ stage: String) -> String? { nil }

    func list(_ names: [String]) throws -> String { try names.map { try quote($0) }.joined(separator: ", ") }

    func literal(_ flag: Bool) -> String { flag ? "true" : "false" }

    func number(_ column: String) -> String { column }

    func equals(_ column: String, _ literal: String) -> String { "\(column) = \(literal)" }

    func differ(_ left: String, _ right: String, _ type: LogicalType) -> String {
        "\(left) IS DISTINCT FROM \(right)"
    }

    func update(
        _ table: String, from stage: String, on partner: String, sets: [(column: String, value: String)],
        where condition: String
    ) -> String {
        let sets = sets.map { "\($0.column) = \($0.value)" }.joined(separator: ", ")
        return "UPDATE \(table) SET \(sets) FROM \(stage) WHERE \(partner) AND \(condition)"
    }

    func delete(_ table: String, from stage: String, on partner: String, key: [String], where condition: String)
        -> String
    {
        "DELETE FROM \(table) USING \(stage) WHERE \(partner) AND \(condition)"
    }
}
