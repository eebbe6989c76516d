import Databases
import TestKit
import Testing

@Suite struct MySQLTLSTests {
    @Test func theRightAuthorityIsAccepted() throws {
        let server = try Servers.secure
        let connection = try server.connect { $0.tls = MySQLTLS(.verified, authority: server.authority) }
        #expect(connection.cipher != nil)
        #expect(try connection.value("SELECT 1") == "1")
    }

    @Test func anotherAuthorityIsRefused() throws {
        let server = try Servers.secure
        let error = mysqlFailure {
            _ = try server.connect { $0.tls = MySQLTLS(.verified, authority: server.otherAuthority) }
        }
        #expect(error?.number == 2026)
        #expect(error?.kind == .configuration)
        #expect(error?.message.contains("certificate") == true)
    }

    @Test func anotherNameIsRefused() throws {
        let server = try Servers.secure
        // The same address by a name that the certificate does not hold.
        let error = mysqlFailure {
            _ = try server.connect {
                $0.host = "127.0.0.2"
                $0.tls = MySQLTLS(.verified, authority: server.authority)
            }
        }
        #expect(error != nil)
    }

    @Test func requiredAndPreferredEncryptWithoutChecking() throws {
        for mode in [MySQLTLS.Mode.required, .preferred] {
            let connection = try Servers.secure.connect { $0.tls = MySQLTLS(mode) }
            #expect(connection.cipher != nil)
        }
        #expect(try Servers.secure.connect { $0.tls = MySQLTLS(.off) }.cipher == nil)
    }

    @Test func aServerWithoutTLSIsRefusedWhereItIsRequired() throws {
        let server = try Servers.plain
        for mode in [MySQLTLS.Mode.required, .verified] {
            #expect(mysqlFailure { _ = try server.connect { $0.tls = MySQLTLS(mode) } }?.number == 2026)
        }
        #expect(try server.connect { $0.tls = MySQLTLS(.preferred) }.cipher == nil)
    }

    @Test func loadsAndStreamsRunOverTLS() throws {
        let connection = try Servers.secure.connect { $0.tls = MySQLTLS(.required) }
        let table = try connection.table("a LONGBLOB")
        let value = [UInt8](repeating: 0x5C, count: 1 << 20)
        #expect(try connection.load(table, [[value]], charset: "binary").records == 1)
        try connection.stream("SELECT a FROM \(table)") { row in #expect(row[0].map { Array($0) } == value) }
    }
}
