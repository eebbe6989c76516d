import Databases
import TestKit
import Testing

@Suite struct ODBCCatalogueTests {
    @Test(arguments: ODBCDatabase.allCases) func tablesColumnsAndKeys(_ database: ODBCDatabase) throws {
        let connection = try database.connect()
        let name = try connection.table(
            """
            b_2 varchar(30) NOT NULL, a_1 integer NOT NULL, d decimal(12,3) DEFAULT 1.5, t \(database.text),
            s varchar(20) DEFAULT 'x', PRIMARY KEY (b_2, a_1)
            """)
        // Would fit the first one's name as a pattern.
        let other = name.replacing("t_", with: "tx")
        try connection.execute("CREATE TABLE \(other) (z integer)")
        try connection.execute("CREATE VIEW v\(name) AS SELECT a_1 FROM \(name)")

        let tables = try connection.tables(pattern: "%\(name.dropFirst(2))")
        #expect(Set(tables.map(\.name)) == [name, other, "v\(name)"])
        #expect(tables.first { $0.name == name }?.kind == "TABLE")
        #expect(tables.first { $0.name == "v\(name)" }?.kind == "VIEW")
        let table = try #require(tables.first { $0.name == name })
        #expect(table.schema == (database == .postgres ? "public" : nil))
        #expect(table.catalog == (database == .postgres ? "postgres" : database == .mariaDB ? "test" : nil))

        let columns = try connection.columns(table)
        #expect(columns.map(\.name) == ["b_2", "a_1", "d", "t", "s"])
        #expect(columns.map(\.isNullable) == [false, false, true, true, true])
        #expect(columns[0].size == 30)
        #expect(columns[0].typeName.lowercased().hasPrefix("varchar"))
        #expect(columns[1].type == 4)
        // sqliteodbc mixes the two up.
        #expect(columns[2].size == (database == .sqlite ? 3 : 12))
        #expect(columns[2].digits == (database == .sqlite ? 10 : 3))
        #expect(columns[2].defaultValue?.hasPrefix("1.5") == true)
        #expect(columns[4].defaultValue?.contains("x") == true)
        #expect(columns[3].defaultValue == nil)
        // In the order of the key; sqliteodbc goes by the table's.
        #expect(try connection.primaryKey(table) == ["b_2", "a_1"])
        let unknown = try #require(tables.first { $0.name == other })
        #expect(try connection.primaryKey(unknown).isEmpty)
        #expect(try connection.columns(ODBCTable("no_such_table")).isEmpty)
        #expect(try connection.columns(ODBCTable(name)).map(\.name) == columns.map(\.name))
    }

    @Test(arguments: [ODBCDatabase.postgres, .mariaDB]) func namesBeyondASCII(_ database: ODBCDatabase) throws {
        let connection = try database.connect()
        let name = "tä€ %' " + (database == .postgres ? "😀" : "x")
        let quoted = try connection.info.quote(identifier: name)
        try connection.execute("DROP TABLE IF EXISTS \(quoted)")
        try connection.execute("CREATE TABLE \(quoted) (\(quoted) integer)")
        #expect(try connection.columns(ODBCTable(name)).map(\.name) == [name])
        #expect(try connection.query("SELECT * FROM \(quoted)").columns.map(\.name) == [name])
    }
}
