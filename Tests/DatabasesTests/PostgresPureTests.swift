import Databases
import TestKit
import Testing

/// What needs no server.
@Suite struct PostgresPureTests {
    @Test func aMissingLibraryNamesItsPackage() throws {
        let error = try failure { _ = try PostgresLibrary.load("libpq-is-not-here.so.5").get() }
        #expect(error.description.contains("install the package libpq5"))
        #expect(error.kind == .environment)
        // A library without the functions is no better.
        #expect(throws: PostgresError.self) { try PostgresLibrary.load("libc.so.6").get() }
    }

    @Test(arguments: [
        ("08006", DatabaseFailure.transient), ("40001", .transient), ("40P01", .transient), ("53300", .transient),
        ("55P03", .transient), ("57P01", .transient), ("57P02", .transient), ("57P03", .transient),
        ("57014", .transient), ("53100", .environment), ("53200", .environment), ("25006", .environment),
        ("58030", .environment), ("42501", .permission), ("28P01", .permission), ("28000", .permission),
        ("22P02", .data), ("22001", .data), ("23505", .data), ("54000", .data), ("P0001", .data), ("45000", .data),
        ("42601", .configuration),
        ("42P01", .configuration), ("3D000", .configuration), ("0A000", .configuration),
    ])
    func classesFollowTheSQLSTATE(_ state: String, _ kind: DatabaseFailure) {
        #expect(PostgresError.kind(state) == kind)
    }

    @Test func namesAreQuoted() throws {
        #expect(try PostgresConnection.quote(identifier: "a\"b; DROP") == "\"a\"\"b; DROP\"")
        #expect(try PostgresConnection.quote(identifier: "\"\u{301}") == "\"\"\"\u{301}\"")
        #expect(throws: PostgresError.self) { try PostgresConnection.quote(identifier: "a\0b") }
        #expect(throws: PostgresError.self) { try PostgresConnection.quote(identifier: "") }
        #expect(try PostgresConnection.quote(literal: "it's") == "'it''s'")
        #expect(try PostgresConnection.quote(literal: "a\\'b") == "E'a\\\\''b'")
        #expect(throws: PostgresError.self) { try PostgresConnection.quote(literal: "\0") }
    }

    @Test func identifiersOf63BytesAreTheLongest() throws {
        #expect(try PostgresConnection.quote(identifier: String(repeating: "x", count: 63)).count == 65)
        #expect(throws: PostgresError.self) {
            try PostgresConnection.quote(identifier: String(repeating: "x", count: 64))
        }
        // Bytes, not characters.
        #expect(throws: PostgresError.self) {
            try PostgresConnection.quote(identifier: String(repeating: "ä", count: 32))
        }
    }

    @Test func contextsOfCopyAreRead() throws {
        let full = try #require(CopyContext("COPY fault, line 3, column id: \"x, line 9\""))
        #expect(full.line == 3)
        #expect(full.column == "id")
        let german = try #require(CopyContext("PL/pgSQL f()\nCOPY a, b, Zeile 12, Spalte c d: »x«"))
        #expect(german.line == 12)
        #expect(german.column == "c d")
        let line = try #require(CopyContext("COPY t, line 4: \"a, line 7\""))
        #expect(line.line == 4)
        #expect(line.column == nil)
        #expect(CopyContext("COPY t, line 5")?.line == 5)
        #expect(CopyContext("SQL statement, line 5") == nil)
    }

    @Test func oldServersAreRefused() {
        #expect(PostgresConnection.refusal(serverVersion: 120_000) == nil)
        #expect(PostgresConnection.refusal(serverVersion: 110_022)?.contains("PostgreSQL 11: bobbin needs 12") == true)
        #expect(PostgresConnection.refusal(serverVersion: 90_624)?.contains("PostgreSQL 9.6") == true)
    }

    @Test func settingsPrintNoSecret() {
        let settings = PostgresSettings(
            url: "postgres://u:hunter2@h/d", parameters: ["password": "hunter2", "host": "h"], password: "hunter2")
        var dumped = ""
        dump(settings, to: &dumped)
        for text in ["\(settings)", String(reflecting: settings), dumped, "\([settings])"] {
            #expect(!text.contains("hunter2"))
        }
    }

    /// Whatever libpq quotes: here the password stands where the host should.
    @Test func aPasswordInLibpqsWordsIsHidden() throws {
        let settings = PostgresSettings(parameters: ["host": "hunter2.invalid"], password: "hunter2")
        let error = try failure { _ = try PostgresConnection(settings) }
        #expect(error.description.contains("***.invalid"), "\(error)")
        #expect(!error.description.contains("hunter2"))
    }

    @Test(arguments: [
        "postgres://user:hun@ter2@host/db", "postgres://user:hun/ter2@host/db", "postgres://user:ter2%zz@host/db",
        "postgres://user:hu?ter2/x@host/db", "postgres://user:a/s?ter2@host/db", "host=h password=ter2",
        "postgres://user@host/db?password=ter2%z", "mysql://user:ter2@host/db", "postgres://u:ter2\0@h/d",
    ])
    func malformedURLsAreRefusedWithoutTheirPassword(_ url: String) throws {
        let error = try failure { _ = try PostgresConnection(PostgresSettings(url: url)) }
        #expect(error.kind == .configuration)
        #expect(!error.description.contains("ter2"))
    }

    @Test func whatIsWrongInAURLIsSaid() throws {
        let error = try failure {
            _ = try PostgresConnection(PostgresSettings(url: "postgres://u:hunter2@host/db?sslmod=require"))
        }
        #expect(error.description.contains("sslmod"))
        #expect(!error.description.contains("hunter2"))
    }

    @Test(arguments: [
        (["sslmode": "sometimes"], DatabaseFailure.configuration), (["nonsense": "1"], .configuration),
        (["port": "99999"], .configuration), (["service": "not-there"], .configuration),
        (["user": "a\0b"], .configuration),
        (["host": "127.0.0.1", "port": "1"], .transient), (["host": "/nowhere"], .transient),
        (["host": "no-such-host.invalid"], .transient),
    ])
    func settingsThatCannotWorkHaveAClass(_ parameters: [String: String], _ kind: DatabaseFailure) throws {
        let error = try failure { _ = try PostgresConnection(PostgresSettings(parameters: parameters)) }
        #expect(error.kind == kind, "\(error)")
    }
}
