import Configuration
import Formats
import Foundation
import Storage
import TestKit
import Testing

@testable import Extract

/// What the readers of files rely on, the same of each kind of store.
@Suite struct RemoteStoreTests {
    enum Kind: String, CaseIterable, Sendable {
        case s3, sftp, sftpByPassword, https

        func start() throws -> FileServer {
            switch self {
            case .s3: try FileServer.s3()
            case .sftp: try FileServer.sftp()
            case .sftpByPassword: try FileServer.sftpByPassword()
            case .https: try FileServer.https()
            }
        }

        func connection(_ server: FileServer) -> String {
            switch self {
            case .s3:
                "type: s3, bucket: b, endpoint: \"http://127.0.0.1:\(server.port)\", access_key: \(FileServer.accessKey), secret_key: \"${S}\""
            case .sftp:
                "type: sftp, host: 127.0.0.1, port: \(server.port), user: \(NSUserName()), key_file: \(server.key), known_hosts: \(server.knownHosts), "
                    + "path: \(server.files)/b"
            case .sftpByPassword:
                "type: sftp, host: 127.0.0.1, port: \(server.port), user: \(FileServer.user), password: \"${P}\", known_hosts: \(server.knownHosts), "
                    + "path: /b"
            case .https:
                "type: http, base_url: \"https://127.0.0.1:\(server.port)/files/b\", ca_file: \(server.authority)"
            }
        }
    }

    private func session(_ kind: Kind, _ server: FileServer) throws -> any FileSession {
        let yaml = "connections: {far: {\(kind.connection(server))}}\njobs: {}"
        let environment = Environment(
            variable: { ["S": FileServer.secretKey, "P": FileServer.password][$0] }, readFile: { _ in [] },
            needs: [.source])
        let settings = try Settings(yaml: Array(yaml.utf8), file: "t", environment: environment)
        let connection = try #require(settings.connections["far"])
        return try FilePlan.store(connection, .none, POSIXFileSystem()).connect(isCancelled: { false })
    }

    /// The file's address, which of HTTP is absolute.
    private func path(_ kind: Kind, _ server: FileServer, _ name: String) -> String {
        kind == .https ? "https://127.0.0.1:\(server.port)/files/b/\(name)" : name
    }

    private func look(_ session: any FileSession, _ path: String, _ kind: Kind) throws -> SourceFile {
        // S3 knows a file by its listing.
        if kind == .s3 { _ = try session.list("") }
        return SourceFile(path: path, identity: try session.identity(of: path))
    }

    private func contents(_ body: any FileBody) throws -> [UInt8] {
        var bytes: [UInt8] = []
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 10_000, alignment: 16)
        defer { piece.deallocate() }
        while case let count = try body.read(into: piece), count > 0 { bytes += piece[..<count] }
        body.close()
        return bytes
    }

    @Test(arguments: Kind.allCases) func filesAreReadFromAnyByteOn(kind: Kind) throws {
        let server = try kind.start()
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 5) }
        try server.write("b/big.bin", bytes)
        try server.write("b/empty.bin", [])
        let session = try session(kind, server)
        let file = try look(session, path(kind, server, "big.bin"), kind)
        #expect(file.identity.size == 3_000_000)
        for offset in [0, 1, 2_999_999] {
            let body = try session.open(file, from: UInt64(offset))
            let start = Int(body.start)
            #expect(start == 0 || start == offset)
            #expect(try contents(body) == Array(bytes[start...]), "from \(offset)")
        }
        // A body that is given up in the middle leaves the connection usable.
        let given = try session.open(file, from: 0)
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 10, alignment: 16)
        defer { piece.deallocate() }
        #expect(try given.read(into: piece) > 0)
        given.close()
        #expect(try session.isUnchanged(file))
        let empty = try look(session, path(kind, server, "empty.bin"), kind)
        // libcurl does not tell the size of an empty file from none.
        #expect(empty.identity.size == (kind == .sftp || kind == .sftpByPassword ? -1 : 0))
        #expect(try contents(try session.open(empty, from: 0)).isEmpty)
    }

    @Test(arguments: Kind.allCases) func aFileThatIsAnotherOneIsNoticed(kind: Kind) throws {
        let server = try kind.start()
        try server.write("b/a.csv", Array("id\n1\n".utf8))
        let session = try session(kind, server)
        let file = try look(session, path(kind, server, "a.csv"), kind)
        try server.write("b/a.csv", Array("id\n2345\n".utf8))
        switch kind {
        case .s3, .https: #expect(throws: FileChanged.self) { _ = try session.open(file, from: 0) }
        case .sftp, .sftpByPassword: break
        }
        if kind != .s3 { #expect(try !session.isUnchanged(file)) }
        #expect(try look(session, file.path, kind).identity != file.identity)
    }

    @Test(arguments: [Kind.s3, .sftp, .sftpByPassword]) func directoriesAreListed(kind: Kind) throws {
        let server = try kind.start()
        for name in ["b/1.csv", "b/ä b/2.csv", "b/ä b/c/3.csv", "b/x y+&=%20#?.csv"] {
            try server.write(name, Array("id\n".utf8))
        }
        let session = try session(kind, server)
        func names(_ path: String) throws -> Set<String> {
            Set(try session.list(path).map { "\($0.name)\($0.kind == .directory ? "/" : "")" })
        }
        #expect(try names("") == ["1.csv", "ä b/", "x y+&=%20#?.csv"])
        #expect(try names("ä b") == ["2.csv", "c/"])
    }

    @Test func noListingOverHTTP() throws {
        let server = try FileServer.https()
        #expect(throws: ExtractError.self) { _ = try session(.https, server).list("") }
    }
}
