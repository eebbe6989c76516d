import Foundation
import Load
import Manifest
import Spool
import Storage
import TestKit

extension Scenario {
    static let all: [Scenario] =
        [extraction, extractionToTwoTargets, adoption, lostRun, strandedRun]
        + [loading(.append), loading(.insertOnly), loading(.merge), loading(.replacePartition), wholeReplace]
        + [loading(.scd2), loading(.merge, deletesMissing: true)]
        + [
            seizure, supersession, rejection, deadChunk, restoredTarget, forgottenTarget, givenUp, cancellation, pause,
            emptyReplacement,
            wholeRun,
        ]

    private static func pair(_ mode: WriteMode, _ runs: [[[Row]]], _ others: [[[Row]]]) -> [Feed] {
        [Feed([("p", "a")], mode, runs), Feed([("p", "b")], mode, others)]
    }

    private static func extract(_ world: World, _ feeds: [Feed], runs: Int = .max) throws {
        let process = world.process()
        try Extractor(process).run(feeds, runs: runs)
        process.end()
    }

    static let extraction = Scenario(
        name: "extract",
        feeds: {
            var feeds = pair(.append, [Rows.chunks(3, "a")], [Rows.chunks(2, "b")])
            feeds[1].rejectedInput = 2
            return feeds
        }(),
        act: { process, feeds in try Extractor(process).run(feeds) },
        rejects: 2)

    static let extractionToTwoTargets = Scenario(
        name: "extract to two targets",
        feeds: pair(.replacePartition, [Rows.chunks(2, "a")], [Rows.chunks(2, "b")]).map { feed in
            var feed = feed
            feed.targets = ["t", "u"]
            return feed
        },
        act: { process, feeds in try Extractor(process).run(feeds) })

    /// An extractor died with two finished chunks of three; another one goes on.
    static let adoption = Scenario(
        name: "adopt a dead run", feeds: [Feed([("p", "a")], .append, [Rows.chunks(3, "a")])],
        prepare: { world, feeds in
            let dead = world.process(FaultPoint(.chunkSync, 3), .killBefore)
            try? Extractor(dead).run(feeds)
            dead.end()
        },
        act: { process, feeds in try Extractor(process).run(feeds) })

    /// Two extractors began with the same manifest; the second to commit loses.
    static let lostRun = Scenario(
        name: "discard a lost run", feeds: [Feed([("p", "a")], .append, [Rows.chunks(2, "a")])],
        act: { process, feeds in
            let extractor = try Extractor(process)
            let writer = try extractor.begin(feeds[0])
            try extractor.write(writer, feeds[0])
            let rival = process.world.process()
            try Extractor(rival).run(feeds)
            rival.end()
            switch try writer.commit() {
            case .committed(let number): try writer.publish(number)
            case .lost: try writer.discard()
            }
        })

    /// A dead run whose place in the log was taken is swept by the next extractor.
    static let strandedRun = Scenario(
        name: "sweep a stranded run", feeds: [Feed([("p", "a")], .append, [Rows.chunks(2, "a")])],
        prepare: { world, feeds in
            let dead = world.process(FaultPoint(.logLink, 1), .killBefore)
            let writer = try Extractor(dead).begin(feeds[0])
            try Extractor(dead).write(writer, feeds[0])
            try extract(world, feeds)
            _ = try? writer.commit()
            dead.end()
        },
        act: { process, feeds in try Extractor(process).run(feeds) })

    /// The second of two runs is loaded over the first.
    static func loading(_ mode: WriteMode, deletesMissing: Bool = false) -> Scenario {
        let tag: (String, String) = ("x", "y")
        let first = mode == .append ? Rows.chunks(2, tag.0) : Rows.overlapping(2, tag.0)
        let second = mode == .append ? Rows.chunks(3, tag.1, from: 20) : Rows.overlapping(3, tag.1)
        // Rows of one generation of a replace are unique by their key.
        let unique = mode.isReplace
        return Scenario(
            name: "load \(mode.rawValue)\(deletesMissing ? " that deletes" : "")",
            feeds: pair(
                mode, [unique ? Rows.chunks(2, "x") : first, unique ? Rows.chunks(3, "y", from: 2) : second],
                [Rows.chunks(2, "b"), Rows.chunks(2, "c", from: 40)]
            ).map { feed in
                var feed = feed
                feed.changes.deletesMissing = deletesMissing
                return feed
            },
            prepare: { world, feeds in
                try extract(world, feeds, runs: 1)
                try world.drain()
                try extract(world, feeds)
            },
            act: { process, _ in _ = try process.load() })
    }

    static let wholeReplace = Scenario(
        name: "load replace",
        feeds: [Feed([], .replace, [Rows.chunks(2, "x"), Rows.chunks(3, "y", from: 2)])],
        prepare: { world, feeds in
            try extract(world, feeds, runs: 1)
            try world.drain()
            try extract(world, feeds)
        },
        act: { process, _ in _ = try process.load() })

    /// A loader died with claimed chunks, the token and a chunk in work.
    static let seizure = Scenario(
        name: "seize a dead loader",
        feeds: pair(.append, [Rows.chunks(3, "a")], [Rows.chunks(2, "b")]),
        prepare: { world, feeds in
            try extract(world, feeds)
            let dead = world.process(FaultPoint(.retire, 2), .killAfter)
            _ = try? dead.load()
            dead.end()
            let second = world.process(FaultPoint(.handBack, 1), .killBefore)
            _ = try? second.load()
            second.end()
        },
        act: { process, _ in _ = try process.load() })

    /// Two generations wait; the newer one is applied, the older one is passed over.
    static let supersession = Scenario(
        name: "supersede",
        feeds: pair(
            .replacePartition, [Rows.chunks(2, "x"), Rows.chunks(2, "y", from: 2)], [Rows.chunks(2, "b"), []]),
        prepare: { world, feeds in try extract(world, feeds) },
        act: { process, _ in _ = try process.load() },
        outcomes: [[.superseded, .loaded], [.superseded, .loaded]])

    static let rejection = Scenario(
        name: "reject rows",
        feeds: {
            var rows = Rows.chunks(2, "a")
            rows[0].append(Row(90, "bad", isBad: true))
            rows[1].append(Row(91, "bad", isBad: true))
            var merged = Rows.overlapping(2, "b")
            merged[1].insert(Row(92, "bad", isBad: true), at: 0)
            var append = Feed([("p", "a")], .append, [rows])
            append.table = "appended"
            append.stream = "appended"
            var merge = Feed([("p", "b")], .merge, [merged])
            merge.table = "merged"
            merge.stream = "merged"
            return [append, merge]
        }(),
        prepare: { world, feeds in try extract(world, feeds) },
        act: { process, _ in _ = try process.load() },
        rejects: 3)

    /// A chunk is damaged in the queue; a person mends it and puts it back.
    static let deadChunk = Scenario(
        name: "dead chunk and replay",
        feeds: pair(.append, [Rows.chunks(2, "a")], [Rows.chunks(2, "b")])
            + {
                var feed = Feed([("p", "c")], .merge, [Rows.overlapping(2, "c")])
                feed.table = "merged"
                feed.stream = "merged"
                return [feed]
            }(),
        prepare: { world, feeds in
            try extract(world, feeds)
            for path in world.files("ready") where path.hasSuffix("/1.a0.c0.ndjson.zst") {
                try world.flip("ready/\(path)")
            }
        },
        act: { process, _ in _ = try process.load() },
        attend: { world, _ in
            for path in world.files("dead") where path.hasSuffix("/1.ndjson.zst") {
                try world.flip("dead/\(path)")
                let run = path.split(separator: "/")[1]
                try FileManager.default.moveItem(
                    atPath: "\(world.root)/dead/\(path)", toPath: "\(world.root)/ready/t/50-\(run)/1.a0.c0.ndjson.zst")
                try FileManager.default.removeItem(atPath: "\(world.root)/dead/t/\(run)/1.why.json")
            }
        })

    /// The target's file was lost; the archive fills it again.
    static let restoredTarget = Scenario(
        name: "republish from the archive",
        feeds: pair(
            .append, [Rows.chunks(2, "a"), Rows.chunks(1, "a", from: 20)],
            [Rows.chunks(2, "b"), Rows.chunks(1, "b", from: 20)]),
        prepare: { world, feeds in
            try extract(world, feeds, runs: 1)
            try world.drain()
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: world.database + suffix) }
            try extract(world, feeds)
        },
        act: { process, _ in _ = try process.load() })

    /// The target's file was lost while nothing waits.
    static let forgottenTarget = Scenario(
        name: "republish at a loader's start",
        feeds: pair(.merge, [Rows.chunks(2, "a"), Rows.chunks(1, "a", from: 20)], [Rows.chunks(2, "b")]),
        prepare: { world, feeds in
            try extract(world, feeds)
            try world.drain()
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: world.database + suffix) }
        },
        act: { process, _ in _ = try process.load() })

    /// A person gives up a run that a restored target lacks and the archive no longer has.
    static let givenUp = Scenario(
        name: "give up what is lost",
        feeds: [
            {
                var feed = Feed([("p", "a")], .merge, [Rows.chunks(2, "a"), Rows.chunks(1, "b", from: 20)])
                feed.cancelled = [0]
                return feed
            }()
        ],
        prepare: { world, feeds in
            try extract(world, feeds)
            try world.drain()
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: world.database + suffix) }
            try FileManager.default.moveItem(
                atPath: try firstArchived(world), toPath: "\(world.root).lost")
        },
        act: { process, _ in _ = try process.load(allowingLoss) },
        attend: { world, _ in
            try world.drain(allowingLoss)
            try FileManager.default.moveItem(atPath: "\(world.root).lost", toPath: try firstArchived(world))
        },
        outcomes: [[.discarded, .loaded]])

    /// Where chunk 0 of the first run is archived.
    private static func firstArchived(_ world: World) throws -> String {
        let runs = try FileManager.default.contentsOfDirectory(atPath: "\(world.root)/loaded/t").sorted()
        return "\(world.root)/loaded/t/\(runs.first ?? "")/0.ndjson.zst"
    }

    private static var allowingLoss: LoadOptions {
        var options = LoadOptions()
        options.allowLoss = true
        return options
    }

    /// A committed replace is cancelled before it is applied; the next run replaces what stood before.
    static let cancellation = Scenario(
        name: "cancel",
        feeds: pair(
            .replacePartition, [Rows.chunks(2, "x"), Rows.chunks(2, "y", from: 2)],
            [Rows.chunks(1, "b"), Rows.chunks(1, "c")]
        ).map { feed in
            var feed = feed
            feed.cancelled = [1]
            return feed
        },
        prepare: { world, feeds in
            try extract(world, feeds, runs: 1)
            try world.drain()
            try extract(world, feeds)
            try world.process().spool().ask(.cancel, job: feeds[0].job)
        },
        act: { process, _ in _ = try process.load() },
        attend: { world, feeds in try world.process().spool().withdraw(.cancel, job: feeds[0].job) },
        outcomes: [[.loaded, .cancelled], [.loaded, .cancelled]])

    /// An operator pauses a job, looks, and resumes it.
    static let pause = Scenario(
        name: "pause and resume",
        feeds: [Feed([("p", "a")], .append, [Rows.chunks(2, "a")])],
        prepare: { world, feeds in try extract(world, feeds) },
        act: { process, feeds in
            let spool = try process.spool()
            try spool.ask(.pause, job: feeds[0].job)
            _ = try process.load()
            try spool.withdraw(.pause, job: feeds[0].job)
            _ = try process.load()
        },
        attend: { world, feeds in try world.process().spool().withdraw(.pause, job: feeds[0].job) })

    static let emptyReplacement = Scenario(
        name: "load empty runs",
        feeds: {
            var feeds = pair(.replacePartition, [Rows.chunks(1, "x"), []], [[], []])
            for index in feeds.indices { feeds[index].guards.allowEmpty = true }
            return feeds
        }(),
        prepare: { world, feeds in
            try extract(world, feeds, runs: 1)
            try world.drain()
        },
        act: { process, feeds in
            try Extractor(process).run(feeds)
            _ = try process.load()
        })

    static let wholeRun = Scenario(
        name: "extract and load",
        feeds: pair(.replacePartition, [Rows.chunks(2, "a")], [Rows.chunks(2, "b")]),
        act: { process, feeds in
            try Extractor(process).run(feeds)
            _ = try process.load()
        })
}

extension World {
    /// Flips one bit in the middle of a file; the same again mends it.
    func flip(_ path: String) throws {
        let url = URL(filePath: "\(root)/\(path)")
        var data = try Data(contentsOf: url)
        data[data.count / 2] ^= 0x10
        let handle = try FileHandle(forWritingTo: url)
        try handle.write(contentsOf: data)
        try handle.close()
    }
}
