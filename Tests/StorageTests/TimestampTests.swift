import Foundation
import Storage
import TestKit
import Testing

@Suite struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (1_795_000_000_250, "2026-11-18T11:06:40.250Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
        ] as [(Int64, String)])
    func known(_ milliseconds: Int64, _ text: String) { #expect(Timestamp.render(milliseconds) == text) }

    @Test func agreesWithFoundation() {
        // To the second: Foundation's fractions come from a float64.
        let formatter = Date.ISO8601FormatStyle()
        var random = SeededRandom(11)
        for _ in 0..<3000 {
            let seconds = Int64(random.next() % 8_000_000_000) - 2_000_000_000
            let expected = Date(timeIntervalSince1970: Double(seconds)).formatted(formatter).dropLast()
            #expect(Timestamp.render(seconds * 1000 + 7) == expected + ".007Z")
        }
    }
}

@Suite struct FileSystemTests {
    private let files = POSIXFileSystem()

    private func code(_ body: () throws -> Void) -> StorageError.Code? {
        do {
            try body()
            return nil
        } catch { return (error as? StorageError)?.code }
    }

    private func write(_ path: String, _ text: String, _ mode: OpenMode = .create) throws {
        try files.writeFile(
            path, Array(text.utf8), mode: mode, create: .sourceOpen, write: .sourceRead, close: .sourceClose)
    }

    private func read(_ path: String, limit: Int = 1 << 20) throws -> String {
        String(
            decoding: try files.contents(path, limit: limit, open: .sourceOpen, read: .sourceRead, close: .sourceClose),
            as: UTF8.self)
    }

    @Test func namesThatAreNoTextAreToldApart() throws {
        let directory = try TemporaryDirectory()
        try write("\(directory.path)/a", "")
        try write("\(directory.path)/\u{FFFD}", "")
        for (name, isDirectory) in [([0xFF] as [UInt8], false), ([0x61, 0xC3], true)] {
            let path = Array(directory.path.utf8) + [0x2F] + name + [0]
            path.withUnsafeBufferPointer { bytes in
                bytes.withMemoryRebound(to: CChar.self) { text in
                    guard let text = text.baseAddress else { return }
                    if isDirectory { mkdir(text, 0o755) } else { close(creat(text, 0o644)) }
                }
            }
        }
        var odd: [UndecodableName] = []
        #expect(try files.list(directory.path, .sourceList) { odd.append($0) }.sorted() == ["a", "\u{FFFD}"])
        #expect(Set(odd) == [.init(bytes: [0xFF], kind: .file), .init(bytes: [0x61, 0xC3], kind: .directory)])
        #expect(try files.list(directory.path, .sourceList).count == 4, "a listing alone has them repaired")
    }

    @Test func modesOfOpening() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/f"
        #expect(code { try write(path, "x", .rewrite) } == .notFound)
        try write(path, "hello world")
        #expect(code { try write(path, "again") } == .exists)
        try write(path, "HELLO", .rewrite)
        #expect(try read(path) == "HELLO world")
        try write(path, "short", .replace)
        #expect(try read(path) == "short")
        #expect(code { _ = try read(path, limit: 4) } == .invalid)
    }

    @Test func symbolicLinksAreRefused() throws {
        let directory = try TemporaryDirectory()
        try write("\(directory.path)/f", "x")
        try FileManager.default.createSymbolicLink(atPath: "\(directory.path)/l", withDestinationPath: "f")
        #expect(code { _ = try read("\(directory.path)/l") } == .symbolicLink)
        #expect(try files.status("\(directory.path)/l", .sourceStatus).kind == .symbolicLink)
    }

    @Test func namesAndDirectories() throws {
        let directory = try TemporaryDirectory()
        let root = directory.path
        try files.makeDirectories(root, ["a", "b", "c"], .sourceList, sync: .sourceList)
        try files.makeDirectories(root, ["a", "b", "c"], .sourceList, sync: nil)
        try write("\(root)/a/f", "1")
        try files.link("\(root)/a/f", "\(root)/a/g", .sourceList)
        #expect(code { try files.link("\(root)/a/f", "\(root)/a/g", .sourceList) } == .exists)
        #expect(try files.status("\(root)/a/g", .sourceStatus).links == 2)
        // Two names of one inode: rename does nothing and reports success.
        try files.rename("\(root)/a/f", "\(root)/a/g", .sourceList)
        #expect(try files.list("\(root)/a", .sourceList).sorted() == ["b", "f", "g"])
        #expect(code { try files.removeDirectory("\(root)/a", .sourceList) } == .notEmpty)
        #expect(code { _ = try files.list("\(root)/a/f", .sourceList) } == .notDirectory)
        #expect(code { try files.unlink("\(root)/nothing", .sourceList) } == .notFound)
        try files.synchronizeDirectory("\(root)/a", .sourceList)
        #expect(try files.freeSpace(root, .spaceStatus) > 0)
    }

    @Test func errorsSayWhatToDo() {
        let error = StorageError(.noSpace, .chunkWrite, "spool/x")
        #expect(
            error.description.hasPrefix("cannot write spool/x: no space") && error.description.contains("make room"))
        #expect(error.isEnvironment && !StorageError(.notFound, .chunkWrite, "").isEnvironment)
        #expect(!StorageError(.permission, .chunkWrite, "").isEnvironment)
    }

    @Test func aFailedReadOrWriteNamesItsFile() throws {
        let files = POSIXFileSystem()
        let file = try files.open("/dev/full", .rewrite, .chunkCreate)
        defer { try? files.close(file, .chunkClose) }
        let error = #expect(throws: StorageError.self) {
            try [UInt8](repeating: 0, count: 10).withUnsafeBytes { bytes in try files.write(file, bytes, .chunkWrite) }
        }
        #expect(error?.code == .noSpace && error?.path == "/dev/full")
    }

    @Test func thisProcessIsAliveAndOthersOfOtherHostsAreUnknown() {
        let processes = LinuxProcesses()
        #expect(!processes.isKnownDead(processes.current))
        var other = processes.current
        other.start += 1
        #expect(processes.isKnownDead(other))
        other.boot = "another"
        #expect(!processes.isKnownDead(other))
        other = processes.current
        other.pid = 0x3FFF_FFFF
        #expect(processes.isKnownDead(other))
        other.namespace = "pid:[1]"
        #expect(!processes.isKnownDead(other))
    }
}
