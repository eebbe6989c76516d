import Load
import Manifest
import Spool
import TestKit
import Testing

/// Deletions, updates and versions, on every engine (`docs/targets.md`, "Deletes and versions").
@Suite struct ChangeTests {
    static let columns: KeyValuePairs<String, LogicalType> = ["id": .integer, "v": .text, "op": .text]

    static func line(_ id: Int, _ value: String?, _ op: String? = nil) -> String {
        let texts = [value, op].map { $0.map { "\"\($0)\"" } ?? "null" }
        return "{\"id\":\(id),\"v\":\(texts[0]),\"op\":\(texts[1])}"
    }

    static func batch(
        _ lines: [String], _ mode: WriteMode = .merge, _ change: (inout RowChanges) -> Void = { _ in }
    ) -> Batch {
        var batch = Batch(lines, columns, mode: mode, key: ["id"])
        change(&batch.changes)
        return batch
    }

    static func marked(_ values: [String] = ["D"]) -> RowChanges.Marker { .init(column: "op", values: values) }

    // MARK: Deletions

    @Test(arguments: TestTarget.allCases) func aMarkedRowDeletesTheRowOfItsKey(_ target: TestTarget) throws {
        let world = try World(target)
        let change: (inout RowChanges) -> Void = { $0.marker = Self.marked(["D", "it's"]) }
        try world.load(Self.batch((1...5).map { Self.line($0, "a", "I") }, .merge, change))
        // Of one key the last counts: 2 is there again, 3 is gone; 9 never was there.
        let lines = [
            Self.line(1, nil, "D"), Self.line(2, nil, "D"), Self.line(2, "b", "I"), Self.line(3, "b", "U"),
            Self.line(3, nil, "D"), Self.line(9, nil, "D"), Self.line(4, nil, "it's"), Self.line(6, "new", "I"),
        ]
        #expect(try world.load(Self.batch(lines, .merge, change)).summary.rows == 8)
        #expect(try world.rows(["id", "v"]) == ["2|b", "5|a", "6|new"])
    }

    /// Without values whatever is not null, false, zero or empty marks.
    @Test(arguments: TestTarget.allCases, [LogicalType.boolean, .integer, .double, .decimal, .text, .timestamp, .json])
    func anyValueMarks(_ target: TestTarget, _ type: LogicalType) throws {
        let world = try World(target)
        let marks =
            switch type {
            case .boolean: (yes: ["true"], no: ["false", "null"])
            case .integer: (yes: ["1", "-1"], no: ["0", "null"])
            case .double: (yes: ["0.5"], no: ["0.0", "null"])
            case .decimal: (yes: ["0.01", "-1.50"], no: ["0.00", "0", "-0.0", "null"])
            case .json: (yes: ["{\"a\":1}", "[]"], no: ["null"])
            case .timestamp: (yes: ["\"2026-01-01T00:00:00Z\""], no: ["null"])
            default: (yes: ["\"x\"", "\"true\"", "\"-\""], no: ["\"\"", "\"False\"", "\"0\"", "0.0", "-0.0", "null"])
            }
        var batch = Batch(
            (0..<10).map { "{\"id\":\($0),\"gone\":null}" }, ["id": .integer, "gone": type], mode: .merge, key: ["id"])
        batch.changes.marker = .init(column: "gone", values: [])
        try world.load(batch)
        let lines = (marks.yes + marks.no).enumerated().map { "{\"id\":\($0.offset),\"gone\":\($0.element)}" }
        try world.load(batch.with { $0.chunks = [lines] })
        #expect(try world.rows(["id"]) == (marks.yes.count..<10).map { "\($0)" })
    }

    /// A column that never had a value marks nothing, and one of no comparable type is refused with what to do.
    @Test(arguments: TestTarget.allCases) func markersThatCannotMark(_ target: TestTarget) throws {
        let world = try World(target)
        var batch = Batch([#"{"id":1,"gone":null}"#], ["id": .integer, "gone": .null], mode: .merge, key: ["id"])
        batch.changes.marker = .init(column: "gone", values: ["x"])
        try world.load(batch)
        #expect(try world.rows(["id"]) == ["1"])
        let bad = batch.with {
            $0.chunks = [[#"{"id":2,"gone":"2026-01-01"}"#]]
            $0.schema = [Column(name: "id", type: .integer), Column(name: "gone", type: .date)]
        }
        let outcome = try world.load(bad)
        #expect(outcome.summary.blocked == 1)
        #expect("\(outcome.events)".contains("declare the column as text"))
        #expect(try world.rows(["id"]) == ["1"])
    }

    @Test(arguments: TestTarget.allCases) func softDeletesStayWithTheirTime(_ target: TestTarget) throws {
        let world = try World(target)
        let change: (inout RowChanges) -> Void = {
            $0.marker = Self.marked()
            $0.isSoft = true
        }
        try world.load(Self.batch((1...3).map { Self.line($0, "a", "I") }, .merge, change))
        try world.load(Self.batch([Self.line(1, nil, "D"), Self.line(2, nil, "D")], .merge, change))
        let query = #"SELECT "id", "v" FROM "rows" WHERE "_deleted_at" IS NOT NULL ORDER BY "id""#
        #expect(try world.query(query) == ["1|a", "2|a"])
        let time = try world.query(#"SELECT "_deleted_at" FROM "rows" WHERE "id" = 1"#)
        world.clock.advance(seconds: 1)
        // What is deleted already keeps its time; what is there again has none.
        try world.load(Self.batch([Self.line(1, nil, "D"), Self.line(2, "b", "I")], .merge, change))
        #expect(try world.query(query) == ["1|a"])
        #expect(try world.query(#"SELECT "_deleted_at" FROM "rows" WHERE "id" = 1"#) == time)
        #expect(try world.rows(["id", "v"]) == ["1|a", "2|b", "3|a"])
    }

    @Test(arguments: TestTarget.allCases, [false, true])
    func whatAWholeReadDoesNotHoldIsDeleted(_ target: TestTarget, _ isSoft: Bool) throws {
        let world = try World(target)
        let change: (inout RowChanges) -> Void = {
            $0.deletesMissing = true
            $0.isSoft = isSoft
        }
        let here = isSoft ? #"SELECT "id", "v" FROM "rows" WHERE "_deleted_at" IS NULL ORDER BY "id""# : nil
        func rows() throws -> [String] { try here.map { try world.query($0) } ?? world.rows(["id", "v"]) }
        try world.load(Self.batch((1...4).map { Self.line($0, "a") }, .merge, change))
        try world.load(Self.batch([Self.line(2, "b"), Self.line(5, "b")], .merge, change))
        #expect(try rows() == ["2|b", "5|b"])
        // An increment in between deletes nothing.
        try world.load(Self.batch([Self.line(7, "c")], .merge) { $0.isSoft = isSoft })
        #expect(try rows() == ["2|b", "5|b", "7|c"])
        try world.load(Self.batch([Self.line(1, "d"), Self.line(7, "d")], .merge, change))
        #expect(try rows() == ["1|d", "7|d"])
        #expect(try world.rows(["id"]) == (isSoft ? ["1", "2", "3", "4", "5", "7"] : ["1", "7"]))
    }

    /// Rows of other partitions are not missing, whatever the type of the partition's column.
    @Test(arguments: TestTarget.allCases, ["integer", "text", "boolean"])
    func onlyThePartitionIsLookedAt(_ target: TestTarget, _ kind: String) throws {
        let world = try World(target)
        let (one, other, type): (String, String, LogicalType) =
            switch kind {
            case "integer": ("1", "2", .integer)
            case "boolean": ("true", "false", .boolean)
            default: ("it's", "IT'S", .text)
            }
        func batch(_ partition: String, _ ids: [Int]) -> Batch {
            let value = type == .text ? "\"\(partition)\"" : partition
            var batch = Batch(
                ids.map { "{\"p\":\(value),\"id\":\($0)}" }, ["p": type, "id": .integer], mode: .merge,
                key: ["p", "id"])
            batch.partition = [("p", partition)]
            batch.changes.deletesMissing = true
            return batch
        }
        try world.load(batch(one, [1, 2]))
        try world.load(batch(other, [1, 2, 3]))
        try world.load(batch(one, [2, 4]))
        let counts = try world.query(#"SELECT "id", count(*) FROM "rows" GROUP BY "id" ORDER BY "id""#)
        #expect(counts == ["1|1", "2|2", "3|1", "4|1"])
    }

    /// A row that was refused is no deletion, and is said to be none.
    @Test(arguments: TestTarget.allCases, ["extraction", "load", "contract"])
    func refusedRowsAreNotMissing(_ target: TestTarget, _ by: String) throws {
        let world = try World(target)
        let change: (inout RowChanges) -> Void = { $0.deletesMissing = true }
        try world.load(Self.batch((1...3).map { Self.line($0, "a") }, .merge, change))
        var batch = Self.batch([Self.line(1, "b")], .merge, change)
        switch by {
        case "extraction": batch.rejected = 1
        case "load": batch.chunks[0].append(#"{"id":"no number","v":"x"}"#)
        default:
            batch.chunks[0].append(#"{"id":2,"v":"x","other":1}"#)
            batch.schema.append(Column(name: "other", type: .integer))
            batch.guards.columns = .discardRow
        }
        try world.load(batch)
        #expect(try world.rows(["id", "v"]) == ["1|b", "2|a", "3|a"])
        let outcome = try world.lastOutcome()
        #expect(outcome.note?.contains("1 of its rows were refused") == true)
        // The next clean run makes up for it.
        try world.load(Self.batch([Self.line(1, "c")], .merge, change))
        #expect(try world.rows(["id", "v"]) == ["1|c"])
    }

    /// An empty read would delete everything: that is asked first, as of a replacement.
    @Test(arguments: TestTarget.allCases) func anEmptyReadIsHeld(_ target: TestTarget) throws {
        let world = try World(target)
        let change: (inout RowChanges) -> Void = { $0.deletesMissing = true }
        try world.load(Self.batch([Self.line(1, "a"), Self.line(2, "a")], .merge, change))
        let outcome = try world.load(Self.batch([], .merge, change))
        #expect(outcome.summary.blocked == 1)
        #expect(try world.rows(["id"]) == ["1", "2"])
        var options = LoadOptions()
        options.allowShrink = true
        try world.drain(options)
        #expect(try world.rows(["id"]) == [])
    }

    // MARK: Update only

    @Test(arguments: TestTarget.allCases) func onlyKnownKeysAreUpdatedAndOnlyTheColumnsOfTheRun(_ target: TestTarget)
        throws
    {
        let world = try World(target)
        try world.load(Self.batch([Self.line(1, "a", "x"), Self.line(2, "a", "x"), Self.line(3, "a", "x")]))
        var batch = Batch(
            [#"{"id":1,"v":"b"}"#, #"{"id":2,"v":"b"}"#, #"{"id":2}"#, #"{"id":9,"v":"b"}"#],
            ["id": .integer, "v": .text], mode: .updateOnly, key: ["id"])
        #expect(try world.load(batch).summary.rows == 4)
        #expect(try world.rows(["id", "v", "op"]) == ["1|b|x", "2|NULL|x", "3|a|x"])
        // A column that is null in the whole run becomes null.
        batch = batch.with {
            $0.chunks = [[#"{"id":3,"op":null}"#]]
            $0.schema = [Column(name: "id", type: .integer), Column(name: "op", type: .null)]
        }
        try world.load(batch)
        #expect(try world.rows(["id", "v", "op"]) == ["1|b|x", "2|NULL|x", "3|a|NULL"])
    }

    // MARK: Versions

    /// The versions in the table, with instants as `t0`, `t1`, ... in their order.
    private func versions(_ world: World) throws -> [String] {
        let rows = try world.query(
            #"SELECT "id", "v", "_valid_from", "_valid_to" FROM "rows""#
        ).map { $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init) }
        let instants = Set(rows.flatMap { $0[2...] }).subtracting(["NULL"]).sorted()
        let names = Dictionary(uniqueKeysWithValues: instants.enumerated().map { ($1, "t\($0)") })
        return rows.map { "\($0[0])|\($0[1])|\(names[$0[2]] ?? "-")|\(names[$0[3]] ?? "-")" }.sorted()
    }

    /// dlt's core case of this strategy, with the key named and absent rows ended.
    @Test(arguments: TestTarget.allCases) func eachChangeMakesAVersion(_ target: TestTarget) throws {
        let world = try World(target)
        let change: (inout RowChanges) -> Void = { $0.deletesMissing = true }
        func load(_ rows: [(Int, String)]) throws {
            world.clock.advance(seconds: 1)
            try world.load(Self.batch(rows.map { Self.line($0.0, $0.1) }, .scd2, change))
        }
        try load([(1, "foo"), (2, "foo")])
        try load([(1, "foo_🚀updated"), (2, "foo")])
        #expect(try versions(world) == ["1|foo_🚀updated|t1|-", "1|foo|t0|t1", "2|foo|t0|-"])
        try load([(1, "foo_🚀updated")])
        try load([(1, "foo_🚀updated"), (3, "baz")])
        try load([(1, "foo_🚀updated"), (2, "foo"), (3, "BAZ")])
        #expect(
            try versions(world) == [
                "1|foo_🚀updated|t1|-", "1|foo|t0|t1", "2|foo|t0|t2", "2|foo|t4|-", "3|BAZ|t4|-", "3|baz|t3|t4",
            ])
        // The clock of the extractor went back: no version ends before it began.
        world.clock.advance(seconds: -3600)
        try world.load(Self.batch([Self.line(1, "late")], .scd2))
        #expect(try versions(world).contains("1|foo_🚀updated|t1|t5"))
    }

    @Test(arguments: TestTarget.allCases) func aMarkedRowEndsItsVersion(_ target: TestTarget) throws {
        let world = try World(target)
        let change: (inout RowChanges) -> Void = { $0.marker = Self.marked() }
        try world.load(Self.batch([Self.line(1, "a", "I"), Self.line(2, "a", "I")], .scd2, change))
        // Another mark alone is no change.
        try world.load(
            Self.batch([Self.line(1, nil, "D"), Self.line(2, "a", "U"), Self.line(7, nil, "D")], .scd2, change))
        #expect(try versions(world) == ["1|a|t0|t1", "2|a|t0|-"])
        try world.load(Self.batch([Self.line(1, "a", "I"), Self.line(2, nil, "U")], .scd2, change))
        #expect(try versions(world) == ["1|a|t0|t1", "1|a|t2|-", "2|NULL|t2|-", "2|a|t0|t2"])
    }

    /// Columns that differ with each run make no version, and values that are equal in another spelling make one.
    @Test(arguments: TestTarget.allCases) func whatAChangeIs(_ target: TestTarget) throws {
        let world = try World(target)
        let types: KeyValuePairs<String, LogicalType> = [
            "id": .integer, "v": .text, "j": .json, "d": .double, "b": .boolean, "n": .decimal, "at": .timestamp,
            "raw": .bytes,
        ]
        func line(_ change: (String, String)? = nil, at: String = "2026-01-01T00:00:00Z") -> String {
            let values = [
                ("v", "\"x\""), ("j", "{\"a\":1}"), ("d", "0.1"), ("b", "true"), ("n", "\"1.5\""), ("raw", "\"AAE=\""),
            ]
            let fields = values.map { "\"\($0.0)\":\(change?.0 == $0.0 ? change?.1 ?? "" : $0.1)" }
            return "{\"id\":1,\(fields.joined(separator: ",")),\"at\":\"\(at)\"}"
        }
        var batch = Batch([line()], types, mode: .scd2, key: ["id"])
        batch.changes.unversioned = ["at"]
        try world.load(batch)
        try world.load(batch.with { $0.chunks = [[line(at: "2026-02-02T00:00:00Z")]] })
        #expect(try world.query(#"SELECT count(*) FROM "rows""#) == ["1"])
        let changes = [
            ("v", "\"X\""), ("v", "\"x \""), ("v", "\"é\""), ("v", "\"e\u{301}\""), ("v", "null"), ("j", "{\"a\":2}"),
            ("d", "0.10000000000000001"), ("d", "0.10000000000000002"), ("b", "false"), ("n", "\"1.25\""),
            ("raw", "\"AAI=\""), ("raw", "null"),
        ]
        var count = 1
        for change in changes {
            try world.load(batch.with { $0.chunks = [[line(change)]] })
            // 0.1 in one more digit is the same number; then what was changed before is as it was again.
            count += 1
            let found = try world.query(#"SELECT count(*) FROM "rows""#)
            #expect(found == ["\(count)"], "\(change)")
        }
    }

    // MARK: All together

    /// Random runs, against what the documentation says in a few lines of Swift.
    @Test(arguments: TestTarget.allCases, ["hard", "soft", "scd2", "update-only"])
    func randomRuns(_ target: TestTarget, _ kind: String) throws {
        var random = SeededRandom(UInt64(kind.utf8.count))
        let world = try World(target)
        let mode: WriteMode = kind == "scd2" ? .scd2 : kind == "update-only" ? .updateOnly : .merge
        var model = Model(kind: kind)
        if mode == .updateOnly {
            let rows = (0..<40).map { (id: $0, value: "a", isGone: false) }
            try world.load(Self.batch(rows.map { Self.line($0.id, $0.value, "I") }))
            for row in rows { model.rows[row.id] = Model.Row(value: row.value) }
        }
        for number in 0..<8 {
            world.clock.advance(seconds: Double(random.next() % 3))
            let rows = (0..<Int(random.next() % 120)).map { _ in
                (id: Int(random.next() % 60), value: "v\(random.next() % 3)", isGone: random.next() % 5 == 0)
            }
            let isWhole = mode != .updateOnly && !rows.isEmpty && random.next() % 2 == 0
            let lines = rows.map { Self.line($0.id, $0.value, $0.isGone && mode != .updateOnly ? "D" : "I") }
            var batch = Self.batch([], mode) {
                if mode != .updateOnly { $0.marker = Self.marked() }
                $0.isSoft = kind == "soft"
                $0.deletesMissing = isWhole
            }
            let half = lines.count / 2
            batch.chunks = [Array(lines[..<half]), Array(lines[half...])].filter { !$0.isEmpty }
            try world.load(batch)
            model.apply(rows, isWhole: isWhole, at: number)
            switch kind {
            case "scd2": #expect(try counts(versions(world)) == counts(model.versions), "run \(number)")
            case "soft":
                let found = try world.query(
                    #"SELECT "id", "v", CASE WHEN "_deleted_at" IS NULL THEN 'here' ELSE 'gone' END FROM "rows""#)
                #expect(found.sorted() == model.all, "run \(number)")
            default: #expect(try world.rows(["id", "v"]).sorted() == model.here, "run \(number)")
            }
        }
    }

    /// Of each version that ended or holds, without instants, which two clocks count differently.
    private func counts(_ versions: [String]) -> [String] {
        versions.map { version in
            let parts = version.split(separator: "|")
            return "\(parts[0])|\(parts[1])|\(parts[3] == "-" ? "holds" : "ended")"
        }.sorted()
    }
}

/// What a table holds after some runs.
private struct Model {
    struct Row {
        var value: String
        var isDeleted = false
    }

    let kind: String
    var rows: [Int: Row] = [:]
    /// Versions that ended.
    private var ended: [String] = []

    init(kind: String) { self.kind = kind }

    var here: [String] { rows.filter { !$0.value.isDeleted }.map { "\($0.key)|\($0.value.value)" }.sorted() }
    var all: [String] {
        rows.map { "\($0.key)|\($0.value.value)|\($0.value.isDeleted ? "gone" : "here")" }.sorted()
    }
    var versions: [String] { ended + rows.map { "\($0.key)|\($0.value.value)|t|-" } }

    mutating func apply(_ run: [(id: Int, value: String, isGone: Bool)], isWhole: Bool, at number: Int) {
        let last = Dictionary(run.map { ($0.id, $0) }, uniquingKeysWith: { _, last in last })
        if kind == "update-only" {
            for row in last.values where rows[row.id] != nil { rows[row.id]?.value = row.value }
            return
        }
        for id in rows.keys where isWhole ? last[id]?.isGone ?? true : last[id]?.isGone ?? false { remove(id) }
        for row in last.values where !row.isGone {
            if kind == "scd2", let old = rows[row.id], old.value != row.value { remove(row.id) }
            rows[row.id] = Row(value: row.value)
        }
    }

    private mutating func remove(_ id: Int) {
        switch kind {
        case "soft": rows[id]?.isDeleted = true
        case "scd2": if let old = rows.removeValue(forKey: id) { ended.append("\(id)|\(old.value)|t|t") }
        default: rows[id] = nil
        }
    }
}
