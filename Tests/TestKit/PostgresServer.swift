internal import Foundation
internal import Glibc
internal import Synchronization

/// A PostgreSQL server of the tests' own, in a temporary directory and on a free port.
///
/// It goes with the value, and with the process however that ends: a shell that waits at a pipe from here kills it and
/// removes its directory when the pipe closes. As root it runs as the user `postgres`, since PostgreSQL refuses root.
package final class PostgresServer: Sendable {
    /// How a server is set up.
    package struct Options: Sendable {
        /// Certificates are made and connections with TLS are accepted, beside those without.
        package var hasTLS = false
        /// Settings as in postgresql.conf.
        package var settings: [String: String] = [:]

        /// A server without TLS.
        package init(hasTLS: Bool = false, settings: [String: String] = [:]) {
            self.hasTLS = hasTLS
            self.settings = settings
        }
    }

    /// Why there is no server.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package static let superuser = "postgres"
    /// The superuser's password; over the socket it needs none.
    package let password = "pw-\(UUID().uuidString)"
    package let port: Int
    /// Everything of the server.
    package let directory: String
    let options: Options
    let programs: String
    private let keeper = Mutex<Keeper?>(nil)

    private struct Keeper {
        let process: ChildProcess
        /// The writing end of its standard input.
        let pipe: FileHandle
    }

    /// Makes a database cluster and starts its server, which accepts connections when this returns.
    package static func start(_ options: Options = Options()) throws -> PostgresServer {
        let server = try PostgresServer(options)
        try server.launch()
        return server
    }

    private init(_ options: Options) throws {
        self.options = options
        programs = try Self.findPrograms()
        port = try Self.freePort()
        directory = NSTemporaryDirectory() + "bobbin-postgres-\(UUID().uuidString.lowercased().prefix(13))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        if geteuid() == 0 { try run(["chown", "postgres:", directory]) }
        try write("password", password + "\n")
        try run(
            Self.asUser + [
                "\(programs)/initdb", "--no-sync", "-E", "UTF8", "--locale=C", "-U", Self.superuser,
                "--auth=scram-sha-256", "--pwfile=\(directory)/password", "-D", data,
            ])
        try write(
            "hba",
            """
            local all \(Self.superuser) trust
            local all all scram-sha-256
            host all all 127.0.0.1/32 scram-sha-256

            """)
        if options.hasTLS { try makeCertificates() }
    }

    deinit {
        // Closing the pipe is what stops the server; waiting makes the port and the directory free.
        keeper.withLock { keeper in
            try? keeper?.pipe.close()
            _ = keeper?.process.wait()
        }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Directory of the Unix socket.
    package var socketDirectory: String { directory }
    /// The certificate that has signed the server's, which is for `localhost` and 127.0.0.1.
    package var authority: String { "\(directory)/ca.crt" }
    /// A certificate that has signed nothing.
    package var wrongAuthority: String { "\(directory)/other.crt" }
    var data: String { "\(directory)/data" }

    /// Connection parameters of the superuser over the Unix socket, without password.
    package var superuserParameters: [String: String] {
        ["host": socketDirectory, "port": String(port), "user": Self.superuser, "dbname": "postgres"]
    }

    /// A URL over TCP; `query` begins with `?` unless empty. User and password must need no percent-encoding.
    package func url(
        user: String = superuser, password: String? = nil, database: String = "postgres", query: String = ""
    ) -> String {
        "postgresql://\(user):\(password ?? self.password)@127.0.0.1:\(port)/\(database)\(query)"
    }

    /// Stops the server in order; open connections are ended with SQLSTATE 57P01. It can be started again.
    package func terminate() throws { try end(by: SIGINT, withChildren: false) }

    /// Ends all processes of the server at once, as a power cut does. It can be started again.
    package func kill9() throws { try end(by: SIGKILL, withChildren: true) }

    /// Starts the server again, on the same port; stops it before if it runs.
    package func restart() throws {
        if keeper.withLock({ $0 != nil }) { try terminate() }
        try launch()
    }
}

extension PostgresServer {
    /// Keeps "$@" running until the pipe closes, then kills it and removes the directory; after a line it leaves both.
    private static let script = """
        trap '' INT TERM HUP
        directory=$1; shift; cd /
        "$@" >>"$directory/log" 2>&1 </dev/null &
        if read -r word; then wait; exit; fi
        kill -QUIT $!; wait; rm -rf "$directory"
        """

    private func launch() throws {
        var settings = options.settings
        // No data of a test must outlive a power cut.
        settings["fsync"] = settings["fsync"] ?? "off"
        settings["shared_buffers"] = settings["shared_buffers"] ?? "16MB"
        settings["listen_addresses"] = "127.0.0.1"
        settings["hba_file"] = "\(directory)/hba"
        if options.hasTLS {
            settings["ssl"] = "on"
            settings["ssl_cert_file"] = "\(directory)/server.crt"
            settings["ssl_key_file"] = "\(directory)/server.key"
        }
        let command =
            Self.asUser + ["\(programs)/postgres", "-D", data, "-p", String(port), "-k", socketDirectory]
            + settings.sorted { $0.key < $1.key }.flatMap { ["-c", "\($0.key)=\($0.value)"] }
        let pipe = Pipe()
        // Another child that held the writing end would keep the server alive.
        _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        let process = try ChildProcess(
            ["/bin/sh", "-c", Self.script, "sh", directory] + command, input: pipe.fileHandleForReading)
        keeper.withLock { $0 = Keeper(process: process, pipe: pipe.fileHandleForWriting) }
        let isReady = Self.wait(seconds: 60) {
            // The last line of the file is the state (miscadmin.h, PM_STATUS_READY), as pg_ctl reads it.
            guard let text = try? String(contentsOfFile: "\(data)/postmaster.pid", encoding: .utf8) else {
                return false
            }
            return text.split(separator: "\n").last?.hasPrefix("ready") == true && Self.isAlive(processID)
        }
        let log = (try? String(contentsOfFile: "\(directory)/log", encoding: .utf8)) ?? ""
        if !isReady { throw Failure(description: "PostgreSQL does not start: \(log.suffix(1000))") }
    }

    private var processID: pid_t {
        let text = try? String(contentsOfFile: "\(data)/postmaster.pid", encoding: .utf8)
        return text?.split(separator: "\n").first.flatMap { pid_t($0) } ?? -1
    }

    private func end(by signal: Int32, withChildren: Bool) throws {
        let process = processID
        guard process > 0, let keeper = keeper.withLock({ $0 }) else {
            throw Failure(description: "the server does not run")
        }
        if withChildren {
            // Stopped first, it neither starts others nor dies before them, which they would tell their clients.
            kill(process, SIGSTOP)
            let children = try? String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
            for child in (children ?? "").split(separator: " ").compactMap({ pid_t($0) }) { kill(child, signal) }
        }
        kill(process, signal)
        guard Self.wait(seconds: 60, { !Self.isAlive(process) }) else {
            throw Failure(description: "the server does not end")
        }
        try keeper.pipe.write(contentsOf: Data("keep\n".utf8))
        _ = keeper.process.wait()
        self.keeper.withLock { $0 = nil }
    }

    /// Whether the process runs; one that is dead but not yet collected does not.
    private static func isAlive(_ process: pid_t) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
        return text.split(separator: ") ").last?.first != "Z"
    }

    private static func wait(seconds: Double, _ condition: () -> Bool) -> Bool {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while !condition() {
            if ContinuousClock.now > deadline { return false }
            usleep(20_000)
        }
        return true
    }
}
