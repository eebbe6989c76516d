internal import ArgumentParser

/// The command line: one file per subcommand, and the only wiring of the modules.
@main
struct Bobbin: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bobbin",
        abstract: "Moves rows from APIs and files into SQL stores, exactly once, through a directory that is the queue.",
        discussion: """
            Exit codes: 0 all done; 1 something failed, died or was rejected; 2 stopped at a limit you set; 3 fatal; \
            4 interrupted, run the same command again; 64 usage or configuration; 75 nothing could be done yet, try later.
            """,
        version: Version.text,
        subcommands: [
            Init.self, Plan.self, Preview.self, Run.self, Extract.self, Load.self, Demo.self,
            Status.self, Runs.self, Dead.self, FsckCommand.self, Rewind.self, Pause.self, Resume.self, Cancel.self, Doctor.self,
        ])

    static func main() {
        Signals.ignorePipe()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            ErrorExit.end(error)
        }
    }
}

/// The program's version.
enum Version {
    static let text = "0.1.0"
}
