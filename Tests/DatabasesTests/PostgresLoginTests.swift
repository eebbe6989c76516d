import Databases
import Foundation
import Glibc
import TestKit
import Testing

@Suite struct PostgresLoginTests {
    private func server() throws -> PostgresServer { try Shared.server.get() }

    @Test func aURLWithPasswordLogsIn() throws {
        try Shared.makeUser("login_right")
        let url = try server().url(user: "login_right", password: "secret-word")
        let connection = try PostgresConnection(PostgresSettings(url: url))
        #expect(try connection.value("SELECT current_user") == "login_right")
        #expect(try connection.value("SHOW application_name") == "bobbin")
        #expect(connection.place == "127.0.0.1:\(try server().port)/postgres")
        #expect(connection.serverVersion >= 120_000)
        let stored = "SELECT rolpassword FROM pg_authid WHERE rolname = 'login_right'"
        #expect(try Shared.connect().value(stored)?.hasPrefix("SCRAM-SHA-256") == true)
    }

    @Test func thePasswordOfTheSettingsGoesFirst() throws {
        try Shared.makeUser("login_first")
        var settings = PostgresSettings(url: try server().url(user: "login_first", password: "wrong"))
        settings.password = "secret-word"
        settings.applicationName = "bobbin load"
        let connection = try PostgresConnection(settings)
        #expect(try connection.value("SHOW application_name") == "bobbin load")
    }

    @Test(arguments: ["hunter2", "p ass'\\w"]) func aWrongPasswordIsRefusedAndNotPrinted(_ word: String) throws {
        let user = "login_wrong_\(word.utf8.count)"
        try Shared.makeUser(user)
        var settings = PostgresSettings(url: try server().url(user: user, password: "other-hunter"))
        settings.password = word
        let error = try failure { _ = try PostgresConnection(settings) }
        #expect(error.sqlState == "28P01")
        #expect(error.kind == .permission)
        #expect(error.description.contains("password authentication failed"))
        #expect(!error.description.contains("LOCATION") && !error.description.contains("28P01: "))
        #expect(!error.description.contains(word) && !error.description.contains("other-hunter"))
    }

    @Test func aDatabaseThatIsNotThereIsConfiguration() throws {
        let error = try failure { _ = try Shared.connect { $0.parameters["dbname"] = "not_there" } }
        #expect(error.sqlState == "3D000")
        #expect(error.kind == .configuration)
    }

    @Test func aPasswordThatNobodyGaveIsPermission() throws {
        try Shared.makeUser("login_none")
        let error = try failure {
            _ = try Shared.connect {
                $0.parameters["user"] = "login_none"
                $0.parameters["passfile"] = "/nowhere"
            }
        }
        #expect(error.kind == .permission, "\(error)")
    }

    @Test func thePasswordFileWorks() throws {
        try Shared.makeUser("login_file")
        let file = NSTemporaryDirectory() + "pgpass-\(UUID().uuidString)"
        defer { unlink(file) }
        let parameters = [
            "host": "127.0.0.1", "port": String(try server().port), "user": "login_file", "dbname": "postgres",
            "passfile": file,
        ]
        for (word, isRight) in [("file-wrong-word", false), ("secret-word", true)] {
            try "127.0.0.1:*:*:login_file:\(word)\n".write(toFile: file, atomically: false, encoding: .utf8)
            chmod(file, 0o600)
            if isRight {
                let connection = try PostgresConnection(PostgresSettings(parameters: parameters))
                #expect(try connection.value("SELECT current_user") == "login_file")
            } else {
                let error = try failure { _ = try PostgresConnection(PostgresSettings(parameters: parameters)) }
                #expect(error.kind == .permission)
                #expect(!error.description.contains(word))
            }
        }
    }

    @Test func theCertificateIsChecked() throws {
        var settings = PostgresSettings(url: try server().url(query: "?hostaddr=127.0.0.1"))
        settings.parameters = ["host": "localhost"]
        settings.sslMode = "verify-full"
        settings.sslRootCertificate = try server().authority
        let connection = try PostgresConnection(settings)
        #expect(try connection.value("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == "t")

        settings.sslRootCertificate = try server().wrongAuthority
        let unknown = try failure { _ = try PostgresConnection(settings) }
        #expect(unknown.kind == .configuration)
        #expect(unknown.description.contains("certificate verify failed"))
        #expect(!unknown.description.contains(try server().password))

        settings.sslRootCertificate = try server().authority
        settings.parameters = ["host": "elsewhere.invalid"]
        let elsewhere = try failure { _ = try PostgresConnection(settings) }
        #expect(elsewhere.kind == .configuration, "\(elsewhere)")
    }

    @Test func theSessionIsSetUp() throws {
        let connection = try Shared.connect {
            $0.statementSeconds = 90
            $0.lockSeconds = 0.0001
            $0.idleInTransactionSeconds = 0
        }
        let expected = [
            "client_encoding": "UTF8", "standard_conforming_strings": "on", "DateStyle": "ISO, YMD",
            "IntervalStyle": "iso_8601", "TimeZone": "UTC", "bytea_output": "hex", "extra_float_digits": "3",
            "statement_timeout": "90s", "lock_timeout": "1ms", "idle_in_transaction_session_timeout": "0",
        ]
        for (name, value) in expected { #expect(try connection.value("SHOW \(name)") == value) }
        let overTCP = try PostgresConnection(PostgresSettings(url: try server().url()))
        for (name, value) in [
            "tcp_keepalives_idle": "30", "tcp_keepalives_interval": "10", "tcp_user_timeout": "60000",
        ] {
            #expect(try overTCP.value("SHOW \(name)") == value)
        }
    }

    /// A peer that accepts and is silent.
    @Test func connectingHasALimit() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) + listen(descriptor, 4) + getsockname(descriptor, $0, &size)
            }
        }
        try #require(code == 0)
        let port = UInt16(bigEndian: address.sin_port)
        var settings = PostgresSettings(url: "postgres://u:hunter2@127.0.0.1:\(port)/d")
        settings.connectSeconds = 0.2
        let error = try failure { _ = try PostgresConnection(settings) }
        #expect(error.kind == .transient)
        #expect(error.description == "127.0.0.1:\(port)/d: no connection within 0.2 s")
    }
}
