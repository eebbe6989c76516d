import Manifest
import Spool
import Storage
import Synchronization
import Testing

/// A file system that dies at its n-th change and stays dead, as a killed process would.
final class DyingFiles: FileSystem {
    private let files = POSIXFileSystem()
    private let left: Mutex<Int>

    init(changes: Int) { left = Mutex(changes) }

    private func change(_ operation: Storage.Operation, _ path: String) throws(StorageError) {
        let isDead = left.withLock { left in
            left -= 1
            return left < 0
        }
        if isDead { throw StorageError(.inputOutput, operation, path) }
    }

    func open(_ path: String, _ mode: OpenMode, _ operation: Storage.Operation) throws(StorageError) -> FileDescriptor {
        if mode != .read { try change(operation, path) }
        return try files.open(path, mode, operation)
    }
    func read(
        _ file: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer, _ operation: Storage.Operation
    ) throws(StorageError) -> Int { try files.read(file, into: buffer, operation) }
    func write(_ file: FileDescriptor, _ bytes: UnsafeRawBufferPointer, _ operation: Storage.Operation)
        throws(StorageError)
    {
        try change(operation, "")
        try files.write(file, bytes, operation)
    }
    func synchronize(_ file: FileDescriptor, _ operation: Storage.Operation) throws(StorageError) {
        try files.synchronize(file, operation)
    }
    func close(_ file: FileDescriptor, _ operation: Storage.Operation) throws(StorageError) {
        try files.close(file, operation)
    }
    func rename(_ source: String, _ destination: String, _ operation: Storage.Operation) throws(StorageError) {
        try change(operation, source)
        try files.rename(source, destination, operation)
    }
    func link(_ source: String, _ destination: String, _ operation: Storage.Operation) throws(StorageError) {
        try change(operation, source)
        try files.link(source, destination, operation)
    }
    func unlink(_ path: String, _ operation: Storage.Operation) throws(StorageError) {
        try change(operation, path)
        try files.unlink(path, operation)
    }
    func makeDirectory(_ path: String, _ operation: Storage.Operation) throws(StorageError) {
        try change(operation, path)
        try files.makeDirectory(path, operation)
    }
    func removeDirectory(_ path: String, _ operation: Storage.Operation) throws(StorageError) {
        try change(operation, path)
        try files.removeDirectory(path, operation)
    }
    func list(
        _ path: String, _ operation: Storage.Operation, undecodable: (UndecodableName) -> Void
    ) throws(StorageError) -> [String] {
        try files.list(path, operation, undecodable: undecodable)
    }
    func status(_ path: String, _ operation: Storage.Operation) throws(StorageError) -> FileStatus {
        try files.status(path, operation)
    }
    func synchronizeDirectory(_ path: String, _ operation: Storage.Operation) throws(StorageError) {
        try files.synchronizeDirectory(path, operation)
    }
    func freeSpace(_ path: String, _ operation: Storage.Operation) throws(StorageError) -> Int {
        try files.freeSpace(path, operation)
    }
}

struct KillTests {
    /// Runs `body` on a spool that dies at change 0, 1, 2, ... until it ends untouched; returns how many changes there are.
    private func sweep(
        _ prepare: () throws -> Bench, _ body: (Bench, Spool) throws -> Void, then check: (Bench) throws -> Void
    ) throws -> Int {
        for changes in 0..<200 {
            let bench = try prepare()
            let files = DyingFiles(changes: changes)
            let spool = try Spool(
                root: bench.spool.root, create: false, files: files, clock: SystemClock(), host: bench.host,
                random: bench.spool.random)
            var isWhole = true
            do { try body(bench, spool) } catch { isWhole = false }
            try check(bench)
            if isWhole { return changes }
        }
        Issue.record("it never ends untouched")
        return 0
    }

    @Test func aRepairMayBeKilledAnywhere() throws {
        let points = try sweep {
            let bench = try Bench()
            try bench.publish("done")
            try bench.load()
            let open = try bench.publish("open", chunks: [["{\"id\":3,\"v\":\"a\"}"], ["{\"id\":4,\"v\":\"b\"}"]])
            let other = try bench.publish("other")
            try bench.write("\(bench.ready(open))/1.a0.c0.ndjson.zst", [1])
            try bench.write("manifests/job/s/p=done/1.db.outcome.json", [])
            try bench.remove("\(bench.ready(other))/manifest.json")
            try bench.makeDirectory("loaded/db/notes")
            try bench.write("loaded/db/notes/todo", [1])
            return bench
        } _: { _, spool in
            var options = Fsck.Options()
            options.repairs = true
            var failures = 0
            let fsck = Fsck(spool, options) { failures += $0.failure == nil ? 0 : 1 }
            try fsck.run()
            if failures > 0 { throw SpoolError(.refused, "died") }
        } then: { bench in
            _ = try bench.fsck(repair: true)
            #expect(try bench.fsck().isEmpty)
            try bench.load()
            #expect(try bench.dead().count == 1)
            // Of "open" only the damaged chunk is missing; the rest is there once.
            #expect(try bench.rows() == ["1=x", "1=x", "2=y", "2=y", "3=a"])
        }
        #expect(points > 8)
    }

    @Test func aReplayMayBeKilledAnywhere() throws {
        let points = try sweep {
            let bench = try Bench()
            let manifest = try bench.publish()
            try bench.write(
                "\(bench.ready(manifest))/0.a0.c0.ndjson.zst", try Bench.compressed(["{\"id\":7,\"v\":\"z\"}"]))
            try bench.load()
            return bench
        } _: { bench, spool in
            guard let item = try bench.dead().first else { throw SpoolError(.refused, "nothing is dead") }
            _ = try spool.replayChunk(item)
        } then: { bench in
            if let item = try bench.dead().first { _ = try bench.spool.replayChunk(item) }
            try bench.load()
            #expect(try bench.rows() == ["7=z"])
            _ = try bench.fsck(repair: true)
            #expect(try bench.fsck().isEmpty)
        }
        #expect(points >= 3)
    }
}
