internal import Foundation
internal import Glibc

/// A child process with the usual signals.
///
/// Not Foundation's `Process`: its children inherit the signal mask of the thread, and with SIGCHLD blocked a shell waits
/// for its own children for ever.
struct ChildProcess: Sendable {
    private let id: pid_t

    /// Starts `command`, whose first word is a path.
    ///
    /// - Parameters:
    ///   - input: its standard input; nothing otherwise.
    ///   - output: the file that takes its standard output and error; nothing otherwise.
    init(_ command: [String], input: FileHandle? = nil, output: String = "/dev/null") throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input.fileDescriptor, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let words = command.map { strdup($0) }
        defer { for word in words { free(word) } }
        var child = pid_t()
        let code = posix_spawn(&child, command[0], &actions, &attributes, words + [nil], environ)
        guard code == 0 else {
            throw PostgresServer.Failure(
                description: "\(command[0]) does not start: \(String(cString: strerror(code)))")
        }
        id = child
    }

    /// Waits for its end; to be called once.
    ///
    /// - Returns: the exit status, or minus the signal that ended it.
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(id, &status, 0) == -1, errno == EINTR {}
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
    }
}
