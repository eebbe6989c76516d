internal import ArgumentParser
internal import CPlatform

/// The command line: one file per subcommand, and the only wiring of the modules.
@main
struct Bobbin: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bobbin",
        abstract:
            "Moves rows from APIs, files and databases into SQL stores, exactly once, through a directory that is the queue.",
        discussion: """
            Exit codes: 0 all done; 1 something failed, died or was rejected; 2 stopped at a limit you set; 3 fatal; \
            4 interrupted, run the same command again; 64 usage or configuration; 75 nothing could be done yet, try later.
            """,
        version: Version.text,
        subcommands: [
            Init.self, Plan.self, Preview.self, Run.self, Extract.self, Load.self, Demo.self,
            Status.self, Runs.self, Dead.self, FsckCommand.self, Rewind.self, Pause.self, Resume.self, Cancel.self,
            Connections.self, Doctor.self,
        ])

    static func main() {
        Signals.ignorePipe()
        Memory.keepFlat()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            ErrorExit.end(error)
        }
    }
}

/// How the C library keeps memory.
enum Memory {
    /// Two heaps for all threads, and large buffers in mappings of their own: what is freed leaves the process, instead
    /// of staying behind in a heap for each thread.
    static func keepFlat() {
        _ = mallopt(M_ARENA_MAX, 2)
        _ = mallopt(M_MMAP_THRESHOLD, 512 << 10)
    }
}

/// The program's version.
enum Version {
    static let text = "0.1.0"
}
