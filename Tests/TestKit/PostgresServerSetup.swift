internal import Foundation
internal import Glibc

// The making of a cluster: programs, port, certificates.
extension PostgresServer {
    static var asUser: [String] {
        geteuid() == 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] : []
    }

    /// Debian keeps the server's programs out of the search path.
    static func findPrograms() throws -> String {
        let base = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
        let newest = versions.compactMap { Int($0) }.sorted().last {
            FileManager.default.isExecutableFile(atPath: "\(base)/\($0)/bin/initdb")
        }
        guard let newest else {
            throw Failure(description: "the tests need a PostgreSQL server: install the package postgresql-15")
        }
        return "\(base)/\(newest)/bin"
    }

    static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) + getsockname(descriptor, $0, &size)
            }
        }
        guard code == 0 else { throw Failure(description: "no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// An authority, a certificate that it signed for the server, and another authority.
    func makeCertificates() throws {
        for name in ["ca", "other"] {
            try run([
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "2", "-subj", "/CN=bobbin test \(name)", "-keyout", "\(directory)/\(name).key", "-out",
                "\(directory)/\(name).crt",
            ])
        }
        try write("names", "subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        try run([
            "openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
            "/CN=localhost", "-keyout", "\(directory)/server.key", "-out", "\(directory)/server.csr",
        ])
        try run([
            "openssl", "x509", "-req", "-in", "\(directory)/server.csr", "-CA", "\(directory)/ca.crt", "-CAkey",
            "\(directory)/ca.key", "-CAcreateserial", "-days", "2", "-extfile", "\(directory)/names", "-out",
            "\(directory)/server.crt",
        ])
        try run(["chmod", "600", "\(directory)/server.key"])
        if geteuid() == 0 { try run(["chown", "postgres:", "\(directory)/server.key"]) }
    }

    func write(_ name: String, _ text: String) throws {
        try text.write(toFile: "\(directory)/\(name)", atomically: false, encoding: .utf8)
    }

    func run(_ command: [String]) throws {
        // At the root, since the user may have no right to where the tests are.
        let log = "\(directory)/setup.log"
        let status = try ChildProcess(["/usr/bin/env", "-C", "/"] + command, output: log).wait()
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        if status != 0 { throw Failure(description: "\(command.joined(separator: " ")): \(text)") }
    }
}
