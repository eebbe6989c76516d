import Databases
import Foundation
import TestKit
import Testing

@Suite struct ODBCConnectionTests {
    @Test func aMissingLibraryNamesThePackage() {
        guard case .failure(let error) = ODBCLibrary.load("libodbc.so.99") else {
            Issue.record("it was found")
            return
        }
        #expect(error.message.contains("install the package unixodbc"))
        #expect(error.kind == .configuration)
    }

    @Test(arguments: [
        ("/nonexistent/driver.so", "install its package (odbc-postgresql"),
        // The packages register their drivers; names that are near are no names.
        ("MariaDB", "MariaDB Unicode"), ("MariaDB", "give one of these names"), ("No Such Driver", "SQLite3"),
    ]) func aMissingDriverSaysWhatThereIs(_ driver: String, _ words: String) throws {
        var settings = ODBCSettings(driver: driver, [("Server", "x")])
        settings.password = ODBCSecret("hunter2-secret")
        let error = try odbcFailure { _ = try ODBCConnection(settings) }
        #expect(error.kind == .configuration)
        #expect(error.message.contains("the ODBC driver \(driver) ") && error.message.contains(words), "\(error)")
        #expect(!error.description.contains("hunter2"))
    }

    @Test func aMissingDataSourceIsConfiguration() throws {
        let error = try odbcFailure { _ = try ODBCConnection(ODBCSettings(dataSource: "no-such-source")) }
        #expect(error.kind == .configuration)
        #expect(error.message.contains("ODBC data source no-such-source"))
        #expect(error.message.contains("odbc.ini"))
    }

    @Test(arguments: [ODBCDatabase.postgres, .mariaDB]) func aWrongPasswordIsNotRepeated(_ database: ODBCDatabase)
        throws
    {
        let settings = try database.ownSettings { $0.password = ODBCSecret("hunter2-secret") }
        let error = try odbcFailure { _ = try ODBCConnection(settings) }
        #expect(error.kind == .permission, "\(error)")
        #expect(!error.description.contains("hunter2"))
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(!dumped.contains("hunter2"))
        #expect(!"\(settings) \(String(reflecting: settings))".contains("hunter2"))
    }

    @Test(arguments: [ODBCDatabase.postgres, .mariaDB]) func nobodyThereIsTransient(_ database: ODBCDatabase) throws {
        let driver = database == .postgres ? ODBCDatabase.postgres.driver : ODBCDatabase.mariaDB.driver
        let key = database == .postgres ? "Servername" : "Server"
        let settings = ODBCSettings(driver: driver, [(key, "127.0.0.1"), ("Port", "1"), ("Database", "test")])
        let error = try odbcFailure { _ = try ODBCConnection(settings) }
        #expect(error.kind == .transient, "\(error)")
        #expect(error.message.contains("127.0.0.1"))
    }

    @Test func anUnknownRoleIsPermission() throws {
        let settings = try ODBCDatabase.postgres.ownSettings {
            $0.user = "nobody"
            $0.password = ODBCSecret("x")
        }
        #expect(try odbcFailure { _ = try ODBCConnection(settings) }.kind == .permission)
    }

    @Test func aFileThatCannotBeOpenedIsEnvironment() throws {
        let settings = ODBCSettings(driver: ODBCDatabase.sqlite.driver, [("Database", "/nonexistent/folder/x.db")])
        let error = try odbcFailure {
            let connection = try ODBCConnection(settings)
            try connection.execute("CREATE TABLE t (a integer)")
        }
        #expect(error.kind == .environment, "\(error)")
    }

    @Test func aPasswordOfSpecialCharactersLogsIn() throws {
        // With what a connection string must escape.
        let password = "pass;wörd={x}%41+"
        for (database, role) in [(ODBCDatabase.postgres, "odd"), (.mariaDB, "odd@127.0.0.1")] {
            let admin = try database.connect()
            try admin.execute(
                database == .postgres
                    ? "CREATE ROLE odd LOGIN PASSWORD '\(password)'" : "CREATE USER \(role) IDENTIFIED BY '\(password)'"
            )
            if database == .mariaDB { try admin.execute("GRANT ALL ON *.* TO \(role)") }
            let settings = try database.ownSettings {
                $0.user = "odd"
                $0.password = ODBCSecret(password)
            }
            let name = database == .postgres ? "SELECT current_user" : "SELECT CURRENT_USER()"
            #expect(try ODBCConnection(settings).value(name) == role)
        }
    }

    @Test func aPathBeyondASCIIOpens() throws {
        let path = try ODBCDatabase.sqliteFile().replacing(".db", with: "-ä€😀.db")
        let connection = try ODBCConnection(ODBCSettings(driver: ODBCDatabase.sqlite.driver, [("Database", path)]))
        try connection.execute("CREATE TABLE t (a integer)")
        #expect(FileManager.default.fileExists(atPath: path))
    }

    @Test(arguments: ODBCDatabase.allCases) func saysWhatItIs(_ database: ODBCDatabase) throws {
        let info = try database.connect().info
        let expected: (String, String, String) =
            switch database {
            case .postgres: ("PostgreSQL", "psqlodbcw.so", "\"")
            case .mariaDB: ("MariaDB", "libmaodbc.so", "`")
            case .sqlite: ("SQLite", "sqlite3odbc.so", "\"")
            }
        #expect(info.databaseName == expected.0)
        #expect(info.driverName == expected.1)
        #expect(info.identifierQuote == expected.2)
        #expect(info.databaseVersion.first?.isNumber == true)
        #expect(info.driverVersion.first?.isNumber == true)
        let quote = expected.2
        #expect(try info.quote(identifier: "a\(quote)b") == "\(quote)a\(quote)\(quote)b\(quote)")
    }

    @Test func severalRecordsAreJoined() throws {
        let connection = try ODBCDatabase.postgres.connect()
        let error = try odbcFailure { try connection.execute("SELECT * FROM no_such_table WHERE a = 'hunter2'") }
        #expect(error.state == "42P01")
        #expect(error.kind == .configuration)
        #expect(error.message.contains("no_such_table") && !error.message.contains("hunter2"))
    }

    @Test(arguments: ODBCDatabase.allCases) func aClosedConnectionRefuses(_ database: ODBCDatabase) throws {
        let connection = try database.connect()
        connection.close()
        #expect(connection.isBroken)
        #expect(try odbcFailure { try connection.execute("SELECT 1") }.kind == .transient)
    }

    @Test func aBackendThatIsTerminatedIsTransient() throws {
        let connection = try ODBCDatabase.postgres.connect()
        let id = try connection.value("SELECT pg_backend_pid()") ?? ""
        try ODBCDatabase.postgres.connect().execute("SELECT pg_terminate_backend(\(id))")
        let error = try odbcFailure { try connection.execute("SELECT 1") }
        #expect(error.kind == .transient, "\(error)")
        #expect(connection.isBroken)
        #expect(try odbcFailure { try connection.execute("SELECT 1") }.message.contains("the connection is lost"))
    }

    @Test func aKilledConnectionOfMariaDBIsTransient() throws {
        let connection = try ODBCDatabase.mariaDB.connect()
        let id = try connection.value("SELECT CONNECTION_ID()") ?? ""
        try ODBCDatabase.mariaDB.connect().execute("KILL \(id)")
        let error = try odbcFailure { try connection.execute("SELECT 1") }
        #expect(error.kind == .transient, "\(error)")
        #expect(connection.isBroken)
    }

    /// In the middle of a stream; a new connection works after the restart.
    @Test func aServerThatCrashesIsTransient() throws {
        let server = try PostgresServer.start()
        let settings = ODBCDatabase.settings(server)
        let connection = try ODBCConnection(settings)
        let stream = try connection.stream("SELECT n, repeat('x', 300) FROM generate_series(1, 100000) n")
        #expect(try stream.next()?.integer(0) == 1)
        try server.kill9()
        let error = try odbcFailure { while try stream.next() != nil {} }
        #expect(error.kind == .transient, "\(error)")
        #expect(connection.isBroken)
        #expect(try odbcFailure { _ = try ODBCConnection(settings) }.kind == .transient)
        try server.restart()
        #expect(try ODBCConnection(settings).value("SELECT 1") == "1")
    }

    @Test func aLackOfRightsIsPermission() throws {
        let connection = try ODBCDatabase.postgres.connect()
        let table = try connection.table("a integer")
        try connection.execute("CREATE ROLE odbc_poor LOGIN PASSWORD 'x'")
        let poor = try ODBCConnection(
            ODBCDatabase.postgres.ownSettings {
                $0.user = "odbc_poor"
                $0.password = ODBCSecret("x")
            })
        let error = try odbcFailure { try poor.execute("SELECT * FROM \(table)") }
        #expect(error.kind == .permission)
        #expect(error.state == "42501")
        try ODBCDatabase.mariaDB.connect().execute("CREATE USER odbc_poor@127.0.0.1 IDENTIFIED BY 'x'")
        var settings = ODBCDatabase.settings(try TestEngine.mariaDBServer.get(), nil)
        settings.user = "odbc_poor"
        settings.password = ODBCSecret("x")
        let second = try odbcFailure { try ODBCConnection(settings).execute("SELECT * FROM mysql.user") }
        #expect(second.kind == .permission, "\(second)")
    }

    /// Values are people's data: no message repeats them.
    @Test(arguments: ODBCDatabase.allCases) func errorsHoldNoValues(_ database: ODBCDatabase) throws {
        let connection = try database.connect()
        let table = try connection.table("a varchar(30) PRIMARY KEY")
        try connection.execute("INSERT INTO \(table) VALUES ('hunter2-secret')")
        let error = try odbcFailure { try connection.execute("INSERT INTO \(table) VALUES ('hunter2-secret')") }
        #expect(error.kind == .data)
        #expect(!error.description.contains("hunter2"), "\(error)")
        guard database == .postgres else { return }
        let second = try odbcFailure { _ = try connection.query("SELECT 'hunter2'::integer") }
        #expect(second.kind == .data && !second.description.contains("hunter2"), "\(second)")
    }

    @Test(arguments: ODBCDatabase.allCases) func aStreamEndsEarly(_ database: ODBCDatabase) throws {
        let connection = try database.connect()
        let table = try connection.table("a integer")
        try connection.execute(
            "INSERT INTO \(table) VALUES " + (0..<5000).map { "(\($0))" }.joined(separator: ", "))
        do {
            let stream = try connection.stream("SELECT a FROM \(table)")
            for _ in 0..<1500 { #expect(try stream.next() != nil) }
        }
        #expect(try connection.each("SELECT a FROM \(table)") { _ in } == 5000)
        #expect(try connection.first("SELECT count(*) FROM \(table)") == ["5000"])
        #expect(try connection.first("SELECT a FROM \(table) WHERE a < 0") == nil)
        // Another statement while rows are left.
        var inner = 0
        try connection.each("SELECT a FROM \(table) WHERE a < 3") { _ in
            inner += Int(try connection.value("SELECT count(*) FROM \(table)") ?? "") ?? 0
        }
        #expect(inner == 15000)
        #expect(try connection.each("DELETE FROM \(table)") { _ in } == 0)
    }
}
