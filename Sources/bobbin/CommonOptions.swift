internal import ArgumentParser
internal import Extract

/// Options of every command.
struct CommonOptions: ParsableArguments {
    @Option(
        name: [.short, .customLong("config")], help: "The configuration file.",
        completion: .file(extensions: ["yaml", "yml"]))
    var config = "bobbin.yaml"

    @Option(help: "The spool directory, in place of the configuration's.", completion: .directory)
    var spool: String?

    @Flag(help: "One JSON document on standard output; texts for people go to standard error.")
    var json = false
}

/// Restricts a command to some partitions.
struct PartitionOptions: ParsableArguments {
    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Only this value of a partition's column; may be repeated.", valueName: "column=value"))
    var set: [String] = []

    @Option(
        help: ArgumentHelp("Only this stream; `*` stands for any characters; may be repeated.", valueName: "stream"))
    var select: [String] = []

    @Option(help: "As many days back, in place of last_days.")
    var days: Int?

    @Option(help: "Begin incremental streams at this value of their cursor, in place of where the last run ended.")
    var since: String?

    @Flag(help: "Read everything anew, and put it in the place of what the tables hold.")
    var fullRefresh = false

    /// What the streams are asked for besides their partitions.
    var wish: StreamPlan.Wish {
        var wish = StreamPlan.Wish()
        wish.since = since
        wish.isFullRefresh = fullRefresh
        return wish
    }

    func restriction() throws -> [String: [String]] {
        var values: [String: [String]] = [:]
        for pair in set {
            guard let equals = pair.firstIndex(of: "="), equals != pair.startIndex else {
                throw CommandError(.usage, "--set \(pair): write --set column=value")
            }
            values[String(pair[..<equals]), default: []].append(String(pair[pair.index(after: equals)...]))
        }
        return values
    }
}

/// The option of commands that extract.
struct LimitOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "For a try-out: read so many records of each partition at most. The next run reads the others, and loses none.",
            valueName: "records"))
    var limit: Int?

    /// The number, when it is one that can be read.
    func checked() throws -> Int? {
        if let limit, limit < 1 { throw CommandError(.usage, "--limit \(limit): give a number above 0") }
        return limit
    }
}
