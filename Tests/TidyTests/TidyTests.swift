import Foundation
import Storage
import Testing

/// The style rules that a machine can check (`docs/` says why they are there).
@Suite struct TidyTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    struct Source: Sendable, CustomTestStringConvertible {
        var path: String
        var lines: [String]

        var testDescription: String { path }
        /// The first folder below `Sources`.
        var module: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
        /// The lines without comments and without what stands in string literals.
        var code: [(number: Int, text: String)] {
            var isInLongString = false
            return lines.enumerated().map { index, line in
                if line.components(separatedBy: "\"\"\"").count.isMultiple(of: 2) {
                    isInLongString.toggle()
                    return (index + 1, "")
                }
                return (index + 1, isInLongString ? "" : Source.bare(line))
            }
        }

        private static func bare(_ line: String) -> String {
            var text = ""
            var isInString = false
            var last: Character = " "
            for character in line {
                if character == "\"", last != "\\" {
                    isInString.toggle()
                    text.append(character)
                } else if !isInString {
                    if character == "/", last == "/" { return String(text.dropLast()) }
                    text.append(character)
                }
                last = character == "\\" && last == "\\" ? " " : character
            }
            return text
        }
    }

    static func files(_ folder: String, _ suffix: String) -> [Source] {
        let base = root.appending(path: folder)
        let all = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
        return all.filter { $0.hasSuffix(suffix) && !$0.contains(".build/") }.sorted().compactMap { name in
            guard let text = try? String(contentsOf: base.appending(path: name), encoding: .utf8) else { return nil }
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            return Source(
                path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
        }
    }

    static let sources = files("Sources", ".swift")

    /// What is banned, why, and the files that have a reason written beside it.
    struct Ban: Sendable, CustomTestStringConvertible {
        var pattern: String
        var reason: String
        var allowed: Set<String> = []
        /// Only in these modules; in all when empty.
        var modules: Set<String> = []
        /// Everywhere but in these modules.
        var exempt: Set<String> = []

        var testDescription: String { reason }
    }

    static let bans: [Ban] = [
        Ban(pattern: #"\btry!"#, reason: "try! ends the process"),
        Ban(pattern: #"[A-Za-z0-9_\)\]]!(?![=a-zA-Z])"#, reason: "a force unwrap ends the process"),
        Ban(pattern: #"\bas!\s"#, reason: "a forced cast ends the process"),
        Ban(pattern: #"\bfatalError\("#, reason: "fatalError ends the process"),
        Ban(
            pattern: #"@unchecked Sendable"#, reason: "unchecked Sendable needs a reason beside it",
            allowed: ["Sources/Threads/Condition.swift", "Sources/Load/RowBatch.swift"]),
        Ban(pattern: #"nonisolated\(unsafe\)"#, reason: "nonisolated(unsafe) hides a race"),
        Ban(pattern: #"Task\.detached"#, reason: "detached tasks have no owner"),
        Ban(pattern: #"\bDate\(\)"#, reason: "time is passed in"),
        Ban(pattern: #"\bFileManager\b"#, reason: "file calls stand in Storage"),
        Ban(
            pattern:
                #"(?:^|[^.\w])(Glibc\.open|openat|rename|renameat|unlink|mkdir|rmdir|fsync|fdatasync|opendir|lstat|statvfs)\("#,
            reason: "file calls stand in Storage", exempt: ["Storage", "Upstream", "bobbin-upstream", "Formats"]),
        Ban(
            pattern: #"import Foundation\b"#, reason: "Foundation adds tens of megabytes to a static binary",
            exempt: ["bobbin-upstream"]),
        Ban(
            pattern: #"import (Foundation|FoundationEssentials|Glibc|Storage)\b"#, reason: "Manifest is pure values",
            modules: ["Manifest"]),
        Ban(pattern: #"import FoundationEssentials\b"#, reason: "JSON knows no dates", modules: ["JSON"]),
        Ban(pattern: #"\bsleep\(\d"#, reason: "waiting is a condition, not a time", exempt: ["HTTP", "bobbin"]),
    ]

    @Test(arguments: bans) func bannedConstructsDoNotOccur(_ ban: Ban) throws {
        let pattern = try Regex(ban.pattern)
        var found: [String] = []
        for source in Self.sources where ban.modules.isEmpty || ban.modules.contains(source.module) {
            guard !ban.allowed.contains(source.path), !ban.exempt.contains(source.module) else { continue }
            for (number, text) in source.code where text.contains(pattern) {
                found.append("\(source.path):\(number): \(text.trimmingCharacters(in: .whitespaces))")
            }
        }
        #expect(found.isEmpty, "\(ban.reason):\n\(found.joined(separator: "\n"))")
    }

    @Test func nothingIsLeftToDo() {
        // In two words, or this file would find itself.
        let words = ["TO" + "DO", "FIX" + "ME"]
        let found = (Self.sources + Self.files("Tests", ".swift")).flatMap { source in
            source.lines.enumerated().filter { line in words.contains { line.element.contains("\($0)") } }
                .map { "\(source.path):\($0.offset + 1)" }
        }
        #expect(found.isEmpty, "\(found)")
    }

    /// Every type, function and computed value for other modules says what it is; plain stored fields may speak for themselves.
    @Test func declarationsForOtherModulesAreDocumented() throws {
        let declaration = try Regex(
            #"^\s*package (?:(?:static|final|mutating|borrowing|consuming|indirect) )*(func|init|struct|class|enum|protocol|subscript|typealias)\b"#
        )
        var found: [String] = []
        for source in Self.sources {
            for (index, line) in source.lines.enumerated() where line.contains(declaration) {
                var above = index - 1
                while above >= 0, source.lines[above].trimmingCharacters(in: .whitespaces).hasPrefix("@") { above -= 1 }
                let isDocumented =
                    above >= 0 && source.lines[above].trimmingCharacters(in: .whitespaces).hasPrefix("///")
                if !isDocumented, !Self.isWitness(line) {
                    found.append("\(source.path):\(index + 1): \(line.trimmingCharacters(in: .whitespaces))")
                }
            }
        }
        #expect(found.isEmpty, "\(found.count) without a docstring:\n\(found.joined(separator: "\n"))")
    }

    /// What a protocol requires is documented there.
    private static func isWitness(_ line: String) -> Bool {
        let requirements =
            FileSystemRequirements.names + [
                "static func <", "Literal value:", "nilLiteral:", "Literal elements:", "static func ==",
                "func hash(into", "func encode(to", "func run()", "func validate()",
            ]
        return requirements.contains { line.contains($0) }
    }

    @Test func everyLinkInTheDocumentationLeadsSomewhere() throws {
        let link = /\[[^\]]*\]\(([^)\s]+)\)/
        var found: [String] = []
        for page in Self.files("", ".md") {
            for match in page.lines.joined(separator: "\n").matches(of: link) {
                let target = String(match.1).split(separator: "#", omittingEmptySubsequences: false)[0]
                if target.isEmpty || target.contains("://") || target.hasPrefix("mailto:") { continue }
                let folder = Self.root.appending(path: page.path).deletingLastPathComponent()
                if !FileManager.default.fileExists(atPath: folder.appending(path: String(target)).path) {
                    found.append("\(page.path): \(target)")
                }
            }
        }
        #expect(found.isEmpty, "\(found)")
    }

    /// A name that nothing carries would be a fault point that no test can reach.
    @Test func everyOperationIsUsed() {
        let text = Self.sources.filter { !$0.path.hasSuffix("Storage/Operation.swift") }
            .map { $0.lines.joined(separator: "\n") }.joined(separator: "\n")
        let unused = Storage.Operation.allCases.filter { !text.contains(".\($0.rawValue)") }
        let planned: Set<Storage.Operation> = OperationsOfTools.planned
        #expect(unused.filter { !planned.contains($0) }.isEmpty, "\(unused.map(\.rawValue))")
    }

    @Test func everyOperationIsNamedByItsPlace() {
        #expect(Set(Storage.Operation.allCases.map(\.rawValue)).count == Storage.Operation.allCases.count)
    }
}

/// Names of `FileSystem`'s requirements as its implementations declare them.
enum FileSystemRequirements {
    static let names = [
        "func open(_ path", "func read(", "func write(", "func synchronize(", "func close(_ file", "func rename(",
        "func link(_ source",
        "func unlink(_ path", "func makeDirectory(_ path", "func removeDirectory(_ path", "func list(_ path",
        "func status(_ path",
        "func synchronizeDirectory(", "func freeSpace(", "func now()", "func uptime()", "func isKnownDead(",
    ]
}

/// Operations of the command line's tools, which stand in the executable.
enum OperationsOfTools {
    static let planned: Set<Storage.Operation> = [
        .controlList, .deadRead, .deadMove, .deadUnlinkWhy, .inventoryList, .inventoryRead, .inventoryStatus, .fsckList,
        .fsckRead,
        .fsckStatus, .fsckMove, .fsckMakeDirectory, .doctorProbe, .retentionUnlink, .sourceOpen, .sourceRead,
        .sourceClose, .sourceList,
        .sourceStatus,
    ]
}
