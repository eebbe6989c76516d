internal import ArgumentParser
internal import Configuration
internal import JSON
internal import Storage

struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Writes a commented configuration to start from.")

    @OptionGroup var common: CommonOptions

    @Option(help: "What to sync from: http or files.")
    var from = StarterKind.http

    func run() throws {
        let files = POSIXFileSystem()
        do {
            try files.writeFile(
                common.config, Array(starter(from).utf8), create: .controlCreate, write: .controlCreate,
                close: .controlClose)
        } catch {
            if error.code == .exists {
                throw CommandError(
                    .usage, "\(common.config) exists already and is left as it is: name another with -c FILE")
            }
            throw CommandError(.usage, error.description)
        }
        if common.json {
            return Console.document([("command", .string("init")), ("file", .string(common.config))])
        }
        let steps = ["plan", "preview JOB", "run"].map { "`\(Format.command($0))`" }.joined(separator: ", ")
        Console.out("wrote \(common.config); next: edit it, then \(steps)")
    }
}

extension StarterKind: ExpressibleByArgument {}
