package import Databases
internal import Foundation
internal import Glibc
internal import Synchronization

/// A MariaDB server of the tests' own, in a temporary directory, on a free port and a socket.
///
/// It ends with the value, and with the test process however that ends: a shell beside it waits for the end of its
/// standard input, a socket that only this process holds, then kills the server and removes the directory.
package final class MariaDBServer: Sendable {
    /// How a server is started.
    package struct Options: Sendable {
        /// Whether it offers TLS, with a certificate for localhost and 127.0.0.1 signed by ``MariaDBServer/authority``.
        package var tls = false
        /// Further options of mariadbd, such as `--local-infile=0`.
        package var arguments: [String] = []

        /// A server without TLS.
        package init(tls: Bool = false, arguments: [String] = []) {
            self.tls = tls
            self.arguments = arguments
        }
    }

    /// Why a server could not be started.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// The processes of a server that runs, and our end of the shell's standard input.
    struct Running {
        var server: pid_t = 0
        var shell: pid_t = 0
        var input: Int32 = -1
    }

    package static let rootPassword = "root's pass-wörd"

    package let directory: String
    package let port: Int
    private let options: Options
    private let running = Mutex(Running())

    package var socket: String { "\(directory)/s" }
    package var authority: String { "\(directory)/ca.pem" }
    /// An authority that signed nothing here.
    package var otherAuthority: String { "\(directory)/other-ca.pem" }

    /// Starts a server and waits until it answers.
    ///
    /// - Throws: `Failure`, naming the package to install when a program is missing.
    package static func start(_ options: Options = Options()) throws -> MariaDBServer {
        let server = try MariaDBServer(options)
        try server.run()
        let root = try MySQLConnection(server.settings(password: nil))
        let password = MySQLConnection.quote(literal: rootPassword)
        try root.execute(
            "ALTER USER root@localhost IDENTIFIED BY \(password), root@127.0.0.1 IDENTIFIED BY \(password)")
        try root.execute("CREATE DATABASE test CHARACTER SET utf8mb4")
        return server
    }

    private init(_ options: Options) throws {
        self.options = options
        directory = "/tmp/bobbin-mariadb-\(UUID().uuidString.prefix(8).lowercased())"
        port = try Self.freePort()
        // Its own: a server that starts removes all temporary tables in its folder, another server's too.
        try FileManager.default.createDirectory(atPath: "\(directory)/tmp", withIntermediateDirectories: true)
        // A socket's path may have 107 bytes, so the directory's name is short.
        try Self.run(
            "mariadb-install-db", "mariadb-server",
            [
                "--no-defaults", "--datadir=\(directory)/data", "--auth-root-authentication-method=normal",
                "--skip-test-db", "--skip-name-resolve", "--user=\(Self.user)", "--innodb-log-file-size=4M",
                "--tmpdir=\(directory)/tmp",
            ], log: "\(directory)/install.log")
        if options.tls { try makeCertificates() }
    }

    deinit {
        stop()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Settings of a user, root by default, over TCP and the database `test`.
    package func settings(
        user: String = "root", password: String? = rootPassword, change: (inout MySQLSettings) -> Void = { _ in }
    ) -> MySQLSettings {
        var settings = MySQLSettings()
        settings.host = "127.0.0.1"
        settings.port = port
        settings.user = user
        settings.password = password.map { MySQLSecret($0) }
        settings.database = password == nil ? nil : "test"
        settings.connectSeconds = 5
        settings.readSeconds = 60
        change(&settings)
        return settings
    }

    /// A connection of root.
    package func connect(_ change: (inout MySQLSettings) -> Void = { _ in }) throws -> MySQLConnection {
        try MySQLConnection(settings(change: change))
    }

    /// Ends the server without any warning, as a crash would.
    package func kill9() {
        let pid = running.withLock { $0.server }
        if pid > 0 { kill(pid, SIGKILL) }
        stop()
    }

    /// Starts it again with the same files, port and socket.
    package func restart() throws {
        stop()
        try run()
    }

    /// Ends the server, at once.
    package func stop() {
        running.withLock { running in
            guard running.shell > 0 else { return }
            _ = write(running.input, "keep\n", 5)
            close(running.input)
            var status: Int32 = 0
            waitpid(running.shell, &status, 0)
            running = Running()
        }
    }

    private func run() throws {
        let program = try Self.find("mariadbd", "mariadb-server")
        var arguments = [
            "--no-defaults", "--datadir=\(directory)/data", "--socket=\(socket)", "--port=\(port)",
            "--bind-address=127.0.0.1", "--pid-file=\(directory)/pid", "--log-error=\(directory)/error.log",
            "--user=\(Self.user)", "--skip-name-resolve", "--skip-log-bin", "--innodb-buffer-pool-size=48M",
            "--innodb-log-file-size=4M", "--innodb-flush-log-at-trx-commit=0", "--performance-schema=0",
            "--max-allowed-packet=16M", "--tmpdir=\(directory)/tmp",
        ]
        if options.tls {
            arguments += [
                "--ssl-ca=\(authority)", "--ssl-cert=\(directory)/cert.pem", "--ssl-key=\(directory)/key.pem",
            ]
        }
        arguments += options.arguments
        let script = """
            folder=$1; shift; "$@" </dev/null >/dev/null 2>&1 & server=$!; echo $server
            read word; kill -9 $server; wait 2>/dev/null; [ "$word" = keep ] || rm -rf "$folder"
            """
        let started = try Self.spawn("/bin/sh", ["-c", script, "sh", directory, program] + arguments)
        running.withLock { $0 = started }
        // The server is there as soon as it answers, even with a refusal.
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            var probe = settings(user: "nobody", password: "x")
            probe.database = nil
            do { _ = try MySQLConnection(probe) } catch {
                if error.number == 1045 || error.number == 1698 { return }
            }
            if kill(started.server, 0) != 0 { break }
            usleep(20_000)
        }
        let log = (try? String(contentsOfFile: "\(directory)/error.log", encoding: .utf8)) ?? ""
        throw Failure(description: "mariadbd did not start: \(log.suffix(2000))")
    }

    private func makeCertificates() throws {
        func openssl(_ words: String) throws {
            let arguments = words.split(separator: " ").map { String($0).replacing("@", with: directory) }
            try Self.run("openssl", "openssl", arguments, log: "\(directory)/openssl.log")
        }
        for name in ["ca", "other-ca"] {
            try openssl(
                "req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=Bobbin-\(name) -keyout @/\(name).key -out @/\(name).pem"
            )
        }
        try openssl("req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout @/key.pem -out @/request.pem")
        try "subjectAltName=DNS:localhost,IP:127.0.0.1\n".write(
            toFile: "\(directory)/names", atomically: false, encoding: .utf8)
        try openssl(
            "x509 -req -in @/request.pem -CA @/ca.pem -CAkey @/ca.key -CAcreateserial -days 30 -extfile @/names -out @/cert.pem"
        )
    }
}
