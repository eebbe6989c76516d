/// A validated configuration file. Everything in it is consistent; nothing in it prints a secret.
package struct Settings: Sendable, Hashable {
    /// The directory of the spool, as written: relative to the working directory.
    package let spool: String
    /// The IANA name of the zone in which days begin.
    package let timezone: String
    /// The connections by name.
    package let connections: [String: Connection]
    /// The jobs in the order of the file.
    package let jobs: [Job]
    /// How loaders work on the spool.
    package let load: LoadSettings
}

/// How loaders work on the spool.
package struct LoadSettings: Sendable, Hashable {
    /// Chunks that one process works on at once.
    package let workers: Int
    /// Attempts at a chunk that fails by itself, before it is dead.
    package let maxAttempts: Int
    /// Deaths of loaders in a row over one chunk, before it is dead.
    package let maxCrashes: Int
    /// Bytes of a run from which on loaders share it.
    package let shareFrom: Int
    /// How long a loader or extractor may be silent before others take its work.
    package let lease: Duration
    /// How long loaded chunks are kept.
    package let retention: Duration
    /// What is kept of the archive even when the disk runs short.
    package let minRetention: Duration
    /// Free bytes of the spool's disk below which extraction stops.
    package let lowWater: Int
}

/// A sync of one or more streams.
package struct Job: Sendable, Hashable {
    /// The job's name, any Unicode of at most 255 bytes.
    package let name: String
    /// In the order of the file, without those that are disabled.
    package let streams: [Stream]
    /// The names of streams that are disabled: patterns leave these tables out.
    package let disabled: [String]
}
