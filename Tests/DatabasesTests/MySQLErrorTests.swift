import Databases
import Foundation
import Synchronization
import TestKit
import Testing

@Suite struct MySQLErrorTests {
    @Test func dataErrorsAreToldApart() throws {
        let connection = try Servers.plain.connect()
        let parent = try connection.table("id INT PRIMARY KEY")
        let table = try connection.table(
            "id INT PRIMARY KEY, a VARCHAR(3) NOT NULL, n TINYINT, d DATE, CHECK (n < 100), p INT, FOREIGN KEY (p) REFERENCES \(parent) (id)"
        )
        try connection.execute("INSERT INTO \(table) (id, a) VALUES (1, 'x')")
        let cases: [(String, Int)] = [
            ("(id, a) VALUES (1, 'x')", 1062), ("(id, a) VALUES (2, NULL)", 1048), ("(id) VALUES (2)", 1364),
            ("(id, a) VALUES (2, 'abcd')", 1406), ("(id, a, n) VALUES (2, 'a', 128)", 1264),
            ("(id, a, n) VALUES (2, 'a', 'secret')", 1366), ("(id, a, d) VALUES (2, 'a', '2024-02-31')", 1292),
            ("(id, a, n) VALUES (2, 'a', 101)", 4025), ("(id, a, p) VALUES (2, 'a', 77)", 1452),
            ("(id, a, n) VALUES (2, 'a', '5x')", 1265), ("(id, a, n) VALUES (2, 'a', 1 / 0)", 1365),
        ]
        for (values, number) in cases {
            let error = mysqlFailure { try connection.execute("INSERT INTO \(table) \(values)") }
            #expect(error?.number == number)
            #expect(error?.kind == .data, "\(number)")
            #expect(error?.message.contains("secret") == false)
        }
        let late = mysqlFailure {
            try connection.execute("INSERT INTO \(table) (id, a) VALUES (5, 'a'), (6, 'b'), (7, 'long')")
        }
        #expect(late?.row == 3)
        #expect(!connection.isBroken)
    }

    /// The server's file layer has numbers of its own (mysys_err.h): EE_WRITE, EE_DELETE, EE_DISK_FULL, EE_FILENOTFOUND and so on.
    @Test(
        arguments: [
            (1, DatabaseFailure.environment), (2, .environment), (3, .environment), (4, .environment),
            (5, .environment),
            (6, .environment), (9, .environment), (10, .environment), (14, .environment), (20, .environment),
            (22, nil), (23, .environment), (27, .environment), (28, nil), (29, .environment), (33, .environment),
            (1021, .environment), (0, nil), (41, nil), (126, .environment), (145, .environment), (1064, nil),
            (1205, .transient), (1062, .data),
            (1044, .permission),
        ] as [(Int, DatabaseFailure?)])
    func classesFollowTheNumber(_ number: Int, _ kind: DatabaseFailure?) {
        #expect(MySQLError.kind(ofNumber: number) == kind)
    }

    @Test func whatATriggerSignalsIsData() throws {
        let connection = try Servers.plain.connect()
        let table = try connection.table("a INT")
        try connection.execute(
            "CREATE TRIGGER t_\(table) BEFORE INSERT ON \(table) FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'"
        )
        let error = mysqlFailure { try connection.execute("INSERT INTO \(table) VALUES (1)") }
        #expect(error?.number == 1644 && error?.kind == .data)
    }

    @Test func statementsThatDoNotFitAreConfiguration() throws {
        let connection = try Servers.plain.connect()
        for sql in ["SELEC 1", "SELECT * FROM no_such_table", "SELECT nothing", "USE no_such_database", ""] {
            #expect(mysqlFailure { try connection.execute(sql) }?.kind == .configuration, "\(sql)")
        }
        #expect(!connection.isBroken)
    }

    @Test func aLockedRowIsTransient() throws {
        let first = try Servers.plain.connect()
        let second = try Servers.plain.connect { $0.lockSeconds = 1 }
        let table = try first.table("id INT PRIMARY KEY, n INT")
        try first.execute("INSERT INTO \(table) VALUES (1, 0)")
        try first.execute("BEGIN")
        try first.execute("UPDATE \(table) SET n = 1")
        let error = mysqlFailure { try second.execute("UPDATE \(table) SET n = 2") }
        #expect(error?.number == 1205)
        #expect(error?.kind == .transient)
        try first.execute("ROLLBACK")
        try second.execute("UPDATE \(table) SET n = 2")
    }

    @Test func aDeadlockIsTransientAndRollsBack() throws {
        let first = try Servers.plain.connect()
        let table = try first.table("id INT PRIMARY KEY, n INT")
        try first.execute("INSERT INTO \(table) VALUES (1, 0), (2, 0)")
        try first.execute("BEGIN")
        try first.execute("UPDATE \(table) SET n = 1 WHERE id = 1")
        let settings = try Servers.plain.settings()
        let holdsTwo = DispatchSemaphore(value: 0)
        let other = Rival(
            settings,
            [
                "BEGIN", "UPDATE \(table) SET n = 2 WHERE id = 2", "signal", "UPDATE \(table) SET n = 2 WHERE id = 1",
                "ROLLBACK",
            ], holdsTwo)
        holdsTwo.wait()
        let mine: MySQLError?
        do throws(MySQLError) {
            try first.execute("UPDATE \(table) SET n = 1 WHERE id = 2")
            mine = nil
        } catch { mine = error }
        if mine != nil { #expect(!first.isInTransaction) }
        try first.execute("ROLLBACK")
        let loser = mine ?? other.wait()
        #expect(loser?.number == 1213)
        #expect(loser?.kind == .transient)
        #expect(loser?.state == "40001")
        _ = other.wait()
    }

    @Test func aKilledConnectionIsTransientAndBroken() throws {
        let victim = try Servers.plain.connect()
        try Servers.plain.connect().execute("KILL CONNECTION \(victim.id)")
        let error = mysqlFailure { try victim.execute("DO 1") }
        #expect([1927, 2006, 2013].contains(error?.number))
        #expect(error?.kind == .transient)
        #expect(victim.isBroken)
        let next = mysqlFailure { try victim.execute("DO 1") }
        #expect(next?.number == 2006)
    }

    @Test func aStatementThatTakesTooLongIsTransient() throws {
        let connection = try Servers.plain.connect { $0.statementSeconds = 0.2 }
        let error = mysqlFailure {
            try connection.execute("SELECT COUNT(*) FROM seq_1_to_1000000000 WHERE seq % 7 = 3")
        }
        #expect(error?.number == 1969)
        #expect(error?.kind == .transient)
        #expect(!connection.isBroken)
        let slow = try Servers.plain.connect { $0.readSeconds = 1 }
        let silent = mysqlFailure { try slow.execute("SELECT SLEEP(5)") }
        #expect(silent?.number == 2013)
        #expect(slow.isBroken)
    }

    @Test func whatIsNotGrantedIsPermission() throws {
        let root = try Servers.plain.connect()
        let table = try root.table("a INT")
        try root.execute("CREATE OR REPLACE USER guest@'%' IDENTIFIED BY 'g'")
        try root.execute("GRANT SELECT ON test.\(table) TO guest@'%'")
        let guest = try MySQLConnection(Servers.plain.settings(user: "guest", password: "g"))
        let expected: [(String, Int)] = [
            ("INSERT INTO \(table) VALUES (1)", 1142), ("USE mysql", 1044), ("SET GLOBAL local_infile = 1", 1227),
        ]
        for (sql, number) in expected {
            let error = mysqlFailure { try guest.execute(sql) }
            #expect(error?.number == number)
            #expect(error?.kind == .permission)
        }
    }

    @Test func aReadOnlyServerIsEnvironment() throws {
        let server = try MariaDBServer.start()
        let root = try server.connect()
        let table = try root.table("a INT")
        try root.execute("CREATE USER w@'%' IDENTIFIED BY 'w'")
        try root.execute("GRANT ALL ON test.* TO w@'%'")
        try root.execute("SET GLOBAL read_only = 1")
        let writer = try MySQLConnection(server.settings(user: "w", password: "w"))
        let error = mysqlFailure { try writer.execute("INSERT INTO \(table) VALUES (1)") }
        #expect(error?.number == 1290)
        #expect(error?.kind == .environment)
    }

    @Test func tooManyConnectionsAreTransient() throws {
        let server = try MariaDBServer.start(.init(arguments: ["--max-connections=10"]))
        let root = try server.connect()
        try root.execute("CREATE USER w@'%' IDENTIFIED BY 'w'")
        var open: [MySQLConnection] = []
        let error = mysqlFailure {
            for _ in 0..<12 {
                open.append(
                    try MySQLConnection(server.settings(user: "w", password: "w") { $0.database = nil }))
            }
        }
        #expect(error?.number == 1040)
        #expect(error?.kind == .transient)
    }

    /// Runs statements on a thread and a connection of its own; keeps the first error.
    private final class Rival: Sendable {
        private let done = DispatchSemaphore(value: 0)
        private let failure = Mutex<MySQLError?>(nil)

        init(_ settings: MySQLSettings, _ statements: [String], _ signal: DispatchSemaphore) {
            Thread {
                do throws(MySQLError) {
                    let connection = try MySQLConnection(settings)
                    for sql in statements {
                        if sql == "signal" { signal.signal() } else { try connection.execute(sql) }
                    }
                } catch { self.failure.withLock { $0 = error } }
                MySQLLibrary.endThread()
                self.done.signal()
            }.start()
        }

        func wait() -> MySQLError? {
            done.wait()
            done.signal()
            return failure.withLock { $0 }
        }
    }
}
