internal import Databases
internal import Manifest

/// What a loader leaves alone until a person has mended something: a stream whose table cannot take its rows, and a job when that
/// is unlikely to be the table's fault.
struct StoppedStreams {
    private var jobs: Set<String> = []
    private var streams: Set<LogKey> = []
    /// Jobs of which something was loaded.
    private var working: Set<String> = []

    private static func stream(_ log: LogKey) -> LogKey {
        LogKey(job: log.job, stream: log.stream, partition: Partition())
    }

    /// Whether a log is to be left alone.
    func holds(_ log: LogKey) -> Bool {
        jobs.contains(log.job) || streams.contains(StoppedStreams.stream(log))
    }

    /// Something of a log went into the target.
    mutating func noteWork(_ log: LogKey) { working.insert(log.job) }

    /// A log's failure stops its stream. What a role may not do, and a third stream's where none has worked, stops the job: so there
    /// are not as many messages as tables for what is wrong with the whole target.
    mutating func note(_ log: LogKey, _ kind: LoadError.Class) {
        streams.insert(StoppedStreams.stream(log))
        let count = streams.count { $0.job == log.job }
        if kind == .permission || count > 2 && !working.contains(log.job) { jobs.insert(log.job) }
    }
}
