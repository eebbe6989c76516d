import Foundation
import TestKit
import Testing

/// A small filesystem of its own, full or not, on which a target keeps tables; gone with the value.
final class SmallFilesystem {
    struct Failure: Error, CustomStringConvertible { let description: String }

    let path: String
    private var filler: String { path + "/filler" }

    /// Mounts one, which takes root or sudo without a password, at a directory that is there.
    init(at path: String, bytes: Int, owner: String) throws {
        self.path = path
        try Self.asRoot(["mount", "-t", "tmpfs", "-o", "size=\(bytes),mode=0700,uid=\(owner)", "bobbin-test", path])
    }

    deinit {
        do { try Self.asRoot(["umount", "-l", path]) } catch { Issue.record("\(path) stays mounted: \(error)") }
    }

    /// Takes all room but so many bytes.
    func fill(leaving bytes: Int) throws {
        try Self.asRoot([
            "sh", "-c", "head -c $(($(stat -f -c '%a * %S' '\(path)') - \(bytes))) /dev/zero > '\(filler)'",
        ])
    }

    func makeRoom() throws { try Self.asRoot(["rm", filler]) }

    static func asRoot(_ command: [String]) throws {
        let words = (geteuid() == 0 ? [] : ["sudo", "-n"]) + command
        let ended = try Running("/usr/bin/env", words, in: FileManager.default.temporaryDirectory).wait()
        guard ended.status == 0 else {
            throw Failure(
                description:
                    "these tests mount a tmpfs, as root or by sudo: \(words.joined(separator: " ")): \(ended.errors)")
        }
    }
}

/// A tablespace that is full: everything waits, nothing is charged to a chunk, and it goes on once there is room.
@Suite(.serialized) struct FullServerTests {
    @Test func aFullTablespaceOfPostgres() throws {
        let server = try PostgresServer.start()
        let directory = server.directory + "/space"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let owner = geteuid() == 0 ? "postgres" : NSUserName()
        let space = try SmallFilesystem(at: directory, bytes: 32 << 20, owner: owner)
        let warehouse = try Warehouse(.native(.postgres), on: .postgres(server), domains: ["a"], days: 2, rows: 4_000)
        _ = try warehouse.server.query("CREATE TABLESPACE small LOCATION '\(directory)'", in: "public")
        _ = try warehouse.server.query("ALTER ROLE postgres SET default_tablespace = small", in: "public")
        try check(warehouse, space)
        try server.terminate()
    }

    @Test func aFullDatabaseOfMariaDB() throws {
        let server = try MariaDBServer.start(.init(arguments: ["--innodb-flush-log-at-trx-commit=2"]))
        let warehouse = try Warehouse(.native(.mariadb), on: .mariadb(server), domains: ["a"], days: 2, rows: 4_000)
        // InnoDB keeps each table in a file of its own, in the database's directory.
        let space = try SmallFilesystem(
            at: "\(server.directory)/data/\(warehouse.name)", bytes: 32 << 20, owner: NSUserName())
        try check(warehouse, space)
        server.stop()
    }

    /// A transaction of which the binary log's part is larger than its cache goes through the server's tmpdir.
    @Test(arguments: [TestTarget.native(.mariadb), .odbc(.mariaDB)])
    func aFullTemporaryDirectoryOfMariaDB(_ target: TestTarget) throws {
        let server = try MariaDBServer.start(
            .init(arguments: ["--innodb-flush-log-at-trx-commit=2", "--log-bin=bin", "--server-id=1"]))
        let warehouse = try Warehouse(target, on: .mariadb(server), domains: ["a"], days: 2, rows: 4_000)
        let space = try SmallFilesystem(at: "\(server.directory)/tmp", bytes: 32 << 20, owner: NSUserName())
        try check(warehouse, space, room: 16 << 10)
        server.stop()
    }

    private func check(_ warehouse: Warehouse, _ space: SmallFilesystem, room: Int = 128 << 10) throws {
        let site = warehouse.site
        // Tables and books are made while there is room, as of a loader that runs for long.
        #expect(try site.bobbin("run", "--set", "data_date=2026-03-01").status == 0)
        let before = try warehouse.counts()
        #expect(before == Array(repeating: "4000|4000", count: 3))
        #expect(try site.bobbin("extract", "--set", "data_date=2026-03-02").status == 0)
        try space.fill(leaving: room)
        for _ in 0..<4 {
            // More often than a chunk has attempts.
            let full = try site.bobbin("load")
            #expect(full.status == 75, "\(full.output)\(full.errors)")
            #expect(!full.errors.contains(warehouse.server.password))
        }
        // To count distinct ones may itself take room.
        for table in ["replaced", "merged"] {
            #expect(try warehouse.query("SELECT count(*) FROM \(table)") == ["4000"])
        }
        let waiting = try site.leftovers()
        #expect(waiting.allSatisfy { !$0.hasPrefix("dead/") && !$0.hasPrefix("claimed/") }, "\(waiting)")
        let chunks = waiting.filter { $0.hasSuffix(".ndjson.zst") }
        // Sequence, attempts, deaths.
        #expect(!chunks.isEmpty && chunks.allSatisfy { $0.hasSuffix(".a0.c0.ndjson.zst") }, "\(chunks)")
        let loader = try site.start("load", "--watch")
        try space.makeRoom()
        _ = try site.until("everything is loaded") {
            (try? warehouse.counts()) == Array(repeating: "8000|8000", count: 3)
        }
        loader.kill(SIGTERM)
        #expect(try loader.wait().status == 0)
        try warehouse.check(rows: 8_000)
    }
}
