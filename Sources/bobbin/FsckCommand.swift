internal import ArgumentParser
internal import JSON
internal import Manifest
internal import Spool
internal import Storage

struct FsckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsck", abstract: "Compares the spool with its format, file by file, and can mend it.",
        discussion: "Works while others use the spool. Exit code 1 when something is wrong and was not mended.")

    @OptionGroup var common: CommonOptions

    @Flag(
        help: "Mend what can be mended; what is in the way moves to quarantine/. It may be interrupted and run again.")
    var repair = false

    @Flag(help: "Read every chunk and compare it with its manifest.")
    var deep = false

    func run() throws {
        let (path, _) = try SpoolAccess.locate(common)
        let stream = common.json ? DocumentStream() : nil
        let isJSON = common.json
        var left = 0
        var total = 0
        func tell(_ finding: FsckFinding) {
            total += 1
            if !finding.isRepaired { left += 1 }
            if let stream { return stream.item(FsckCommand.document(finding)) }
            let state = finding.isRepaired ? "repaired: " : ""
            Console.out("\(finding.path): \(state)\(finding.message) [\(finding.code.rawValue)]")
            if let failure = finding.failure {
                Console.out("    could not be repaired: \(failure)")
            } else if !finding.isRepaired {
                Console.out("    \(finding.remedy)")
            }
        }
        stream?.beginList("findings")
        if let finding = try Fsck.checkMarker(path, POSIXFileSystem(), repairs: repair) {
            tell(finding)
            // Without its marker the spool cannot be opened; everything else waits for that.
            if !finding.isRepaired { return try finish(stream, total, left, manifests: 0, chunks: 0) }
        }
        let spool = try SpoolAccess(common).spool
        var options = Fsck.Options()
        options.repairs = repair
        options.isDeep = deep
        let fsck = Fsck(spool, options) { tell($0) }
        try fsck.run()
        if !isJSON, total == 0 {
            Console.out(
                "\(path) is clean: \(Format.count(fsck.manifests)) manifests, \(Format.count(fsck.chunks)) chunk files."
            )
        }
        try finish(stream, total, left, manifests: fsck.manifests, chunks: fsck.chunks)
    }

    private func finish(_ stream: DocumentStream?, _ total: Int, _ left: Int, manifests: Int, chunks: Int) throws {
        if let stream {
            stream.endList()
            stream.member("found", Document.count(total))
            stream.member("repaired", Document.count(total - left))
            stream.member("left", Document.count(left))
            stream.member("manifests", Document.count(manifests))
            stream.member("chunks", Document.count(chunks))
            stream.end()
        } else if total > 0 {
            Console.out(
                "\(Format.count(total)) found, \(Format.count(total - left)) repaired"
                    + (left > 0 && !repair ? "; bobbin fsck --repair mends what it can" : ""))
        }
        if left > 0 { throw ExitCode(ExitStatus.failed.rawValue) }
    }

    private static func document(_ finding: FsckFinding) -> JSONValue {
        .record([
            ("code", .string(finding.code.rawValue)), ("path", .string(finding.path)),
            ("message", .string(finding.message)),
            ("remedy", .string(finding.remedy)), ("repairable", .bool(finding.isRepairable)),
            ("repaired", .bool(finding.isRepaired)), ("failure", Document.text(finding.failure)),
        ])
    }
}
