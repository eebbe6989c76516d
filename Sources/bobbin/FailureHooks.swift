internal import Configuration
internal import Glibc
internal import JSON
internal import Manifest

/// `on_failure` of the jobs whose partitions failed: a command gets one JSON document on standard input.
enum FailureHooks {
    static func run(_ failures: [(key: LogKey, error: String)], _ streams: [Configuration.Stream]) {
        for stream in streams {
            let own = failures.filter { $0.key.job == stream.job && $0.key.stream == stream.name }
            guard !own.isEmpty, !stream.onFailure.command.isEmpty else { continue }
            let document = JSONValue.record([
                ("format", .integer(1)), ("job", .string(stream.job)), ("stream", .string(stream.name)),
                (
                    "failed",
                    .array(
                        own.map { failure in
                            .record([
                                (
                                    "partition",
                                    .object(failure.key.partition.fields.map { .init($0.name, .string($0.value)) })
                                ), ("error", .string(failure.error)),
                            ])
                        })
                ),
            ])
            start(stream.onFailure.command, document.serialized() + [10], stream.job)
        }
    }

    private static func start(_ command: [String], _ input: [UInt8], _ job: String) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { return }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        posix_spawn_file_actions_addclose(&actions, ends[1])
        var arguments = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child = pid_t()
        let code = posix_spawnp(&child, command[0], &actions, nil, &arguments, environ)
        posix_spawn_file_actions_destroy(&actions)
        close(ends[0])
        guard code == 0 else {
            close(ends[1])
            Console.error(
                "bobbin: on_failure of \(job): cannot start \(command[0]): \(String(cString: strerror(code)))")
            return
        }
        var rest = input[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(ends[1], $0.baseAddress, $0.count) }
            if count <= 0 { break }
            rest = rest.dropFirst(count)
        }
        close(ends[1])
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        if status != 0 {
            Console.error("bobbin: on_failure of \(job): \(command[0]) ended with status \(status >> 8 & 0xFF)")
        }
    }
}
