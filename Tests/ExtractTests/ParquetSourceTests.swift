import Databases
import Extract
import Manifest
import Storage
import TestKit
import Testing

/// Directories of Parquet files as sources.
@Suite struct ParquetSourceTests {
    private func world() throws -> SourceWorld {
        let source = try SourceWorld(.parquet)
        let path = source.world.database
        for directory in ["\(path)/sales", "\(path)/sales/year=2025", "\(path)/sales/year=2026"] {
            try DuckDBFiles.makeDirectory(directory)
        }
        try source.run(
            """
            COPY (SELECT i AS id, 'v' || i AS v, DATE '2026-01-01' + i::INTEGER AS day, {'a': i} AS nested FROM range(1, 6) AS n(i))
                TO '\(path)/a.parquet' (FORMAT parquet);
            COPY (SELECT 1 AS x) TO '\(path)/My %22table%22*.parquet' (FORMAT parquet);
            COPY (SELECT 1 AS x) TO '\(path)/_hidden.parquet' (FORMAT parquet);
            COPY (SELECT 1 AS id) TO '\(path)/sales/year=2025/p1.parquet' (FORMAT parquet);
            COPY (SELECT 2 AS id, 'new' AS note) TO '\(path)/sales/year=2026/p2.parquet' (FORMAT parquet);
            """)
        try POSIXFileSystem().writeFile(
            "\(path)/broken.parquet", Array("PAR1 no file PAR1".utf8), create: .chunkCreate, write: .chunkWrite,
            close: .chunkClose)
        return source
    }

    @Test func filesAndDirectoriesAreTables() throws {
        let source = try world()
        let all = try source.extract(#"streams: {"*": {mode: replace, table: "t_{table}"}}"#)
        #expect(all.map(\.name).sorted() == [#"main.My %22table%22*"#, "main.a", "main.sales"])
        let a = try #require(all.first { $0.name == "main.a" })
        #expect(
            a.rows.count == 5 && a.rows.contains(#"{"id":2,"v":"v2","day":"2026-01-03","nested":{"a":2}}"#), "\(a.rows)"
        )
        #expect(a.types == ["id bigint", "v text", "day date", "nested json"])
        let sales = try #require(all.first { $0.name == "main.sales" })
        #expect(
            sales.rows.sorted() == [#"{"id":1,"note":null,"year":2025}"#, #"{"id":2,"note":"new","year":2026}"#],
            "\(sales.rows)")
    }

    @Test func queriesAndCursors() throws {
        let source = try world()
        let path = source.world.database
        let query = try source.one(
            "mode: replace, query: \"SELECT count(*) AS n FROM read_parquet('\(path)/sales/*/*.parquet', union_by_name = true)\""
        )
        #expect(query.rows == [#"{"n":2}"#])
        let merge = "streams: {a: {mode: merge, primary_key: id, cursor: day}}"
        #expect(try source.one(merge).rows.count == 5)
        try source.run(
            "COPY (SELECT 9 AS id, 'v9' AS v, DATE '2026-02-01' AS day, {'a': 9} AS nested) TO '\(path)/a.parquet' (FORMAT parquet)"
        )
        #expect(try source.one(merge).rows == [#"{"id":9,"v":"v9","day":"2026-02-01","nested":{"a":9}}"#])
    }

    @Test func aDirectoryThatIsNotThereIsSaid() throws {
        let source = try SourceWorld(.parquet)
        try POSIXFileSystem().removeDirectory(source.world.database, .parquetUnlinkTemporary)
        #expect(throws: (any Error).self) { try source.plans("streams: {a: {mode: replace}}") }
    }
}
