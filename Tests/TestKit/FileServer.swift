internal import Foundation
internal import Glibc
internal import Synchronization

/// A server of files of the tests' own, on a free port of 127.0.0.1: S3, SFTP or HTTPS.
///
/// It ends with the value, and with the test process however that ends, as ``MariaDBServer`` does.
package final class FileServer: Sendable {
    /// Why a server could not be started.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// What the server serves, and beside it what it needs.
    package let directory: String
    package let port: Int
    private let running: Mutex<MariaDBServer.Running>

    /// Where the files lie: of S3 each directory in it is a bucket.
    package var files: String { "\(directory)/files" }
    /// The authority of an HTTPS server.
    package var authority: String { "\(directory)/ca.pem" }
    /// The private key that an SSH server lets in.
    package var key: String { "\(directory)/user-key" }
    /// The known hosts of an SSH server, with its own key.
    package var knownHosts: String { "\(directory)/known_hosts" }

    package static let accessKey = "AKIDTESTTESTTEST"
    package static let secretKey = "a secret/with+signs="
    package static let user = "tester"
    package static let password = "pass wörd's"

    private init(_ directory: String, _ port: Int, _ command: [String]) throws {
        self.directory = directory
        self.port = port
        let script = """
            folder=$1; shift; "$@" </dev/null >"$folder/log" 2>&1 & server=$!; echo $server
            read word; kill -9 $server; wait 2>/dev/null; [ "$word" = keep ] || rm -rf "$folder"
            """
        let started = try MariaDBServer.spawn("/bin/sh", ["-c", script, "sh", directory] + command)
        running = Mutex(started)
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            if Self.answers(port) { return }
            if kill(started.server, 0) != 0 { break }
            usleep(20_000)
        }
        let log = (try? String(contentsOfFile: "\(directory)/log", encoding: .utf8)) ?? ""
        throw Failure(description: "\(command[0]) did not start: \(log.suffix(2000))")
    }

    deinit {
        running.withLock { running in
            guard running.shell > 0 else { return }
            close(running.input)
            var status: Int32 = 0
            waitpid(running.shell, &status, 0)
            running = MariaDBServer.Running()
        }
    }

    /// Ends the server at once; its files stay until the value goes.
    package func stop() { running.withLock { _ = kill($0.server, SIGKILL) } }

    /// What the server wrote.
    package var log: String { (try? String(contentsOfFile: "\(directory)/log", encoding: .utf8)) ?? "" }

    /// Writes a file of the server's; directories are made as needed.
    package func write(_ name: String, _ bytes: [UInt8]) throws {
        let url = URL(filePath: "\(files)/\(name)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    /// Removes a file of the server's.
    package func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(files)/\(name)") }

    /// rclone's S3 server, which checks signatures; it is a real server of files with that interface, but not Amazon's.
    ///
    /// - Parameters:
    ///   - isOpen: whether it asks for no key.
    ///   - isPathStyle: otherwise the bucket stands before the host.
    package static func s3(isOpen: Bool = false, isPathStyle: Bool = true) throws -> FileServer {
        let (directory, port) = try place("s3")
        var words = [try rclone(), "serve", "s3", "--config", "/dev/null", "--addr", "127.0.0.1:\(port)", "-vv"]
        if !isOpen { words += ["--auth-key", "\(accessKey),\(secretKey)"] }
        if !isPathStyle { words.append("--force-path-style=false") }
        // Files are written behind its back.
        words += ["--dir-cache-time", "1ms", "--poll-interval", "0", "\(directory)/files"]
        return try FileServer(directory, port, words)
    }

    /// rclone's SFTP server, which takes a user and a password.
    package static func sftpByPassword() throws -> FileServer {
        let (directory, port) = try place("sftp")
        try makeKey("\(directory)/host-key")
        let server = try FileServer(
            directory, port,
            [
                try rclone(), "serve", "sftp", "--config", "/dev/null", "--addr", "127.0.0.1:\(port)", "--user", user,
                "--pass", password, "--key", "\(directory)/host-key", "--dir-cache-time", "1ms", "--poll-interval",
                "0", "\(directory)/files",
            ])
        try server.knowHost("\(directory)/host-key.pub")
        return server
    }

    /// OpenSSH's server, which lets a key in.
    package static func sftp() throws -> FileServer {
        let (directory, port) = try place("ssh")
        for name in ["host-key", "user-key", "other-key"] { try makeKey("\(directory)/\(name)") }
        try FileManager.default.copyItem(atPath: "\(directory)/user-key.pub", toPath: "\(directory)/authorized")
        try """
        Port \(port)
        ListenAddress 127.0.0.1
        HostKey \(directory)/host-key
        AuthorizedKeysFile \(directory)/authorized
        StrictModes no
        PidFile none
        UsePAM no
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        Subsystem sftp internal-sftp

        """.write(toFile: "\(directory)/config", atomically: false, encoding: .utf8)
        // As root it wants this directory.
        if getuid() == 0 { mkdir("/run/sshd", 0o755) }
        let server = try FileServer(
            directory, port,
            [try MariaDBServer.find("sshd", "openssh-server"), "-D", "-e", "-f", "\(directory)/config"])
        try server.knowHost("\(directory)/host-key.pub")
        return server
    }

    /// A web server with TLS, in Python; what it can be asked for stands in its script.
    package static func https() throws -> FileServer {
        let (directory, port) = try place("https")
        try makeCertificate(directory)
        try WebServerScript.text.write(toFile: "\(directory)/server.py", atomically: false, encoding: .utf8)
        return try FileServer(
            directory, port,
            [try MariaDBServer.find("python3", "python3"), "\(directory)/server.py", directory, "\(port)"])
    }

    // MARK: Parts

    private static func place(_ kind: String) throws -> (directory: String, port: Int) {
        let directory = "/tmp/bobbin-\(kind)-\(UUID().uuidString.prefix(8).lowercased())"
        try FileManager.default.createDirectory(atPath: "\(directory)/files", withIntermediateDirectories: true)
        return (directory, try MariaDBServer.freePort())
    }

    /// What `make test-deps` puts below `.build`.
    private static func rclone() throws -> String {
        let path =
            #filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/\($1)" } + "/.build/rclone/rclone"
        guard access(path, X_OK) == 0 else {
            throw Failure(description: "these tests need \(path): run make test-deps")
        }
        return path
    }

    private static func makeKey(_ path: String) throws {
        try MariaDBServer.run(
            "ssh-keygen", "openssh-client", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path],
            log: "\(path).log")
    }

    private static func makeCertificate(_ directory: String) throws {
        func openssl(_ words: String) throws {
            let arguments = words.split(separator: " ").map { String($0).replacing("@", with: directory) }
            try MariaDBServer.run("openssl", "openssl", arguments, log: "\(directory)/openssl.log")
        }
        try openssl(
            "req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=Bobbin-ca -keyout @/ca.key -out @/ca.pem")
        try openssl("req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout @/key.pem -out @/request.pem")
        try "subjectAltName=DNS:localhost,IP:127.0.0.1\n".write(
            toFile: "\(directory)/names", atomically: false, encoding: .utf8)
        try openssl(
            "x509 -req -in @/request.pem -CA @/ca.pem -CAkey @/ca.key -CAcreateserial -days 30 -extfile @/names -out @/cert.pem"
        )
    }

    private func knowHost(_ publicKey: String) throws {
        let words = try String(contentsOfFile: publicKey, encoding: .utf8).split(separator: " ")
        try "[127.0.0.1]:\(port) \(words[0]) \(words[1])\n".write(
            toFile: knownHosts, atomically: false, encoding: .utf8)
    }

    private static func answers(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
