import Databases
import Load
import Manifest
import Synchronization
import TestKit
import Testing

/// Rows that are longer than a message to MariaDB may be (max_allowed_packet): they end no connection.
@Suite struct LongRowTests {
    private static let limit = 1 << 20

    private static func world(_ target: TestTarget, _ arguments: [String] = []) throws -> World {
        let world = try World(target)
        let server = try MariaDBServer.start(.init(arguments: ["--max-allowed-packet=1M"] + arguments))
        world.mariaDBServer.withLock { $0 = server }
        return world
    }

    private static func batch(_ lengths: [Int], _ mode: WriteMode) -> Batch {
        let lines = lengths.enumerated().map {
            "{\"id\":\($0),\"v\":\"\(String(repeating: "x", count: $1))\"}"
        }
        var batch = Batch(lines, ["id": .integer, "v": .text], mode: mode, key: mode == .append ? [] : ["id"])
        batch.guards.maximumRejectShare = 1
        return batch
    }

    /// LOAD DATA sends its rows in messages of its own.
    @Test(arguments: [WriteMode.append, .merge, .replace]) func loadDataTakesThem(_ mode: WriteMode) throws {
        let world = try Self.world(.native(.mariadb))
        for last in [1, 3_000_000] {
            // The last one comes alone, as the second is refused with what stands beside it.
            let outcome = try world.load(Self.batch([3, Self.limit, Self.limit - 80, 5, last], mode))
            #expect(outcome.summary.rejects == 0 && outcome.summary.blocked == 0, "\(outcome.summary)")
        }
        let lengths = ["3", "\(Self.limit)", "\(Self.limit - 80)", "5", "3000000"]
        let found = try world.query("SELECT length(v) FROM \"rows\" ORDER BY id, length(v)")
        #expect(mode == .append ? found.contains("3000000") && found.count == 10 : found == lengths, "\(found)")
        // One that comes by itself, and one that its table refuses.
        let alone = try world.load(Self.batch([2_000_000], mode))
        #expect(alone.summary.rejects == 0 && alone.summary.blocked == 0, "\(alone.summary)")
        _ = try world.query("CREATE TABLE short(id bigint, v mediumtext, w varchar(3))")
        var refused = Batch(
            [
                #"{"id":1,"v":"\#(String(repeating: "x", count: 2_000_000))","w":"abcd"}"#,
                #"{"id":2,"v":"y","w":"abc"}"#,
            ], ["id": .integer, "v": .text, "w": .text])
        refused.table = "short"
        refused.stream = "short"
        refused.guards.maximumRejectShare = 1
        #expect(try world.load(refused).summary.rejects == 1)
        #expect(try world.query("SELECT id FROM short") == ["2"])
    }

    /// Where there is no LOAD DATA, that row is set aside, and the others go in, however many of them a statement holds.
    @Test(arguments: [TestTarget.native(.mariadb), .odbc(.mariaDB)], [WriteMode.append, .merge])
    func elsewhereTheyAreSetAside(_ target: TestTarget, _ mode: WriteMode) throws {
        let world = try Self.world(target, ["--local-infile=0"])
        // One statement's overhead is less than a hundred bytes here.
        let lengths = [3, Self.limit - 100, Self.limit, 400_000, 400_000, 400_000, 400_000, 3_000_000, 5]
        let outcome = try world.load(Self.batch(lengths, mode))
        #expect(outcome.summary.blocked == 0, "\(outcome.summary)")
        #expect(try world.query("SELECT id FROM \"rows\" ORDER BY id") == ["0", "1", "3", "4", "5", "6", "8"])
        let reasons = try world.rejects().map { String($0.prefix(400)) }
        #expect(
            reasons.count == 2 && reasons.allSatisfy { $0.contains("max_allowed_packet is \(Self.limit)") },
            "\(reasons)")
    }
}
