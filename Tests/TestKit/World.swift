package import Load
package import Spool
package import Storage
package import Synchronization

/// A spool, a target and the host they live on, for simulated processes.
package final class World: Sendable {
    /// The spool's directory.
    package let root: String
    /// The SQLite file.
    package let database: String
    /// What the rows go into.
    package let engine: TestEngine
    /// The driver through which loaders reach it, if they do.
    package let odbc: ODBCDatabase?
    /// Whether loaders share every run of a staged mode.
    package let isSharing: Bool
    /// What loaders through a driver are to do without.
    package let odbcLimits = Mutex(ODBCTarget.Limits())
    /// Where they lie in a server that worlds share.
    package let schema: String
    /// Who loaders of MariaDB are, with the password `x`; root when there is none.
    package let mariaDBUser = Mutex<String?>(nil)
    /// What sessions through MariaDB's driver begin with.
    package let mariaDBStatement = Mutex<String?>(nil)
    /// MariaDB's server, if it is not the one that worlds share.
    package let mariaDBServer = Mutex<MariaDBServer?>(nil)
    /// Bytes that DuckDB may use, if not as much as usual.
    package let duckDBMemory = Mutex<Int?>(nil)
    package let clock: ManualClock
    package let graveyard: Graveyard
    private let directory: TemporaryDirectory
    private let random: Mutex<SeededRandom>
    private let log = OperationLog()
    private let lastProcess = Mutex<Int32>(0)

    /// A world without a spool yet.
    ///
    /// - Parameters:
    ///   - odbc: the driver through which loaders reach the engine.
    ///   - isSharing: loaders share every run of a staged mode.
    ///   - seed: for run ids and the like.
    package init(_ engine: TestEngine = .sqlite, odbc: ODBCDatabase? = nil, isSharing: Bool = false, seed: UInt64 = 1)
        throws
    {
        self.engine = engine
        self.isSharing = isSharing
        self.odbc = odbc
        directory = try TemporaryDirectory()
        schema = World.schema(directory.path)
        root = "\(directory.path)/spool"
        database = "\(directory.path)/target.db"
        random = Mutex(SeededRandom(seed))
        // Files carry the host's time, so that the manual clock must begin near it.
        clock = ManualClock(now: SystemClock().now() - 60_000)
        graveyard = Graveyard()
    }

    private static func schema(_ path: String) -> String {
        "w" + String(decoding: path.utf8.suffix(36).filter { $0 != UInt8(ascii: "-") }, as: UTF8.self)
    }

    /// A world that is what `other` is now, its files copied with their links and times; no process of it may be at work.
    package init(copying other: World) throws {
        engine = other.engine
        isSharing = other.isSharing
        odbc = other.odbc
        directory = try TemporaryDirectory()
        schema = World.schema(directory.path)
        root = "\(directory.path)/spool"
        database = "\(directory.path)/target.db"
        try directory.copy(other.directory)
        random = Mutex(other.random.withLock { $0 })
        clock = ManualClock(now: other.clock.now(), uptime: other.clock.uptime())
        graveyard = Graveyard(copying: other.graveyard)
        let last = other.lastProcess.withLock { $0 }
        lastProcess.withLock { $0 = last }
    }

    /// Starts a process.
    ///
    /// - Parameters:
    ///   - point: where it meets `fault`.
    ///   - host: its host's name; processes of other hosts are only known to be dead by their silence.
    package func process(_ point: FaultPoint? = nil, _ fault: Fault = .killBefore, host: String = "host")
        -> SimulatedProcess
    {
        let pid = lastProcess.withLock { last in
            last += 1
            return last
        }
        let files = FaultFileSystem(POSIXFileSystem(), point, fault, log: log)
        return SimulatedProcess(
            world: self, files: files,
            host: FakeProcesses(pid: pid, graveyard: graveyard, host: host, boot: "boot of \(host)"))
    }

    /// The operations that any process called so far.
    package var covered: Set<Operation> { log.operations }

    /// Starts a process that dies before its `calls`-th file system call.
    package func doomed(calls: Int) -> SimulatedProcess {
        let process = process()
        process.files.doom(calls: calls)
        return process
    }

    func bits() -> (UInt64, UInt64) { random.withLock { ($0.next(), $0.next()) } }
}

/// One process of a world: its own view of the files, its identity and its heart.
package final class SimulatedProcess: Sendable {
    package let world: World
    package let files: FaultFileSystem
    package let host: FakeProcesses
    package let heart: Heart

    init(world: World, files: FaultFileSystem, host: FakeProcesses) {
        self.world = world
        self.files = files
        self.host = host
        heart = Heart(files: files, clock: world.clock, seconds: 30)
    }

    /// Opens the world's spool.
    package func spool(create: Bool = true) throws -> Spool {
        try Spool(
            root: world.root, create: create, files: files, clock: world.clock, host: host,
            random: { [world] in world.bits() })
    }

    /// The process has ended, one way or the other, and the host knows it.
    package func end() {
        files.kill()
        world.graveyard.bury(host.current)
    }
}
