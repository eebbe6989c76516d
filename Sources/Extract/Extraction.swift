internal import Configuration
internal import Manifest
internal import Spool
internal import Threads

/// Extracts all partitions of some streams with a bounded number of threads.
package enum Extraction {
    /// Runs until every partition has its result.
    ///
    /// Partitions begin in the order of the streams. Of one stream, and of all tables of one database in a job, as many are
    /// extracted at once as the stream's parallelism allows; other streams follow as soon as threads are free.
    ///
    /// - Returns: a result for each partition, in the order of the streams and their partitions.
    package static func run(_ streams: [StreamPlan], context: ExtractContext) throws -> [PartitionResult] {
        var observer = LeaseObserver(seconds: context.spool.leaseSeconds)
        try context.spool.sweepRuns(observer: &observer)
        let abandoned = try context.spool.abandonedRuns(observer: &observer)
        let state = Condition(Queue(streams))
        let threads = (0..<state.withLock { $0.threads }).map { _ in
            ThreadHandle.start(isBackground: context.isBackground) {
                while true {
                    let next: Queue.Next = state.wait { $0.take() }
                    guard case .task(let index, let task, let fatal) = next else { return }
                    let stream = streams[task.stream]
                    let partition = stream.partitions[task.rank]
                    let key = LogKey(job: stream.settings.job, stream: stream.settings.name, partition: partition)
                    let result: PartitionResult
                    if let fatal {
                        result = PartitionResult(key: key, end: .failed(fatal))
                    } else if context.stop.isStopped {
                        result = PartitionResult(key: key, end: .cancelled)
                    } else {
                        result = PartitionExtraction(
                            context: context, stream: stream, partition: partition, rank: index,
                            abandoned: abandoned[key] ?? []
                        ).run()
                    }
                    state.withLock { $0.note(result, of: task) }
                    context.report(.finished(result))
                    state.update { $0.end(result, at: index) }
                }
            }
        }
        for thread in threads { thread.join() }
        return state.withLock { $0.results.compactMap { $0 } }
    }
}

/// What is to be extracted, and what became of it.
private struct Queue: Sendable {
    /// A partition of a stream.
    struct Task: Sendable {
        var stream: Int
        var rank: Int
        /// What its stream shares a limit with.
        var group: Int
    }

    enum Next: Sendable {
        /// Not to be done any more when there is an error.
        case task(index: Int, Task, ExtractError?)
        case nothing
    }

    /// How the partitions of one stream fare.
    private struct Course: Sendable {
        /// Set by a failure that stops the whole stream.
        var fatal: ExtractError?
        var succeeded = 0
        var misconfigured = 0
    }

    private let tasks: [Task]
    private var isTaken: [Bool]
    /// Everything before it is taken.
    private var first = 0
    private var running: [Int]
    private let limits: [Int]
    private var courses: [Course]
    var results: [PartitionResult?]

    init(_ streams: [StreamPlan]) {
        var groups: [String: Int] = [:]
        var limits: [Int] = []
        var tasks: [Task] = []
        for (number, plan) in streams.enumerated() {
            let stream = plan.settings
            let name =
                plan.table == nil
                ? "\(stream.job)\0\(stream.name)" : "\(stream.job)\0\(stream.source.connection)\0\(stream.parallelism)"
            let group = groups[name] ?? limits.count
            if group == limits.count { limits.append(max(1, stream.parallelism)) }
            groups[name] = group
            tasks += plan.partitions.indices.map { Task(stream: number, rank: $0, group: group) }
        }
        self.tasks = tasks
        self.limits = limits
        isTaken = Array(repeating: false, count: tasks.count)
        running = Array(repeating: 0, count: limits.count)
        courses = Array(repeating: Course(), count: streams.count)
        results = Array(repeating: nil, count: tasks.count)
    }

    /// Threads that can have something to do at once.
    var threads: Int { min(tasks.count, limits.max() ?? 1) }

    /// The first partition whose stream may have one more in work; nil when each of them has to wait.
    mutating func take() -> Next? {
        while first < tasks.count, isTaken[first] { first += 1 }
        guard first < tasks.count else { return .nothing }
        for index in first..<tasks.count where !isTaken[index] {
            let task = tasks[index]
            guard running[task.group] < limits[task.group] else { continue }
            isTaken[index] = true
            running[task.group] += 1
            return .task(index: index, task, courses[task.stream].fatal)
        }
        return nil
    }

    mutating func note(_ result: PartitionResult, of task: Task) {
        switch result.end {
        case .failed(let error):
            if error.kind == .configuration { courses[task.stream].misconfigured += 1 }
            // One partition that the source refuses is no reason to give up the others.
            let isHopeless =
                error.kind == .permission || error.kind == .environment
                || (courses[task.stream].misconfigured > 1 && courses[task.stream].succeeded == 0)
            if isHopeless { courses[task.stream].fatal = courses[task.stream].fatal ?? error }
        case .published, .unchanged: courses[task.stream].succeeded += 1
        case .cancelled, .paused: break
        }
    }

    mutating func end(_ result: PartitionResult, at index: Int) {
        results[index] = result
        running[tasks[index].group] -= 1
    }
}
