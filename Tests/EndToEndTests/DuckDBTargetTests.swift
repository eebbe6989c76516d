import Databases
import Foundation
import TestKit
import Testing

/// A site whose jobs load into a DuckDB file, or into Parquet files.
private final class Lake {
    static let tables = ["replaced", "appended", "merged"]
    let site: Site
    let rows: Int
    let type: String

    init(rows: Int, type: String = "duckdb", path: String = "lake.duckdb") throws {
        self.type = type
        site = try Site()
        self.rows = rows
        try site.startUpstream(["--domains", "a,b", "--rows", "\(rows)"])
        func job(_ name: String, _ mode: String, _ key: String) -> String {
            """
              \(name):
                source:
                  connection: upstream
                  path: /faults
                  query: {domain: "{domain}", date: "{data_date}", lastRank: "{cursor}", limit: "{page_size}"}
                  records: /data
                  page_size: 500
                  pagination: {type: cursor, field: rank, start: 0, stop: short_page}
                partitions: {domain: [a, b], data_date: {from: 2026-03-01, to: 2026-03-02}}
                chunk: {rows: 500}
                table: \(name)
                \(key)
                mode: \(mode)
            """
        }
        let key = "primary_key: [domain, data_date, rank]"
        try site.write(
            "bobbin.yaml",
            """
            spool: spool
            load: {lease: 1s}
            connections:
              upstream: {type: http, base_url: "http://127.0.0.1:\(site.port)"}
              lake: {type: \(type), path: \(path), memory_limit: 500MB, threads: 2, busy_timeout: 3s, library: "\(DuckDBFiles.library)"}
            defaults: {target: lake}
            jobs:
            \(job("replaced", "replace-partition", key))
            \(job("appended", "append", ""))
            \(job("merged", "merge", key))
            """)
    }

    var file: DuckDBSettings { DuckDBFiles.settings(site.directory.appendingPathComponent("lake.duckdb").path) }

    /// Rows, and distinct ones by their key, of each table.
    func counts() throws -> [String] {
        try Lake.tables.flatMap { table in
            let sql = "SELECT count(*), count(DISTINCT concat(domain, '/', data_date, '/', rank)) FROM \(table)"
            return type == "parquet"
                ? try DuckDBFiles.queryParquet(site.directory.appendingPathComponent("lake").path, sql)
                : try DuckDBFiles.query(file, sql)
        }
    }

    /// Everything is there once, nothing is dead, and the spool is as its format says.
    func check() throws {
        let ended = try site.bobbin("load")
        #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
        #expect(try counts() == Array(repeating: "\(4 * rows)|\(4 * rows)", count: 3))
        #expect(try site.leftovers().isEmpty)
        #expect(try site.bobbin("fsck", "--deep").status == 0)
    }
}

/// Jobs into Parquet files by the command line: configured, killed, without room.
@Suite(.serialized) struct ParquetTargetTests {
    @Test func runsTwiceAndIsLookedAt() throws {
        let lake = try Lake(rows: 1_000, type: "parquet", path: "lake")
        let first = try lake.site.bobbin("run")
        #expect(first.status == 0, "\(first.output)\(first.errors)")
        try lake.check()
        #expect(try lake.site.bobbin("run", "replaced", "merged").status == 0)
        try lake.check()
        let doctor = try lake.site.bobbin("doctor")
        #expect(
            doctor.output.contains("3 Parquet files") && doctor.output.contains("can be opened"), "\(doctor.output)")
        let tested = try lake.site.bobbin("connections", "test", "lake")
        #expect(tested.status == 0, "\(tested.output)\(tested.errors)")
        let discovered = try lake.site.bobbin("connections", "discover", "lake")
        #expect(discovered.output.contains("merged") && !discovered.output.contains("_bobbin"), "\(discovered.output)")
        let plan = try lake.site.bobbin("plan")
        #expect(plan.status == 0 && plan.output.contains("into merged of lake"), "\(plan.output)\(plan.errors)")
        #expect(
            try lake.site.names("lake").sorted() == [
                "_bobbin.duckdb", "appended.parquet", "merged.parquet", "replaced.parquet",
            ])
    }

    /// Loaders killed at any instant: in the end every row is in the files exactly once.
    @Test(arguments: 0..<4) func loadersKilledAtAnyInstant(round: Int) throws {
        let lake = try Lake(rows: 4_000, type: "parquet", path: "lake")
        var random = SeededRandom(UInt64(round) &+ 70)
        for turn in 0..<2 {
            #expect(try lake.site.bobbin("extract", "replaced", "merged").status == 0)
            if turn == 0 { #expect(try lake.site.bobbin("extract", "appended").status == 0) }
            for _ in 0..<3 {
                let loader = try lake.site.start("load")
                // The moment is the disturbance: it must not depend on anything that the program does.
                usleep(UInt32(30_000 + random.below(700_000 * (1 + round % 3))))
                loader.kill(SIGKILL)
                _ = try loader.wait()
            }
            try lake.check()
        }
    }

    /// A full disk: nothing is charged to a chunk, readers keep what they had, and it goes on once there is room.
    @Test func aFullDisk() throws {
        let lake = try Lake(rows: 4_000, type: "parquet", path: "lake")
        let directory = lake.site.directory.appendingPathComponent("lake").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let space = try SmallFilesystem(at: directory, bytes: 24 << 20, owner: NSUserName())
        #expect(try lake.site.bobbin("run").status == 0)
        let before = try lake.counts()
        #expect(try lake.site.bobbin("extract", "replaced", "merged").status == 0)
        try space.fill(leaving: 40_000)
        let full = try lake.site.bobbin("load")
        #expect(full.status == 75, "\(full.status) \(full.output)\(full.errors)")
        #expect(try lake.counts() == before)
        try space.makeRoom()
        try lake.check()
    }
}

/// Jobs into DuckDB by the command line: configured, killed, locked out.
@Suite(.serialized) struct DuckDBTargetTests {
    @Test func runsTwiceAndIsLookedAt() throws {
        let lake = try Lake(rows: 1_000)
        let first = try lake.site.bobbin("run")
        #expect(first.status == 0, "\(first.output)\(first.errors)")
        try lake.check()
        #expect(try lake.site.bobbin("run", "replaced", "merged").status == 0)
        try lake.check()
        let doctor = try lake.site.bobbin("doctor")
        #expect(doctor.output.contains("is DuckDB v") && doctor.output.contains("can be opened"), "\(doctor.output)")
    }

    /// Loaders killed at any instant: every row arrives exactly once.
    @Test(arguments: 0..<6) func loadersKilledAtAnyInstant(round: Int) throws {
        let lake = try Lake(rows: 4_000)
        var random = SeededRandom(UInt64(round) &+ 40)
        #expect(try lake.site.bobbin("extract").status == 0)
        for _ in 0..<4 {
            let loader = try lake.site.start("load")
            // The moment is the disturbance: it must not depend on anything that the program does.
            usleep(UInt32(30_000 + random.below(700_000 * (1 + round % 3))))
            loader.kill(SIGKILL)
            _ = try loader.wait()
        }
        // Who only looks must not put the log away, by which the next loader knows of the kill. There may be no file yet.
        _ = try lake.site.bobbin("connections", "discover", "lake")
        try lake.check()
        #expect(try lake.site.bobbin("extract", "replaced", "merged").status == 0)
        let loader = try lake.site.start("load")
        usleep(UInt32(30_000 + random.below(900_000)))
        loader.kill(SIGKILL)
        _ = try loader.wait()
        try lake.check()
    }

    /// Somebody else has the file open: nothing is charged to a chunk, and the next invocation goes on.
    @Test func aFileThatIsOpenElsewhereIsWaitedFor() throws {
        let lake = try Lake(rows: 500)
        #expect(try lake.site.bobbin("extract").status == 0)
        do {
            let other = try DuckDBConnection(lake.file)
            let away = try lake.site.bobbin("load")
            #expect(away.status == 75 && away.errors.contains("lock"), "\(away.status) \(away.errors)")
            try other.execute("SELECT 1")
        }
        try lake.check()
    }

    /// Other loaders wait for the one that has the target's token, and do not even try the file: here it cannot be opened by anybody
    /// for as long as they start.
    @Test(arguments: ["duckdb", "parquet"]) func loadersWaitForEachOther(_ type: String) throws {
        let lake = try Lake(rows: 500, type: type, path: type == "duckdb" ? "lake.duckdb" : "lake")
        let site = lake.site
        #expect(try site.bobbin("extract").status == 0)
        var file = lake.file
        if type == "parquet" {
            try site.write("lake/.keep", "")
            file = DuckDBFiles.settings(site.directory.appendingPathComponent("lake/_bobbin.duckdb").path)
        }
        let first: Running
        var others: [Running] = []
        do {
            let blocker = try DuckDBConnection(file)
            first = try site.start("load", "--watch")
            _ = try site.until("the first loader has the token") {
                try site.names("spool/claimed").contains {
                    try site.names("spool/claimed/\($0)").contains { $0.hasPrefix("writer") }
                }
            }
            others = try (0..<3).map { _ in try site.start("load") }
            _ = try site.until("each loader has its seat") { try site.names("spool/claimed").count == 4 }
            try blocker.execute("SELECT 1")
        }
        for other in others {
            let ended = try other.wait()
            #expect(
                ended.status == 0 && !ended.errors.contains("lock"), "\(ended.status) \(ended.output)\(ended.errors)")
        }
        first.kill(SIGTERM)
        #expect(try first.wait().status == 0)
        try lake.check()
    }

    @Test func aMissingLibraryIsSaid() throws {
        let site = try Site()
        try site.write("in/a.ndjson", "{\"id\":1}\n")
        try site.write(
            "bobbin.yaml",
            """
            connections: {f: {type: files, path: in}, lake: {type: duckdb, path: lake.duckdb, library: ./nosuch.so}}
            jobs: {t: {source: {connection: f, path: "*.ndjson"}, target: lake, mode: replace}}
            """)
        let ended = try site.bobbin("run")
        #expect(
            ended.status == 64 && ended.errors.contains("./nosuch.so") && ended.errors.contains("install libduckdb"))
    }
}
