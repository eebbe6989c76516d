internal import Chunk
internal import Configuration
internal import Extract
internal import Glibc
internal import Load
internal import Manifest
internal import Spool
internal import Storage
internal import Threads

/// Extraction and loading of one invocation: the wiring of `run`, `extract` and `load`.
final class Session: Sendable {
    let workspace: Workspace
    let spool: Spool
    let heart: Heart
    let stop = StopSignal()
    let wake = Condition(0)
    let progress: Progress

    init(_ workspace: Workspace, create: Bool, isQuiet: Bool) throws {
        self.workspace = workspace
        // Signals first: threads inherit the mask.
        Signals.stopOnInterrupt(stop)
        spool = try workspace.openSpool(create: create)
        heart = Heart(files: workspace.files, clock: workspace.clock, seconds: spool.leaseSeconds)
        heart.start()
        progress = Progress(clock: workspace.clock, isQuiet: isQuiet)
    }

    /// The streams' plans: partitions by `--set` and `--days`, or files.
    ///
    /// - Parameters:
    ///   - limit: records of each partition at most.
    ///   - isLoading: whether this process loads meanwhile.
    static func plans(
        _ workspace: Workspace, _ jobs: [String], _ options: PartitionOptions, limit: Int? = nil,
        isLoading: Bool = false
    ) throws -> [StreamPlan] {
        if options.fullRefresh, let since = options.since {
            throw CommandError(
                .usage,
                "--full-refresh with --since \(since) would put a part in the place of all rows: leave one of the two out (--since alone adds "
                    + "to what is there)")
        }
        var wish = options.wish
        wish.limit = limit
        let fixed = wish
        if let limit {
            Console.error(
                "--limit \(limit): at most \(Format.count(limit)) records of each partition, to try it out; the next run without it reads the others"
            )
        }
        let restriction = try options.restriction()
        let today = try workspace.today()
        let catalog = SQLCatalog(open: workspace.sqlOpener(isLoading: isLoading))
        let plans = try workspace.streams(jobs).flatMap { stream -> [StreamPlan] in
            let stream = options.fullRefresh ? stream.refreshed : stream
            var wanted: [Manifest.Partition] = []
            let isFromPath = stream.partitions.contains { $0.values == .fromPath }
            if isFromPath {
                for name in restriction.keys.sorted() where !stream.partitions.contains(where: { $0.name == name }) {
                    throw CommandError(.usage, "--set \(name): \(stream.job) has no such partition")
                }
            } else {
                wanted = try expand(stream.partitions, today: today, overrides: restriction, days: options.days).map {
                    Manifest.Partition($0.map { .init(name: $0.name, value: $0.value) })
                }
            }
            func plan(_ table: SQLPlan?) throws -> StreamPlan {
                try StreamPlan(
                    stream, of: workspace.settings, wanted: wanted, restriction: restriction, files: workspace.files,
                    clock: workspace.clock, table: table, wish: fixed)
            }
            do {
                if case .sql = stream.source { return try tables(stream, workspace, catalog).map(plan) }
                let plan = try plan(nil)
                if plan.isFileSource, !plan.isNamed { try checkFiles(plan, workspace, restriction, options) }
                return [plan]
            } catch let error as ExtractError {
                // What a database or a host says, or that it is away, is no reason to leave the others alone.
                if case .http = stream.source { throw error }
                return [
                    StreamPlan(
                        stream, of: workspace.settings, wanted: wanted.isEmpty ? [Manifest.Partition([])] : wanted,
                        wish: fixed, failure: named(error, stream))
                ]
            }
        }
        try checkTables(plans)
        return try select(plans, options.select)
    }

    /// An error of a stream's source with the connection's name; the job's stands before it already.
    private static func named(_ error: ExtractError, _ stream: Configuration.Stream) -> ExtractError {
        let job = "\(stream.job): "
        let words = error.message.hasPrefix(job) ? String(error.message.dropFirst(job.count)) : error.message
        let connection = "connection \(stream.source.connection)"
        return ExtractError(error.kind, words.contains(connection) ? words : "\(connection): \(words)")
    }

    /// The plans whose streams are selected.
    private static func select(_ plans: [StreamPlan], _ patterns: [String]) throws -> [StreamPlan] {
        guard !patterns.isEmpty else { return plans }
        func matches(_ pattern: String, _ plan: StreamPlan) -> Bool {
            SQLCatalog.matches(pattern, plan.settings.name)
        }
        for pattern in patterns where !plans.contains(where: { matches(pattern, $0) }) {
            let known = plans.prefix(20).map(\.settings.name).joined(separator: ", ")
            throw CommandError(.usage, "--select \(pattern): there is no such stream; known: \(known)")
        }
        return plans.filter { plan in patterns.contains { matches($0, plan) } }
    }

    /// The tables and queries of a stream of a database.
    private static func tables(
        _ stream: Configuration.Stream, _ workspace: Workspace, _ catalog: SQLCatalog
    ) throws -> [SQLPlan] {
        let job = workspace.settings.jobs.first { $0.name == stream.job }
        let found: [SQLPlan]
        do {
            found = try catalog.resolve(stream, siblings: job?.streams ?? [], disabled: job?.disabled ?? [])
        } catch { throw ExtractError(error) }
        if found.isEmpty {
            Console.error(
                "\(stream.job): every table of connection \(stream.source.connection) that matches \(stream.name) is disabled, or a stream of its own"
            )
        }
        return found
    }

    /// One table of a target is one stream's.
    private static func checkTables(_ plans: [StreamPlan]) throws {
        var owners: [String: String] = [:]
        for stream in plans.map(\.settings) {
            for target in stream.targets {
                let name = "\(stream.job)/\(stream.name)"
                if let other = owners.updateValue(name, forKey: "\(target)\0\(stream.table.lowercased())") {
                    throw CommandError(
                        .usage,
                        "\(other) and \(name) would both be table \(stream.table) of \(target): give one another `table`, or a pattern "
                            + "`table: \"{schema}_{table}\"`")
                }
            }
        }
    }

    /// Which files there are decides what `--set` may name; that there are none is worth a word.
    private static func checkFiles(
        _ plan: StreamPlan, _ workspace: Workspace, _ restriction: [String: [String]], _ options: PartitionOptions
    ) throws {
        let stream = plan.settings
        if options.days != nil {
            throw CommandError(
                .usage, "--days: \(stream.job) has no partition with last_days; name the values with --set")
        }
        for (name, values) in restriction.sorted(by: { $0.key < $1.key }) {
            for value in values where !plan.partitions.contains(where: { $0[name] == value }) {
                throw CommandError(.usage, "--set \(name)=\(value): no file of \(stream.job) is of that partition")
            }
        }
        guard plan.partitions.isEmpty, case .files(let source) = stream.source, let place = plan.place else { return }
        Console.error("\(stream.job): no file matches \(place)/\(source.path)")
    }

    /// Extracts; results come in the order of the plans.
    ///
    /// - Parameter isLoading: loaders of this process work meanwhile, and get a core and precedence.
    func extract(_ plans: [StreamPlan], isLoading: Bool = false) throws -> [PartitionResult] {
        let cores = min(8, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let benches = try (0..<max(1, isLoading ? cores - 1 : cores)).map { _ in try Workbench(level: 3) }
        let context = ExtractContext(
            spool: spool, heart: heart, stop: stop, benches: benches, isBackground: isLoading
        ) { [progress, wake] event in
            progress.note(event)
            if case .finished(let result) = event, case .published = result.end { wake.update { $0 += 1 } }
        }
        for plan in plans { progress.expect(plan.settings.name, partitions: plan.partitions.count) }
        return try Extraction.run(plans, context: context)
    }

    /// Loads one target until nothing is left, `moreToCome` included.
    func load(
        target name: String, options: LoadOptions, moreToCome: @escaping @Sendable () -> Bool
    ) throws -> LoadSummary {
        var options = options
        switch workspace.settings.connections[name] {
        case .sqlite(let sqlite)?: options.patience = workspace.seconds(sqlite.busyTimeout)
        case .postgres(let postgres)?: options.patience = workspace.seconds(postgres.lockTimeout)
        case .mysql(let mysql)?: options.patience = workspace.seconds(mysql.lockTimeout)
        case .duckdb(let duckdb)?, .parquet(let duckdb)?: options.patience = workspace.seconds(duckdb.busyTimeout)
        case .odbc(let odbc)?: options.patience = workspace.seconds(odbc.lockTimeout)
        case .http, .files, .s3, .sftp, nil: break
        }
        let target = try open(name, options)
        let worker = try LoadWorker(
            spool, heart: heart, target: target, queue: spool.encode(name), options: options, stop: stop
        ) { [progress] event in progress.note(event, target: name) }
        return try worker.run(wake: wake, moreToCome: moreToCome)
    }

    /// Opens a target that somebody may hold locked: with the loader's patience, for ever when watching.
    private func open(_ name: String, _ options: LoadOptions) throws -> any LoadTarget {
        let began = workspace.clock.uptime()
        var pause = 0.25
        while true {
            do { return try workspace.openTarget(name, spool: spool) } catch {
                let failure = LoadError(error)
                let isOver = !options.watch && workspace.clock.uptime() - began >= options.patience
                guard failure.kind == .transient, !isOver, !stop.isStopped else { throw error }
                progress.note(LoadEvent.waiting(reason: failure.message, seconds: pause), target: name)
                stop.sleep(seconds: pause)
                pause = min(options.watch ? 30 : 2, 2 * pause)
            }
        }
    }

    /// The load options of the configuration.
    var loadOptions: LoadOptions {
        var options = LoadOptions()
        options.maximumAttempts = workspace.settings.load.maxAttempts
        options.maximumCrashes = workspace.settings.load.maxCrashes
        options.sharedBytes = workspace.settings.load.shareFrom
        options.retention = workspace.seconds(workspace.settings.load.retention)
        options.minimumRetention = workspace.seconds(workspace.settings.load.minRetention)
        options.lowWater = workspace.settings.load.lowWater
        return options
    }

    /// The targets of these streams and of whatever waits in the queue, by name; unknown ones are left to their own hosts.
    func targets(of streams: [Configuration.Stream]) -> [String] {
        var names: [String] = []
        for name in streams.flatMap(\.targets) where !names.contains(name) { names.append(name) }
        return names
    }
}
