package import Manifest

/// How a loader works; nothing here changes what is loaded.
package struct LoadOptions: Sendable {
    /// Tries of a chunk that fails for its data.
    package var maximumAttempts = 3
    /// Deaths of loaders with a chunk in work before it counts as crash-looping.
    package var maximumCrashes = 20
    /// Deaths from which on a chunk is tried alone.
    package var aloneAfterCrashes = 3
    /// An operator overrides the guards.
    package var allowShrink = false
    /// An operator gives up the runs that a restored target lacks and the archive no longer has.
    package var allowLoss = false
    /// Only these jobs; all when empty.
    package var jobs: Set<String> = []
    /// Go on for ever.
    package var watch = false
    /// Uncompressed bytes of direct chunks that share a transaction.
    package var transactionBytes = 256 << 20
    /// Direct chunks that share a transaction, at most.
    package var transactionChunks = 1000
    /// Uncompressed bytes from which on loaders that would be idle share a run of a staged mode, where the target can.
    package var sharedBytes = 1 << 30
    /// Uncompressed bytes of such a run that share a transaction, at most; a sixteenth of it where that is less.
    package var stageBytes = 32 << 20
    /// A run is shared though no other loader is idle.
    package var sharesAlways = false
    /// Bytes of a batch between decoding and writing.
    package var batchBytes = 1 << 20
    /// Bytes of such a batch when its rows must be sorted first.
    package var sortBytes = 16 << 20
    /// Chunks are decoded on a thread of their own, ahead of the writer; otherwise before it, so that a loader has one course.
    package var decodesAhead = true
    /// Seconds within which a piece of work must make progress, or the lease is let go.
    package var deadline = 300.0
    /// Seconds for which loaded chunks are kept.
    package var retention = 7 * 86_400.0
    /// Seconds for which they are kept even when the disk runs short.
    package var minimumRetention = 3_600.0
    /// Free bytes below which the disk runs short.
    package var lowWater = 1 << 30
    /// Seconds between two looks at an idle queue, unless something in this process wakes the loader.
    package var idleSeconds = 0.25
    /// Seconds for which a locked or failing target is tried again before the loader gives up.
    package var patience = 30.0

    /// The built-in options.
    package init() {}
}

/// What a loader tells while it works.
package enum LoadEvent: Sendable {
    /// A manifest was closed in the target.
    case closed(RunManifest, LoadManifest)
    /// Some chunks of an open run were loaded.
    case progress(RunManifest, LoadManifest)
    /// A chunk went to `dead/`.
    case dead(RunManifest, sequence: Int, reason: String)
    /// A chunk will be tried again.
    case retry(RunManifest, sequence: Int, reason: String)
    /// A guard refuses a generation.
    case held(RunManifest, reason: String)
    /// The target is older than the spool: so many partitions are filled again from the archive.
    case restoring(partitions: Int)
    /// The target lacks a run of which neither the queue nor the archive has all chunks.
    case lost(RunManifest, reason: String)
    /// The target or the surroundings failed; the loader waits.
    case waiting(reason: String, seconds: Double)
    /// A job cannot go on as configured.
    case stopped(RunManifest, reason: String)
}

/// What one loader did in its life.
package struct LoadSummary: Sendable {
    package var runsClosed = 0
    package var chunksLoaded = 0
    package var rows = 0
    package var rejects = 0
    /// What contracts have left out.
    package var discards = Discards()
    /// What people should know of runs that were loaded.
    package var notes: [String] = []
    package var dead = 0
    /// Runs that wait for a person: dead chunks, a guard, a configuration error.
    package var blocked = 0
    /// The target could not be used; everything was handed back.
    package var unavailable: String?

    /// Nothing done yet.
    package init() {}
}
