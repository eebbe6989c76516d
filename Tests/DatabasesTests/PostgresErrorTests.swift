import Databases
import Foundation
import TestKit
import Testing

/// What the server refuses and how it is classed.
@Suite struct PostgresErrorTests {
    @Test func aUniqueViolationIsData() throws {
        let connection = try Shared.connect()
        try connection.execute("CREATE TEMP TABLE u (id int CONSTRAINT u_key PRIMARY KEY, n text NOT NULL)")
        try connection.execute("INSERT INTO u VALUES (1, 'a')")
        let error = try failure { try connection.execute("INSERT INTO u VALUES (1, 'secret')") }
        #expect(error.sqlState == "23505")
        #expect(error.kind == .data)
        #expect(error.constraint == "u_key")
        #expect(error.table == "u")
        #expect(error.detail?.contains("(id)=(1)") == true)
        let null = try failure { _ = try connection.query("INSERT INTO u VALUES ($1, $2)", [2, nil]) }
        #expect(null.sqlState == "23502")
        #expect(null.column == "n")
        #expect(null.description.hasSuffix("(SQLSTATE 23502, column n)"))
    }

    @Test func aSyntaxErrorIsConfiguration() throws {
        let connection = try Shared.connect()
        let error = try failure { try connection.execute("SELEKT 1") }
        #expect(error.sqlState == "42601")
        #expect(error.kind == .configuration)
        #expect(error.description.contains("in: SELEKT 1"))
    }

    @Test func aDeniedTableIsPermission() throws {
        try Shared.makeUser("error_denied")
        try Shared.connect().execute("CREATE TABLE IF NOT EXISTS error_denied (a int)")
        let connection = try Shared.connect()
        try connection.execute("SET ROLE error_denied")
        let error = try failure { try connection.execute("INSERT INTO error_denied VALUES (1)") }
        #expect(error.sqlState == "42501")
        #expect(error.kind == .permission)
    }

    @Test func aReadOnlyTransactionIsTheEnvironment() throws {
        let connection = try Shared.connect()
        try connection.execute("SET default_transaction_read_only = on")
        let error = try failure { try connection.execute("CREATE TABLE r (a int)") }
        #expect(error.sqlState == "25006")
        #expect(error.kind == .environment)
    }

    @Test func aLockThatIsNotGivenIsTransient() throws {
        let holder = try Shared.connect()
        try holder.execute("CREATE TABLE IF NOT EXISTS error_locked (a int)")
        try holder.execute("BEGIN; LOCK TABLE error_locked")
        let connection = try Shared.connect { $0.lockSeconds = 0.05 }
        let error = try failure { try connection.execute("SELECT * FROM error_locked") }
        #expect(error.sqlState == "55P03")
        #expect(error.kind == .transient)
    }

    @Test func aStatementThatTakesTooLongIsTransient() throws {
        let connection = try Shared.connect { $0.statementSeconds = 0.05 }
        let error = try failure { _ = try connection.query("SELECT pg_sleep($1)", [60]) }
        #expect(error.sqlState == "57014")
        #expect(error.kind == .transient)
        #expect(!connection.isBroken)
    }

    @Test(arguments: [false, true]) func aTerminatedConnectionIsTransient(_ isInTransaction: Bool) throws {
        let connection = try Shared.connect()
        if isInTransaction { try connection.execute("BEGIN") }
        let process = try connection.value("SELECT pg_backend_pid()")
        let other = try Shared.connect()
        _ = try other.query("SELECT pg_terminate_backend($1, 10000)", [.text(process ?? "")])
        let error = try failure { try connection.execute("SELECT 1") }
        #expect(error.sqlState == "57P01")
        #expect(error.kind == .transient)
        #expect(connection.isBroken)
        #expect(connection.transactionStatus == .unknown)
        let again = try failure { _ = try connection.query("SELECT 1") }
        #expect(again.kind == .transient)
    }

    @Test func anIdleTransactionIsEndedByTheServer() throws {
        let connection = try Shared.connect { $0.idleInTransactionSeconds = 0.05 }
        let process = try connection.value("SELECT pg_backend_pid()")
        try connection.execute("BEGIN")
        let other = try Shared.connect()
        let alive = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1"
        while try other.value(alive, [.text(process ?? "")]) == "1" {}
        let error = try failure { try connection.execute("SELECT 1") }
        #expect(error.sqlState == "25P03")
        #expect(error.kind == .transient)
    }

    @Test func aDeferredConstraintFailsTheCommit() throws {
        let connection = try Shared.connect()
        try connection.execute(
            "CREATE TEMP TABLE d (id int, CONSTRAINT d_key UNIQUE (id) DEFERRABLE INITIALLY DEFERRED); BEGIN")
        try connection.execute("INSERT INTO d VALUES (1), (1)")
        let error = try failure { try connection.execute("COMMIT") }
        #expect(error.sqlState == "23505")
        #expect(connection.transactionStatus == .idle)
    }
}

/// What happens when the server goes; each test has a server of its own.
@Suite(.serialized) struct PostgresServerLossTests {
    @Test func aServerKilledDuringCopyIsTransient() throws {
        let server = try PostgresServer.start()
        let connection = try PostgresConnection(PostgresSettings(url: server.url()))
        try connection.execute("CREATE TABLE killed (a text)")
        let row = Array((String(repeating: "x", count: 8191) + "\n").utf8)
        var copy = try connection.copyIn("COPY killed FROM STDIN")
        try row.withUnsafeBytes { try copy.put($0) }
        try server.kill9()
        var caught: PostgresError?
        do throws(PostgresError) {
            for _ in 0..<2000 { try putAll(row, &copy) }
            _ = try copy.finish()
        } catch {
            caught = error
        }
        let error = try #require(caught)
        #expect(error.kind == .transient, "\(error)")
        #expect(error.description.contains("server closed the connection"), "\(error)")
        #expect(connection.isBroken)
        let refused = try failure { _ = try PostgresConnection(PostgresSettings(url: server.url())) }
        #expect(refused.kind == .transient)

        try server.restart()
        let next = try PostgresConnection(PostgresSettings(url: server.url()))
        #expect(try next.value("SELECT count(*) FROM killed") == "0")
    }

    @Test func aServerThatShutsDownSaysSo() throws {
        let server = try PostgresServer.start()
        let connection = try PostgresConnection(PostgresSettings(parameters: server.superuserParameters))
        try server.terminate()
        let error = try failure { try connection.execute("SELECT 1") }
        #expect(error.sqlState == "57P01")
        #expect(error.kind == .transient)
    }

    private func putAll(_ row: [UInt8], _ copy: inout PostgresCopyIn) throws(PostgresError) {
        let failure = row.withUnsafeBytes { bytes -> PostgresError? in
            do throws(PostgresError) { try copy.put(bytes) } catch { return error }
            return nil
        }
        if let failure { throw failure }
    }
}
