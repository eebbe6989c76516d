import Chunk
import Databases
import Glibc
import JSON
import Load
import Manifest
import Spool
import Storage
import Synchronization
import Testing
import Threads

/// This host, of which the test says which processes are dead.
final class TestProcesses: HostProcesses {
    let current: ProcessIdentity
    private let dead = Mutex<Set<Int32>>([])

    init(pid: Int32 = 100) {
        current = ProcessIdentity(host: "here", boot: "b", namespace: "n", pid: pid, start: 1)
    }

    func isKnownDead(_ process: ProcessIdentity) -> Bool { dead.withLock { $0.contains(process.pid) } }
    func kill(_ pid: Int32) { dead.withLock { _ = $0.insert(pid) } }
}

/// A spool in a directory of its own, filled through the real interfaces, and an SQLite target.
final class Bench {
    let root: String
    let files = POSIXFileSystem()
    let host: TestProcesses
    let spool: Spool
    let heart: Heart

    init() throws {
        var template = Array("/tmp/bobbin-tools-XXXXXX".utf8CString)
        _ = try #require(mkdtemp(&template))
        root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        host = TestProcesses()
        spool = try Bench.open(root, host)
        heart = Heart(files: files, clock: SystemClock(), seconds: 30)
    }

    deinit { Bench.remove(root) }

    static func open(_ root: String, _ host: TestProcesses) throws -> Spool {
        try Spool(
            root: "\(root)/spool", create: true, files: POSIXFileSystem(), clock: SystemClock(), host: host,
            random: {
                var generator = SystemRandomNumberGenerator()
                return (generator.next(), generator.next())
            })
    }

    private static func remove(_ path: String) {
        let files = POSIXFileSystem()
        if (try? files.status(path, .doctorProbe))?.kind == .directory {
            for name in (try? files.list(path, .doctorProbe)) ?? [] { remove("\(path)/\(name)") }
            try? files.removeDirectory(path, .doctorProbe)
        } else {
            try? files.unlink(path, .doctorProbe)
        }
    }

    // MARK: Extraction

    static func compressed(_ lines: [String]) throws -> [UInt8] {
        let raw = RawBuffer()
        Array(lines.map { $0 + "\n" }.joined().utf8).withUnsafeBytes { raw.append($0) }
        let frames = RawBuffer()
        try FrameCompressor().compress(raw.bytes, into: frames)
        return Array(frames.bytes)
    }

    func begin(
        _ partition: String = "a", mode: WriteMode = .append, key: [String] = [], targets: [String] = ["db"],
        since: String = "1"
    ) throws -> RunWriter {
        let log = LogKey(job: "job", stream: "s", partition: Partition([.init(name: "p", value: partition)]))
        let run = spool.newRun()
        var manifest = RunManifest(
            spool: spool.id, run: run, job: log.job, stream: log.stream, targets: targets, partition: log.partition,
            mode: mode,
            key: key, table: "t", priority: 50, generation: run, base: try spool.lastNumber(log), isFinal: true,
            fingerprint: "f")
        manifest.cursorTo = .record([("since", .string(since))])
        manifest.schema = [
            Column(name: "p", type: .text), Column(name: "id", type: .integer), Column(name: "v", type: .text),
        ]
        return try RunWriter(spool, manifest, heart: heart, deadline: 60)
    }

    func add(_ lines: [String], to writer: RunWriter) throws {
        let chunk = try writer.beginChunk()
        let bytes = try Bench.compressed(lines)
        try bytes.withUnsafeBytes { try chunk.append($0) }
        var content = RowHash()
        let text = Array(lines.map { $0 + "\n" }.joined().utf8)
        _ = text.withUnsafeBytes { content.addLines($0) }
        try writer.finish(
            chunk, rows: lines.count, bytes: text.count, content: content.value, cursor: .null, isLast: false)
    }

    @discardableResult
    func publish(
        _ partition: String = "a", mode: WriteMode = .append, key: [String] = [], targets: [String] = ["db"],
        since: String = "1",
        chunks: [[String]] = [["{\"id\":1,\"v\":\"x\"}", "{\"id\":2,\"v\":\"y\"}"]]
    ) throws -> RunManifest {
        let writer = try begin(partition, mode: mode, key: key, targets: targets, since: since)
        for lines in chunks { try add(lines, to: writer) }
        guard case .committed(let number) = try writer.commit() else { throw SpoolError(.refused, "lost") }
        try writer.publish(number)
        return writer.manifest
    }

    // MARK: Loading

    func target() throws -> SQLiteTarget {
        try SQLiteTarget(
            path: "\(root)/db", spool: spool.id, busySeconds: 1, cacheBytes: 1 << 20, checkpointPages: 1000)
    }

    @discardableResult
    func load() throws -> LoadSummary {
        let worker = try LoadWorker(
            spool, heart: heart, target: try target(), queue: "db", options: LoadOptions(), stop: StopSignal()
        ) { _ in }
        return try worker.run(wake: Condition(0)) { false }
    }

    func rows() throws -> [String] {
        let connection = try SQLiteConnection(path: "\(root)/db", access: .readOnly, busySeconds: 1)
        let query = try connection.prepare("SELECT id || '=' || v FROM t ORDER BY id, v")
        var rows: [String] = []
        while try query.step() { rows.append(query.text(0)) }
        return rows
    }

    // MARK: Files

    func ready(_ manifest: RunManifest) -> String { "ready/db/50-\(manifest.run)" }

    func write(_ path: String, _ bytes: [UInt8]) throws {
        // A new inode, as `mv` makes it: links elsewhere keep their content.
        try? files.unlink("\(spool.root)/\(path)", .doctorProbe)
        try files.writeFile(
            "\(spool.root)/\(path)", bytes, create: .doctorProbe, write: .doctorProbe, close: .doctorProbe)
    }

    func read(_ path: String) throws -> [UInt8] {
        try files.contents("\(spool.root)/\(path)", open: .doctorProbe, read: .doctorProbe, close: .doctorProbe)
    }

    func remove(_ path: String) throws { try files.unlink("\(spool.root)/\(path)", .doctorProbe) }
    func move(_ source: String, _ destination: String) throws {
        try files.rename("\(spool.root)/\(source)", "\(spool.root)/\(destination)", .doctorProbe)
    }
    func makeDirectory(_ path: String) throws { try files.makeDirectory("\(spool.root)/\(path)", .doctorProbe) }
    func exists(_ path: String) -> Bool { (try? files.status("\(spool.root)/\(path)", .doctorProbe)) != nil }

    // MARK: Tools

    func statuses(all: Bool = false) throws -> [RunStatus] {
        var inventory = try Inventory(spool)
        var found: [RunStatus] = []
        try inventory.visit(all: all) { found.append($0) }
        return found
    }

    func dead() throws -> [DeadItem] {
        var letters = DeadLetters(spool)
        var found: [DeadItem] = []
        try letters.visit { found.append($0) }
        return found
    }

    func fsck(repair: Bool = false, deep: Bool = true) throws -> [FsckFinding] {
        var options = Fsck.Options()
        options.repairs = repair
        options.isDeep = deep
        var found: [FsckFinding] = []
        try Fsck(spool, options) { found.append($0) }.run()
        return found
    }
}
