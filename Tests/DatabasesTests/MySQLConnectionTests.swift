import Databases
import Foundation
import TestKit
import Testing

@Suite struct MySQLConnectionTests {
    @Test func aMissingLibraryNamesThePackage() {
        guard case .failure(let error) = MySQLLibrary.load("libmariadb.so.99") else {
            Issue.record("it was found")
            return
        }
        #expect(error.message.contains("install the package libmariadb3"))
        #expect(error.kind == .configuration)
    }

    @Test func logsInWithAPassword() throws {
        let connection = try Servers.plain.connect()
        #expect(try connection.value("SELECT CURRENT_USER()") == "root@127.0.0.1")
        #expect(connection.flavour == .mariaDB)
        #expect(connection.versionNumbers.prefix(2) == [10, 11])
        #expect(!connection.isBroken)
    }

    @Test func aWrongPasswordIsNotRepeated() throws {
        let settings = try Servers.plain.settings(password: "hunter2-secret")
        let error = mysqlFailure { _ = try MySQLConnection(settings) }
        #expect(error?.number == 1045)
        #expect(error?.kind == .permission)
        #expect(error?.message.contains("hunter2") == false)
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(!dumped.contains("hunter2"))
        #expect(!"\(settings) \(String(reflecting: settings))".contains("hunter2"))
    }

    @Test func passwordsInStatementsAreNotRepeated() throws {
        let connection = try Servers.plain.connect()
        let error = mysqlFailure { try connection.execute("CREATE USER root@localhost IDENTIFIED BY 'hunter2-secret'") }
        #expect(error?.number == 1396)
        #expect(error?.description.contains("hunter2") == false)
        #expect(error?.message.contains("IDENTIFIED BY '...'") == true)
    }

    @Test func connectsOverTheSocket() throws {
        let server = try Servers.plain
        let connection = try server.connect {
            $0.host = nil
            $0.port = nil
            $0.socket = server.socket
        }
        #expect(try connection.value("SELECT 1") == "1")
    }

    @Test func nobodyThereIsTransient() throws {
        let error = mysqlFailure { _ = try Servers.plain.connect { $0.port = 1 } }
        #expect(error?.number == 2002 || error?.number == 2003)
        #expect(error?.kind == .transient)
        let socket = mysqlFailure { _ = try Servers.plain.connect { $0.socket = "/nonexistent/socket" } }
        #expect(socket?.number == 2002)
    }

    @Test func theSessionIsSetUp() throws {
        let connection = try Servers.plain.connect {
            $0.lockSeconds = 7
            $0.statementSeconds = 12.5
            $0.stallSeconds = 99
            $0.autocommit = false
            $0.refusesZeroDates = true
        }
        let row = try connection.query(
            """
            SELECT @@sql_mode, @@time_zone, @@innodb_lock_wait_timeout, @@lock_wait_timeout, @@max_statement_time,
            @@wait_timeout, @@net_read_timeout, @@autocommit, @@character_set_client, @@character_set_results
            """)
        let mode = row.text(0, 0) ?? ""
        #expect(mode.contains("STRICT_ALL_TABLES") && mode.contains("NO_ZERO_DATE"))
        #expect(
            (1..<10).map { row.text(0, $0) } == [
                "+00:00", "7", "7", "12.500000", "99", "99", "0", "utf8mb4", "utf8mb4",
            ])
        let plain = try Servers.plain.connect()
        #expect(try plain.value("SELECT @@sql_mode")?.contains("NO_ZERO_DATE") == false)
        #expect(try plain.value("SELECT @@autocommit") == "1")
    }

    @Test func transactionsAreSeen() throws {
        let connection = try Servers.plain.connect()
        let table = try connection.table("a INT")
        #expect(!connection.isInTransaction)
        try connection.execute("BEGIN")
        #expect(connection.isInTransaction)
        try connection.execute("INSERT INTO \(table) VALUES (1), (2)")
        #expect(connection.affectedRows == 2)
        // A statement's error keeps the transaction.
        #expect(mysqlFailure { try connection.execute("SELECT nothing") } != nil)
        #expect(connection.isInTransaction)
        try connection.execute("ROLLBACK")
        #expect(!connection.isInTransaction)
        #expect(try connection.value("SELECT COUNT(*) FROM \(table)") == "0")
    }

    @Test func warningsAreReadable() throws {
        let connection = try Servers.plain.connect()
        let table = try connection.table("a TINYINT")
        try connection.execute("INSERT IGNORE INTO \(table) VALUES (1), (300), ('x')")
        #expect(connection.warningCount == 2)
        let warnings = try connection.warnings()
        #expect(warnings.map(\.number) == [1264, 1366])
        #expect(warnings.map(\.row) == [2, 3])
        #expect(warnings.first?.level == "Warning")
    }

    @Test func readsADefaultsFile() throws {
        let server = try Servers.plain
        let file = "\(server.directory)/my-\(UUID().uuidString).cnf"
        let text = """
            [client]
            user=root
            password="\(MariaDBServer.rootPassword)"
            host=127.0.0.1
            port=\(server.port)
            local-infile=1
            [other]
            user=somebody
            """
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        var settings = MySQLSettings()
        settings.defaultsFile = file
        let connection = try MySQLConnection(settings)
        #expect(try connection.value("SELECT CURRENT_USER()") == "root@127.0.0.1")
        settings.defaultsGroup = "other"
        let error = mysqlFailure { _ = try MySQLConnection(settings) }
        #expect(error?.number == 1045)
        #expect(error?.message.contains("somebody") == true)
        settings.defaultsFile = "/nonexistent/my.cnf"
        #expect(mysqlFailure { _ = try MySQLConnection(settings) }?.message.contains("cannot be read") == true)
    }

    @Test func identifiersAndLiteralsAreQuoted() throws {
        let connection = try Servers.plain.connect()
        for name in ["a`b", "```", "x y", "ключ", "se'lect", "a\\", "rank", "ta\tb", "\"", "b;DROP TABLE x"] {
            let quoted = try MySQLConnection.quote(identifier: name)
            let result = try connection.query(
                "SELECT 1 AS \(quoted) FROM (SELECT 2 AS \(quoted)) AS x WHERE \(quoted) = 2")
            #expect(result.columns.first?.name == name)
            let table = try MySQLConnection.quote(identifier: "q_" + name)
            try connection.execute("CREATE TABLE \(table) (\(quoted) INT)")
            try connection.execute("INSERT INTO \(table) (\(quoted)) VALUES (5)")
            #expect(try connection.value("SELECT \(quoted) FROM \(table)") == "5")
            try connection.execute("DROP TABLE \(table)")
        }
        #expect(throws: MySQLError.self) { try MySQLConnection.quote(identifier: "a\0b") }
        #expect(throws: MySQLError.self) { try MySQLConnection.quote(identifier: "") }
        for text in ["", "'", "\\'", "a\\", "\0", "a\0b", "\r\n\u{1A}\"", "\u{1F9F5}", "''\\\\''"] {
            #expect(try connection.value("SELECT \(MySQLConnection.quote(literal: text))") == text)
        }
    }
}
