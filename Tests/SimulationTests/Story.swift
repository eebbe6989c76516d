import Chunk
import Configuration
import Extract
import Foundation
import Manifest
import Spool
import Storage
import Synchronization
import TestKit
import Threads

@testable import Load

/// What happens in a world: sources change, processes come and go, things go wrong, and then everything heals.
final class Story: Sendable {
    /// What became of it.
    struct End: Sendable {
        var violations: [String]
        var steps: Int
        var story: [String]
    }

    private static let job = """
        spool: /spool
        connections:
          in: {type: files, path: /src}
          a: {type: sqlite, path: a.db}
          b: {type: postgres, url: "postgres://x@h/b"}
        defaults: {target: [a, b], chunk: {rows: 2}, parallelism: 1, retry: {strategy: fixed, delay: 0s, max_attempts: 1}}
        jobs:
          added: {source: {connection: in, path: "added/*.ndjson"}, mode: append}
          merged: {source: {connection: in, path: "merged/*.ndjson"}, mode: merge, primary_key: [id]}
          whole: {source: {connection: in, path: "whole.ndjson"}, mode: replace}
          parts: {source: {connection: in, path: "parts-{p}.ndjson"}, mode: replace-partition, partitions: {p: path}}
        """

    private static let settings = Result {
        try Settings(
            yaml: Array(job.utf8), file: "simulation.yaml",
            environment: Environment(variable: { _ in nil }, readFile: { _ in [] }))
    }

    let world: World
    /// What a store held at some time.
    private let backups = Mutex<[String: StoreState]>([:])

    private init(world: World) { self.world = world }

    /// Plays the story of a seed.
    static func play(seed: UInt64, mutant: Mutant? = nil, isTraced: Bool = false) -> End {
        let world = World(seed: seed, mutant: mutant, isTraced: isTraced)
        let story = Story(world: world)
        do { try story.play() } catch { world.violate("the story broke off: \(error)") }
        return End(
            violations: world.violations.withLock { $0 }, steps: world.timeline.steps, story: world.story)
    }

    private func play() throws {
        let settings = try Story.settings.get()
        setWeather()
        let jobs = settings.jobs.map(\.name).filter { _ in world.below(2) == 0 }
        let names = jobs.isEmpty ? ["added"] : jobs
        for _ in 0..<world.below(4) {
            let kinds: [World.Trap.Kind] = [
                .death, .cut, .cut, .stop(Double(world.below(100))), .stop(100), .stop(3 * 86_400),
            ]
            world.arm(
                World.Trap(
                    place: World.places[world.below(World.places.count)], passes: world.below(6),
                    kind: kinds[world.below(kinds.count)]))
        }
        for _ in 0..<(12 + world.below(20)) {
            try event(names)
            world.timeline.sleep(Double(world.below(8000)) / 1000)
        }
        heal(names)
        try judge(names)
    }

    private func setWeather() {
        world.weather.withLock { weather in
            func share(_ most: Int) -> Int { weather.random.below(2) == 0 ? 0 : weather.random.below(most) }
            weather.deaths = share(60)
            weather.failures = share(60)
            weather.lies = share(120)
            weather.losses = share(120)
            weather.lag = Double(share(4))
        }
    }

    private func host() -> Host { world.hosts[world.below(world.hosts.count)] }

    /// One thing that happens.
    private func event(_ jobs: [String]) throws {
        let target = world.below(World.targets.count)
        switch world.below(26) {
        case 0...3: change(jobs[world.below(jobs.count)])
        case 4...7: for _ in 0...world.below(2) { extract(jobs, on: host()) }
        case 8...12:
            for _ in 0...world.below(3) {
                load(on: host(), target, seconds: world.below(3) == 0 ? Double(world.below(100)) : nil)
            }
        case 13: if world.below(3) == 0 { world.cutPower(host()) }
        case 14: if let process = someProcess() { world.kill(process.name, at: "by somebody") }
        case 15: if let process = someProcess() { freeze(process) }
        case 16: host().skew.withLock { $0 = Double(world.below(7201) - 3600) }
        case 17:
            world.trace("\(World.targets[target]) is killed")
            world.stores[target].crash()
            world.stores[target].set(down: world.below(2) == 0)
        case 18: world.stores[target].set(down: false)
        case 19: backups.withLock { $0[World.targets[target]] = world.stores[target].data }
        case 20:
            guard world.below(2) == 0, let backup = backups.withLock({ $0[World.targets[target]] }) else { return }
            world.trace("\(World.targets[target]) is restored from a backup")
            world.stores[target].restore(backup)
        case 21: world.weather.withLock { $0.isFull = $0.random.below(2) == 0 }
        case 22: operate(.pause, jobs[world.below(jobs.count)])
        case 23:
            let job = jobs[world.below(jobs.count)]
            // What is cancelled is not read again before the source changes.
            world.records.withLock { $0.noteCancel(job) }
            operate(.cancel, job)
        case 24: if world.below(4) == 0 { world.timeline.sleep(100_000) }
        default: world.timeline.sleep(Double(world.below(60)))
        }
    }

    /// An operator asks for something, or takes it back.
    private func operate(_ request: Spool.Request, _ job: String) {
        let isAsked = world.below(2) == 0
        world.start("operator", on: host()) { process in
            let spool = try process.spool()
            if isAsked { try spool.ask(request, job: job) } else { try spool.withdraw(request, job: job) }
        }
    }

    private func someProcess() -> Process? {
        let running = world.running
        return running.isEmpty ? nil : running[world.below(running.count)]
    }

    private func freeze(_ process: Process) {
        let seconds = Double(world.below(100))
        world.trace("\(process.name) is stopped for \(seconds) s")
        world.timeline.freeze(process.number.withLock { $0 }, seconds)
    }

    // MARK: Sources

    /// A source gets new records, or other ones.
    private func change(_ job: String) {
        let number = world.records.withLock { $0.files.values.reduce(0) { $0 + $1.count } }
        let tag = "f\(number)"
        func lines(_ count: Int, _ more: String = "", id: (Int) -> Int) -> [String] {
            (0..<count).map { row in
                // A replacement of which nothing is left is refused by the guard.
                let value = row > 0 && world.below(40) == 0 ? "refused" : "\(tag)r\(row)"
                return "{\"id\":\(id(row)),\"v\":\"\(value)\"\(more)}"
            }
        }
        let name = String(1000 + number)
        switch job {
        case "added": put("added/\(name).ndjson", lines(1 + world.below(9)) { number * 100 + $0 })
        case "merged": put("merged/\(name).ndjson", lines(1 + world.below(9)) { _ in world.below(8) })
        case "parts":
            let partition = ["a", "b"][world.below(2)]
            put("parts-\(partition).ndjson", lines(1 + world.below(7), ",\"p\":\"\(partition)\"") { $0 })
        default: put("whole.ndjson", lines(1 + world.below(9)) { $0 })
        }
    }

    private func put(_ path: String, _ lines: [String]) {
        world.trace("\(path) has \(lines)")
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        let viewer = Disk.Viewer(host: -1, time: world.timeline.time, lag: nil)
        world.disk.withLock { disk in
            do {
                let temporary = "\(World.source)/next"
                let file = try disk.open(temporary, .create, viewer)
                bytes.withUnsafeBytes { disk.write(file, at: 0, $0, viewer) }
                disk.synchronize(file)
                try disk.rename(temporary, "\(World.source)/\(path)", viewer)
                try disk.synchronizeDirectory(World.source)
            } catch { world.violate("the source cannot be changed: \(error)") }
        }
        world.records.withLock { $0.put(path, lines) }
    }

    // MARK: Processes

    private func extract(_ jobs: [String], on host: Host) {
        world.start("extract", on: host) { process in
            let settings = try Story.settings.get()
            let spool = try process.spool()
            let plans = try settings.jobs.filter { jobs.contains($0.name) }.flatMap(\.streams).map { stream in
                try StreamPlan(
                    stream, of: settings, wanted: [Manifest.Partition()], restriction: [:], files: process.files,
                    clock: process.clock)
            }
            let context = ExtractContext(
                spool: spool, heart: process.heart, stop: process.stop, benches: [try Workbench(level: 1)]
            ) { event in
                if case .finished(let result) = event {
                    process.world.trace("\(process.name): \(result.key.stream) \(result.key.partition): \(result.end)")
                }
            }
            _ = try Extraction.run(plans, context: context)
        }
    }

    /// - Parameter seconds: it watches so long; nil until everything is loaded.
    private func load(on host: Host, _ target: Int, seconds: Double? = nil) {
        let store = world.stores[target]
        world.start("load-\(store.name)", on: host) { process in
            let spool = try process.spool()
            var options = LoadOptions()
            options.decodesAhead = false
            options.transactionChunks = 2
            options.batchBytes = 2 << 10
            options.watch = seconds != nil
            let timeline = process.world.timeline
            let end = seconds.map { timeline.time + $0 }
            let worker = try LoadWorker(
                spool, heart: process.heart, target: store.session(process), queue: store.name, options: options,
                stop: process.stop, pause: { timeline.sleep($0) },
                report: { process.world.trace("\(process.name): \($0)") })
            let rounds = Condition(0)
            let summary = try worker.run(wake: rounds) {
                // Counting up keeps the loader from waiting on the host's clock.
                rounds.update { $0 += 1 }
                timeline.sleep(Double(1 + process.world.below(20)) / 10)
                if let end, timeline.time > end { process.stop.stop() }
                return false
            }
            process.world.trace("\(process.name): \(summary)")
        }
    }

    // MARK: The end

    /// Nothing goes wrong any more, and everybody has the time to do what is left: without a person.
    private func heal(_ jobs: [String]) {
        world.trace("from now on nothing goes wrong")
        world.weather.withLock { weather in
            weather = World.Weather(random: weather.random)
        }
        for store in world.stores { store.set(down: false) }
        world.disarm()
        finish()
        world.start("operator", on: world.hosts[0]) { process in
            let spool = try process.spool()
            for job in jobs {
                for request in Spool.Request.allCases { try spool.withdraw(request, job: job) }
            }
        }
        finish()
        for round in 0..<4 {
            let host = world.hosts[round % world.hosts.count]
            extract(jobs, on: host)
            finish()
            for target in world.stores.indices { load(on: host, target) }
            finish()
            let left = ["writing", "claimed", "trash"].filter { !isEmpty($0) }
            if left.isEmpty { return }
            // Who is silent is seen by a loader that watches. What is in the trash waits for a day, and chunks of an extraction that
            // broke off so long for another one.
            if round > 0 || left == ["trash"] { world.timeline.sleep(2 * 86_400) }
            load(on: host, 0, seconds: left == ["trash"] ? 2 : 50)
            finish()
        }
    }

    private func isEmpty(_ place: String) -> Bool {
        world.disk.withLock { $0.files(below: "\(World.root)/\(place)").isEmpty }
    }

    private func finish() {
        let steps = world.timeline.steps
        while world.timeline.running > 0 {
            world.timeline.sleep(5)
            guard world.timeline.steps - steps < 40_000 else {
                world.violate("no end: \(world.running.map(\.name))")
                for process in world.running { process.end() }
                return
            }
        }
    }

    private func judge(_ jobs: [String]) throws {
        for store in world.stores {
            let data = store.data
            for job in jobs {
                let problems = world.records.withLock {
                    $0.compare(data, table: job, source: $0.isCancelled(job) ? nil : $0.source(of: job))
                }
                for problem in problems { world.violate("in the end, \(store.name): \(problem)") }
            }
        }
        for store in world.stores {
            for problem in world.records.withLock({ records in world.disk.withLock { records.missingRejects(store, $0) }
            }) {
                world.violate("in the end, \(problem)")
            }
        }
        for place in ["writing", "trash", "claimed"] {
            let left = world.disk.withLock { $0.files(below: "\(World.root)/\(place)") }
            if !left.isEmpty { world.violate("left in \(place): \(left)") }
        }
        let ready = world.disk.withLock { $0.files(below: "\(World.root)/ready") }.filter {
            $0.split(separator: "/").count > 2
        }
        if !ready.isEmpty { world.violate("left in ready: \(ready)") }
        world.start("fsck", on: world.hosts[0]) { process in
            let fsck = Fsck(try process.spool()) { finding in
                process.world.violate("fsck: \(finding.code) \(finding.path): \(finding.message)")
            }
            try fsck.run()
        }
        finish()
    }
}
