import Load
import Manifest
import Spool
import TestKit
import Testing

/// What contracts make of data that a table would have to change for.
@Suite struct ContractTests {
    /// A table `rows(id, v)`, and then a run that breaks it: a new column, a value that does not fit, a key that does not.
    private func world(
        _ target: TestTarget, _ mode: WriteMode, _ change: (inout Guards) -> Void
    ) throws -> (world: World, batch: Batch) {
        let world = try World(target)
        let key = mode == .append ? [] : ["id"]
        let first = Batch([#"{"id":1,"v":1}"#], ["id": .integer, "v": .integer], mode: mode, key: key)
        #expect(try world.load(first).summary.rows == 1)
        let lines = [
            #"{"id":2,"v":2}"#, #"{"id":3,"v":3,"new":"x","other":null}"#, #"{"id":4,"v":"four"}"#,
            #"{"new":1,"other":2,"id":5,"v":5}"#, #"{"id":6,"v":6,"other":null}"#,
        ]
        var batch = Batch(lines, ["id": .integer, "v": .text, "new": .text, "other": .integer], mode: mode, key: key)
        change(&batch.guards)
        return (world, batch)
    }

    private func rows(_ world: World) throws -> [String] { try world.query(#"SELECT * FROM "rows" ORDER BY "id""#) }

    private static let modes: [WriteMode] = [.append, .merge]

    @Test(arguments: TestTarget.allCases, modes)
    func rowsAreLeftOutAndCounted(_ target: TestTarget, _ mode: WriteMode) throws {
        let (world, batch) = try world(target, mode) {
            $0.columns = .discardRow
            $0.types = .discardRow
            // What is left out is no reject.
            $0.maximumRejectRows = 0
            $0.maximumRejectShare = 0
        }
        let summary = try world.load(batch).summary
        #expect(summary.rows == 2 && summary.rejects == 0 && summary.dead == 0)
        #expect(summary.discards == Discards(rows: 3))
        #expect(try rows(world) == ["1|1", "2|2", "6|6"])
        #expect(try world.rejects().isEmpty)
        #expect(try world.lastOutcome().discards == Discards(rows: 3))
    }

    @Test(arguments: TestTarget.allCases, modes)
    func valuesAreLeftOutAndCounted(_ target: TestTarget, _ mode: WriteMode) throws {
        let (world, batch) = try world(target, mode) {
            $0.columns = .discardValue
            $0.types = .discardValue
        }
        let summary = try world.load(batch).summary
        #expect(summary.rows == 5 && summary.rejects == 0)
        #expect(summary.discards == Discards(values: 4))
        #expect(try rows(world) == ["1|1", "2|2", "3|3", "4|NULL", "5|5", "6|6"])
        #expect(try world.lastOutcome().discards == Discards(values: 4))
    }

    /// Columns and types have a policy each.
    @Test(arguments: TestTarget.allCases) func policiesMayDiffer(_ target: TestTarget) throws {
        let (world, batch) = try world(target, .append) {
            $0.columns = .freeze
            $0.types = .discardValue
        }
        let summary = try world.load(batch).summary
        #expect(summary.rows == 3 && summary.rejects == 2 && summary.discards == Discards(values: 1))
        #expect(try rows(world) == ["1|1", "2|2", "4|NULL", "6|6"])
        #expect(try world.rejects().allSatisfy { $0.contains("a column that the table does not have") })
    }

    @Test(arguments: TestTarget.allCases) func newColumnsMayComeWhereTypesAreFrozen(_ target: TestTarget) throws {
        let (world, batch) = try world(target, .append) { $0.types = .discardRow }
        let summary = try world.load(batch).summary
        #expect(summary.rows == 4 && summary.discards == Discards(rows: 1))
        #expect(try world.query(#"SELECT "id", "v", "new", "other" FROM "rows" ORDER BY "id""#).last == "6|6|NULL|NULL")
        #expect(try rows(world).count == 5)
    }

    /// Without its key a row is no row: it is refused, not loaded with half of it.
    @Test(arguments: TestTarget.allCases) func valuesOfTheKeyAreNeverLeftOut(_ target: TestTarget) throws {
        let world = try World(target)
        let lines = [#"{"id":1,"v":1}"#, #"{"id":"one","v":"x"}"#, #"{"id":9223372036854775808,"v":2}"#]
        var batch = Batch(lines, ["id": .integer, "v": .integer], mode: .merge, key: ["id"])
        batch.guards.types = .discardValue
        let summary = try world.load(batch).summary
        #expect(summary.rows == 1 && summary.rejects == 2 && summary.discards == Discards())
        #expect(try world.rejects().count == 2)
        // Nor is it loaded where rows are left out: those are.
        batch.guards.types = .discardRow
        let again = try world.load(batch).summary
        #expect(again.rows == 1 && again.rejects == 0 && again.discards == Discards(rows: 2))
    }

    /// A value that contradicts the partition is a mistake, whatever the contract.
    @Test(arguments: TestTarget.allCases) func partitionsAreNeverLeftOut(_ target: TestTarget) throws {
        let world = try World(target)
        let lines = [#"{"p":"a","id":1}"#, #"{"p":"b","id":2}"#, #"{"p":null,"id":3}"#]
        var batch = Batch(lines, ["p": .text, "id": .integer], mode: .replacePartition, key: ["p", "id"])
        batch.partition = [("p", "a")]
        batch.guards.types = .discardValue
        batch.guards.columns = .discardValue
        let summary = try world.load(batch).summary
        #expect(summary.rows == 1 && summary.rejects == 2 && summary.discards == Discards())
    }

    /// What was left out of a chunk is known when the run is closed, though other transactions loaded it.
    @Test(arguments: TestTarget.allCases) func countsOfChunksAddUp(_ target: TestTarget) throws {
        let (world, batch) = try world(target, .append) {
            $0.columns = .discardRow
            $0.types = .discardValue
        }
        let run = batch.with { $0.chunks = [batch.chunks[0], [#"{"id":8,"v":8}"#], batch.chunks[0]] }
        var options = LoadOptions()
        options.transactionChunks = 1
        let summary = try world.load(run, options).summary
        #expect(summary.rows == 7 && summary.discards == Discards(rows: 4, values: 2))
        let outcome = try world.lastOutcome()
        #expect(
            outcome.chunks.map(\.discards) == [Discards(rows: 2, values: 1), Discards(), Discards(rows: 2, values: 1)])
    }

    @Test(arguments: TestTarget.allCases) func tablesMayBeFrozen(_ target: TestTarget) throws {
        let world = try World(target)
        var batch = Batch([#"{"id":1}"#], ["id": .integer])
        batch.guards.freezesTables = true
        let outcome = try world.load(batch)
        #expect(outcome.summary.rows == 0 && outcome.summary.blocked == 1)
        #expect("\(outcome.events)".contains("table rows is not there"), "\(outcome.events)")
        // Nobody has the name: once somebody makes the table, the run goes into it.
        _ = try world.query(#"CREATE TABLE "rows"("id" bigint)"#)
        #expect(try world.drain().summary.rows == 1)
        #expect(try rows(world) == ["1"])
    }
}
