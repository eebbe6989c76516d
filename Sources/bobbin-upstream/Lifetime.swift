import CUpstream
import FlyingSocks
import Foundation
import Glibc
import Synchronization

/// The life of the process: starts the server, waits for signals on the main thread, ends with the right exit code.
enum Lifetime {
    private static let isStopping = Atomic(false)

    /// Runs the server until SIGTERM or SIGINT, or, if asked, until the parent process ends. A second signal ends at once.
    static func run(_ server: Server, exitWithParent: Bool) -> Never {
        signal(SIGPIPE, SIG_IGN)
        raiseFileLimit()
        upstream_keep_freed_memory()
        // Blocked before any other thread exists, so that all inherit it and only this thread receives them.
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGTERM, SIGINT, SIGUSR1] { sigaddset(&signals, number) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let parent = getppid()
        if exitWithParent {
            // Set from the main thread, because the setting dies with its thread.
            _ = upstream_signal_on_parent_death(SIGUSR1)
            if getppid() != parent { exit(0) }
        }
        Task {
            do {
                try await server.run()
            } catch SocketError.failed(_, EADDRINUSE, _) {
                end(75, "The port is in use. Choose another one, or --port 0 for a free one.")
            } catch SocketError.failed(let call, let code, let message) where !isStopping.load(ordering: .relaxed) {
                end(code == EACCES || code == EADDRNOTAVAIL ? 64 : 70, "\(call) failed: \(message).")
            } catch {
                if !isStopping.load(ordering: .relaxed) { end(70, "The server ended: \(error.localizedDescription)") }
            }
        }
        while true {
            var number: Int32 = 0
            guard sigwait(&signals, &number) == 0 else { continue }
            // SIGUSR1 also comes when only the thread that started us ends, and then the parent is still the same.
            if number == SIGUSR1 && (!exitWithParent || getppid() == parent) { continue }
            if isStopping.exchange(true, ordering: .relaxed) { exit(130) }
            Task {
                await server.stop()
                exit(0)
            }
        }
    }

    /// Writes a line to standard error.
    static func note(_ line: String) {
        FileHandle.standardError.write(Data("\(line)\n".utf8))
    }

    /// Ends the process with a message.
    static func end(_ code: Int32, _ message: String) -> Never {
        note("bobbin-upstream: \(message)")
        exit(code)
    }

    private static func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
