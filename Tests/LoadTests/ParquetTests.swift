import Databases
import Load
import Manifest
import Storage
import Synchronization
import TestKit
import Testing

/// What only Parquet needs: rows are seen once their file is published.
@Suite struct ParquetTests {
    private static func batch(_ ids: Range<Int>, _ value: String, mode: WriteMode = .replace) -> Batch {
        Batch(ids.map { ModeTests.line($0, value) }, ModeTests.columns, mode: mode, key: ["id"])
    }

    private static func rows(_ ids: Range<Int>, _ value: String) -> [String] { ids.map { "\($0)|\(value)" }.sorted() }

    private func names(_ world: World) throws -> [String] {
        try POSIXFileSystem().list(world.database, .sourceList).sorted()
    }

    static let steps: [Storage.Operation] = [
        .parquetOpen, .parquetSync, .parquetClose, .parquetRename, .parquetSyncDirectory,
    ]
    static let faults: [Fault] = [.killBefore, .killAfter, .fail(.inputOutput), .fail(.noSpace)]

    /// A loader that dies or fails between its commit and the new file's name: readers have the old rows or the new ones, and the
    /// next loader, which has nothing to load, publishes.
    @Test(arguments: steps, 0..<faults.count) func whatALoaderCouldNotPublish(_ step: Storage.Operation, _ fault: Int)
        throws
    {
        let world = try World(.parquet)
        try world.load(Self.batch(0..<100, "old"))
        try world.put(Self.batch(50..<120, "new"))
        let doomed = world.process(FaultPoint(step, 1), Self.faults[fault])
        _ = try? doomed.load()
        #expect(doomed.files.hasFired)
        doomed.end()
        let seen = try world.rows(["id", "v"])
        #expect([Self.rows(0..<100, "old"), Self.rows(50..<120, "new")].contains(seen))
        try world.drain()
        #expect(try world.rows(["id", "v"]) == Self.rows(50..<120, "new"))
        #expect(try names(world) == [ParquetTarget.database, "rows.parquet"])
    }

    /// Who reads while a file is published has the old rows, all of them.
    @Test func aReaderHasWholeGenerations() throws {
        let world = try World(.parquet)
        try world.load(Self.batch(0..<100, "old"))
        try world.put(Self.batch(50..<120, "new"))
        let seen = Mutex<[String]>([])
        let process = world.process(
            FaultPoint(.parquetRename, 1), .pause { seen.withLock { $0 = (try? world.rows(["id", "v"])) ?? [] } })
        _ = try process.load()
        process.end()
        #expect(seen.withLock { $0 } == Self.rows(0..<100, "old"))
        #expect(try world.rows(["id", "v"]) == Self.rows(50..<120, "new"))
    }

    /// However many transactions there were: the file is written when all is loaded.
    @Test func oneFileForManyChunks() throws {
        let world = try World(.parquet)
        var batch = Batch([], ModeTests.columns)
        batch.chunks = (0..<20).map { chunk in (0..<5).map { ModeTests.line(chunk * 5 + $0, "x") } }
        for _ in 0..<3 { try world.put(batch) }
        let process = world.process()
        _ = try process.load()
        process.end()
        #expect(process.files.counts[.parquetRename] == 1)
        #expect(try world.rows(["id"]).count == 300)
        // Nothing new: nothing is written.
        let other = world.process()
        _ = try other.load()
        other.end()
        #expect(other.files.counts[.parquetRename] == nil)
    }

    /// A file that somebody took away comes again, one of somebody else's is left alone.
    @Test func filesOfOthersAndFilesThatAreGone() throws {
        let world = try World(.parquet)
        try world.load(Self.batch(0..<10, "a"))
        try POSIXFileSystem().unlink("\(world.database)/rows.parquet", .parquetUnlinkTemporary)
        try world.drain()
        #expect(try world.rows(["id", "v"]) == Self.rows(0..<10, "a"))
        let foreign = "\(world.database)/theirs.parquet"
        try POSIXFileSystem().writeFile(
            foreign, Array("not ours".utf8), create: .chunkCreate, write: .chunkWrite, close: .chunkClose)
        let outcome = try world.load(
            Self.batch(0..<10, "b").with { batch in
                batch.table = "theirs"
                batch.stream = "theirs"
            })
        let reasons = KeyTests.stops(outcome)
        #expect(
            reasons.count == 1 && reasons[0].contains("theirs.parquet is there, and this target did not make it"),
            "\(reasons)")
        let bytes = try POSIXFileSystem().contents(foreign, open: .sourceOpen, read: .sourceRead, close: .sourceClose)
        #expect(bytes == Array("not ours".utf8))
    }

    /// No table gets out of its directory or into another one's file.
    @Test(arguments: ["../../x", "/etc/x", ".x", "_bobbin", "X", "a/b", "café*[1]?", String(repeating: "é", count: 90)])
    func namesOfTables(_ table: String) throws {
        let world = try World(.parquet)
        try world.load(Self.batch(0..<3, "a"))
        let outcome = try world.load(
            Self.batch(0..<2, "b").with { batch in
                batch.table = table
                batch.stream = "other"
            })
        #expect(outcome.summary.runsClosed == 1, "\(outcome.events)")
        let found = try names(world)
        #expect(found.count == 3 && found.allSatisfy { !$0.hasPrefix(".") }, "\(found)")
        let own = try #require(found.first { $0.hasSuffix(".parquet") && $0 != "rows.parquet" })
        let path = DuckDBConnection.quote(literal: "\(world.database)/\(own)")
        var memory = world.duckDBSettings
        memory.path = DuckDBSettings.memory
        let sum = "SELECT count(*), min(v) FROM \(own.contains("*") || own.contains("[") ? "''" : path)"
        #expect(try DuckDBFiles.query(memory, sum) == ["2|b"])
    }

    /// Compressed by zstd, with the types that readers expect.
    @Test func whatIsInAFile() throws {
        let world = try World(.parquet)
        let columns: KeyValuePairs<String, LogicalType> = [
            "b": .boolean, "i": .bigint, "d": .double, "n": .decimal, "day": .date, "c": .time, "w": .datetime,
            "t": .timestamp,
            "u": .uuid, "x": .bytes, "j": .json, "s": .text,
        ]
        try world.load(
            Batch(
                [
                    #"{"b":true,"i":9007199254740993,"d":0.1,"n":1.50,"day":"2024-02-29","c":"12:30:00","w":"2024-02-29T12:30:00.5","#
                        + #""t":"2024-02-29T12:30:00.25Z","u":"123e4567-e89b-12d3-a456-426614174000","x":"AAH/","j":{"a":[1]},"s":"ü"}"#
                ], columns))
        var memory = world.duckDBSettings
        memory.path = DuckDBSettings.memory
        let file = DuckDBConnection.quote(literal: "\(world.database)/rows.parquet")
        let codecs = try DuckDBFiles.query(memory, "SELECT DISTINCT compression FROM parquet_metadata(\(file))")
        #expect(codecs == ["ZSTD"])
        let types = try DuckDBFiles.query(
            memory, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM \(file))")
        #expect(
            types == [
                "b|BOOLEAN", "i|BIGINT", "d|DOUBLE", "n|DECIMAL(38,18)", "day|DATE", "c|TIME", "w|TIMESTAMP",
                "t|TIMESTAMP WITH TIME ZONE", "u|UUID", "x|BLOB", "j|JSON", "s|VARCHAR",
            ])
    }
}
