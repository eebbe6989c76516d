import Foundation
import Testing

/// The built programs, found beside the test bundle.
enum Programs {
    static let directory: URL = {
        var url = URL(fileURLWithPath: CommandLine.arguments[0]).standardizedFileURL
        while url.path != "/" {
            url.deleteLastPathComponent()
            if FileManager.default.isExecutableFile(atPath: url.appendingPathComponent("bobbin").path) { return url }
        }
        return URL(fileURLWithPath: "/nonexistent")
    }()

    static var bobbin: String { directory.appendingPathComponent("bobbin").path }
    static var upstream: String { directory.appendingPathComponent("bobbin-upstream").path }
}

/// What a program did.
struct Ended {
    var status: Int32
    var output: String
    var errors: String
}

/// A running program.
final class Running {
    let process = Process()
    private let output: URL
    private let errors: URL

    init(_ path: String, _ arguments: [String], in directory: URL) throws {
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.currentDirectoryURL = directory
        let name = UUID().uuidString
        output = directory.appendingPathComponent(".\(name).out")
        errors = directory.appendingPathComponent(".\(name).err")
        for file in [output, errors] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    /// Looks at what it has written so far.
    func isOutput(_ condition: (String) -> Bool) throws -> Bool {
        condition(try String(contentsOf: output, encoding: .utf8))
    }

    func kill(_ signal: Int32) { Foundation.kill(process.processIdentifier, signal) }

    func wait() throws -> Ended {
        process.waitUntilExit()
        return Ended(
            status: process.terminationStatus, output: try String(contentsOf: output, encoding: .utf8),
            errors: try String(contentsOf: errors, encoding: .utf8))
    }
}

/// A temporary directory with a configuration, a mock upstream and a spool.
final class Site {
    let directory: URL
    private var mock: Running?
    private(set) var port = 0

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("bobbin-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit {
        mock?.kill(SIGKILL)
        try? FileManager.default.removeItem(at: directory)
    }

    /// Starts the mock upstream on a free port, or anew on the same one.
    func startUpstream(_ arguments: [String]) throws {
        mock?.kill(SIGKILL)
        _ = try mock?.wait()
        let file = directory.appendingPathComponent("port")
        try? FileManager.default.removeItem(at: file)
        mock = try Running(
            Programs.upstream,
            ["--port", "\(port)", "--port-file", file.path, "--quiet", "--exit-with-parent"] + arguments,
            in: directory)
        let isListening = try until("the mock upstream listens") {
            guard let text = try? String(contentsOf: file, encoding: .utf8),
                let number = Int(text.trimmingCharacters(in: .whitespacesAndNewlines))
            else { return false }
            port = number
            return true
        }
        if isListening { return }
        Issue.record("the mock upstream did not start")
    }

    /// Looks at what other processes do until `condition` holds; `false` after 30 seconds, which no test passes.
    func until(_ what: String, _ condition: () throws -> Bool) throws -> Bool {
        let deadline = Date(timeIntervalSinceNow: 30)
        while try !condition() {
            guard Date() < deadline else {
                Issue.record("in vain for 30 seconds: \(what)")
                return false
            }
            usleep(2_000)
        }
        return true
    }

    /// The names in a directory of the site; none when it is not there yet.
    func names(_ directory: String) throws -> [String] {
        let path = self.directory.appendingPathComponent(directory).path
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: path)
    }

    func write(_ name: String, _ text: String) throws {
        let url = directory.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: url, atomically: true, encoding: .utf8)
    }

    /// Writes `bobbin.yaml` for the fault API.
    func configure(
        domains: [String], days: String = "{from: 2026-03-01, to: 2026-03-03}", extra: String = "", load: String = ""
    ) throws {
        let names = domains.map { name in
            "\"" + name.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"") + "\""
        }.joined(separator: ", ")
        try write(
            "bobbin.yaml",
            """
            spool: spool
            connections:
              upstream:  {type: http, base_url: "http://127.0.0.1:\(port)"}
              warehouse: {type: sqlite, path: warehouse.db, busy_timeout: 5s}
            defaults:
              target: warehouse
              retry: {strategy: exponential, initial_delay: 10ms, multiplier: 2, max_delay: 100ms, max_attempts: 4, jitter: true}
            \(load)
            jobs:
              faults:
                source:
                  connection: upstream
                  path: /faults
                  query: {domain: "{domain}", date: "{data_date}", lastRank: "{cursor}", limit: "{page_size}"}
                  records: /data
                  page_size: 500
                  pagination: {type: cursor, field: rank, start: 0, stop: short_page}
                partitions:
                  domain: [\(names)]
                  data_date: \(days)
                parallelism: 4
                chunk: {rows: 1000}
                table: fault_record
                primary_key: [domain, data_date, rank]
                mode: replace-partition
            \(extra)
            """)
    }

    @discardableResult
    func bobbin(_ arguments: String...) throws -> Ended {
        try Running(Programs.bobbin, arguments, in: directory).wait()
    }

    func start(_ arguments: String...) throws -> Running { try Running(Programs.bobbin, arguments, in: directory) }

    /// Runs SQL by Python's sqlite3 and gives the rows as JSON, for checks that do not trust our own code.
    func query(_ sql: String) throws -> [[Any]] {
        let script = """
            import sqlite3, json, sys
            c = sqlite3.connect("file:warehouse.db?mode=ro", uri=True)
            c.text_factory = lambda b: b.decode("utf-8", "surrogateescape")
            print(json.dumps([list(r) for r in c.execute(sys.argv[1])]))
            """
        let ended = try Running("/usr/bin/env", ["python3", "-c", script, sql], in: directory).wait()
        #expect(ended.status == 0, "\(ended.errors)")
        return (try JSONSerialization.jsonObject(with: Data(ended.output.utf8)) as? [[Any]]) ?? []
    }

    func count(_ sql: String) throws -> Int { (try query(sql).first?.first as? Int) ?? -1 }

    /// What is left in the spool that is neither log nor archive.
    func leftovers() throws -> [String] {
        let manager = FileManager.default
        var found: [String] = []
        for name in ["writing", "trash", "ready", "claimed", "dead"] {
            let base = directory.appendingPathComponent("spool/\(name)")
            for path in try manager.subpathsOfDirectory(atPath: base.path) {
                var isDirectory: ObjCBool = false
                _ = manager.fileExists(atPath: base.appendingPathComponent(path).path, isDirectory: &isDirectory)
                // A lease alone is of a process that was killed before it wrote it; only its silence, over a TTL, tells
                // the others, and these processes live shorter than that.
                if !isDirectory.boolValue, !path.hasSuffix("/writer"), !path.hasSuffix("/lease") {
                    found.append("\(name)/\(path)")
                }
            }
        }
        return found
    }
}
