internal import Glibc
internal import JSON
internal import Storage
internal import Threads

/// Standard output and standard error, whole lines at a time.
enum Console {
    private static let lock = Condition(())

    /// Whether standard error is a terminal.
    static var isTerminal: Bool { isatty(2) == 1 }

    /// Columns and rows of the terminal behind a descriptor; 80 and 24 where there is none.
    static func size(of file: Int32) -> (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(file, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Writes lines for people to standard output.
    static func out(_ line: String) { write(1, Format.visible(line, keepsLines: true) + "\n") }

    /// Writes lines for people to standard error.
    static func error(_ line: String) { write(2, Format.visible(line, keepsLines: true) + "\n") }

    /// Writes a document for programs to standard output.
    static func document(_ members: [(String, JSONValue)]) {
        write(1, JSONValue.record([("format", 1)] + members).serializedText() + "\n")
    }

    /// Writes text as it is; `false` when nobody reads it any more.
    @discardableResult
    static func write(_ file: Int32, _ text: String) -> Bool {
        lock.withLock { _ in
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
                if count < 0 {
                    if errno == EINTR { continue }
                    return false
                }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }

    /// Asks a yes-or-no question on the terminal; no answer is no.
    static func confirm(_ question: String) -> Bool {
        guard isatty(0) == 1 else { return false }
        write(2, "\(question) [y/N] ")
        guard let answer = readLine() else { return false }
        return answer.lowercased() == "y" || answer.lowercased() == "yes"
    }
}

/// Signals of one invocation.
enum Signals {
    /// A closed pipe is an error of the write, not the end of the process.
    static func ignorePipe() {
        signal(SIGPIPE, SIG_IGN)
    }

    /// The first SIGINT or SIGTERM stops in order; another one ends at once (nothing is lost by that either). Within a
    /// second it is no other one: `timeout` signals the process and then its group, a terminal may do so too.
    static func stopOnInterrupt(_ stop: StopSignal) {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        // Blocked in all threads to come; one thread takes them.
        pthread_sigmask(SIG_BLOCK, &set, nil)
        let watched = set
        _ = ThreadHandle.start {
            var set = watched
            var number: Int32 = 0
            guard sigwait(&set, &number) == 0 else { return }
            let clock = SystemClock()
            let first = clock.uptime()
            stop.stop()
            Console.error("stopping in order (again: at once) ...")
            repeat { guard sigwait(&set, &number) == 0 else { return } } while clock.uptime() - first < 1
            _exit(ExitStatus.interrupted.rawValue)
        }
    }
}
