internal import ArgumentParser
internal import Glibc

struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Things to try the program with.", subcommands: [Upstream.self])

    struct Upstream: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Starts the mock upstream (bobbin-upstream, installed beside this program).",
            discussion: "All arguments are handed on; `bobbin demo upstream -- --help` lists them.")

        @Argument(parsing: .captureForPassthrough, help: "Arguments of bobbin-upstream.")
        var arguments: [String] = []

        func run() throws {
            var path = [CChar](repeating: 0, count: 4096)
            let count = readlink("/proc/self/exe", &path, path.count - 1)
            let own =
                count > 0 ? String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : "bobbin"
            let directory = own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
                separator: "/")
            let program = "\(directory)/bobbin-upstream"
            let handed = arguments.first == "--" ? Array(arguments.dropFirst()) : arguments
            var words = ([program] + handed).map { strdup($0) } + [nil]
            execv(program, &words)
            let reason = String(cString: strerror(errno))
            throw CommandError(.fatal, "cannot start \(program): \(reason): build it with `make build`")
        }
    }
}
